"""The city's own sign-in (OpenID Connect), by Authlib: code flow with state, nonce and PKCE.

It only says who somebody is. Whom it names must have an account here, which is not made by itself;
what they may do, the lock and the second factor stay ours.

A browser that is sent to a provider which is gone shows an error of its own, from which nothing
leads back to the password. So the provider is looked at before anybody is sent there.
"""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache, lru_cache
from typing import Any, Final
from urllib.parse import urlsplit

import requests
import sqlalchemy as sa
from flask import Flask, current_app, request
from flask import session as flask_session
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from hotline import clock
from hotline.auth import Proved
from hotline.errors import Forbidden, HotlineError
from hotline.floor import Floor
from hotline.models import Account
from hotline.people.config import Accounts, OpenId
from hotline.settings import Settings

log = logging.getLogger(__name__)

EXTENSION = "hotline.openid"
METADATA = "/.well-known/openid-configuration"
TIMEOUT_SECONDS = 10
#: Seconds that the provider has to say that it is there, and for which one look is good: a thread
#: waits for it, and at the change of a shift many want to be sent there.
LOOK_SECONDS: Final = 4
LOOK_AGAIN: Final = 5.0
#: So long, of the wall, may somebody be at the provider.
AWAY: Final = timedelta(minutes=30)
_BEGUN = "begun"
#: So much of a name is said again to whom the provider calls so.
_SHOWN: Final = 64


class NoOpenId(HotlineError):
    code, status, text = "no-openid", 404, "floor.not_found"


class OpenIdFailed(Forbidden):
    """The provider's answer is not one to our question; also the kinds below."""

    code, text = "openid-failed", "floor.openid.failed"


class OpenIdAway(OpenIdFailed):
    """It cannot be reached, or answers with what is none."""

    code, status, text = "openid-away", 503, "floor.openid.away"


class OpenIdDenied(OpenIdFailed):
    """It, or who was there, has said no."""

    code, text = "openid-denied", "floor.openid.denied"


class OpenIdOver(OpenIdFailed):
    """They were not sent there from this browser, or too long ago."""

    code, text = "openid-over", "floor.openid.over"


class NoLonger(Exception):
    """The provider takes back what it gave: it no longer vouches for them."""


@dataclass(frozen=True)
class Answer:
    """What the provider says of somebody, and with what it can be asked again; empty: it cannot."""

    claims: dict[str, Any]
    refresh: str = field(default="", repr=False)


class UnknownIdentity(Forbidden):
    """The provider knows them, and no account here is theirs."""

    code, text = "unknown-identity", "floor.openid.unknown"


class ClosedIdentity(UnknownIdentity):
    """Theirs is locked out. Nobody else is told so: the provider has proved who it is."""

    code, text = "closed-identity", "floor.openid.closed"


class _Nonsense(ValueError):
    """What a provider says of itself cannot be."""


def register(app: Flask, floor: Floor) -> None:
    """Prepare the application for the provider that the environment names, if any."""
    settings = floor.settings
    if not settings.openid_issuer:
        return
    rules = floor.section(Accounts).openid
    app.extensions[EXTENSION] = _registered(app, settings, rules.scopes)


def _registered(app: Flask, settings: Settings, scopes: tuple[str, ...]) -> Any:
    from authlib.integrations.flask_client import OAuth  # most installations have no provider

    return OAuth(app).register(
        "city",
        client_id=settings.openid_client_id,
        client_secret=settings.openid_client_secret,
        server_metadata_url=settings.openid_issuer + METADATA,
        client_kwargs={
            "scope": " ".join(scopes),
            "code_challenge_method": "S256",
            "default_timeout": TIMEOUT_SECONDS,
        },
    )


@cache
def _faults() -> tuple[type[Exception], ...]:
    """What goes wrong between us and a provider: what it answers, how it signs, the way there. The
    last three are what a list in place of an object comes to in the libraries.
    """
    from authlib.common.errors import AuthlibBaseError
    from joserfc.errors import JoseError

    ours = (requests.RequestException, LookupError, ValueError)
    return (AuthlibBaseError, JoseError, *ours, TypeError, AttributeError, RuntimeError)


def offered() -> bool:
    return EXTENSION in current_app.extensions


def start(back: str) -> BaseResponse:
    """Send the browser to the provider, which sends it `back`; raises NoOpenId, OpenIdAway."""
    client = _client()
    _look(client)
    try:
        redirection: BaseResponse = client.authorize_redirect(back)
    except _faults() as error:
        raise _away(error) from error
    flask_session[_BEGUN] = clock.wall_now().timestamp()
    return redirection


def claims() -> Answer:
    """What the provider says of who comes back with its answer: proved to be its own, for us, in
    time, and to the question of this browser; raises NoOpenId, OpenIdFailed.
    """
    client = _client()
    begun = flask_session.get(_BEGUN)
    too_late = begun is None or clock.wall_now().timestamp() - begun > AWAY.total_seconds()
    if too_late and "error" not in request.args:
        # the library keeps until when a question is good, and does not look at it
        raise OpenIdOver()
    try:
        token = client.authorize_access_token(
            claims_options={
                "iss": {"essential": True, "value": client.load_server_metadata()["issuer"]},
                "aud": {"essential": True, "value": client.client_id},
                "exp": {"essential": True},
            },
            leeway=60,
        )
        said = Answer(dict(token["userinfo"]), str(token.get("refresh_token") or ""))
        if not _is_plain(said.claims.get("sub")):
            raise _Nonsense("it does not say who they are (sub)")
    except _faults() as error:
        raise _failed(error) from error
    return said


