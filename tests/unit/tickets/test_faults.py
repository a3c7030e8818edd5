"""Which events tell of a failure, and of which."""

import pytest

from tickets.faults import Fault, fault_of
from tickets.models import EventKind


@pytest.mark.parametrize(
    ("kind", "who", "data", "fault"),
    [
        (EventKind.MISSED, "system", {"clock": "acknowledge"}, Fault.UNACKNOWLEDGED),
        (EventKind.MISSED, "system", {"clock": "update"}, Fault.SILENT),
        (EventKind.OVERDUE, "system", {}, Fault.OVERDUE),
        (EventKind.ESCALATED, "system", {"level": 1}, Fault.ESCALATED),
        (EventKind.MOVED, "nok", {"from": "done", "to": "in_progress"}, Fault.REOPENED),
        (EventKind.MOVED, "nok", {"from": "received", "to": "in_progress"}, None),
        (EventKind.MOVED, "nok", {"from": "in_progress", "to": "done"}, None),
        (EventKind.ROUTED, "lek", {"was": {"division": "engineering"}}, Fault.MISROUTED),
        (EventKind.ROUTED, "lek", {"was": {"category": "rubbish"}}, Fault.MISROUTED),
        # it had none yet, or became more urgent: nobody had it wrong
        (EventKind.ROUTED, "lek", {"was": {"category": None}}, None),
        (EventKind.ROUTED, "lek", {"was": {"priority": "normal"}}, None),
        (EventKind.RESUMED, "system", {}, Fault.UNANSWERED),
        (EventKind.RESUMED, "lek", {}, None),
        (EventKind.TO_CHASE, "system", {"agency": "electricity", "times": 1}, Fault.UNANSWERED),
        (EventKind.NOTE, "lek", {}, None),
    ],
)
def test_of_an_event(
    kind: EventKind, who: str, data: dict[str, object], fault: Fault | None
) -> None:
    assert fault_of(kind, who, data) is fault
