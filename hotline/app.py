"""Wires every room to the floor and to each other. Who listens to what stands here, once. The pages
are wired in `hotline/pages.py`.
"""

import functools
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import agents.jobs
import ivr.jobs
import ivr.keeping
import reports.history.keeping
import reports.jobs
import tickets.jobs
import tickets.keeping
from hotline import auth, changes, city, clock, logs, outbox, schedule, settings
from hotline.db import Database, TopicsOf
from hotline.floor import Floor
from hotline.i18n import Texts
from hotline.jobs import CALLS, SLOW, Every, Jobs
from hotline.notices import mail
from hotline.notices import service as notices
from hotline.people import rechecking
from hotline.people.config import Accounts
from hotline.privacy import jobs as privacy
from hotline.privacy.keepers import Keeper
from hotline.telephony import Carrier

if TYPE_CHECKING:
    from flask import Flask

#: Bottom up.
ROOMS = ("hotline", "agents", "tickets", "ivr", "reports")
ROOM_JOBS: tuple[ModuleType, ...] = (agents.jobs, tickets.jobs, ivr.jobs, reports.jobs)
#: Who keeps personal data, bottom up: each forgets, exports and erases what is its own. The rooms
#: above one find what is theirs before it is gone there.
RETENTION: tuple[Keeper, ...] = (
    tickets.keeping.KEEPER,
    ivr.keeping.KEEPER,
    reports.history.keeping.KEEPER,
)

#: What a change of a table is about, for the pages that are open (`hotline.changes`); a guard holds
#: that every table is here.
TOPICS: Mapping[str, TopicsOf] = {
    "accounts": changes.always("sign_ins"),
    "sign_ins": changes.always("sign_ins"),
    "audit_events": changes.always("audit"),
    "sign_in_events": changes.nothing,
    "sign_in_origins": changes.nothing,
    "memberships": changes.nothing,
    "openid_grants": changes.nothing,
    "password_resets": changes.nothing,
    "second_factors": changes.nothing,
    "notices": changes.by("notices", "account_id"),
    "notice_choices": changes.nothing,
    "recovery_codes": changes.nothing,
    "strangers": changes.nothing,
    "outbox": changes.nothing,
    "job_runs": changes.nothing,
    "agents": changes.always("agents"),
    "agent_skills": changes.by("agent", "agent_id", "agents"),
    "presence": changes.nothing,  # with its event
    "presence_events": agents.jobs.topics,
    "calls": changes.nothing,  # with its events
    "call_events": ivr.jobs.topics,
    "waiting": changes.always("waiting"),
    "offers": changes.nothing,  # with an event of the call
    "parties": changes.nothing,
    "monitors": changes.always("monitors"),
    "absences": changes.nothing,
    "drafts": changes.by("agent", "agent_id"),
    "recordings": changes.nothing,
    "bulletins": changes.always("bulletins"),
    "bulletin_events": changes.nothing,
    "blocks": changes.nothing,
    "block_events": changes.nothing,
    "nuisance_dismissals": changes.nothing,
    "callbacks": changes.always("callbacks"),
    "callback_attempts": changes.nothing,
    "tickets": changes.always("tickets"),
    "ticket_calls": changes.nothing,
    "ticket_places": changes.nothing,  # with the ticket
    "assets": changes.nothing,
    "ticket_absences": changes.nothing,
    "ticket_attention": changes.nothing,
    "ticket_events": changes.nothing,
    "ticket_faults": changes.nothing,
    "ticket_sms": changes.nothing,
    "sms_wishes": changes.nothing,
    "sms_received": changes.nothing,
    "citizen_attempts": changes.nothing,
    "ticket_files": changes.nothing,
    "field_acts": changes.nothing,
    "ticket_search": changes.nothing,
    "ticket_grams": changes.nothing,
    "ticket_looks": changes.nothing,
    "ticket_views": changes.nothing,
    "ticket_views_chosen": changes.nothing,
    "category_choices": changes.nothing,
    "category_models": changes.nothing,
    "category_model_uses": changes.nothing,
    "citizens": changes.nothing,
    "citizen_numbers": changes.nothing,
    "call_citizens": changes.nothing,
    "citizen_events": changes.nothing,
    "answers": changes.nothing,
    "answer_events": changes.nothing,
    "answer_uses": changes.nothing,
    "message_templates": changes.nothing,
    "message_template_events": changes.nothing,
    "ticket_watches": changes.nothing,
    "ticket_links": changes.nothing,
    "citizen_links": changes.nothing,
    "ticket_merges": changes.nothing,
    "ticket_callers": changes.nothing,  # with an event of the ticket
    "ticket_forwards": changes.nothing,
    "bulk_moves": changes.nothing,
    "bulk_parts": changes.nothing,
    "units": changes.always("units"),
    "unit_crews": changes.always("units"),
    "unit_positions": changes.always("units"),
    "dispatches": changes.always("units"),
    "dispatch_events": changes.nothing,  # with the job
    "unit_requests": changes.always("units"),
    "incidents": changes.always("incidents"),
    "incident_tickets": changes.always("incidents"),
    "incident_events": changes.nothing,
    "incident_works": changes.nothing,
    "incident_parts": changes.nothing,
    "roster_shifts": changes.nothing,
    "roster_changes": changes.nothing,
    "roster_feeds": changes.nothing,
    "quality_marks": changes.nothing,
    "quality_comments": changes.nothing,
    "call_intervals": changes.nothing,
    "report_days": changes.nothing,
    "night_runs": changes.nothing,
    "imports": changes.nothing,
    "imported_calls": changes.nothing,
    "import_days": changes.nothing,
    "call_days": changes.nothing,
    "call_topics": changes.nothing,
    "ticket_days": changes.nothing,
    "ticket_months": changes.nothing,
    "presence_days": changes.nothing,
    "rollup_days": changes.nothing,
    "published_months": changes.nothing,
    "report_subscriptions": changes.nothing,
    "report_editions": changes.nothing,
    "report_edition_files": changes.nothing,
    "report_mails": changes.nothing,
    "report_links": changes.nothing,
    "report_link_files": changes.nothing,
    "report_link_visitors": changes.nothing,
}


