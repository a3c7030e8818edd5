"""Wires every room to the floor and to each other. Who listens to what stands here, once."""

import functools
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import Any

from flask import Flask

import agents.jobs
import agents.web
import hotline.people.log
import hotline.people.me
import hotline.people.web
import ivr.config
import ivr.jobs
import ivr.pages
import ivr.web
import reports.jobs
import reports.web
import tickets.answers.web
import tickets.jobs
import tickets.persons.web
import tickets.web
from hotline import auth, city, logs, outbox, schedule, settings, web
from hotline.auth import Role
from hotline.db import Database
from hotline.floor import Floor
from hotline.i18n import Texts
from hotline.jobs import Every, Jobs
from hotline.people import openid
from hotline.people.config import Accounts
from hotline.people.rules import MANAGERS
from hotline.telephony import Carrier

#: Bottom up.
ROOMS = ("hotline", "agents", "tickets", "ivr", "reports")
ROOM_JOBS: tuple[ModuleType, ...] = (agents.jobs, tickets.jobs, ivr.jobs, reports.jobs)
BLUEPRINTS = (
    hotline.people.web.blueprint,
    hotline.people.me.blueprint,
    hotline.people.log.blueprint,
    agents.web.blueprint,
    tickets.web.blueprint,
    tickets.persons.web.blueprint,
    tickets.answers.web.blueprint,
    ivr.web.blueprint,
    ivr.pages.blueprint,
    reports.web.blueprint,
)
NAVIGATION = (
    ("floor.desk", "/desk", frozenset({Role.AGENT, Role.SUPERVISOR})),
    ("floor.wallboard", "/wallboard", frozenset({Role.AGENT, Role.SUPERVISOR, Role.MANAGER})),
    ("floor.callbacks", "/callbacks", frozenset({Role.AGENT, Role.SUPERVISOR})),
    ("floor.calls", "/calls", frozenset({Role.SUPERVISOR, Role.MANAGER})),
    ("floor.tickets", "/tickets", frozenset(Role)),
    ("tickets.persons", "/citizens", frozenset({Role.SUPERVISOR})),
    ("tickets.answers", "/answers", frozenset({Role.AGENT, Role.SUPERVISOR, Role.MANAGER})),
    ("ivr.bulletins", "/bulletins", frozenset({Role.AGENT, Role.SUPERVISOR, Role.MANAGER})),
    ("ivr.nuisance", "/nuisance", frozenset({Role.SUPERVISOR, Role.MANAGER})),
    ("floor.people", "/people", frozenset(MANAGERS)),
    ("floor.reports", "/reports", frozenset({Role.SUPERVISOR, Role.MANAGER, Role.ADMINISTRATOR})),
)


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
        texts=Texts.load(text_files()),
        sections=config.sections,
    )
    _register(floor)
    _listen(floor)
    return floor


def text_files() -> list[Path]:
    """The rooms' files of texts that exist."""
    root = Path(__file__).parent.parent
    return [path for room in ROOMS if (path := root / room / "texts.yaml").exists()]


def _register(floor: Floor) -> None:
    floor.job_names[outbox.DELIVER_JOB] = _deliver
    floor.job_names[schedule.RUN_JOB] = schedule.run
    floor.sweeps |= {
        "outbox.sweep": outbox.sweep,
        "schedule.tick": Every(10, schedule.tick),
        "auth.expire": Every(60, _expire_sign_ins),
    }
    for module in ROOM_JOBS:
        floor.job_names |= getattr(module, "JOBS", {})
        floor.sweeps |= getattr(module, "SWEEPS", {})
        floor.effects |= getattr(module, "EFFECTS", {})
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
    # an account's last browser signed out: no call is offered there
    listen("account.signed_out", functools.partial(agents.jobs.signed_out, floor))
    # its last browser rests, and has been signed out for it
    listen("account.at_rest", functools.partial(agents.jobs.at_rest, floor))
    # an account has another name
    listen("account.renamed", functools.partial(agents.jobs.renamed, floor))
    # an effect was written down: a worker is told
    listen("outbox.posted", functools.partial(_effect_posted, floor))


def _effect_posted(floor: Floor, *, effect_id: int) -> None:
    floor.jobs.enqueue(outbox.DELIVER_JOB, effect_id)


def _deliver(floor: Floor, effect_id: int) -> None:
    outbox.deliver(floor, effect_id)


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
    # an account's page tells which calls somebody answers; the lines of callers are above that room
    app.extensions[hotline.people.web.PARTS] = (agents.web.work_part,)
    callers = floor.section(ivr.config.Ivr)
    titles = {name: queue.title for name, queue in callers.queues.items()}
    app.extensions[agents.web.LINES] = agents.web.Lines(titles, tuple(callers.languages))
    # a ticket links to its calls, which a room above it keeps: only to who may open them
    app.extensions[tickets.web.READABLE_CALLS] = ivr.pages.readable_calls
    app.extensions[tickets.web.RECORDINGS] = ivr.pages.hearable
    # whose earlier tickets an agent sees: the caller's whom they have at hand, and nobody else's
    app.extensions[tickets.web.NUMBER_AT_HAND] = ivr.pages.number_at_hand
    # where an agent who reads a ticket calls its caller
    app.extensions[tickets.web.CALLS_OUT] = ivr.pages.to_call_out
    app.extensions[tickets.web.SPOKEN] = tuple(callers.languages)
    return app


@functools.cache
def worker_floor() -> Floor:
    """The floor of this worker process."""
    return build_floor(settings.from_environment())


def perform(name: str, *arguments: Any) -> None:
    """Do the job of that name; this is what `hotline.jobs` asks of a worker."""
    floor = worker_floor()
    floor.job(name)(floor, *arguments)
