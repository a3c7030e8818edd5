"""What the story of a ticket says of units: a sentence and what is added to it."""

from datetime import datetime

from hotline import i18n
from hotline.web import floor, language, t
from tickets.config import Tickets
from tickets.facts import EventFacts

#: So many seconds later than it happened something was heard of, and the moment is told.
_WORTH_TELLING = 60


def _name(event: EventFacts) -> str:
    return str(event.data.get("call_sign", ""))


def _moment(written: str) -> str:
    return i18n.moment(datetime.fromisoformat(written), language(), floor().city.zone)


def asked(_: Tickets, event: EventFacts) -> tuple[str, str]:
    """Somebody asks for a unit, or no longer."""
    return t(
        "tickets.event.unit_asked" if event.data["wanted"] else "tickets.event.unit_unasked"
    ), ""


def sent(_: Tickets, event: EventFacts) -> tuple[str, str]:
    """A unit was sent."""
    due = t("tickets.event.unit_answers_by", due=_moment(event.data["due_at"]))
    return t("tickets.event.unit_sent", unit=_name(event)), due


def moved(_: Tickets, event: EventFacts) -> tuple[str, str]:
    """A job went on, or ended."""
    what = t(f"tickets.event.unit_moved.{event.data['to']}", unit=_name(event))
    if event.data.get("late"):
        return what, t("tickets.event.unit_word_late")
    return what, _happened(event)


def late(_: Tickets, event: EventFacts) -> tuple[str, str]:
    """A crew has not answered in time."""
    instead = event.data.get("instead")
    more = t("tickets.event.unit_instead", unit=instead) if instead else ""
    return t("tickets.event.unit_late", unit=_name(event), due=_moment(event.data["due_at"])), more


def help_(_: Tickets, event: EventFacts) -> tuple[str, str]:
    """A crew needs help, or no longer."""
    what = "tickets.event.unit_help" if event.data["needed"] else "tickets.event.unit_help_over"
    return t(what, unit=_name(event)), _happened(event)


def _happened(event: EventFacts) -> str:
    at = datetime.fromisoformat(event.data["at"])
    if abs((event.at - at).total_seconds()) < _WORTH_TELLING:
        return ""
    return t("tickets.event.unit_happened", at=_moment(event.data["at"]))
