"""Logs: one line an event on standard error, JSON when nobody watches, readable on a terminal. No
telephone numbers.
"""

import logging
import os
import re
import sys
from typing import Any

import structlog

#: `plain`: lines for somebody who reads them, on a terminal or not (`hotline run` sets it).
FORMAT = "HOTLINE_LOG"
#: E.164, as it stands in text and in an address.
_TELEPHONE = re.compile(r"(\+|%2B)\d{4,12}(\d{3})(?!\d)", re.IGNORECASE)
#: A link that opens a citizen's ticket (`tickets.links`).
_LINK = re.compile(r"(/t/)[\w-]{20,}")


def configure() -> None:
    """Send this process's logs, ours and the libraries', to standard error."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    rendered: list[structlog.typing.Processor] = (
        # plain: colours inside a traceback would tear a number into pieces
        [
            structlog.dev.ConsoleRenderer(
                colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
            )
        ]
        if sys.stderr.isatty() or os.environ.get(FORMAT) == "plain"
        else [
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ]
    )
    handler = logging.StreamHandler()
    handler.setFormatter(
        _Formatter(
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *rendered,
            ],
            foreign_pre_chain=shared,
        )
    )
    logging.basicConfig(handlers=[handler], level=logging.INFO, force=True)
    for noisy in ("twilio", "urllib3", "rq.worker", "alembic"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )


def get(name: str) -> Any:
    """A logger that takes an event and its facts as keywords."""
    return structlog.stdlib.get_logger(name)


class _Formatter(structlog.stdlib.ProcessorFormatter):
    """Telephone numbers are personal data: the last three digits are enough to find a call by. A
    citizen's link would open their ticket to whoever reads it.

    They are masked on the finished line, so that no fact, list or traceback slips through.
    """

    def format(self, record: logging.LogRecord) -> str:
        return without_numbers(super().format(record))


def without_numbers(text: str) -> str:
    """Return words as a log may keep them: telephone numbers and citizens' links are masked."""
    return _TELEPHONE.sub(r"\1···\2", _LINK.sub(r"\1···", text))
