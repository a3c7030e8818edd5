"""What a verb is given when it runs, and what it may answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from exchange import errors
from exchange.errors import DocumentError
from exchange.webhook import Request

if TYPE_CHECKING:
    from exchange.call import Call
    from exchange.core import Exchange


class Stop(Enum):
    """A verb that ends more than itself."""

    HANGUP = "hangup"
    LEAVE = "leave"


@dataclass(frozen=True)
class Goto:
    """Go on with another document."""

    request: Request


Step = None | Goto | Stop
"""None: go on with the next verb."""


@dataclass(frozen=True)
class Inline:
    """A document that came with a REST request instead of being fetched."""

    twiml: str


Source = Request | Inline


@dataclass(frozen=True)
class Context:
    """A place where documents run; `verbs` limits them where the carrier does."""

    name: str
    verbs: frozenset[str] | None = None


MAIN = Context("a call")
QUEUE_WAIT = Context(
    "a queue's waitUrl",
    frozenset({"Play", "Say", "Pause", "Hangup", "Redirect", "Leave", "Gather"}),
)
QUEUE_URL = Context("a <Queue> url", frozenset({"Play", "Say", "Pause", "Redirect"}))
CONFERENCE_WAIT = Context("a conference's waitUrl", frozenset({"Play", "Say", "Pause", "Redirect"}))
WHISPER = Context(
    "a <Number> or <Client> url",
    frozenset({"Play", "Say", "Pause", "Redirect", "Gather", "Hangup"}),
)


@dataclass(frozen=True)
class Scene:
    """A document being run: on which call, from where, in which place."""

    call: Call
    base: str
    context: Context = MAIN

    @property
    def exchange(self) -> Exchange:
        return self.call.exchange

    def resolve(self, url: str) -> str:
        """An absolute URL; "" is the current document. Inline TwiML has none to be relative to."""
        absolute = urljoin(self.base, url.strip()) if self.base else url.strip()
        if not absolute.startswith(("http://", "https://")):
            message = f"invalid URL {url!r}: relative, and the document has no URL of its own"
            raise DocumentError(errors.INVALID_URL, message, url)
        return absolute

    def goto(self, url: str, method: str, params: Mapping[str, str] | None = None) -> Goto:
        """Go on with the document at `url`, sending `params` beside the standard ones."""
        return Goto(self.request(url, method, params))

    def request(self, url: str, method: str, params: Mapping[str, str] | None = None) -> Request:
        """The document at `url`, relative to this one. Raises DocumentError."""
        return Request(self.resolve(url), method.upper(), params or {})
