"""Call queues: who waits, in which order, and how each one leaves.

Source: Twilio, "TwiML Enqueue", "TwiML Queue", "Queue resource", "Member resource".
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from exchange.ids import sid

if TYPE_CHECKING:
    from exchange.bridge import Bridge
    from exchange.call import Call
    from exchange.clock import Clock

DEFAULT_SIZE = 1000
LARGEST = 5000
NAME_LIMIT = 64


class Member:
    """One caller in a queue. `taken` is done when a Dial has fetched the caller."""

    def __init__(self, queue: Queue, call: Call) -> None:
        self.queue = queue
        self.call = call
        self.entered_at: datetime = queue.clock.now()
        self._entered = queue.clock.time()
        self._left: float | None = None
        self.gone = False
        """The caller hung up or was redirected: whoever fetched this member fetches another."""
        self.taken: asyncio.Future[Bridge] = asyncio.get_running_loop().create_future()

    @property
    def waiting(self) -> bool:
        return self._left is None

    @property
    def seconds(self) -> float:
        """How long the caller waits, or waited."""
        end = self.queue.clock.time() if self._left is None else self._left
        return end - self._entered

    @property
    def position(self) -> int:
        """1 is the head of the queue; 0 when no longer in it."""
        return self.queue.position(self)

    def leave(self) -> bool:
        """Takes the caller out; False if already out (who gets False walks away)."""
        if not self.waiting:
            return False
        self._left = self.queue.clock.time()
        self.queue.drop(self)
        return True

    def params(self) -> dict[str, str]:
        """The parameters of a waitUrl request."""
        return {
            "QueuePosition": str(self.position),
            "QueueSid": self.queue.sid,
            "QueueTime": str(int(self.seconds)),
            "AvgQueueTime": str(self.queue.average_wait),
            "CurrentQueueSize": str(len(self.queue)),
            "MaxQueueSize": str(self.queue.max_size),
        }


class Queue:
    """Callers in the order in which they came."""

    def __init__(self, name: str, clock: Clock, max_size: int = DEFAULT_SIZE) -> None:
        self.sid = sid("QU")
        self.name = name
        self.clock = clock
        self.max_size = max_size
        self.created_at = self.updated_at = clock.now()
        self._members: dict[str, Member] = {}
        self._dialers: deque[asyncio.Future[Member]] = deque()

    def __len__(self) -> int:
        return len(self._members)

    def __iter__(self) -> Iterator[Member]:
        return iter(list(self._members.values()))

    @property
    def full(self) -> bool:
        return len(self._members) >= self.max_size

    @property
    def average_wait(self) -> int:
        """Mean seconds waited by those waiting now (not by those who have left)."""
        if not self._members:
            return 0
        return int(sum(member.seconds for member in self) / len(self))

    def position(self, member: Member) -> int:
        for number, other in enumerate(self._members.values(), 1):
            if other is member:
                return number
        return 0

    def get(self, call_sid: str) -> Member | None:
        return self._members.get(call_sid)

    def front(self) -> Member | None:
        return next(iter(self._members.values()), None)

    def join(self, call: Call) -> Member:
        """Adds a caller at the end; one who dials into the queue gets the head at once."""
        member = Member(self, call)
        self._members[call.sid] = member
        while self._dialers:
            dialer = self._dialers.popleft()
            head = self.front()
            if not dialer.done() and head is not None and head.leave():
                dialer.set_result(head)
                break
        return member

    def restore(self, member: Member) -> None:
        """Puts the head back: whoever fetched it has gone before the two were joined."""
        if not member.gone:
            member._left = None
            self._members = {member.call.sid: member, **self._members}

    def drop(self, member: Member) -> None:
        self._members.pop(member.call.sid, None)

    def next_member(self) -> asyncio.Future[Member]:
        """The head of the queue, already taken out, now or when somebody comes."""
        future: asyncio.Future[Member] = asyncio.get_running_loop().create_future()
        head = self.front()
        if head is not None and head.leave():
            future.set_result(head)
        else:
            self._dialers.append(future)
        return future


class Queues:
    """All queues of the account, by SID and by name."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._by_sid: dict[str, Queue] = {}
        self._by_name: dict[str, Queue] = {}

    def __iter__(self) -> Iterator[Queue]:
        return iter(list(self._by_sid.values()))

    def get(self, queue_sid: str) -> Queue | None:
        return self._by_sid.get(queue_sid)

    def named(self, name: str) -> Queue | None:
        return self._by_name.get(name)

    def create(self, name: str, max_size: int = DEFAULT_SIZE) -> Queue:
        queue = Queue(name, self._clock, max_size)
        self._by_sid[queue.sid] = queue
        self._by_name[name] = queue
        return queue

    def obtain(self, name: str, max_size: int | None = None) -> Queue:
        """The queue of that name, made if need be."""
        found = self._by_name.get(name)  # an empty queue is a queue: "or" would make another
        return self.create(name, max_size or DEFAULT_SIZE) if found is None else found

    def rename(self, queue: Queue, name: str) -> None:
        del self._by_name[queue.name]
        queue.name = name
        self._by_name[name] = queue

    def delete(self, queue: Queue) -> None:
        del self._by_sid[queue.sid]
        del self._by_name[queue.name]
