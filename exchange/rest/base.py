"""What all resources share: who may ask, error bodies, parameters, pages.

Source: Twilio, "REST API: requests, responses, paging, errors".
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from operator import attrgetter
from typing import Any, TypeVar
from urllib.parse import urlencode

from aiohttp import web

from exchange.callbacks import Subscription
from exchange.core import Exchange
from exchange.ids import API_VERSION
from exchange.recordings import EVENTS, Wish
from exchange.scene import Inline, Source
from exchange.verbs.spec import is_true
from exchange.webhook import Request

Json = dict[str, Any]
T = TypeVar("T")
PAGE_SIZE, LARGEST_PAGE = 50, 1000
CHANNELS = {"mono": 1, "dual": 2}
TRACKS = ("inbound", "outbound", "both")


class RestError(Exception):
    """A refused request: HTTP status, the carrier's error number, and words."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message

    def response(self) -> web.Response:
        body = {
            "code": self.code,
            "message": self.message,
            "more_info": f"https://www.twilio.com/docs/errors/{self.code}",
            "status": self.status,
        }
        headers = {"WWW-Authenticate": 'Basic realm="Twilio API"'} if self.status == 401 else {}
        return web.json_response(body, status=self.status, headers=headers)


def not_found(path: str) -> RestError:
    return RestError(404, 20404, f"The requested resource {path} was not found")


def invalid(message: str) -> RestError:
    return RestError(400, 20001, message)


class Params:
    """The form of a request, read as the carrier reads it."""

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in pairs:
            self._values.setdefault(name, []).append(value)

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def text(self, name: str, default: str = "") -> str:
        return self._values.get(name, [default])[-1]

    def flag(self, name: str, default: bool = False) -> bool:
        return is_true(self.text(name)) if name in self else default

    def number(self, name: str, default: int, low: int, high: int) -> int:
        text = self.text(name, str(default))
        if not text.isdecimal() or not low <= int(text) <= high:
            raise invalid(f"Invalid {name} {text!r}: {low} to {high}")
        return int(text)

    def method(self, name: str, default: str = "POST") -> str:
        text = self.text(name, default).upper()
        if text not in ("GET", "POST"):
            raise invalid(f"Invalid {name} {text!r}: GET or POST")
        return text

    def words(self, name: str, default: str) -> frozenset[str]:
        """A repeated parameter; each value may itself be words separated by spaces."""
        return frozenset(" ".join(self._values.get(name, [default])).split())

    def url(self, name: str) -> str:
        text = self.text(name)
        if text and not text.startswith(("http://", "https://")):
            raise RestError(400, 21205, f"{name} is not a valid URL: {text!r}")
        return text

    def request(self, name: str, method: str, default: str = "POST") -> Request | None:
        url = self.url(name)
        return Request(url, self.method(method, default)) if url else None

    def source(self) -> Source | None:
        """Url (with Method) or Twiml."""
        if self.text("Twiml"):
            return Inline(self.text("Twiml"))
        return self.request("Url", "Method")

    def callbacks(self, prefix: str, known: Iterable[str], default: str) -> Subscription | None:
        """StatusCallback, …Method, …Event (repeated)."""
        url = self.url(prefix)
        if not url:
            return None
        events = self.words(f"{prefix}Event", default)
        if not events <= frozenset(known):
            raise RestError(400, 21626, f"Invalid {prefix}Event {' '.join(sorted(events))!r}")
        return Subscription(url, self.method(f"{prefix}Method"), events)

    def wish(self, source: str) -> Wish:
        """RecordingChannels, RecordingTrack, RecordingStatusCallback…: what is to be recorded."""
        channels = self.text("RecordingChannels", "mono")
        track = self.text("RecordingTrack", "both")
        if channels not in CHANNELS:
            raise invalid(f"Invalid RecordingChannels {channels!r}: mono or dual")
        if track not in TRACKS:
            raise invalid(f"Invalid RecordingTrack {track!r}: {', '.join(TRACKS)}")
        callbacks = self.callbacks("RecordingStatusCallback", EVENTS, "completed")
        return Wish(source, CHANNELS[channels], track, callbacks)


Handler = Callable[[Exchange, web.Request, Params], Awaitable[web.Response]]


class Api:
    """Adds resources below the account, each behind its password."""

    def __init__(self, exchange: Exchange, router: web.UrlDispatcher) -> None:
        self._exchange = exchange
        self._router = router
        self._prefix = f"/{API_VERSION}/Accounts/{{account}}"

    def add(self, method: str, path: str, handler: Handler, *, public: bool = False) -> None:
        """`public`: whoever has the address may ask without a password; a wrong one is refused."""

        async def guarded(request: web.Request) -> web.Response:
            try:
                if not public or "Authorization" in request.headers:
                    _authenticate(self._exchange, request)
                params = Params((await _form(request)).items())
                return await handler(self._exchange, request, params)
            except RestError as error:
                return error.response()

        self._router.add_route(method, self._prefix + path, guarded)


async def _form(request: web.Request) -> Any:
    return request.query if request.method in ("GET", "DELETE") else await request.post()


