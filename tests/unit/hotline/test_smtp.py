"""What a mail server said, as it is shown and kept: one line of text, whatever it sent."""

import smtplib

import pytest

from hotline import smtp


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
