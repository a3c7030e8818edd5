"""Fixtures: a whole floor on either engine, its pages, and somebody signed in.

`floor` is built as every process builds it (`hotline.app.build_floor`), on the shipped config.yaml,
a fresh migrated database and a real Redis. Its carrier is nobody: a test that needs one answers at
`settings.carrier_base_url`.
"""

import base64
import hashlib
import hmac
from collections.abc import Callable, Iterator, Mapping
from copy import copy
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from jinja2.bccache import Bucket, BytecodeCache
from sqlalchemy.util import LRUCache
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from hotline import auth, clock, db
from hotline.db import insert_ignore
from hotline.floor import Floor
from hotline.models import Account
from hotline.settings import Settings
from tests.support.applications import application

if TYPE_CHECKING:
    from hotline.city import CityConfig

CONFIG = Path(__file__).parents[2] / "config.yaml"
PUBLIC_URL = "https://hotline.example"
AUTH_TOKEN = "0123456789abcdef0123456789abcdef"
#: Port 9 is "discard": nothing listens there, and the refusal comes at once.
NOBODY = "http://127.0.0.1:9"

SignedPost = Callable[..., TestResponse]
Bearer = Callable[[auth.Role], dict[str, str]]


@pytest.fixture(scope="session")
def shipped_config() -> "CityConfig":
    """The shipped config.yaml, read once."""
    from hotline import city

    return city.load(CONFIG)


@pytest.fixture(scope="session")
def city_config(shipped_config: "CityConfig") -> "CityConfig":
    """The same, made plain for tests of what comes after the menu: two keys lead into a queue, also
    who called before, and callers wait there whether or not anybody is signed in.
    """
    from hotline.city import CityConfig
    from hotline.people.config import Accounts
    from ivr.config import Arrivals, Ivr
    from ivr.nodes import Recall, ToQueue

    whole = shipped_config.ivr
    flow = {
        name: node.model_copy(update={"consent": None}) if isinstance(node, ToQueue) else node
        for name, node in whole.flow.items()
        if not isinstance(node, Recall)
    }
    patient = {"nobody_after": 24 * 3600}
    queues = {
        name: queue.model_copy(update=patient | ({"max_wait": 24 * 3600} if queue.max_wait else {}))
        for name, queue in whole.queues.items()
    }
    waiting = whole.waiting.model_copy(update={"keys": {}, "announce_every": 10})
    plain = whole.model_copy(
        update={
            "flow": flow,
            "queues": queues,
            "waiting": waiting,
            "recall": None,
            "arrivals": Arrivals(resume_within=0, remember_language=0),
        }
    )
    for worked_out in ("graph", "wider"):
        plain.__dict__.pop(worked_out, None)
    assert list(plain.faults()) == [], "what a city could not have, no test should stand on"
    # nobody is led to set up a second factor before anything else: tests/service/hotline/people
    return CityConfig({**shipped_config.sections, Ivr: plain, Accounts: Accounts()})


@pytest.fixture
def settings(database_url: str, redis_url: str, tmp_path: Path) -> Settings:
    """One installation's settings, on either engine."""
    return Settings(
        data=tmp_path / "data",
        config=CONFIG,
        database_url=database_url,
        redis_url=redis_url,
        public_url=PUBLIC_URL,
        carrier_base_url=NOBODY,
        carrier_account_sid="AC" + "0" * 32,
        carrier_auth_token=AUTH_TOKEN,
        secret_key="a secret of the tests",
    )


@pytest.fixture
def floor(settings: Settings, city_config: "CityConfig") -> Iterator[Floor]:
    """The floor with every room's jobs, sweeps and listeners."""
    from hotline.app import build_floor

    built = build_floor(settings, city_config)
    yield built
    built.close()