def build_floor(the_settings: settings.Settings, config: city.CityConfig | None = None) -> Floor:
    """One process's floor, with every room's jobs and listeners; raises ConfigError when the city's
    file is wrong.
    """
    config = config or city.load(the_settings.config)
    database = Database(the_settings.database_url)
    floor = Floor(
        settings=the_settings,
        city=config.city,
        db=database,
        jobs=Jobs(the_settings.redis_url),
        carrier=Carrier(the_settings),
        texts=texts(),
        sections=config.sections,
        changes=changes.Changes(the_settings.redis_url),
    )
    _register(floor)
    _listen(floor)
    database.topics = TOPICS
    database.changed = floor.changes
    return floor


def text_files() -> list[Path]:
    """The rooms' files of texts that exist."""
    root = Path(__file__).parent.parent
    return [path for room in ROOMS if (path := root / room / "texts.yaml").exists()]


@functools.cache
def texts() -> Texts:
    """All texts of all rooms: they are part of the program, so a process reads them once."""
    return Texts.load(text_files())


def _register(floor: Floor) -> None:
    floor.job_names[outbox.DELIVER_JOB] = _deliver
    floor.job_names[outbox.SLOW_JOB] = _deliver_slow
    floor.job_names[schedule.RUN_JOB] = schedule.run
    floor.effects[notices.MAIL] = mail.deliver
    floor.slow_effects.add(notices.MAIL)
    floor.keepers = RETENTION
    floor.nightly["floor.retention"] = schedule.Nightly(privacy.AT, privacy.run)
    floor.sweeps |= {
        "outbox.sweep": outbox.sweep,
        "schedule.tick": Every(10, schedule.tick),
        "auth.expire": Every(60, _expire_sign_ins),
        "floor.notices": Every(5, notices.plan_mail),
        **rechecking.SWEEPS,
    }
    floor.job_names |= rechecking.JOBS
    for module in ROOM_JOBS:
        floor.job_names |= getattr(module, "JOBS", {})
        floor.sweeps |= getattr(module, "SWEEPS", {})
        floor.effects |= getattr(module, "EFFECTS", {})
        floor.slow_effects |= getattr(module, "SLOW_EFFECTS", set())
        nightly: Callable[[Floor], dict[str, schedule.Nightly]] | None = getattr(
            module, "nightly", None
        )
        floor.nightly |= nightly(floor) if nightly else {}


def _listen(floor: Floor) -> None:
    listen = floor.db.listen
    # somebody is ready: the waiting room is looked into at once
    listen("agent.ready", functools.partial(ivr.jobs.agent_ready, floor))
    # somebody left while a call was ringing there: it rings elsewhere at once
    listen("agent.left", functools.partial(ivr.jobs.agent_left, floor))
    # who writes nothing after a conversation is free at once
    listen("ivr.nothing_to_write", functools.partial(ivr.jobs.nothing_to_write, floor))
    # an account's last browser signed out: no call is offered there
    listen("account.signed_out", functools.partial(agents.jobs.signed_out, floor))
    # its last browser rests, and has been signed out for it
    listen("account.at_rest", functools.partial(agents.jobs.at_rest, floor))
    # an account has another name
    listen("account.renamed", functools.partial(agents.jobs.renamed, floor))
    # something happened to a ticket: its citizen may be told, in the same unit of work
    tickets.jobs.listen(floor)
    # an effect was written down: a worker is told
    listen("outbox.posted", functools.partial(_effect_posted, floor))


def _effect_posted(floor: Floor, *, effect_id: int, kind: str) -> None:
    queue = SLOW if kind in floor.slow_effects else CALLS
    floor.jobs.enqueue(outbox.DELIVER_JOB, effect_id, queue=queue)


def _deliver(floor: Floor, effect_id: int) -> None:
    outbox.deliver(floor, effect_id)


def _deliver_slow(floor: Floor) -> None:
    outbox.deliver_slow(floor, clock.now())


def _expire_sign_ins(floor: Floor, now: datetime) -> None:
    with floor.db.write() as session:
        auth.expire_sign_ins(session, now, floor.section(Accounts).idle)


def create_app(floor: Floor | None = None) -> "Flask":
    """The web application; without a floor, on the one that the environment describes."""
    from hotline import pages  # of no use to a process that shows none

    if floor is None:
        logs.configure()
        floor = build_floor(settings.from_environment())
    return pages.create(floor)


@functools.cache
def worker_floor() -> Floor:
    """The floor of this worker process."""
    return build_floor(settings.from_environment())


def perform(name: str, *arguments: Any) -> None:
    """Do the job of that name; this is what `hotline.jobs` asks of a worker."""
    floor = worker_floor()
    floor.job(name)(floor, *arguments)
