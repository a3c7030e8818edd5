"""A real SMTP server on loopback, which does as it is told: takes, refuses, hangs up."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session


@dataclass
class MailServer:
    """`says`: the answers to the next messages, before it takes them all; `drop` hangs up when the
    message has come and before it is answered.
    """

    url: str
    taken: list[EmailMessage] = field(default_factory=list)
    says: list[str] = field(default_factory=list)
    drop: bool = False

    async def handle_RCPT(  # noqa: N802 - the library's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: Any
    ) -> str:
        if self.says:
            return self.says.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802
        self, server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        content = envelope.content
        assert isinstance(content, bytes)
        made = message_from_bytes(content, policy=policy.default)
        assert isinstance(made, EmailMessage)
        self.taken.append(made)
        if self.drop:
            assert server.transport is not None
            server.transport.abort()
            await asyncio.Event().wait()
        return "250 taken"


@contextmanager
def mail_server() -> Iterator[MailServer]:
    """It runs until the end of the block, in a thread of its own, at a port that is free."""
    server, loop = MailServer(""), asyncio.new_event_loop()
    making = loop.create_server(
        lambda: SMTP(server, hostname="mail.example", loop=loop), "127.0.0.1", 0
    )
    listening = loop.run_until_complete(making)
    server.url = f"smtp://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    thread = threading.Thread(target=loop.run_forever, name="mail server")
    thread.start()
    try:
        yield server
    finally:
        asyncio.run_coroutine_threadsafe(_end(listening), loop).result(20)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(20)
        loop.close()


async def _end(listening: asyncio.Server) -> None:
    listening.close()
    rest = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in rest:
        task.cancel()
    await asyncio.gather(*rest, return_exceptions=True)
    await asyncio.sleep(0)  # what was closed lets go of its socket
