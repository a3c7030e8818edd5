"""Hands one message to the city's mail server, at most once.

What may have arrived, since the connection broke after its last word, is never sent again by
itself: the caller is told so (`Outcome.UNSURE`) and says it to somebody.
"""

import smtplib
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.header import Header
from email.message import EmailMessage
from email.policy import EmailPolicy
from enum import StrEnum
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from hotline.settings import Settings

#: In seconds of the wall, for each answer of the mail server; and for all of them together: less
#: than `outbox.LEASE`, or another sender takes the same message up.
PATIENCE = 6.0
ATTEMPT = 12.0


class _Travelling(EmailPolicy):
    """How a message is written to be sent: lines end as they travel, an address in a
    `List-Unsubscribe` stays one, and Thai keeps its spaces.

    Python makes encoded words (RFC 2047) of whatever has no space and is longer than a line, and
    no mail program looks for an address in those (RFC 2369, 2; RFC 8058, 3.1). Where the first word
    of a subject or of a name fills a line, it loses the space after it; its older `Header` does
    not.
    """

    def fold_binary(self, name: str, value: Any) -> bytes:
        text = self._written(name.lower(), value)
        if text is None:
            return super().fold_binary(name, value)
        return f"{name}: {text}{self.linesep}".encode("ascii")

    def _written(self, name: str, value: Any) -> str | None:
        """A header as it is sent, where Python's own way will not do."""
        if name == "list-unsubscribe" and str(value).isascii():
            return str(value)
        if name == "subject" and not str(value).isascii():
            return self._words(str(value), name)
        if name == "from" and not str(value).isascii() and len(value.addresses) == 1:
            (sender,) = value.addresses
            words = self._words(sender.display_name, name)
            return f"{words}{self.linesep} <{sender.addr_spec}>"
        return None

    def _words(self, text: str, name: str) -> str:
        return Header(text, "utf-8", header_name=name).encode(linesep=self.linesep)


#: The policy of every message that goes out.
TRAVELLING: Final = _Travelling(linesep="\r\n")


class Outcome(StrEnum):
    """What became of a message."""

    #: The mail server has it.
    TAKEN = "taken"
    #: It is away or busy: the same can be tried again.
    LATER = "later"
    #: It said no for good, and not because of the address.
    REFUSED = "refused"
    #: It said for good that it takes nothing for this address.
    NO_ADDRESS = "no_address"
    #: The connection broke when all had been said: it may have been taken.
    UNSURE = "unsure"


class Unsure(Exception):
    """The connection broke when all had been said."""


def send(settings: Settings, message: EmailMessage, email: str) -> tuple[Outcome, Exception | None]:
    """Hand `message` over for `email`; what became of it, and what went wrong (None: nothing)."""
    try:
        _send(settings, message, email)
    except Unsure as error:
        return Outcome.UNSURE, error
    except smtplib.SMTPRecipientsRefused as error:
        codes = [code for code, _ in error.recipients.values()]
        return _of_code(min(codes, default=550), Outcome.NO_ADDRESS), error
    except smtplib.SMTPResponseException as error:
        return _of_code(error.smtp_code, Outcome.REFUSED), error
    except (smtplib.SMTPException, OSError) as error:
        return Outcome.LATER, error
    return Outcome.TAKEN, None


def said(error: Exception) -> str:
    """What went wrong in one line, in the mail server's own words where it gave any."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        answers = [f"{code} {_words(words)}" for code, words in error.recipients.values()]
    elif isinstance(error, smtplib.SMTPResponseException):
        answers = [f"{error.smtp_code} {_words(error.smtp_error)}"]
    else:
        answers = [str(error)]
    # an answer may have several lines, and whatever else a server thinks of
    shown = "".join(each if each.isprintable() else " " for each in "; ".join(answers))
    return " ".join(shown.split())


def _words(words: bytes | str) -> str:
    return words if isinstance(words, str) else words.decode(errors="replace")


def _of_code(code: int, for_good: Outcome) -> Outcome:
    """Five hundred and more is for good (RFC 5321, 4.2.1)."""
    return for_good if code >= 500 else Outcome.LATER


def _send(settings: Settings, message: EmailMessage, email: str) -> None:
    place = urlsplit(settings.smtp_url)
    host, secure = place.hostname or "localhost", place.scheme == "smtps"
    port = place.port or (465 if secure else 25)
    context = ssl.create_default_context()
    begun = time.monotonic()
    server: smtplib.SMTP = (
        smtplib.SMTP_SSL(host, port, timeout=PATIENCE, context=context)
        if secure
        else smtplib.SMTP(host, port, timeout=PATIENCE)
    )
    try:
        with _cut_off(server, ATTEMPT - (time.monotonic() - begun)):
            server.ehlo_or_helo_if_needed()
            if not secure and server.has_extn("starttls"):
                server.starttls(context=context)
                server.ehlo()
            if place.username:
                server.login(unquote(place.username), unquote(place.password or ""))
            _hand_over(server, settings.mail_from, email, message.as_bytes())
    finally:
        server.close()


@contextmanager
def _cut_off(server: smtplib.SMTP, seconds: float) -> Iterator[None]:
    """End the connection when so much time has passed: a server that answers a letter at a time
    uses up no one answer's patience.
    """
    watch = threading.Timer(max(seconds, 0), _cut, (server,))
    watch.daemon = True
    watch.start()
    try:
        yield
    finally:
        watch.cancel()


def _cut(server: smtplib.SMTP) -> None:
    connection = server.sock
    if connection is not None:
        with suppress(OSError):
            # below TLS, whose own goodbye would take away what the reader still reads from
            socket.socket.shutdown(connection, socket.SHUT_RDWR)


def _hand_over(server: smtplib.SMTP, sender: str, email: str, content: bytes) -> None:
    code, words = server.mail(sender)
    if code >= 400:
        raise smtplib.SMTPSenderRefused(code, words, sender)
    code, words = server.rcpt(email)
    if code >= 400:
        raise smtplib.SMTPRecipientsRefused({email: (code, words)})
    try:
        code, words = server.data(content)
    except smtplib.SMTPDataError:
        raise  # the server said no before it had the message
    except (smtplib.SMTPException, OSError) as error:
        raise Unsure(str(error)) from error
    if code >= 400:
        raise smtplib.SMTPDataError(code, words)
