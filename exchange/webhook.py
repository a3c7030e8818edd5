"""HTTP requests from the carrier to the application: signed, retried, logged.

Sources: Twilio, "Webhooks (HTTP callbacks): Connection Overrides" (fragment keys ct, rt, tt, rc,
rp), "Webhooks security", "Event delivery and retries" (I-Twilio-Idempotency-Token). All time-outs
here are wall seconds.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urldefrag, urlencode, urlsplit, urlunsplit

import aiohttp
from yarl import URL

from exchange import errors
from exchange.clock import Clock
from exchange.errors import RetrievalError
from exchange.signature import sign

HARD_LIMIT = 15.0
MAX_REDIRECTS = 10
MAX_BODY = 64 * 1024
POLICIES = frozenset({"4xx", "5xx", "ct", "rt", "all"})
FORM = "application/x-www-form-urlencoded; charset=UTF-8"


@dataclass(frozen=True)
class Request:
    """A document to ask for: where, how, and with which parameters beside the standard ones."""

    url: str
    method: str = "POST"
    params: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Reply:
    """What came back with a status below 400."""

    url: str
    status: int
    content_type: str
    body: bytes


@dataclass(frozen=True)
class Attempt:
    """One HTTP request as the log keeps it; `seconds` are wall seconds."""

    url: str
    method: str
    status: int | None
    seconds: float
    error: str


@dataclass(frozen=True)
class Overrides:
    """Connection settings of one URL, in seconds; defaults are the carrier's."""

    connect: float = 5.0
    read: float = 15.0
    total: float = 15.0
    retries: int = 1
    policy: frozenset[str] = frozenset({"ct"})

    @classmethod
    def parse(cls, fragment: str) -> Overrides:
        """From a URL's fragment. Unknown keys and values out of range raise RetrievalError."""
        given = dict(parse_qsl(fragment))
        policy = frozenset(given["rp"].split(",")) if "rp" in given else frozenset({"ct"})
        if not policy <= POLICIES:
            raise RetrievalError(11243, "HTTP retry policy is invalid", fragment)
        return cls(
            connect=_milliseconds(given, "ct", 5000, 100, 10000),
            read=_milliseconds(given, "rt", 15000, 100, 15000),
            total=_milliseconds(given, "tt", 15000, 100, 15000),
            retries=_number(given, "rc", 1, 0, 5),
            policy=policy,
        )

    def retry(self, kind: str) -> bool:
        """Whether a failure of this kind (4xx, 5xx, ct, rt) is tried again."""
        return kind in self.policy or ("all" in self.policy and kind in POLICIES)


def _number(given: Mapping[str, str], key: str, usual: int, low: int, high: int) -> int:
    text = given.get(key, str(usual))
    if not text.isdecimal() or not low <= int(text) <= high:
        message = f"connection override {key} must be {low} to {high}, not {text!r}"
        raise RetrievalError(errors.INVALID_URL, message)
    return int(text)


def _milliseconds(given: Mapping[str, str], key: str, usual: int, low: int, high: int) -> float:
    return _number(given, key, usual, low, high) / 1000


