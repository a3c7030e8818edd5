"""Who a browser telephone is: the carrier's access tokens.

Source: Twilio, "Access Tokens": a JWT (HS256, by an API key's secret) whose `iss` is the key, whose
`sub` is the account, and whose `grants` hold the identity and what it may do.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from exchange.core import Config

INVALID, EXPIRED = 31204, 31205
"""The SDK's numbers for a token that is not right, and for one that was."""
IDENTITY = re.compile(r"[\w.@+-]{1,121}")


class AccessRefused(Exception):
    """The token gives no access; `code` is the number that the SDK knows."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True)
class Access:
    """What a token grants; `expires_at` is a Unix time of the wall."""

    identity: str
    expires_at: float
    incoming: bool
    """Whether it may be called."""
    outgoing: bool
    """Whether it may call."""

    @property
    def address(self) -> str:
        """Where the exchange rings this identity."""
        return f"client:{self.identity}"


def demand(access: Access | None, grant: Literal["incoming", "outgoing"]) -> Access:
    """The access, if it still gives what is wanted. Raises AccessRefused."""
    if access is None or not getattr(access, grant):
        raise AccessRefused(INVALID, f"no access token that allows {grant} calls")
    if access.expires_at < time.time():
        raise AccessRefused(EXPIRED, "the access token has expired")
    return access


def read(token: object, config: Config) -> Access:
    """What the token grants. Raises AccessRefused."""
    import jwt  # brings 8 MB of cryptography

    try:
        claims: dict[str, Any] = jwt.decode(
            str(token),
            config.api_key_secret or config.auth_token,
            algorithms=["HS256"],
            options={"require": ["exp", "iss", "sub"]},
        )
    except jwt.ExpiredSignatureError as error:
        raise AccessRefused(EXPIRED, "the access token has expired") from error
    except jwt.InvalidTokenError as error:
        raise AccessRefused(INVALID, f"not an access token: {error}") from error
    if claims["sub"] != config.account_sid:
        raise AccessRefused(INVALID, "the access token is of another account")
    if config.api_key_sid and claims["iss"] != config.api_key_sid:
        raise AccessRefused(INVALID, "the access token is signed by another API key")
    grants = claims.get("grants")
    if not isinstance(grants, dict) or not isinstance(voice := grants.get("voice"), dict):
        raise AccessRefused(INVALID, "the access token has no voice grant")
    identity = grants.get("identity")
    if not isinstance(identity, str) or IDENTITY.fullmatch(identity) is None:
        raise AccessRefused(INVALID, "the access token has no identity that can be rung")
    incoming, outgoing = voice.get("incoming"), voice.get("outgoing")
    called = isinstance(incoming, dict) and incoming.get("allow") is True
    # The carrier's grant names the TwiML application that answers; here the number that is called
    # does, so that any name will do.
    calls = isinstance(outgoing, dict) and bool(outgoing.get("application_sid"))
    return Access(identity, float(claims["exp"]), called, calls)
