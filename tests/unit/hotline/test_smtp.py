"""What a mail server said, as it is shown and kept, and how long it is listened to."""

import smtplib
import socket
import threading
from contextlib import suppress
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.policy import compat32
from email.utils import formataddr, parseaddr
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


@pytest.mark.parametrize("host", ["hotline.example", "hotline." + "of-a-long-name." * 6 + "go.th"])
def test_an_address_to_unsubscribe_is_one_however_long_it_is(host: str) -> None:
    address = f"<https://{host}/unsubscribe/12345-04a4f68c7805807015cb082a2c68d12e>"
    message = EmailMessage(policy=smtp.TRAVELLING)
    message["List-Unsubscribe"] = address
    message.set_content("x\n")
    lines = message.as_bytes().split(b"\r\n")
    assert f"List-Unsubscribe: {address}".encode() in lines
    assert max(map(len, lines)) <= 998, "RFC 5322, 2.1.1"


@pytest.mark.parametrize("times", range(1, 12))
@pytest.mark.parametrize(
    "word", ["รายงานประจำวัน", "สายด่วนเมืองพัทยา 1337", "ก", "[1337] น้ำท่วม · Flood"]
)
def test_thai_in_a_subject_and_a_name_keeps_its_spaces(word: str, times: int) -> None:
    text = " ".join([word] * times).strip()
    message = EmailMessage(policy=smtp.TRAVELLING)
    message["From"] = formataddr((text, "hotline@city.example"))
    message["Subject"] = text
    message.set_content("x\n")
    raw = message.as_bytes()
    assert max(map(len, raw.split(b"\r\n"))) <= 78, "RFC 5322, 2.1.1"
    # as a mail program reads it, which is not how this Python writes it
    read = message_from_bytes(raw, policy=compat32)
    assert str(make_header(decode_header(read["Subject"]))) == text
    name, address = parseaddr(read["From"].replace("\r\n", ""))
    assert address == "hotline@city.example"
    assert str(make_header(decode_header(name))) == text
