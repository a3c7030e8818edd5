"""Work for RQ, by name. Redis carries it; losing Redis only delays it, since every job has a sweep
behind it.

Each room's `jobs.py` names its jobs (`JOBS`) and sweeps (`SWEEPS`); `hotline/app.py` gathers them,
and a guard holds that every name is registered and every queue has a worker.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import redis
import rq
from redis.backoff import NoBackoff
from redis.retry import Retry
from rq.serializers import JSONSerializer

if TYPE_CHECKING:
    from hotline.floor import Floor

log = logging.getLogger(__name__)

Job = Callable[..., None]
Sweep = Callable[["Floor", datetime], None]


@dataclass(frozen=True)
class Every:
    """A sweep that need not run every second: at most once in so many seconds of the clock."""

    seconds: float
    run: Sweep

    def __call__(self, floor: "Floor", now: datetime) -> None:
        self.run(floor, now)


CALLS = "calls"
#: What somebody waits for, and no caller on the line: an SMS, one incident made of many tickets.
SOON = "soon"
NIGHT = "night"
#: What waits for a server that may take its time: the mail server.
SLOW = "slow"
QUEUES = (CALLS, SOON, NIGHT, SLOW)
#: The workers of `hotline run`, and what each works on, the first first: neither a long night nor a
#: mail server that hangs must hold up a call, or what citizens are told by SMS.
WORKERS: Mapping[str, tuple[str, ...]] = {
    "calls": (CALLS,),
    "soon": (SOON,),
    "night": (NIGHT, SLOW),
}
TIME_LIMITS = {CALLS: 30, SOON: 600, NIGHT: 3600, SLOW: 600}
#: What a worker runs: by name, since it knows every room and this module knows none.
_PERFORM = "hotline.app.perform"


class Jobs:
    """The queues on one Redis. The connection is made with the first job."""

    def __init__(self, redis_url: str) -> None:
        # A web process hands work over in milliseconds or leaves it to the sweep.
        self._redis = redis.Redis.from_url(
            redis_url,
            socket_connect_timeout=0.3,
            socket_timeout=1.0,
            retry=Retry(NoBackoff(), 0),
        )
        self._queues = {
            name: rq.Queue(name, connection=self._redis, serializer=JSONSerializer)
            for name in QUEUES
        }

    def enqueue(
        self, name: str, *arguments: Any, queue: str = CALLS, unless_any: bool = False
    ) -> bool:
        """Hand `name(floor, *arguments)` to a worker; False when Redis is away (the sweep will find
        it). `unless_any`: not when something waits on that queue already.
        """
        try:
            if unless_any and self._queues[queue].count:
                return True
            self._queues[queue].enqueue_call(
                _PERFORM,
                args=(name, *arguments),
                timeout=TIME_LIMITS[queue],
                result_ttl=0,
                failure_ttl=24 * 3600,
            )
        except redis.RedisError as error:
            log.warning("Redis is away, %s is left to the sweep: %s", name, error)
            return False
        return True


def work(redis_url: str, queues: list[str], *, burst: bool = False) -> None:
    """Run a worker on `queues` until told to stop (with `burst`: until they are empty). One job at
    a time, in this process: a job is short and bounded.
    """
    connection = redis.Redis.from_url(redis_url, socket_timeout=None)
    rq.SimpleWorker(queues, connection=connection, serializer=JSONSerializer).work(
        burst=burst, logging_level="WARNING"
    )
