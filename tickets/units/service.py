"""The verbs of units and their jobs: the door for other rooms and pages. Reading is in
`tickets.units.reading`, each verb in the module of its name.

Every step of a job takes the ticket's row first, then the unit's, then the job's: of two
dispatchers one wins, and the other is told who was sent. What comes from a crew's telephone may be
late, out of order and said again (`key`): it then changes nothing, and the answer shows how the job
stands. `by` is who acts (`tickets.facts.Actor`), `unit` a unit's code.
"""

from tickets.units.asking import ask, unask
from tickets.units.positions import forget_positions, old_positions, report_position
from tickets.units.reading import (
    asked_for,
    board,
    ended_of,
    job,
    jobs_of,
    of_ticket,
    of_tickets,
    readable_jobs,
    suggestions,
    unit,
    unit_of,
    units,
    waiting_count,
)
from tickets.units.rights import may_ask, may_send, may_step
from tickets.units.sending import dispatch, reorder
from tickets.units.steps import SAID, hand_over, on_event, say
from tickets.units.unanswered import late, sweep

__all__ = [
    "SAID",
    "ask",
    "asked_for",
    "board",
    "dispatch",
    "ended_of",
    "forget_positions",
    "hand_over",
    "job",
    "jobs_of",
    "late",
    "may_ask",
    "may_send",
    "may_step",
    "of_ticket",
    "of_tickets",
    "old_positions",
    "on_event",
    "readable_jobs",
    "reorder",
    "report_position",
    "say",
    "suggestions",
    "sweep",
    "unask",
    "unit",
    "unit_of",
    "units",
    "waiting_count",
]
