"""The process that tells open pages what has changed: server-sent events, and nothing else.

A stream is a request that does not end for as long as a page is open, so streams have a process of
their own: in the web process two hundred of them would hold the threads that webhooks need. One
event loop serves all; none holds a thread or a connection to the database.

What is sent is which topics have changed (`hotline.changes`), never what they say now: the page
asks the web process for that, with the rights that its reader has there. So a lost event is
repaired by the next question, and pages ask by themselves from time to time.

```
event: hello     at once: the stream is not held up anywhere on its way
event: changed   id: INSTANCE.NUMBER   data: waiting agent:7
event: beat      every few seconds: still here
event: away      Redis is: ask by yourself, as often as without a stream; `here` when it is back
```

Who may look at a wallboard may watch, and everybody their own notices. The session is looked at
when the stream begins, when any session of the hotline changes, and every few seconds; the stream
of one that has ended is closed.
"""

import asyncio
import contextlib
import logging
import re
import resource
import secrets
import signal
import time
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

import redis
import redis.asyncio
import sqlalchemy as sa
from aiohttp import web
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from hotline import auth, clock
from hotline.auth import Role
from hotline.changes import CHANNEL
from hotline.db import Database
from hotline.settings import Settings

log = logging.getLogger(__name__)

#: Who sees a wallboard, or the reports' dashboard, which listens to the same.
WATCHES: Final = frozenset({Role.AGENT, Role.SUPERVISOR, Role.MANAGER, Role.ADMINISTRATOR})
SESSIONS: Final = "sign_ins"
#: What a board of units listens to: who sends them and who goes may have no wallboard.
OF_UNITS: Final = frozenset({"units", "tickets"})
#: What the wallboard listens to: all that a screen on a wall is told.
ON_A_WALL: Final = frozenset({"waiting", "service", "agents", "tickets", "incidents"})
#: Seconds of the wall. A topic is told at once, and then no oftener than this.
PACE = 0.1
#: How often a stream says that it lives; a page that hears nothing for three of them gives it up.
BEAT = 2.0
#: How long Redis may say nothing, asked or not.
SILENCE = 5.0
#: How often the database is asked whether something was lost on its way here.
LOOK = 1.0
#: How often sessions are looked at, when nothing says that one has changed.
SESSION_CHECK = 15.0
#: How long a page that takes nothing any more is waited for.
PATIENCE = 15.0
_TOPICS = re.compile(r"[a-z_]+(:\d+)?( [a-z_]+(:\d+)?){0,15}")

_ONCE = Retry(NoBackoff(), 0)

#: Says of each topic that has versions its newest, such as `agent:7@42`; runs in a thread.
Newest = Callable[[Database], Collection[str]]


@dataclass(eq=False)
class Stream:
    """One open page: what it watches, and what it has not been told yet."""

    token: str
    topics: frozenset[str]
    #: Lines to be sent as they are; topics are gathered until the page takes them.
    said: list[str] = field(default_factory=list)
    changed: set[str] = field(default_factory=set)
    news: asyncio.Event = field(default_factory=asyncio.Event)
    ended: bool = False

    def say(self, event: str) -> None:
        self.said.append(f"event: {event}\ndata:\n\n")
        self.news.set()

    def end(self) -> None:
        self.ended = True
        self.news.set()


def _about(topic: str) -> str:
    """What keeps one pace: each agent, and the floor as a whole. A call that moves changes who
    waits, who is ready and the figures; a wallboard asks once for all of it.
    """
    return topic if ":" in topic else ""


def _may_watch(who: auth.Identity, topics: frozenset[str]) -> bool:
    """Who looks at a wallboard or a dashboard watches anything; everybody whether they have new
    notices, and what a board of units listens to.
    """
    if who.screen:
        return topics <= ON_A_WALL
    return who.role in WATCHES or topics <= {f"notices:{who.id}"} | OF_UNITS


