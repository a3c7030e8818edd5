"""Status callbacks: numbered, sent in order, each a request of its own.

Source: Twilio, "Call resource: StatusCallback" and "Conference: statusCallback". A callback that
fails after its retries is logged and lost, as at the carrier.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from exchange.errors import CarrierError
from exchange.webhook import Attempt

if TYPE_CHECKING:
    from exchange.core import Exchange


@dataclass(frozen=True)
class Subscription:
    """Where events are sent, and which."""

    url: str
    method: str = "POST"
    events: frozenset[str] = frozenset({"completed"})


class CallbackLine:
    """One sequence of callbacks (of a call, a conference or a message)."""

    def __init__(
        self,
        exchange: Exchange,
        subscription: Subscription | None,
        *,
        first: int | None = 0,
        log: Callable[[Attempt], None] = lambda _: None,
        fault: Callable[[CarrierError], None] = lambda _: None,
    ) -> None:
        self.subscription = subscription
        self._exchange = exchange
        self._number = first
        self._log = log
        self._fault = fault
        self._waiting: deque[tuple[Subscription, dict[str, str]]] = deque()
        self._sending = False

    def fire(self, event: str, params: Mapping[str, str]) -> None:
        """Sends `params` if the event is subscribed to; never blocks and never raises."""
        to = self.subscription
        if to is None or not to.url or event not in to.events:
            return
        numbered = dict(params)
        if self._number is not None:
            numbered["SequenceNumber"] = str(self._number)
            self._number += 1
        self._waiting.append((to, numbered))
        if not self._sending:
            self._sending = True
            self._exchange.spawn(self._send_all())

    async def _send_all(self) -> None:
        try:
            while self._waiting:
                to, params = self._waiting.popleft()
                try:
                    await self._exchange.webhooks.send(to.url, to.method, params, self._log)
                except CarrierError as error:
                    self._fault(error)
        finally:
            self._sending = False
