"""Logs: one line an event on standard error, JSON when nobody watches, readable on a terminal. No
telephone numbers.
"""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

_TELEPHONE = re.compile(r"\+\d{4,12}(\d{3})\b")


def configure() -> None:
    """Send this process's logs, ours and the libraries', to standard error."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _mask_numbers,
    ]
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer()
        if sys.stderr.isatty()
        else structlog.processors.JSONRenderer(ensure_ascii=False)
    )
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
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


def _mask_numbers(
    _logger: Any, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Telephone numbers are personal data: the last three digits are enough to find a call by."""
    return {
        key: _TELEPHONE.sub(r"+···\1", value) if isinstance(value, str) else value
        for key, value in event.items()
    }