class Hub:
    """Who watches what. All of it happens in one event loop."""

    def __init__(
        self, settings: Settings, db: Database, newest: Newest, also: Sequence[str]
    ) -> None:
        self.settings = settings
        self._db = db
        self._newest, self._also = newest, also
        self.instance = secrets.token_hex(4)
        self.streams: set[Stream] = set()
        #: Counts what was told: a page hands it on, so that what was looked up for one page after
        #: that moment is good enough for another (`hotline.shared`).
        self.number = 0
        self.redis_here = False
        self._told_at: dict[str, float] = {}
        self._waiting: dict[str, set[str]] = {}
        self._versions: dict[str, int] = {}
        self._recheck = asyncio.Event()

    # ------------------------------------------------------------------------ what is told

    def tell(self, topics: Iterable[str]) -> None:
        """Tell who watches any of these: at once, or as soon as it was not just told."""
        now = time.monotonic()
        due = set()
        for topic in filter(None, map(self._news_of, topics)):
            about = _about(topic)
            if topic == SESSIONS:
                self._recheck.set()
            elif now - self._told_at.get(about, 0.0) >= PACE:
                due.add(topic)
            elif about in self._waiting:
                self._waiting[about].add(topic)
            else:
                self._waiting[about] = {topic}
                asyncio.get_running_loop().call_later(
                    self._told_at[about] + PACE - now, self._tell_later, about
                )
        self._send(due)

    def _tell_later(self, about: str) -> None:
        self._send(self._waiting.pop(about))

    def _news_of(self, topic: str) -> str | None:
        """The topic without its version; None when that was told before."""
        name, _, version = topic.partition("@")
        if not version:
            return name
        if int(version) <= self._versions.get(name, -1):
            return None
        self._versions[name] = int(version)
        return name

    def _send(self, topics: set[str]) -> None:
        if not topics:
            return
        self.number += 1
        self._told_at |= dict.fromkeys(map(_about, topics), time.monotonic())
        for stream in self.streams:
            if about := topics & stream.topics:
                stream.changed |= about
                stream.news.set()

    def _say(self, event: str) -> None:
        for stream in self.streams:
            stream.say(event)

    # ------------------------------------------------------------------------ what is heard

    async def listen(self) -> None:
        """Hear from Redis, for ever; say when it is away, and when it is here again."""
        while True:
            try:
                await self._subscribe()
            except (redis.RedisError, OSError, TimeoutError) as error:
                if self.redis_here:
                    log.warning("Redis is away, pages ask by themselves: %s", error)
                    self.redis_here = False
                    self._say("away")
            await asyncio.sleep(0.5)

    async def _subscribe(self) -> None:
        address = self.settings.redis_url
        async with (
            # it must not connect again in silence: what was told meanwhile is lost
            redis.asyncio.from_url(address, socket_connect_timeout=1.0, retry=_ONCE) as client,
            client.pubsub() as channel,
        ):
            await channel.subscribe(CHANNEL)
            self.redis_here = True
            self._say("here")
            heard = time.monotonic()
            while True:
                message = await channel.get_message(timeout=BEAT)
                if message is None:
                    if time.monotonic() - heard > SILENCE:
                        raise TimeoutError("it no longer answers")
                    await channel.ping()
                    continue
                heard = time.monotonic()
                if message["type"] == "message":
                    self.tell(message["data"].decode().split())

    async def look(self) -> None:
        """Find in the database what was lost on its way here, for ever."""
        known = False
        while True:
            try:
                topics = await asyncio.to_thread(self._newest, self._db)
                # one at a time: whether it is news is decided, and noted, once
                lost = [name for each in topics if (name := self._news_of(each)) is not None]
                if known and lost:
                    self.tell([*lost, *self._also])
                known = True
            except sa.exc.SQLAlchemyError as error:
                log.warning("the database is away: %s", type(error).__name__)
            self._forget()
            await asyncio.sleep(LOOK)

    def _forget(self) -> None:
        """Let go of when each was told, once it no longer matters."""
        old = time.monotonic() - PACE
        self._told_at = {
            about: at for about, at in self._told_at.items() if at > old or about in self._waiting
        }

    async def beat(self) -> None:
        while True:
            await asyncio.sleep(BEAT)
            self._say("beat")

    # ------------------------------------------------------------------------ who may

    async def may(self, token: str, topics: frozenset[str]) -> bool | None:
        """Whether who holds this token may watch; None when nobody is signed in with it."""
        who = (await asyncio.to_thread(self._who, {token})).get(token)
        return None if who is None else _may_watch(who, topics)

    def _who(self, tokens: set[str]) -> dict[str, auth.Identity]:
        now = clock.now()
        with self._db.read() as session:
            known = {token: auth.identify(session, token, now=now) for token in tokens if token}
        return {token: who for token, who in known.items() if who is not None}

    async def check_sessions(self) -> None:
        """Close the streams of sessions that have ended, for ever."""
        while True:
            # not wait_for, which before Python 3.12 may swallow that the task was cancelled
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(SESSION_CHECK):
                    await self._recheck.wait()
            self._recheck.clear()
            streams = list(self.streams)
            try:
                known = await asyncio.to_thread(self._who, {each.token for each in streams})
            except sa.exc.SQLAlchemyError:
                continue  # while the database is away nobody can say; it is asked again
            for stream in streams:
                who = known.get(stream.token)
                if who is None or not _may_watch(who, stream.topics):
                    stream.end()
            await asyncio.sleep(0.2)  # many sign in at the change of a shift


# ---------------------------------------------------------------- over HTTP

