"""Wires every room to the floor and to each other. Who listens to what stands here, once."""

import functools
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import Any

from flask import Flask

import agents.floor
import agents.jobs
import agents.roster.web
import agents.service
import agents.web
import hotline.notices.web
import hotline.people.log
import hotline.people.me
import hotline.people.web
import hotline.privacy.web
import ivr.config
import ivr.jobs
import ivr.keeping
import ivr.pages
import ivr.web
import reports.behind_web
import reports.board_web
import reports.call_lists
import reports.dashboard_web
import reports.history.keeping
import reports.history.web
import reports.jobs
import reports.library
import reports.mailing.public
import reports.mailing.web
import reports.open_data.web
import reports.web
import tickets.answers.web
import tickets.board
import tickets.caller_web
import tickets.categories.web
import tickets.citizens_desk
import tickets.citizens_web
import tickets.config
import tickets.field.web
import tickets.files.view
import tickets.files.web
import tickets.inbox.web
import tickets.incidents.web
import tickets.jobs
import tickets.keeping
import tickets.life.bulk_web
import tickets.life.templates_web
import tickets.life.web
import tickets.matters.web
import tickets.persons.web
import tickets.places.web
import tickets.units.web
import tickets.web
from hotline import auth, changes, city, clock, logs, outbox, schedule, settings, web
from hotline.auth import Role
from hotline.db import Database, TopicsOf
from hotline.floor import Floor
from hotline.i18n import Texts
from hotline.jobs import CALLS, SLOW, Every, Jobs
from hotline.navigation import Entry
from hotline.notices import mail
from hotline.notices import service as notices
from hotline.people import naming, openid, rechecking
from hotline.people.config import Accounts
from hotline.people.rules import MANAGERS
from hotline.privacy import jobs as privacy
from hotline.privacy.keepers import Keeper
from hotline.telephony import Carrier

#: Bottom up.
ROOMS = ("hotline", "agents", "tickets", "ivr", "reports")
ROOM_JOBS: tuple[ModuleType, ...] = (agents.jobs, tickets.jobs, ivr.jobs, reports.jobs)
BLUEPRINTS = (
    hotline.people.web.blueprint,
    hotline.people.me.blueprint,
    hotline.people.log.blueprint,
    hotline.notices.web.blueprint,
    hotline.privacy.web.blueprint,
    agents.web.blueprint,
    agents.roster.web.blueprint,
    tickets.web.blueprint,
    tickets.caller_web.blueprint,
    tickets.board.blueprint,
    tickets.citizens_desk.blueprint,
    tickets.citizens_web.blueprint,
    tickets.files.web.blueprint,
    tickets.field.web.blueprint,
    tickets.life.web.blueprint,
    tickets.life.bulk_web.blueprint,
    tickets.life.templates_web.blueprint,
    tickets.inbox.web.blueprint,
    tickets.incidents.web.blueprint,
    tickets.places.web.blueprint,
    tickets.units.web.blueprint,
    tickets.persons.web.blueprint,
    tickets.answers.web.blueprint,
    tickets.categories.web.blueprint,
    tickets.matters.web.blueprint,
    ivr.web.blueprint,
    ivr.pages.blueprint,
    reports.web.blueprint,
    reports.board_web.blueprint,
    reports.dashboard_web.blueprint,
    reports.library.blueprint,
    reports.history.web.blueprint,
    reports.open_data.web.blueprint,
    reports.behind_web.blueprint,
    reports.mailing.web.blueprint,
    reports.mailing.public.blueprint,
)
_CALLERS, _TOLD, _TEAM, _MINE = "floor.callers", "floor.told", "floor.team", "floor.mine"
_WATCH = (Role.SUPERVISOR, Role.MANAGER)
#: A crew has a page of its own, for one hand.
_TICKETS, _MATTERS = "floor.tickets", tuple(each for each in Role if each is not Role.CREW)
_ANSWERABLE = (Role.DIVISION, *_WATCH, Role.ADMINISTRATOR)
#: What the header offers; the order is that of a working day.
NAVIGATION = (
    Entry("floor.desk", "/desk", (Role.AGENT, Role.SUPERVISOR)),
    Entry("ivr.floor", "/floor", (Role.SUPERVISOR,)),
    Entry("floor.wallboard", "/wallboard", (Role.AGENT, *_WATCH)),
    Entry("floor.callbacks", "/callbacks", (Role.AGENT, Role.SUPERVISOR), _CALLERS),
    Entry("floor.calls", "/calls", _WATCH, _CALLERS),
    Entry("tickets.persons", "/citizens", (Role.SUPERVISOR,), _CALLERS),
    Entry("ivr.nuisance", "/nuisance", _WATCH, _CALLERS),
    Entry("tickets.field", "/field", (Role.CREW,)),
    Entry("tickets.list", "/tickets", _MATTERS, _TICKETS),
    Entry("tickets.units.short", "/tickets/units", _MATTERS, _TICKETS),
    Entry("tickets.incidents", "/tickets/incidents", _MATTERS, _TICKETS),
    Entry("tickets.map.short", "/tickets/map", _MATTERS, _TICKETS),
    Entry("tickets.attention", "/tickets/attention", _ANSWERABLE, _TICKETS),
    Entry("tickets.categories", "/categories", (*_WATCH, Role.ADMINISTRATOR), _TICKETS),
    Entry("tickets.answers", "/answers", (Role.AGENT, *_WATCH), _TOLD),
    Entry("ivr.bulletins", "/bulletins", (Role.AGENT, *_WATCH), _TOLD),
    Entry("agents.roster", "/roster", _WATCH, _TEAM),
    Entry("ivr.quality", "/quality", _WATCH, _TEAM),
    Entry("floor.people", "/people", MANAGERS, _TEAM),
    Entry("floor.log", "/audit", MANAGERS, _TEAM),
    Entry("floor.privacy", "/privacy", (Role.ADMINISTRATOR,), _TEAM),
    Entry("agents.roster.mine", "/roster/mine", (Role.AGENT,), _MINE),
    Entry("ivr.quality.mine", "/quality/mine", (Role.AGENT,), _MINE),
    Entry("floor.reports", "/reports", (*_WATCH, Role.ADMINISTRATOR)),
)

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


