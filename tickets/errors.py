"""What may be wrong with what somebody asks of a ticket; each carries its own answer.

```
HotlineError
├── NotFound   ├── NoSuchTicket
│              ├── NoSuchAbsence
│              ├── NoSuchPerson, NoSuchAnswer, NoSuchModel
│              └── NoSuchTemplate, NoSuchForward, NoSuchBulk, NoSuchIncident
├── Conflict   ├── TicketMoved         somebody else moved it first
│              ├── PersonChanged, AnswerChanged, TemplateChanged, ForwardMoved, ModelChanged
│              │                      somebody else changed it first
│              ├── NotClosed, AlreadyClosed, ClosedForGood   of a citizen
│              ├── IsMerged, NotMerged
│              ├── IncidentChanged     somebody else changed it first, or it has ended
│              └── TooLate             a bulk move is undone soon, and once
├── Forbidden  ├── NotYours            another division's ticket
│              └── RoleMayNot
└── Invalid    ├── BadNumber           the text is no ticket number (a slip is told as such)
               ├── UnknownOutcome, CategoryNeeded, UnknownCategory, UnknownDivision
               ├── BadWait, BadAbsence, NoSuchColleague, NothingChanged
               ├── NoName              a person without a name
               ├── TooManyTries, NotProven, NotAPhoto   of a citizen
               ├── TooManyWords, WordsTooLong, BadMark  of theirs too
               ├── BadPlace            no place on earth, no such area, no such asset
               ├── FaultyAnswer        something is missing; `faults` says what
               ├── FaultyTemplate      the same, and where in the words
               ├── Unfilled, TooLong   a message with a placeholder left, or too many words
               ├── BadLink, BadMerge   two tickets that do not go together so
               ├── UnknownAgency, NothingChosen, TooMany
               └── BadMove             no such move, or its result or reason is missing
```
"""

from collections.abc import Mapping
from typing import Any

from hotline.errors import Conflict, Forbidden, Invalid, NotFound
from tickets.life.rules import Unfit
from tickets.numbers import Slip
from tickets.workflow import Refusal


class NoSuchTicket(NotFound):
    """Nobody has such a ticket, or the asker may not know of it."""

    code, text = "no-such-ticket", "tickets.error.no_such_ticket"


class NoSuchModel(NotFound):
    """There is no such model of categories, or its weights are no longer there."""

    code, text = "no-such-model", "tickets.error.no_such_model"


class ModelChanged(Conflict):
    """Another model has been put in use meanwhile."""

    code, text = "model-changed", "tickets.error.model_changed"


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


class TooManyTries(Invalid):
    """Too many wrong proofs: nobody is told anything `until` then."""

    code, status, text = "too-many-tries", 429, "tickets.citizen.too_many"


class NotProven(Invalid):
    """No such ticket, or the wrong proof: which of both is not said."""

    code, status, text = "not-proven", 422, "tickets.citizen.not_proven"


class NotAPhoto(Invalid):
    """What a citizen sends as a photo is none."""

    code, text = "not-a-photo", "tickets.citizen.not_a_photo"


class TooManyWords(Invalid):
    """A citizen has written a great deal in a short time."""

    code, status, text = "too-many-messages", 429, "tickets.citizen.too_many_words"


class WordsTooLong(Invalid):
    """Words that no page would hold."""

    code, text = "words-too-long", "tickets.citizen.too_long"


class BadMark(Invalid):
    """A mark is a number from 1 to 5."""

    code, text = "bad-mark", "tickets.citizen.bad_mark"


class NotClosed(Conflict):
    """What is still being worked on has no result yet."""

    code, text = "not-closed", "tickets.citizen.not_closed"


class AlreadyClosed(Conflict):
    """What is closed cannot be taken back."""

    code, text = "already-closed", "tickets.citizen.already_closed"


class ClosedForGood(Conflict):
    """It is closed for good."""

    code, text = "closed-for-good", "tickets.citizen.closed_for_good"


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


# ------------------------------------------------------------------ the life of a ticket


class Unfilled(Invalid):
    """A message in which placeholders are left that no citizen should read."""

    code, text = "unfilled", "tickets.error.unfilled"


class TooLong(Invalid):
    """More words than a message carries."""

    code, text = "too-long", "tickets.error.too_long"


class NoSuchTemplate(NotFound):
    """No template has this number, or it is not the asker's to change."""

    code, text = "no-such-template", "tickets.template.no_such"


class TemplateChanged(Conflict):
    """Somebody changed or withdrew it after the page was shown."""

    code, text = "template-changed", "tickets.template.changed_meanwhile"


class FaultyTemplate(Invalid):
    """A template that cannot be offered; `faults` are fields with (key of the words, values)."""

    code, text = "faulty-template", "tickets.template.faulty"

    def __init__(self, faults: Mapping[str, list[tuple[str, dict[str, object]]]]) -> None:
        super().__init__(", ".join(sorted(faults)))
        self.faults = faults


class BadLink(Invalid):
    """Two tickets that cannot be linked so: `why` is the last part of the key of the words."""

    code = "bad-link"

    def __init__(self, why: str, **values: Any) -> None:
        super().__init__(text=f"tickets.error.link.{why}", **values)


class BadMerge(Invalid):
    """A ticket that cannot be merged into another, for a reason of `tickets.life.rules.Unfit`."""

    code = "bad-merge"

    def __init__(self, why: Unfit, **values: Any) -> None:
        super().__init__(text=f"tickets.error.merge.{why.value}", **values)
        self.why = why


class IsMerged(Conflict):
    """It is worked on as part of another ticket: what is to be done is done there."""

    code, text = "is-merged", "tickets.error.is_merged"


class NotMerged(Conflict):
    """It is a matter of its own already."""

    code, text = "not-merged", "tickets.error.not_merged"


class UnknownAgency(Invalid):
    """An agency that config.yaml does not have."""

    code, text = "unknown-agency", "tickets.error.unknown_agency"


class NoSuchForward(NotFound):
    """Nothing of the ticket was handed to an agency under this number."""

    code, text = "no-such-forward", "tickets.error.no_such_forward"


class ForwardMoved(Conflict):
    """Somebody else has asked the agency, or heard from it, first."""

    code, text = "forward-moved", "tickets.error.forward_moved"


class NoSuchBulk(NotFound):
    """No bulk move has this number, or the asker may not know of it."""

    code, text = "no-such-bulk", "tickets.error.no_such_bulk"


class NothingChosen(Invalid):
    """A bulk move of no tickets, or without a move."""

    code, text = "nothing-chosen", "tickets.error.nothing_chosen"


class TooMany(Invalid):
    """More tickets than one bulk move takes."""

    code, text = "too-many", "tickets.error.too_many"


class TooLate(Conflict):
    """The time in which a bulk move is undone is over, or it has been undone."""

    code, text = "too-late", "tickets.error.too_late"


class BadPlace(Invalid):
    """What was written of a place is none; `which` (`coordinates`, `area`, `asset`) says what."""

    code = "bad-place"

    def __init__(self, which: str, said: str) -> None:
        super().__init__(said, text=f"tickets.place.error.{which}", said=said)


class NoSuchIncident(NotFound):
    """There is no such incident."""

    code, text = "no-such-incident", "tickets.error.no_such_incident"


class IncidentChanged(Conflict):
    """Somebody was first: another version, another state."""

    code, text = "incident-changed", "tickets.error.incident_changed"
