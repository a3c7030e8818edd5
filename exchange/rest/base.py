"""What all resources share: who may ask, error bodies, parameters, pages.

Source: Twilio, "REST API: requests, responses, paging, errors".
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import UTC, date, datetime
from itertools import islice
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from exchange.callbacks import Subscription
from exchange.core import Exchange
from exchange.ids import API_VERSION
from exchange.scene import Inline, Source
from exchange.verbs.spec import is_true
from exchange.webhook import Request

Json = dict[str, Any]
PAGE_SIZE, LARGEST_PAGE = 50, 1000


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


Handler = Callable[[Exchange, web.Request, Params], Awaitable[web.Response]]


class Api:
    """Adds resources below the account, each behind its password."""

    def __init__(self, exchange: Exchange, router: web.UrlDispatcher) -> None:
        self._exchange = exchange
        self._router = router
        self._prefix = f"/{API_VERSION}/Accounts/{{account}}"

    def add(self, method: str, path: str, handler: Handler) -> None:
        async def guarded(request: web.Request) -> web.Response:
            try:
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
    request: web.Request, key: str, items: Iterable[Any], render: Callable[[Any], Json]
) -> web.Response:
    """One page of a list: `items` (filtered, in order) from ?Page and ?PageSize."""
    number = _query_number(request, "Page", 0, 0, 10**9)
    size = _query_number(request, "PageSize", PAGE_SIZE, 1, LARGEST_PAGE)
    first = number * size
    window = list(islice(items, first, first + size + 1))
    more, window = len(window) > size, window[:size]
    body: Json = {
        "page": number,
        "page_size": size,
        "start": first,
        "end": first + len(window) - 1 if window else first,
        "uri": request.path_qs,
        "first_page_uri": _page_uri(request, 0, size),
        "next_page_uri": _page_uri(request, number + 1, size) if more else None,
        "previous_page_uri": _page_uri(request, number - 1, size) if number else None,
        key: [render(item) for item in window],
    }
    return web.json_response(body)


def _query_number(request: web.Request, name: str, default: int, low: int, high: int) -> int:
    text = request.query.get(name, str(default))
    if not text.isdecimal():
        raise invalid(f"Invalid {name} {text!r}")
    return max(low, min(high, int(text)))


def _page_uri(request: web.Request, number: int, size: int) -> str:
    query = [(k, v) for k, v in request.query.items() if k not in ("Page", "PageSize")]
    return request.path + "?" + urlencode([*query, ("PageSize", size), ("Page", number)])


def within(params: Params, name: str, moment: datetime | None) -> bool:
    """Date filters: `name` is the day itself, `name`> and `name`< are limits, both included."""
    for suffix in ("", ">", "<"):
        text = params.text(name + suffix)
        if not text:
            continue
        if moment is None:
            return False
        start, end = _span(text, name)
        if suffix in ("", ">") and moment < start:
            return False
        if suffix in ("", "<") and moment > end:
            return False
    return True


def _span(text: str, name: str) -> tuple[datetime, datetime]:
    """A day from its first to its last moment, or a moment twice."""
    try:
        if "T" in text or " " in text.strip():
            moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
            moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
            return moment, moment
        day = date.fromisoformat(text)
    except ValueError as error:
        raise invalid(f"Invalid {name} {text!r}") from error
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return start, start.replace(hour=23, minute=59, second=59, microsecond=999999)


def matches(params: Params, wanted: Mapping[str, str]) -> bool:
    """Whether every filter that was given has its value."""
    return all(name not in params or params.text(name) == v for name, v in wanted.items())
