"""The city's own sign-in (OpenID Connect), by Authlib: code flow with state, nonce and PKCE.

It only says who somebody is. Whom it names must have an account here, which is not made by itself;
what they may do, the lock and the second factor stay ours.
"""

import logging
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Any

import requests
import sqlalchemy as sa
from flask import Flask, current_app
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

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


class NoOpenId(HotlineError):
    code, status, text = "no-openid", 404, "floor.not_found"


class OpenIdFailed(Forbidden):
    """The provider's answer is not one to our question, or it cannot be reached."""

    code, text = "openid-failed", "floor.openid.failed"


class NoLonger(Exception):
    """The provider takes back what it gave: it no longer vouches for them."""


@dataclass(frozen=True)
class Answer:
    """What the provider says of somebody, and with what it can be asked again; empty: it cannot."""

    claims: dict[str, Any]
    refresh: str = field(default="", repr=False)


class UnknownIdentity(Forbidden):
    """The provider knows them, and no account here is theirs, or it is locked: told alike."""

    code, text = "unknown-identity", "floor.openid.unknown"


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
    """What goes wrong between us and a provider: what it answers, how it signs, the way there."""
    from authlib.common.errors import AuthlibBaseError
    from joserfc.errors import JoseError

    return (AuthlibBaseError, JoseError, requests.RequestException, LookupError, ValueError)


def offered() -> bool:
    return EXTENSION in current_app.extensions


def start(back: str) -> BaseResponse:
    """Send the browser to the provider, which sends it `back`; raises NoOpenId, OpenIdFailed."""
    try:
        redirection: BaseResponse = _client().authorize_redirect(back)
    except _faults() as error:
        raise _failed(error) from error
    return redirection


def claims() -> Answer:
    """What the provider says of who comes back with its answer: proved to be its own, for us, in
    time, and to the question of this browser; raises NoOpenId, OpenIdFailed.
    """
    client = _client()
    try:
        token = client.authorize_access_token(
            claims_options={
                "iss": {"essential": True, "value": client.load_server_metadata()["issuer"]},
                "aud": {"essential": True, "value": client.client_id},
                "exp": {"essential": True},
            },
            leeway=60,
        )
        return Answer(dict(token["userinfo"]), token.get("refresh_token") or "")
    except _faults() as error:
        raise _failed(error) from error


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
    """The account that the claim names, as it is or in small letters; raises UnknownIdentity."""
    name = said.get(claim)
    if not isinstance(name, str) or not name.strip():
        raise UnknownIdentity()
    if claim == "email" and said.get("email_verified") is not True:
        raise UnknownIdentity()  # anybody may have written it
    names = {name.strip(), name.strip().lower()}
    found = session.execute(
        sa.select(Account.id, Account.password).where(Account.username.in_(names), Account.active)
    ).all()
    if len(found) != 1:
        raise UnknownIdentity()
    return Proved(found[0].id, found[0].password)


def _client() -> Any:
    client = current_app.extensions.get(EXTENSION)
    if client is None:
        raise NoOpenId()
    return client


def _failed(error: Exception) -> OpenIdFailed:
    log.warning("sign-in by OpenID Connect failed: %s: %s", type(error).__name__, error)
    return OpenIdFailed()