def create_app(floor: Floor | None = None) -> Flask:
    """The web application; without a floor, on the one that the environment describes."""
    if floor is None:
        logs.configure()
        floor = build_floor(settings.from_environment())
    app = web.create(floor, NAVIGATION)
    openid.register(app, floor)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    # how the floor stands, on top of the wallboard
    app.extensions[agents.web.FIGURES] = reports.board_web.board_now
    # an account's page tells which calls somebody answers; the lines of callers are above that room
    app.extensions[hotline.people.web.PARTS] = (agents.web.work_part,)
    # the audit log tells of agents by their names
    agent = naming.Room("agent", agents.service.names, agents.service.of_accounts)
    app.extensions[naming.ROOMS] = (agent,)
    callers = floor.section(ivr.config.Ivr)
    titles = {name: queue.title for name, queue in callers.queues.items()}
    app.extensions[agents.web.LINES] = agents.web.Lines(titles, tuple(callers.languages))
    # a ticket links to its calls, which a room above it keeps: only to who may open them
    app.extensions[tickets.web.READABLE_CALLS] = ivr.pages.readable_calls
    app.extensions[tickets.web.RECORDINGS] = ivr.pages.hearable
    # whose earlier tickets an agent sees: the caller's whom they have at hand, and nobody else's
    app.extensions[tickets.web.NUMBER_AT_HAND] = ivr.pages.number_at_hand
    # the list of calls has those that were imported, too, and is read where the reports say so
    app.extensions[ivr.pages.call_list.ABOVE] = reports.call_lists.CallLists()
    # what an agent can be asked to answer: the queues and languages of the caller's side
    app.extensions[agents.floor.SKILLS] = ivr.pages.skill_titles
    # where an agent who reads a ticket calls its caller
    app.extensions[tickets.files.view.PIN] = tickets.places.web.pin_of_photo
    app.extensions[tickets.web.CALLS_OUT] = ivr.pages.to_call_out
    # what callers hear about an incident
    app.extensions[tickets.incidents.web.BULLETINS] = ivr.pages.bulletins_of_incident
    app.extensions[tickets.web.SPOKEN] = tuple(callers.languages)
    # pictures of streets come from the one host that the city has chosen, if it has
    tiles = floor.section(tickets.config.Tickets).places.tiles
    app.extensions[web.IMAGES] = () if tiles is None else (tiles.site,)
    return app


@functools.cache
def worker_floor() -> Floor:
    """The floor of this worker process."""
    return build_floor(settings.from_environment())


def perform(name: str, *arguments: Any) -> None:
    """Do the job of that name; this is what `hotline.jobs` asks of a worker."""
    floor = worker_floor()
    floor.job(name)(floor, *arguments)
