from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from flask import Flask

from hotline import city, web
from hotline.config import City, load_yaml
from hotline.db import Database
from hotline.floor import Floor
from hotline.i18n import Texts
from hotline.jobs import Jobs
from hotline.notices import web as notices_web
from hotline.people.config import Accounts
from hotline.settings import Settings
from hotline.telephony import Carrier
from tests.support.applications import application
from tests.support.floors import CONFIG
from tickets import board, caller_web, citizens_desk, citizens_web, jobs
from tickets import web as tickets_web
from tickets.answers import web as answers_web
from tickets.categories import web as categories_web
from tickets.config import Tickets
from tickets.field import web as field_web
from tickets.files import web as files_web
from tickets.inbox import web as inbox_web
from tickets.incidents import web as incidents_web
from tickets.life import bulk_web, templates_web
from tickets.life import web as life_web
from tickets.matters import web as matters_web
from tickets.persons import web as persons_web
from tickets.places import web as places_web
from tickets.service import Actor
from tickets.units import web as units_web
from tickets.workflow import Role

ROOT = CONFIG.parent
NOW = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
AGENT = Actor("nok", Role.AGENT)
SUPERVISOR = Actor("supervisor", Role.SUPERVISOR, frozenset({"contact_center"}))
WORKS = Actor("lek", Role.DIVISION, frozenset({"engineering"}))
HEALTH = Actor("mali", Role.DIVISION, frozenset({"public_health"}))
CALLER = "+66812345678"


@pytest.fixture
def db(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    yield database
    database.dispose()


@pytest.fixture(scope="session")
def config() -> Tickets:
    """The shipped city's."""
    return city.load(CONFIG).tickets


@pytest.fixture(scope="session")
def pattaya() -> City:
    """The shipped city."""
    return City.model_validate(load_yaml(CONFIG)["city"])


@pytest.fixture(scope="session")
def texts() -> Texts:
    """What the floor and this room say."""
    return Texts.load([ROOT / "hotline/texts.yaml", ROOT / "tickets/texts.yaml"])


@pytest.fixture
def floor(settings: Settings, config: Tickets, pattaya: City, texts: Texts) -> Iterator[Floor]:
    """The floor with this room alone, so that its tests do not depend on the other rooms."""
    built = Floor(
        settings=settings,
        city=pattaya,
        db=Database(settings.database_url),
        jobs=Jobs(settings.redis_url),
        carrier=Carrier(settings),
        texts=texts,
        sections={City: pattaya, Tickets: config, Accounts: Accounts()},
    )
    jobs.listen(built)
    yield built
    built.close()


@pytest.fixture
def app(floor: Floor) -> Flask:
    return application(floor, _made)


def _made(floor: Floor) -> Flask:
    made = web.create(floor)
    made.register_blueprint(tickets_web.blueprint)
    made.register_blueprint(board.blueprint)
    made.register_blueprint(units_web.blueprint)
    made.register_blueprint(citizens_desk.blueprint)
    made.register_blueprint(citizens_web.blueprint)
    made.register_blueprint(files_web.blueprint)
    made.register_blueprint(field_web.blueprint)
    made.register_blueprint(life_web.blueprint)
    made.register_blueprint(bulk_web.blueprint)
    made.register_blueprint(templates_web.blueprint)
    made.register_blueprint(caller_web.blueprint)
    made.register_blueprint(notices_web.blueprint)
    made.register_blueprint(inbox_web.blueprint)
    made.register_blueprint(incidents_web.blueprint)
    made.register_blueprint(persons_web.blueprint)
    made.register_blueprint(answers_web.blueprint)
    made.register_blueprint(categories_web.blueprint)
    made.register_blueprint(places_web.blueprint)
    made.register_blueprint(matters_web.blueprint)
    return made