HUB: web.AppKey[Hub] = web.AppKey("hub", Hub)


def application(
    settings: Settings, db: Database, newest: Newest, also: Sequence[str] = ()
) -> web.Application:
    """The two addresses: `/stream` and `/health`. When `newest` knows of something that was lost,
    `also` has changed as well.
    """
    app = web.Application()
    app[HUB] = Hub(settings, db, newest, also)
    app.router.add_get("/stream", _stream)
    app.router.add_get("/health", _health)
    app.cleanup_ctx.append(_work)
    app.on_shutdown.append(_end_all)
    return app


async def _work(app: web.Application) -> AsyncIterator[None]:
    hub = app[HUB]
    parts = (hub.listen, hub.look, hub.beat, hub.check_sessions)
    tasks = [asyncio.create_task(part(), name=part.__name__) for part in parts]
    for task in tasks:
        task.add_done_callback(_broken)
    yield
    while tasks:
        for task in tasks:
            task.cancel()
        _, still = await asyncio.wait(tasks, timeout=1.0)
        tasks = [*still]  # a library may have taken it for an error of its own


def _broken(task: asyncio.Task[None]) -> None:
    """A part of it failed in a way that nobody foresaw: begin anew, rather than be half there."""
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("%s failed", task.get_name(), exc_info=error)
        raise SystemExit(1)


async def _end_all(app: web.Application) -> None:
    for stream in app[HUB].streams:
        stream.end()


async def _health(request: web.Request) -> web.Response:
    hub = request.app[HUB]
    return web.json_response({"ok": True, "streams": len(hub.streams), "redis": hub.redis_here})


async def _stream(request: web.Request) -> web.StreamResponse:
    hub = request.app[HUB]
    headers = _allowed(request, hub.settings.public_url)
    topics = request.query.get("topics", "")
    if not _TOPICS.fullmatch(topics):
        raise web.HTTPBadRequest(text="topics", headers=headers)
    token = _token(request, auth.cookie_name(hub.settings.public_url))
    try:
        may = await hub.may(token, frozenset(topics.split()))
    except sa.exc.SQLAlchemyError as error:
        raise web.HTTPServiceUnavailable(headers=headers) from error
    if may is None:
        raise web.HTTPUnauthorized(headers=headers)
    if not may:
        raise web.HTTPForbidden(headers=headers)
    response = web.StreamResponse(
        headers={
            "Content-Type": "text/event-stream; charset=utf-8",
            "Cache-Control": "no-store",
            "X-Accel-Buffering": "no",  # nginx would gather it
            **headers,
        }
    )
    stream = Stream(token, frozenset(topics.split()))
    stream.say("hello" if hub.redis_here else "away")
    hub.streams.add(stream)
    try:
        await response.prepare(request)
        await _send_all(hub, stream, response)
    except (ConnectionError, TimeoutError):
        pass  # the page is gone
    finally:
        hub.streams.discard(stream)
    return response


async def _send_all(hub: Hub, stream: Stream, response: web.StreamResponse) -> None:
    while not stream.ended:
        await stream.news.wait()
        stream.news.clear()
        lines, stream.said = stream.said, []
        if stream.changed:
            about, stream.changed = sorted(stream.changed), set()
            mark = f"{hub.instance}.{hub.number}"
            lines.append(f"event: changed\nid: {mark}\ndata: {' '.join(about)}\n\n")
        if lines:
            async with asyncio.timeout(PATIENCE):
                await response.write("".join(lines).encode())


def _token(request: web.Request, cookie: str) -> str:
    """As `auth.token_of`: a program's header, or a browser's cookie."""
    header = request.headers.get("Authorization", "")
    if header.startswith("Bearer "):
        return header.removeprefix("Bearer ").strip()
    return request.cookies.get(cookie, "")


def _allowed(request: web.Request, public_url: str) -> dict[str, str]:
    """What lets a page of ours read the stream from another port; raises 403 for anybody else's
    page.
    """
    origin = request.headers.get("Origin")
    if origin is None:
        return {}
    place, here = urlsplit(origin), urlsplit(f"//{request.host}")
    if place.hostname != here.hostname and origin != public_url:
        raise web.HTTPForbidden
    return {
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Allow-Credentials": "true",
        "Vary": "Origin",
    }


def run(app: web.Application, host: str, port: int) -> None:
    """Serve until SIGTERM or SIGINT."""
    # a stream is an open file: as many as the system lets us have
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    asyncio.run(_serve(app, host, port))


async def _serve(app: web.Application, host: str, port: int) -> None:
    stop = asyncio.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(each, stop.set)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=2.0)
    await runner.setup()
    await web.TCPSite(runner, host, port, reuse_address=True).start()
    await stop.wait()
    await runner.cleanup()
