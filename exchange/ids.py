"""Identifiers and dates in the carrier's form."""

from __future__ import annotations

import uuid
from datetime import datetime
from email.utils import format_datetime

API_VERSION = "2010-04-01"


def sid(prefix: str) -> str:
    """A new identifier: two letters (CA call, QU queue, CF conference, …) and 32 hex digits."""
    return prefix + uuid.uuid4().hex


def rfc2822(moment: datetime | None) -> str | None:
    """An aware UTC moment as the carrier writes it: ``Fri, 20 Nov 2026 19:44:22 +0000``."""
    return None if moment is None else format_datetime(moment)
