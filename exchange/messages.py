"""Text messages, both ways: sent by REST or in answer to one, and received from handsets.

Sources: Twilio, "Message resource", "Twilio's request to your incoming message Webhook URL",
"TwiML Message". What goes to a handset is accepted, sent, delivered; each step is a status
callback. What comes from one is told to the number's messaging URL, whose <Message> answers go
back.

| verb or noun | attributes |
|---|---|
| Message | to (the sender), from (the number), action and statusCallback (URLs), method (POST) |
| Body | the text, inside Message; else Message's own text |
| Media | a URL; accepted, without effect |
| Redirect | method; as in a call |
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from exchange import errors, twiml
from exchange.callbacks import CallbackLine, Subscription
from exchange.errors import CarrierError, DocumentError
from exchange.ids import API_VERSION, sid
from exchange.segments import segments
from exchange.twiml import Node
from exchange.verbs.spec import Spec, method, url, words
from exchange.webhook import Request

if TYPE_CHECKING:
    from exchange.core import Exchange

log = logging.getLogger("exchange.messages")

STEPS = (("queued", 0.0), ("sent", 0.5), ("delivered", 1.5))
"""Each status and how many seconds after the one before it is reached."""
LONGEST = 1600
"""Characters that the carrier takes in one message."""
MAX_REDIRECTS = 10
INBOUND, OUTBOUND_API, OUTBOUND_REPLY = "inbound", "outbound-api", "outbound-reply"

SPECS = {
    "Message": Spec(
        "Message",
        {
            "to": words(),
            "from": words(),
            "action": url(),
            "statusCallback": url(),
            "method": method(),
        },
        frozenset({"Body", "Media"}),
        "may",
    ),
    "Body": Spec("Body", text="must"),
    "Media": Spec("Media", text="must"),
    "Redirect": Spec("Redirect", {"method": method()}, text="must"),
}
VERBS = ("Message", "Redirect")


class Message:
    """One message. Its direction: inbound (from a handset), outbound-api, outbound-reply."""

    def __init__(
        self,
        exchange: Exchange,
        from_: str,
        to: str,
        body: str,
        direction: str,
        callbacks: Subscription | None = None,
    ) -> None:
        self.exchange = exchange
        self.sid = sid("SM")
        self.from_, self.to, self.body = from_, to, body
        self.direction = direction
        self.status = "received" if direction == INBOUND else "queued"
        self.created_at = self.updated_at = exchange.clock.now()
        self.sent_at: datetime | None = self.created_at if direction == INBOUND else None
        self.errors: list[CarrierError] = []
        """What was wrong with the application's answer to it."""
        self._line = CallbackLine(exchange, callbacks, first=None, fault=self.fault)

    @property
    def segments(self) -> int:
        """How many segments it takes."""
        return segments(self.body)

    @property
    def there(self) -> bool:
        """Whether it has reached the other end."""
        return self.status in ("received", "delivered")

    async def deliver(self) -> None:
        """Takes an outgoing message through its states."""
        for status, seconds in STEPS:
            await self.exchange.clock.sleep(seconds)
            self.status = status
            self.updated_at = self.exchange.clock.now()
            if status == "sent":
                self.sent_at = self.updated_at
            self._line.fire(status, self._params())
        self.exchange.messages.arrived(self)

    def fault(self, error: CarrierError) -> None:
        """Keeps what went wrong."""
        self.errors.append(error)
        log.warning("message %s: %s", self.sid, error)

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

    def incoming(self) -> dict[str, str]:
        """The parameters of the messaging URL."""
        return {
            "MessageSid": self.sid,
            "SmsSid": self.sid,
            "SmsMessageSid": self.sid,
            "SmsStatus": self.status,
            "AccountSid": self.exchange.account_sid,
            "From": self.from_,
            "To": self.to,
            "Body": self.body,
            "NumMedia": "0",
            "NumSegments": str(self.segments),
            "ApiVersion": API_VERSION,
        }