def _authenticate(exchange: Exchange, request: web.Request) -> None:
    scheme, _, encoded = request.headers.get("Authorization", "").partition(" ")
    try:
        user, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except ValueError:
        user = password = ""
    config = exchange.config
    right = hmac.compare_digest(password.encode(), config.auth_token.encode())
    if scheme.lower() != "basic" or user != config.account_sid or not right:
        raise RestError(401, 20003, "Authenticate")
    if request.match_info["account"] != config.account_sid:
        raise not_found(request.path)


def account_path(exchange: Exchange, path: str) -> str:
    """A resource's uri, as the carrier writes it: without host, with .json."""
    return f"/{API_VERSION}/Accounts/{exchange.account_sid}{path}"


def page(
    request: web.Request,
    key: str,
    items: Iterable[T],
    render: Callable[[T], Json],
    wanted: Callable[[T], bool] = lambda _: True,
    name: Callable[[T], str] = attrgetter("sid"),
) -> web.Response:
    """One page of a list: of `items` in order those that are `wanted`, from ?PageSize.

    The next page begins behind the last item of this one (PageToken), whatever has come or changed
    meanwhile: who reads a list page by page misses nothing and gets nothing twice. A Page without
    a PageToken counts from the beginning.
    """
    number = _query_number(request, "Page", 0, 0, 10**9)
    size = _query_number(request, "PageSize", PAGE_SIZE, 1, LARGEST_PAGE)
    window, more = _window(
        list(items), wanted, name, request.query.get("PageToken", ""), number, size
    )
    first = number * size
    after = "PA" + name(window[-1]) if window else ""
    before = "PB" + name(window[0]) if window else ""
    body: Json = {
        "page": number,
        "page_size": size,
        "start": first,
        "end": first + len(window) - 1 if window else first,
        "uri": request.path_qs,
        "first_page_uri": _page_uri(request, 0, size),
        "next_page_uri": _page_uri(request, number + 1, size, after) if more else None,
        "previous_page_uri": _page_uri(request, number - 1, size, before) if number else None,
        key: [render(item) for item in window],
    }
    return web.json_response(body)


def _window(
    items: list[T],
    wanted: Callable[[T], bool],
    name: Callable[[T], str],
    token: str,
    number: int,
    size: int,
) -> tuple[list[T], bool]:
    """The items of one page, and whether there are more behind them."""
    start = 0
    if token:
        way, sid = token[:2], token[2:]
        place = next((n for n, item in enumerate(items) if name(item) == sid), None)
        if way not in ("PA", "PB"):
            raise invalid(f"Invalid PageToken {token!r}")
        if place is None:
            return [], False  # it was the oldest that was remembered, and has been forgotten
        if way == "PB":
            return [item for item in items[:place] if wanted(item)][-size:], True
        start = place + 1
    else:
        items = [item for item in items if wanted(item)]
        start = number * size
    found = list(islice(filter(wanted, islice(items, start, None)), size + 1))
    return found[:size], len(found) > size


def _query_number(request: web.Request, name: str, default: int, low: int, high: int) -> int:
    text = request.query.get(name, str(default))
    if not text.isdecimal():
        raise invalid(f"Invalid {name} {text!r}")
    return max(low, min(high, int(text)))


def _page_uri(request: web.Request, number: int, size: int, token: str = "") -> str:
    paging = ("Page", "PageSize", "PageToken")
    query = [(k, v) for k, v in request.query.items() if k not in paging]
    query += [("PageSize", str(size)), ("Page", str(number))]
    if token and number:
        query.append(("PageToken", token))
    return request.path + "?" + urlencode(query)


@dataclass(frozen=True)
class Limits:
    """A date filter: half-open."""

    start: datetime | None = None
    end: datetime | None = None

    @classmethod
    def parse(cls, params: Params, name: str) -> Limits:
        """From ``Name``, ``Name>`` and ``Name<``: on the day, on or after, before.

        A value is a day (YYYY-MM-DD, UTC) or a moment (ISO 8601; UTC if it does not say); of a
        moment without an inequality only the day counts. Raises RestError, even for empty lists.
        """
        start = cls._value(params, name + ">", name)
        end = cls._value(params, name + "<", name)
        moment = cls._value(params, name, name)
        if moment is not None:
            day = moment.replace(hour=0, minute=0, second=0, microsecond=0)
            start = day if start is None else max(start, day)
            end = day + timedelta(days=1) if end is None else min(end, day + timedelta(days=1))
        return cls(start, end)

    @staticmethod
    def _value(params: Params, field: str, name: str) -> datetime | None:
        text = params.text(field).strip()
        if not text:
            return None
        try:
            moment = datetime.fromisoformat(text)
        except ValueError as error:
            raise invalid(f"Invalid {name} {text!r}") from error
        return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)

    def hold(self, moment: datetime | None) -> bool:
        """Whether `moment` is within; one that has not come is within no limits but none."""
        if self.start is None and self.end is None:
            return True
        if moment is None:
            return False
        after = self.start is None or moment >= self.start
        return after and (self.end is None or moment < self.end)


def matches(params: Params, wanted: Mapping[str, str]) -> bool:
    """Whether every filter that was given has its value."""
    return all(name not in params or params.text(name) == v for name, v in wanted.items())
