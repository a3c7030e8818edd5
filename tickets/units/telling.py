"""Who is told of what happens to units: who sent one, and who answers for the whole."""

from datetime import datetime

from sqlalchemy.orm import Session

from hotline.config import READER_LANGUAGES
from hotline.notices import service as notices
from hotline.notices.rules import Kind
from hotline.roles import Role
from tickets.facts import TicketFacts
from tickets.units.facts import DispatchFacts


def late(
    session: Session,
    job: DispatchFacts,
    ticket: TicketFacts,
    *,
    instead: str | None,
    now: datetime,
) -> list[str]:
    """A crew has not answered in time; `instead`: the code of who could go."""
    return _tell(session, Kind.UNIT_LATE, job, ticket, now, instead=instead or "–")


def declined(
    session: Session,
    job: DispatchFacts,
    ticket: TicketFacts,
    *,
    by: str,
    now: datetime,
) -> list[str]:
    """A crew cannot go."""
    return _tell(session, Kind.UNIT_DECLINED, job, ticket, now, but=by)


def help_needed(
    session: Session, job: DispatchFacts, ticket: TicketFacts, *, now: datetime
) -> list[str]:
    """A crew asks for help."""
    return _tell(session, Kind.UNIT_HELP, job, ticket, now)


def _tell(
    session: Session,
    kind: Kind,
    job: DispatchFacts,
    ticket: TicketFacts,
    now: datetime,
    *,
    but: str = "",
    **data: str,
) -> list[str]:
    names = [job.sent_by, *notices.of_role(session, Role.SUPERVISOR)]
    names = [name for name in dict.fromkeys(names) if name != but]
    return notices.tell(
        session,
        names or notices.of_role(session, Role.ADMINISTRATOR),
        kind,
        key=f"{kind.value}:{job.id}:{now:%Y%m%d%H%M%S}",
        subject=f"dispatch:{job.id}",
        urgent=True,
        now=now,
        ticket=ticket.number,
        number=ticket.number_shown,
        unit={code: f"{job.call_sign} {_title(job, code)}" for code in READER_LANGUAGES},
        address="/tickets/units",
        **data,
    )


def _title(job: DispatchFacts, language: str) -> str:
    return job.title.get(language) or job.title["en"]
