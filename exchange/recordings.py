"""Recordings: that one was made, of which call, how long. The sound itself is not kept yet."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from exchange.ids import API_VERSION, sid

if TYPE_CHECKING:
    from exchange.call import Call
    from exchange.core import Exchange


@dataclass(frozen=True)
class Recording:
    """One finished recording; `duration` in whole seconds, at least one."""

    sid: str
    call_sid: str
    url: str
    duration: int
    made_at: datetime


class Recordings:
    """All recordings of the account, oldest first."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._by_sid: dict[str, Recording] = {}

    def __iter__(self) -> Iterator[Recording]:
        return iter(list(self._by_sid.values()))

    def get(self, recording_sid: str) -> Recording | None:
        return self._by_sid.get(recording_sid)

    def add(self, call: Call, seconds: float) -> Recording:
        number = sid("RE")
        exchange = self._exchange
        path = f"/{API_VERSION}/Accounts/{exchange.account_sid}/Recordings/{number}"
        recording = Recording(
            number, call.sid, exchange.base_url + path, math.ceil(seconds), exchange.clock.now()
        )
        self._by_sid[number] = recording
        return recording