def _is_plain(text: object) -> bool:
    return isinstance(text, str) and text.isprintable() and text.strip() != ""


# ---------------------------------------------------------------- whether it is there


@dataclass
class _Sight:
    """When this process looked at the provider last, and whether it was away then."""

    at: float = float("-inf")
    away: bool = False


_SIGHT = "hotline.openid.sight"


def _look(client: Any) -> None:
    """Raise OpenIdAway unless the provider has just said where it is. What it says holds from now
    on: it may have moved.
    """
    sight: _Sight = current_app.extensions.setdefault(_SIGHT, _Sight())
    if time.monotonic() - sight.at > LOOK_AGAIN:
        sight.at = time.monotonic()  # one thread waits for it, and the others go by what was so
        try:
            client.server_metadata.update(_told(client._server_metadata_url))
            sight.away = False
        except _faults() as error:
            _note(error)
            sight.away = True
    if sight.away:
        raise OpenIdAway()


def _told(url: str) -> dict[str, Any]:
    answer = requests.get(url, timeout=LOOK_SECONDS)
    answer.raise_for_status()
    found = answer.json()
    if not isinstance(found, dict):
        raise _Nonsense("its description is no object")
    for name in ("authorization_endpoint", "token_endpoint"):
        place = urlsplit(str(found.get(name)))
        if place.scheme not in ("https", "http") or not place.hostname:
            raise _Nonsense(f"its {name} is {found.get(name)!r}")
    return found | {"_loaded_at": clock.wall_now().timestamp()}


# ---------------------------------------------------------------- without a browser


def again(settings: Settings, rules: OpenId, refresh: str) -> Answer:
    """What the provider says now of whom it gave this refresh token for (OpenID Connect Core, 12):
    in an ID token, or else at its userinfo endpoint.

    Raises NoLonger when it takes the token no more, OpenIdFailed when it cannot be asked.
    """
    client = _alone(settings, rules.scopes)
    try:
        token = client.fetch_access_token(grant_type="refresh_token", refresh_token=refresh)
        # no browser has asked anything here, so that there is no nonce
        said = client.parse_id_token(token, nonce=None, leeway=60) or client.userinfo(token=token)
        return Answer(dict(said), token.get("refresh_token") or "")
    except _faults() as error:
        if getattr(error, "error", "") == "invalid_grant":
            raise NoLonger() from error
        raise _failed(error) from error


@lru_cache(1)
def _alone(settings: Settings, scopes: tuple[str, ...]) -> Any:
    """The client of a process without pages; what the provider tells of itself is kept."""
    return _registered(Flask(__name__), settings, scopes)


def account_of(session: Session, said: dict[str, Any], claim: str) -> Proved:
    """The account that the claim names, as it is or in small letters; raises UnknownIdentity,
    ClosedIdentity.
    """
    found = [each for each in _named(session, said, claim) if each.active]
    if len(found) != 1:
        raise nobody(session, said, claim)
    return Proved(found[0].id, found[0].password)


def nobody(session: Session, said: dict[str, Any], claim: str) -> UnknownIdentity:
    """Why whom the claim names does not come in: what is said to them."""
    found, name = _named(session, said, claim), _name(said, claim)[:_SHOWN]
    if len(found) == 1 and not found[0].active:
        return ClosedIdentity(name=name)
    if not name:
        return UnknownIdentity(text="floor.openid.nameless")
    return UnknownIdentity(name=name)


def _named(session: Session, said: dict[str, Any], claim: str) -> Sequence[sa.Row[int, str, bool]]:
    name = _name(said, claim)
    columns = (Account.id, Account.password, Account.active)
    return session.execute(
        sa.select(*columns).where(Account.username.in_({name, name.lower()}))
    ).all()


def _name(said: dict[str, Any], claim: str) -> str:
    """What the claim says; empty where that is no name."""
    name = said.get(claim)
    if claim == "email" and said.get("email_verified") is not True:
        return ""  # anybody may have written it
    return name.strip() if isinstance(name, str) and _is_plain(name) else ""


def _client() -> Any:
    client = current_app.extensions.get(EXTENSION)
    if client is None:
        raise NoOpenId()
    return client


def _failed(error: Exception) -> OpenIdFailed:
    """What the fault is to who comes back."""
    from authlib.integrations.base_client.errors import MismatchingStateError

    if isinstance(error, requests.RequestException):
        return _away(error)
    _note(error)
    if isinstance(error, MismatchingStateError):
        return OpenIdOver()
    return OpenIdDenied() if getattr(error, "error", "") == "access_denied" else OpenIdFailed()


def _away(error: Exception) -> OpenIdAway:
    _note(error)
    return OpenIdAway()


def _note(error: Exception) -> None:
    said = " ".join(str(error).split())[:300]
    log.warning("sign-in by OpenID Connect failed: %s: %s", type(error).__name__, said)
