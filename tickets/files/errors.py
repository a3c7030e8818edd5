"""What may be wrong with what somebody asks of a file; each carries its own answer."""

from hotline.errors import Conflict, HotlineError, Invalid, NotFound
from tickets.files.rules import Refusal


class NoSuchFile(NotFound):
    """Nobody has it, or the asker may not know of it, or its bytes have been deleted."""

    code, text = "no-such-file", "tickets.files.error.no_such"


class BadFile(Invalid):
    """A file that is not taken."""

    code = "bad-file"

    def __init__(self, refusal: Refusal, **values: str) -> None:
        super().__init__(text=f"tickets.files.error.{refusal.value}")
        self.values = values
        self.refusal = refusal


class UnreadablePicture(Invalid):
    """It begins like a picture and is a broken one, or none."""

    code, text = "unreadable-picture", "tickets.files.error.unreadable"


class UnreadableDocument(Invalid):
    """It begins like a PDF and is a broken one, or none."""

    code, text = "unreadable-document", "tickets.files.error.unreadable_document"


class TooManyPixels(Invalid):
    """A picture with more pixels than are allowed."""

    code, text = "too-many-pixels", "tickets.files.error.pixels"


class TicketFull(Invalid):
    """The ticket has as many files, or as many bytes, as it may have."""

    code, text = "ticket-full", "tickets.files.error.full"


class EnoughToday(Invalid):
    """A citizen has sent as many files for the ticket today as they may."""

    code, text = "enough-today", "tickets.files.error.enough_today"


class TicketClosed(Conflict):
    """A citizen sends something for a ticket that is closed: it is to be opened again first."""

    code, text = "ticket-closed", "tickets.files.error.closed"


class AlreadyThere(Conflict):
    """The same picture stands in the ticket as something else: what was before is not after."""

    code, text = "already-there", "tickets.files.error.already_there"


class NothingSent(Invalid):
    """A form without a file."""

    code, text = "no-file", "tickets.files.error.nothing"


class SomeRefused(Invalid):
    """Of several files some were taken and some were not; `told` says why."""

    code, text = "some-refused", "tickets.files.error.some"


class NotPublic(Invalid):
    """A document, or a file of a private ticket: it cannot be shown to everybody."""

    code, text = "not-public", "tickets.files.error.not_public"


class StoreAway(HotlineError):
    """The bytes are kept by a service that does not answer now."""

    code, status, text = "store-away", 503, "tickets.files.error.away"
