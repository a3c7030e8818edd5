"""What may be wrong with what somebody asks of a ticket; each carries its own answer.

```
HotlineError
├── NotFound   ├── NoSuchTicket
│              ├── NoSuchAbsence
│              └── NoSuchPerson, NoSuchAnswer
├── Conflict   ├── TicketMoved         somebody else moved it first
│              └── PersonChanged, AnswerChanged   somebody else changed it first
├── Forbidden  ├── NotYours            another division's ticket
│              └── RoleMayNot
└── Invalid    ├── BadNumber           the text is no ticket number (a slip is told as such)
               ├── UnknownOutcome, CategoryNeeded, UnknownCategory, UnknownDivision
               ├── BadWait, BadAbsence, NoSuchColleague, NothingChanged
               ├── NoName              a person without a name
               ├── BadPlace            no place on earth, no such area, no such asset
               ├── FaultyAnswer        something is missing; `faults` says what
               └── BadMove             no such move, or its result or reason is missing
```
"""

from collections.abc import Mapping

from hotline.errors import Conflict, Forbidden, Invalid, NotFound
from tickets.numbers import Slip
from tickets.workflow import Refusal


class NoSuchTicket(NotFound):
    """Nobody has such a ticket, or the asker may not know of it."""

    code, text = "no-such-ticket", "tickets.error.no_such_ticket"


class TicketMoved(Conflict):
    """Somebody else was first."""

    code, text = "ticket-moved", "tickets.error.moved"


class NotYours(Forbidden):
    """Another division's ticket."""

    code, text = "not-your-ticket", "tickets.error.not_yours"


class RoleMayNot(Forbidden):
    """Somebody whose role does not make such a move."""

    code, text = "role-may-not", "tickets.error.role"


class BadNumber(Invalid):
    """A text that is not a ticket number."""

    code = "bad-ticket-number"

    def __init__(self, slip: Slip) -> None:
        super().__init__(text=f"tickets.error.number.{slip.value.replace('-', '_')}")
        self.slip = slip


class UnknownOutcome(Invalid):
    """An outcome that config.yaml does not have."""

    code, text = "unknown-outcome", "tickets.error.unknown_outcome"


class UnknownCategory(Invalid):
    """A category that config.yaml does not have."""

    code, text = "unknown-category", "tickets.error.unknown_category"


class UnknownDivision(Invalid):
    """A division that config.yaml does not have."""

    code, text = "unknown-division", "tickets.error.unknown_division"


class BadWait(Invalid):
    """Nobody is named to wait for, or the moment until when is past, or too far away."""

    code, text = "bad-wait", "tickets.error.wait"


class NoSuchColleague(Invalid):
    """Somebody who does not answer for the division today."""

    code, text = "no-such-colleague", "tickets.error.no_such_colleague"


class NothingChanged(Invalid):
    """It is so already."""

    code, text = "nothing-changed", "tickets.error.nothing_changed"


class BadAbsence(Invalid):
    """Days that are over or the wrong way round, or somebody who cannot stand in."""

    code = "bad-absence"


class NoSuchAbsence(NotFound):
    """Nobody's, or somebody's whose absence is not the asker's to change."""

    code, text = "no-such-absence", "tickets.absence.error.none"


class CategoryNeeded(Invalid):
    """The outcome makes a ticket that somebody must own, and the category says who."""

    code, text = "category-needed", "tickets.error.category_needed"


class BadMove(Invalid):
    """A move that the table does not have, or one that lacks its result or reason."""

    code = "bad-move"

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(text=f"tickets.error.{refusal.value}")
        self.refusal = refusal


class NoteEmpty(Invalid):
    """A note without words."""

    code, text = "note-empty", "tickets.error.reason_needed"


class NoSuchPerson(NotFound):
    """Nobody, or somebody whom the hotline was asked to forget."""

    code, text = "no-such-person", "tickets.person.no_such"


class PersonChanged(Conflict):
    """Somebody else was first."""

    code, text = "person-changed", "tickets.person.changed_meanwhile"


class NoName(Invalid):
    """A person without a name."""

    code, text = "no-name", "tickets.person.no_name"


class NoSuchAnswer(NotFound):
    """No answer has this number."""

    code, text = "no-such-answer", "tickets.answer.no_such"


class AnswerChanged(Conflict):
    """Somebody changed or withdrew it after the page was shown."""

    code, text = "answer-changed", "tickets.answer.changed_meanwhile"


class FaultyAnswer(Invalid):
    """An answer that cannot be given; `faults` are fields with the keys of the words for each."""

    code, text = "faulty-answer", "tickets.answer.faulty"

    def __init__(self, faults: Mapping[str, str]) -> None:
        super().__init__(", ".join(sorted(faults)))
        self.faults = faults


class BadPlace(Invalid):
    """What was written of a place is none; `which` (`coordinates`, `area`, `asset`) says what."""

    code = "bad-place"

    def __init__(self, which: str, said: str) -> None:
        super().__init__(said, text=f"tickets.place.error.{which}", said=said)
