"""What a mail server said, as it is shown and kept, and how long it is listened to."""

import smtplib
import socket
import threading
from contextlib import suppress
from email.message import EmailMessage
from pathlib import Path

import pytest

from hotline import outbox, smtp
from hotline.settings import Settings


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            smtplib.SMTPRecipientsRefused({"a@b.example": (550, b"5.1.1 nobody\r\nhere")}),
            "550 5.1.1 nobody here",
        ),
        (smtplib.SMTPDataError(554, b"no\0 \xff\x1b[31m"), "554 no � [31m"),
        (smtplib.SMTPSenderRefused(553, b"not you", "me@city.example"), "553 not you"),
        (smtplib.SMTPConnectError(421, "busy"), "421 busy"),
        (ConnectionRefusedError(111, "Connection refused"), "[Errno 111] Connection refused"),
        (smtp.Unsure("the line\nbroke"), "the line broke"),
    ],
)
def test_an_answer_is_one_line(error: Exception, said: str) -> None:
    assert smtp.said(error) == said


def test_all_answers_together_are_waited_for_less_long_than_the_outbox_lends_a_message() -> None:
    assert smtp.PATIENCE < smtp.ATTEMPT < outbox.LEASE


def _settings(smtp_url: str) -> Settings:
    return Settings(
        data=Path("data"),
        config=Path("config.yaml"),
        database_url="sqlite:///hotline.sqlite",
        redis_url="redis://",
        public_url="https://city.example",
        carrier_base_url="",
        carrier_account_sid="",
        carrier_auth_token="",
        secret_key="a secret",
        smtp_url=smtp_url,
        mail_from="hotline@city.example",
    )


def test_a_server_that_answers_a_letter_at_a_time_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each letter comes in time for one answer's patience, and the answer never ends."""
    monkeypatch.setattr(smtp, "ATTEMPT", 0.3)
    gone = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def drip() -> None:
            connection, _ = listening.accept()
            with connection, suppress(OSError):
                connection.sendall(b"220 mail.example\r\n250-")
                while not gone.wait(0.05):
                    connection.sendall(b"x")

        server = threading.Thread(target=drip)
        server.start()
        try:
            settings = _settings(f"smtp://127.0.0.1:{listening.getsockname()[1]}")
            outcome, error = smtp.send(settings, EmailMessage(), "mayor@city.example")
        finally:
            gone.set()
            server.join(20)
    assert outcome is smtp.Outcome.LATER
    assert error is not None