class Messages:
    """All messages of the account, oldest first; the oldest are forgotten when there are many."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._by_sid: dict[str, Message] = {}
        self._watchers: list[tuple[str, Callable[[Message], None]]] = []

    def __iter__(self) -> Iterator[Message]:
        return iter(list(self._by_sid.values()))

    def get(self, message_sid: str) -> Message | None:
        return self._by_sid.get(message_sid)

    def of(self, number: str) -> list[Message]:
        """What a handset shows: what it has sent, and what has been delivered to it."""
        return [m for m in self if number in (m.to, m.from_) and m.there]

    def send(
        self,
        from_: str,
        to: str,
        body: str,
        callbacks: Subscription | None,
        direction: str = OUTBOUND_API,
    ) -> Message:
        """To a handset; delivered two seconds later."""
        message = Message(self._exchange, from_, to, body, direction, callbacks)
        self._keep(message)
        self._exchange.spawn(message.deliver())
        return message

    def receive(self, from_: str, to: str, body: str) -> Message:
        """From a handset to one of our numbers; the application is asked what to answer."""
        message = Message(self._exchange, from_, to, body, INBOUND)
        self._keep(message)
        self.arrived(message)
        address = self._exchange.config.messaging.get(to)
        if address:
            self._exchange.spawn(self._ask(message, Request(address)))
        return message

    def _keep(self, message: Message) -> None:
        self._by_sid[message.sid] = message
        while len(self._by_sid) > self._exchange.config.keep_messages:
            del self._by_sid[next(iter(self._by_sid))]

    # -- answers -------------------------------------------------------------------------------

    async def _ask(self, message: Message, request: Request | None) -> None:
        """Runs the messaging URL's document, and those it leads to."""
        try:
            for _ in range(MAX_REDIRECTS):
                if request is None:
                    return
                request = await self._run(message, request)
            raise DocumentError(errors.TOO_MANY_REDIRECTS, "too many <Redirect>s", message.to)
        except CarrierError as error:
            message.fault(error)

    async def _run(self, message: Message, request: Request) -> Request | None:
        """Sends what one document answers; the document that it redirects to."""
        webhooks = self._exchange.webhooks
        reply = await webhooks.send(request.url, request.method, message.incoming())
        if reply.content_type == "text/plain":
            text = reply.body.decode("utf-8", "replace").strip()
            if text:
                self._answer(message, text, None, {})
            return None
        if reply.content_type not in twiml.XML_TYPES:
            raise DocumentError(errors.CONTENT_TYPE, f"content type {reply.content_type!r}")
        for verb in twiml.parse(reply.body, SPECS, VERBS):
            if verb.name == "Redirect":
                where = urljoin(reply.url, verb.text)
                return Request(where, SPECS["Redirect"].value(verb, "method").upper())
            self._message(message, verb, reply.url)
        return None

    def _message(self, message: Message, verb: Node, base: str) -> None:
        spec = SPECS["Message"]
        bodies = [child.text for child in verb.children if child.name == "Body"]
        text = bodies[0] if bodies else verb.text
        if not text:
            raise DocumentError(errors.SCHEMA, "<Message> needs a text or a <Body>")
        callback = spec.value(verb, "action") or spec.value(verb, "statusCallback")
        callbacks = None
        if callback:
            events = frozenset(name for name, _ in STEPS)
            how = spec.value(verb, "method").upper()
            callbacks = Subscription(urljoin(base, callback), how, events)
        self._answer(message, text, callbacks, dict(verb.attributes))

    def _answer(
        self,
        message: Message,
        text: str,
        callbacks: Subscription | None,
        attributes: dict[str, str],
    ) -> None:
        from_ = attributes.get("from") or message.to
        to = attributes.get("to") or message.from_
        self.send(from_, to, text, callbacks, OUTBOUND_REPLY)

    # -- handsets ------------------------------------------------------------------------------

    def watch(self, number: str, show: Callable[[Message], None]) -> Callable[[], None]:
        """A handset shows the messages of this number as they come and go; how to end that."""
        watcher = (number, show)
        self._watchers.append(watcher)
        return partial(self._watchers.remove, watcher)

    def arrived(self, message: Message) -> None:
        """A message has reached its other end: the handsets of both show it."""
        for number, show in list(self._watchers):
            if number in (message.to, message.from_):
                show(message)
