"""Text messages: accepted, sent, delivered; each step is a status callback.

Source: Twilio, "Message resource". Nobody reads them but who asks the REST API.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from exchange.callbacks import CallbackLine, Subscription
from exchange.ids import API_VERSION, sid

if TYPE_CHECKING:
    from exchange.core import Exchange

STEPS = (("queued", 0.0), ("sent", 0.5), ("delivered", 1.5))
"""Each status and how many seconds after the one before it is reached."""
SEGMENT = 70


class Message:
    """One outgoing message."""

    def __init__(
        self, exchange: Exchange, from_: str, to: str, body: str, callback: str | None
    ) -> None:
        self.exchange = exchange
        self.sid = sid("SM")
        self.from_, self.to, self.body = from_, to, body
        self.status = "queued"
        self.created_at = self.updated_at = exchange.clock.now()
        self.sent_at: datetime | None = None
        events = frozenset(name for name, _ in STEPS)
        subscription = Subscription(callback, "POST", events) if callback else None
        self._line = CallbackLine(exchange, subscription, first=None)

    @property
    def segments(self) -> int:
        """How many segments of a UCS-2 message it takes."""
        return max(1, -(-len(self.body) // SEGMENT))

    async def deliver(self) -> None:
        """Takes the message through its states."""
        for status, seconds in STEPS:
            await self.exchange.clock.sleep(seconds)
            self.status = status
            self.updated_at = self.exchange.clock.now()
            if status == "sent":
                self.sent_at = self.updated_at
            self._line.fire(status, self._params())

    def _params(self) -> dict[str, str]:
        return {
            "MessageSid": self.sid,
            "SmsSid": self.sid,
            "MessageStatus": self.status,
            "SmsStatus": self.status,
            "To": self.to,
            "From": self.from_,
            "AccountSid": self.exchange.account_sid,
            "ApiVersion": API_VERSION,
        }


class Messages:
    """All messages of the account, oldest first."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._by_sid: dict[str, Message] = {}

    def __iter__(self) -> Iterator[Message]:
        return iter(list(self._by_sid.values()))

    def get(self, message_sid: str) -> Message | None:
        return self._by_sid.get(message_sid)

    def send(self, from_: str, to: str, body: str, callback: str | None) -> Message:
        message = Message(self._exchange, from_, to, body, callback)
        self._by_sid[message.sid] = message
        self._exchange.spawn(message.deliver())
        return message