class _Failure(Exception):
    """One attempt failed; `kind` is what the retry policy calls it ("" = never retried)."""

    def __init__(self, kind: str, code: int, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.kind = kind
        self.code = code
        self.message = message
        self.status = status


def wire_url(url: str) -> URL:
    """The URL as it is sent and signed: kept as written unless it needs percent-encoding."""
    try:
        parts = urlsplit(url)
        absolute = url if parts.path else urlunsplit(parts._replace(path="/"))
        parsed = URL(absolute, encoded=url.isascii() and " " not in url)
    except ValueError as error:
        raise RetrievalError(errors.INVALID_URL, f"invalid URL format: {error}", url) from error
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise RetrievalError(errors.INVALID_URL, "invalid URL format", url)
    return parsed


def with_query(url: str, params: Mapping[str, str]) -> str:
    """The URL with `params` appended to its query, as the carrier does for GET."""
    if not params:
        return url
    return url + ("&" if "?" in url else "?") + urlencode(params)


class WebhookClient:
    """Sends the carrier's requests over one keep-alive session."""

    def __init__(self, auth_token: str, clock: Clock) -> None:
        self._token = auth_token
        self._clock = clock
        self._session: aiohttp.ClientSession | None = None

    @property
    def session(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, ttl_dns_cache=300),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": "TwilioProxy/1.1", "Accept": "*/*"},
            )
        return self._session

    async def close(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def send(
        self,
        url: str,
        method: str,
        params: Mapping[str, str],
        log: Callable[[Attempt], None] = lambda _: None,
    ) -> Reply:
        """One webhook with its retries. Raises RetrievalError when no attempt succeeded."""
        address, fragment = urldefrag(url)
        overrides = Overrides.parse(fragment)
        headers = {"I-Twilio-Idempotency-Token": str(uuid.uuid4())}
        deadline = time.monotonic() + min(overrides.total, HARD_LIMIT)
        for left in range(overrides.retries, -1, -1):
            try:
                return await self._follow(
                    address, method, params, headers, overrides, deadline, log
                )
            except _Failure as failure:
                spent = time.monotonic() >= deadline
                if not left or spent or not overrides.retry(failure.kind):
                    raise RetrievalError(failure.code, failure.message, address) from failure
        raise AssertionError("unreachable")

    async def _follow(
        self,
        url: str,
        method: str,
        params: Mapping[str, str],
        headers: Mapping[str, str],
        overrides: Overrides,
        deadline: float,
        log: Callable[[Attempt], None],
    ) -> Reply:
        """Follows 3xx answers as a browser would: 307 and 308 keep the method and the form."""
        for _ in range(MAX_REDIRECTS):
            reply = await self._attempt(url, method, params, headers, overrides, deadline, log)
            if not isinstance(reply, _Moved):
                return reply
            url = reply.location
            if not reply.keep:
                method, params = "GET", {}
        raise _Failure("", errors.TOO_MANY_REDIRECTS, "too many redirects")

    async def _attempt(
        self,
        url: str,
        method: str,
        params: Mapping[str, str],
        headers: Mapping[str, str],
        overrides: Overrides,
        deadline: float,
        log: Callable[[Attempt], None],
    ) -> Reply | _Moved:
        started = time.monotonic()
        status: int | None = None
        error = "abandoned: the call ended"
        try:
            with self._clock.outside():
                reply = await self._once(url, method, params, headers, overrides, deadline)
            status, error = reply.status, ""
            return reply
        except _Failure as failure:
            status, error = failure.status, failure.message
            raise
        finally:
            log(Attempt(url, method, status, time.monotonic() - started, error))

    async def _once(
        self,
        url: str,
        method: str,
        params: Mapping[str, str],
        headers: Mapping[str, str],
        overrides: Overrides,
        deadline: float,
    ) -> Reply | _Moved:
        form = params if method == "POST" else {}
        wire = wire_url(url if method == "POST" else with_query(url, params))
        signed = dict(headers) | {"X-Twilio-Signature": sign(self._token, str(wire), form)}
        if method == "POST":
            signed["Content-Type"] = FORM
        timeout = aiohttp.ClientTimeout(
            total=max(0.001, deadline - time.monotonic()),
            sock_connect=overrides.connect,
            sock_read=overrides.read,
        )
        try:
            async with self.session.request(
                method,
                wire,
                data=urlencode(form).encode() if method == "POST" else None,
                headers=signed,
                allow_redirects=False,
                timeout=timeout,
            ) as response:
                return await _read(wire, response)
        except (aiohttp.ConnectionTimeoutError, aiohttp.ClientConnectorError) as error:
            raise _Failure("ct", errors.CONNECTION_FAILURE, f"no connection: {error}") from error
        except TimeoutError as error:
            raise _Failure("rt", errors.CONNECTION_FAILURE, "no answer in time") from error
        except aiohttp.ServerDisconnectedError as error:
            # An idle keep-alive connection that the server closes as we write to it: nothing
            # was answered, so it counts as a connection that could not be made.
            raise _Failure("ct", errors.CONNECTION_FAILURE, "connection closed") from error
        except aiohttp.ClientError as error:
            raise _Failure("", errors.PROTOCOL_VIOLATION, f"broken answer: {error}") from error


@dataclass(frozen=True)
class _Moved:
    location: str
    keep: bool
    status: int


async def _read(wire: URL, response: aiohttp.ClientResponse) -> Reply | _Moved:
    if 300 <= response.status < 400 and "Location" in response.headers:
        location = str(wire.join(URL(response.headers["Location"], encoded=True)))
        return _Moved(location, response.status in (307, 308), response.status)
    body = await _limited(response)
    if response.status >= 400:
        kind = "4xx" if response.status < 500 else "5xx"
        message = f"the application answered {response.status}"
        raise _Failure(kind, errors.RETRIEVAL_FAILURE, message, response.status)
    return Reply(str(wire), response.status, response.content_type, body)


async def _limited(response: aiohttp.ClientResponse) -> bytes:
    """The body; documents longer than the carrier takes are refused, sound files are not."""
    if response.content_type.startswith("audio/"):
        return await response.read()
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > MAX_BODY:
            raise _Failure("", errors.BODY_TOO_LARGE, "response body too large", response.status)
    return bytes(body)
