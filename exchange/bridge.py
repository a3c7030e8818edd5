"""Two calls joined: it lasts until either of them goes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import TYPE_CHECKING

from exchange.call import Leaving

if TYPE_CHECKING:
    from exchange.call import Call
    from exchange.clock import Clock
    from exchange.webhook import Request


class Bridge:
    """`over` is done, with the name of the reason, when the two are no longer joined."""

    def __init__(self, dialer: Call, other: Call, prelude: Request | None = None) -> None:
        self.dialer = dialer
        self.other = other
        self.prelude = prelude
        self.over: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.begun: float | None = None
        self.redirected: Call | None = None

    def begin(self, clock: Clock) -> None:
        """Both hear each other from here on."""
        self.begun = clock.time()
        self.dialer.company = self.other.company = self
        self.dialer.say("dial", f"connected to {self.other.to or self.other.from_}")
        self.other.say("dial", f"connected to {self.dialer.from_}")

    def heard_by(self, call: Call) -> Iterable[Call]:
        return (self.other if call is self.dialer else self.dialer,)

    def seconds(self, clock: Clock) -> int:
        """Whole seconds that the two could talk."""
        return 0 if self.begun is None else round(clock.time() - self.begun)

    def end(self, reason: str) -> None:
        self.dialer.parted(self)
        self.other.parted(self)
        if not self.over.done():
            self.over.set_result(reason)

    def left_by(self, call: Call) -> None:
        """What `call` registers with `Call.staying`, through `leaver`."""
        self.end(f"{'caller' if call is self.dialer else 'callee'} left")

    def leaver(self, call: Call) -> _Leaver:
        return _Leaver(self, call)


class _Leaver:
    def __init__(self, bridge: Bridge, call: Call) -> None:
        self._bridge = bridge
        self._call = call

    def __call__(self, why: Leaving) -> None:
        if why is Leaving.REDIRECT:
            self._bridge.redirected = self._call
        self._bridge.left_by(self._call)