class Compiled(BytecodeCache):
    """Templates that a test has compiled, for those after it."""

    def __init__(self) -> None:
        self._known: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self._known:
            bucket.bytecode_from_string(self._known[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._known[bucket.key] = bucket.bytecode_to_string()


class Statements(LRUCache[Any, Any]):
    """SQL that a test has had made, for those after it: a process has one engine for all that it
    asks, and a test has one of its own, to which every statement is new.
    """

    def get(self, key: Any, default: Any = None) -> Any:
        return super().get(_of_any_engine(key), default)

    def __setitem__(self, key: Any, value: Any) -> None:
        super().__setitem__(_of_any_engine(key), value)


def _of_any_engine(key: tuple[Any, ...]) -> tuple[Any, ...]:
    """SQLAlchemy's key begins with the engine's dialect; all engines of one name are made alike."""
    return (key[0].name, *key[1:])


class Routes:
    """`Rule.compile`, once for each route: what it makes depends on nothing of the application."""

    #: What it leaves in a rule.
    _MADE = ("_parts", "_trace", "_converters", "arguments")

    def __init__(self) -> None:
        self._compile = Rule.compile
        self._known: dict[Any, Rule] = {}

    def compile(self, rule: Rule) -> None:
        # a city serves one host, and no route has a converter of its own
        key = (rule.rule, repr(rule.defaults), rule.merge_slashes)
        known = self._known.get(key)
        if known is None:
            self._compile(rule)
            self._known[key] = rule
            return
        for name in self._MADE:
            setattr(rule, name, copy(getattr(known, name)))
        for name in ("_build", "_build_unknown"):
            setattr(rule, name, getattr(known, name).__func__.__get__(rule))


@pytest.fixture(scope="session", autouse=True)
def _compile_once() -> Iterator[None]:
    """Each test has an application and a database of its own: that each compiled the same
    templates, routes and statements took longer than all that the tests asked of them.
    """
    make_engine, statements, routes = db._engine, Statements(5000), Routes()

    def compile_rule(rule: Rule) -> None:
        routes.compile(rule)

    def engine(url: sa.URL, pool_size: int) -> sa.Engine:
        made = make_engine(url, pool_size)
        made._compiled_cache = statements
        if made.dialect.name == "sqlite":
            # no test pulls the plug, and to wait for the disk took longer than to write
            sa.event.listen(made, "connect", _write_no_further)
        return made

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Flask, "jinja_options", {"bytecode_cache": Compiled()})
        patch.setattr(Rule, "compile", compile_rule)
        patch.setattr(db, "_engine", engine)
        yield


def _write_no_further(connection: Any, _record: Any) -> None:
    connection.execute("PRAGMA synchronous=OFF")


@pytest.fixture(scope="session", autouse=True)
def _cheap_passwords() -> Iterator[None]:
    """A password is expensive to hash on purpose, and no test is about that expense but those of
    `tests/service/hotline/test_auth.py`, which look at the numbers.
    """
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(auth, "_hasher", cheap)
        patch.setattr(auth, "_NOBODY", auth._hash_of_nothing(cheap))
        yield


@pytest.fixture
def app(floor: Floor) -> Flask:
    """The web application with every room's pages."""
    from hotline.app import create_app

    return application(floor, create_app)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser that nobody has signed in with."""
    return app.test_client()


@pytest.fixture
def signed_post(client: FlaskClient) -> SignedPost:
    """`signed_post("/ivr/voice", {"CallSid": …})`: a webhook as the carrier sends it."""

    def post(path: str, parameters: Mapping[str, Any] | None = None, **more: Any) -> TestResponse:
        parameters = {name: str(value) for name, value in (parameters or {}).items()}
        headers = {"X-Twilio-Signature": signature(PUBLIC_URL + path, parameters)}
        return client.post(path, data=parameters, headers=headers, **more)

    return post


@pytest.fixture
def bearer(floor: Floor) -> Bearer:
    """`bearer(Role.AGENT)`: the header of somebody of that role, signed in."""

    def header(role: auth.Role) -> dict[str, str]:
        return {"Authorization": f"Bearer {sign_in_as(floor, role)}"}

    return header


def signature(url: str, parameters: Mapping[str, str], token: str = AUTH_TOKEN) -> str:
    """The signature of a form webhook, from the carrier's description of it: the address, then
    each parameter's name and value in the order of the names.
    """
    text = url + "".join(name + parameters[name] for name in sorted(parameters))
    return base64.b64encode(hmac.digest(token.encode(), text.encode(), hashlib.sha1)).decode()


def sign_in_as(floor: Floor, role: auth.Role, username: str = "") -> str:
    """The token of a new session of an account of that role (made when it is not there yet).

    Without a password: argon2 takes its time on purpose, and these tests are not about passwords.
    """
    username = username or f"the-{role.value}"
    now = clock.now()
    with floor.db.write() as session:
        insert_ignore(
            session,
            Account,
            {
                "username": username,
                "name": username,
                "role": role.value,
                "password": "!",
                "active": True,
                "demo": False,
                "failures": 0,
                "created_at": now,
            },
        )
        found = sa.select(Account.id).where(Account.username == username)
        return auth.open_session(session, session.execute(found).scalar_one(), now=now)
