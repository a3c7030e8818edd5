"""Tells who watches that something has changed: topics on Redis, after each commit.

What a committed unit of work was about is found out from the tables that it wrote (`TOPICS` in
`hotline/app.py`), so that no verb can forget it. A topic says where to look and nothing of what
is there: `waiting`, `agents`, `agent:7`. `hotline.streams` hands it to the pages, which ask again
for what they show. It may be lost: pages ask by themselves from time to time.

A topic may carry the version of what it is about (`agent:7@42`), by which the streams find out that
one was lost.
"""

import logging
import threading
from collections.abc import Collection, Mapping
from typing import Any, Final

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from hotline.db import TopicsOf

log = logging.getLogger(__name__)

CHANNEL: Final = "saidduan.changes"


def always(*topics: str) -> TopicsOf:
    """A table whose rows are all about the same."""
    return lambda _row: topics


def by(topic: str, column: str, *also: str) -> TopicsOf:
    """A table of which each row is about somebody: `topic:ID`, and about `also`."""

    def topics(row: Mapping[str, Any]) -> Collection[str]:
        who = row.get(column)
        return also if who is None else (f"{topic}:{who}", *also)

    return topics


#: A table that no page shows while it is open.
nothing: TopicsOf = always()


class Changes:
    """Publishes topics from a thread of its own: a request never waits for Redis to tell of what it
    has done. What gathers while one message is on its way goes with the next.
    """

    def __init__(self, redis_url: str) -> None:
        self._redis = redis.Redis.from_url(
            redis_url, socket_connect_timeout=0.3, socket_timeout=1.0, retry=Retry(NoBackoff(), 0)
        )
        self._topics: set[str] = set()
        self._news = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closed = False
        self._away = False

    def __call__(self, topics: Collection[str]) -> None:
        """Publish soon. Never waits, never raises."""
        with self._news:
            self._topics.update(topics)
            if self._thread is None and not self._closed:
                # not before it is needed: a web process forks its workers first
                self._thread = threading.Thread(target=self._run, name="changes", daemon=True)
                self._thread.start()
            self._news.notify()

    def close(self) -> None:
        """Publish what is left, and end."""
        with self._news:
            self._closed = True
            self._news.notify()
        if self._thread is not None:
            self._thread.join(5.0)
        self._redis.close()

    def _run(self) -> None:
        while True:
            with self._news:
                self._news.wait_for(lambda: self._topics or self._closed)
                if not self._topics:
                    return
                topics, self._topics = self._topics, set()
            try:
                self._redis.publish(CHANNEL, " ".join(sorted(topics)))
                self._away = False
            except redis.RedisError as error:
                if not self._away:  # once: there are some changes a second
                    log.warning("Redis is away, pages find out by themselves: %s", error)
                self._away = True
