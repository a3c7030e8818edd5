"""The carrier's errors. Each carries the number under which Twilio documents it.

CarrierError            something in the application's answer stopped the call's programme
├── RetrievalError      the document could not be fetched (112xx)
└── DocumentError       the document could not be understood (12xxx)
"""

from __future__ import annotations


class CarrierError(Exception):
    """A fault in what the application answered; it is logged and the fallback URL is asked."""

    def __init__(self, code: int, message: str, url: str = "") -> None:
        super().__init__(f"{code} {message}" + (f" ({url})" if url else ""))
        self.code = code
        self.message = message
        self.url = url


class RetrievalError(CarrierError):
    """The document could not be fetched."""


class DocumentError(CarrierError):
    """The document is not valid TwiML, or asks for what this exchange does not play."""


# Numbers from Twilio's error and warning dictionary.
INVALID_URL = 11100
RETRIEVAL_FAILURE = 11200
CONNECTION_FAILURE = 11205
PROTOCOL_VIOLATION = 11206
TOO_MANY_REDIRECTS = 11215
BODY_TOO_LARGE = 11750
PARSE_FAILURE = 12100
INVALID_ROOT = 12102
SCHEMA = 12200
CONTENT_TYPE = 12300
PLAY_UNREADABLE = 13420
DIAL_INVALID_NUMBER = 13224
QUEUE_FULL = 14207
