"""Which numbers call again and again and say nothing.

Pure. A supervisor decides what it means: it may be a child with a telephone, a broken line, or
somebody who needs help and cannot speak. So the rule only counts, and tells beside it how many of
those calls waited in a queue in vain: that is no nuisance but somebody whom nobody answered.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from ivr.events import Kind

#: Of what else happened to a call, this tells that it was none of a silent caller's: somebody
#: spoke, we failed, it was put through, or it had no chance to say anything.
_NOT_SILENT = frozenset(
    kind.value
    for kind in (
        Kind.CONNECTED,
        Kind.TRANSFERRING,
        Kind.TRANSFERRED,
        Kind.FAULT,
        Kind.REFUSED,
        Kind.RECORDED,
        Kind.ASKED_TICKET,
        Kind.CALLBACK,
    )
)


#: Came to where people are, or would have been.
_WAITED = frozenset({Kind.QUEUED.value, Kind.TURNED_AWAY.value})


class Rules(Protocol):
    """What the rule needs of `config.NuisanceRules`."""

    @property
    def calls(self) -> int:
        """So many silent calls make a suspect,"""

    @property
    def hours(self) -> int:
        """within so many hours."""


@dataclass(frozen=True, slots=True)
class SilentCall:
    """A call in which the caller said nothing and pressed nothing, or one that an agent called a
    nuisance. `waited`: it came to a queue, and nobody answered it.
    """

    id: int
    number: str
    at: datetime
    waited: bool = False


@dataclass(frozen=True, slots=True)
class Suspect:
    """A number with its silent calls, the latest first."""

    number: str
    calls: tuple[SilentCall, ...]

    @property
    def waited(self) -> int:
        """How many of them waited for an agent in vain."""
        return sum(call.waited for call in self.calls)


def silent_call(
    id_: int,
    number: str,
    events: Sequence[tuple[datetime, str, Mapping[str, Any]]],
    outcomes: Set[str],
) -> SilentCall | None:
    """What the events of a call that is over say of it; None for a call that was not silent.

    `events` are (moment, kind, data), the arrival first; `outcomes` are those that an agent gives a
    nuisance.
    """
    at, _, arrival = events[0]
    kinds = {kind for _, kind, _ in events}
    if any(kind == Kind.WRAPPED_UP and data["outcome"] in outcomes for _, kind, data in events):
        return SilentCall(id_, number, at)
    # a call that never came to our menu (the carrier's own fallback took it) tells nothing
    if not arrival.get("at") or kinds & _NOT_SILENT or any(_input(k, d) for _, k, d in events):
        return None
    return SilentCall(id_, number, at, waited=bool(kinds & _WAITED))


def _input(kind: str, data: Mapping[str, Any]) -> bool:
    told = data.get("digits") or data.get("speech") or data.get("heard") in ("number", "wrong")
    return kind == Kind.STEP and bool(told)


def suspects(calls: Iterable[SilentCall], rules: Rules) -> list[Suspect]:
    """The numbers with so many silent calls within so many hours, at whatever time; those with the
    most first.
    """
    by_number: dict[str, list[SilentCall]] = defaultdict(list)
    for call in calls:
        by_number[call.number].append(call)
    found = []
    for number, unordered in by_number.items():
        of_number = sorted(unordered, key=lambda call: (call.at, call.id))
        if _dense(of_number, rules):
            found.append(Suspect(number, tuple(reversed(of_number))))
    return sorted(found, key=lambda each: (-len(each.calls), each.number))


def _dense(calls: Sequence[SilentCall], rules: Rules) -> bool:
    """Whether some window of the rule's length holds as many calls as the rule asks for."""
    span = timedelta(hours=rules.hours)
    return any(
        last.at - first.at <= span
        for first, last in zip(calls, calls[rules.calls - 1 :], strict=False)
    )
