"""Who is told at the bell that a report did not go: whose it was, and who looks after the list.

A person who gets a report for themselves is led to their own page, managers and administrators to
the list of all: each may read there the address that the notice names. It is told once, when it is
final: while the mail server is away the pages say what waits.
"""

from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hotline.config import READER_LANGUAGES
from hotline.floor import Floor
from hotline.models import Account
from hotline.notices import service as notices
from hotline.notices.rules import Kind
from reports.mailing import letters, service
from reports.mailing.models import Mail
from reports.mailing.rules import MANAGES, Edition

#: So much of what a mail server said stands in a notice.
SAID = 120


class WhyNot(StrEnum):
    """Why a mail is not sent any more: `reports.mail.why_not.…`."""

    NO_ADDRESS = "no_address"
    REFUSED = "refused"
    GIVEN_UP = "given_up"
    NOT_MADE = "not_made"


def tell(session: Session, floor: Floor, mail_id: int, why: WhyNot) -> None:
    """Tell them of a mail that has just failed; twice is once."""
    mail = session.get_one(Mail, mail_id, populate_existing=True)
    whose = service.find(session, mail.subscription_id)
    if whose is None or mail.ended_at is None:
        return
    owner = _username(session, whose.account_id)
    lists = [name for role in MANAGES for name in notices.of_role(session, role) if name != owner]
    listed = f"/reports/mailing#subscription-{whose.id}"
    edition, texts = Edition.named(mail.period), floor.texts
    # it may be the subject of an e-mail, which is one line
    said = " ".join(mail.error.split())[:SAID] or "–"
    for names, address in (([owner] if owner else [], "/me/reports"), (lists, listed)):
        notices.tell(
            session,
            names,
            Kind.REPORT_MAIL,
            key=f"reports.mail:{mail_id}:{mail.period}",
            subject=f"subscription:{whose.id}",
            now=mail.ended_at,
            report={each: letters.title(floor, edition, each) for each in READER_LANGUAGES},
            email=mail.email or whose.email or "–",
            why={
                each: texts.get(f"reports.mail.why_not.{why}", each, said=said)
                for each in READER_LANGUAGES
            },
            address=address,
        )


def _username(session: Session, account_id: int | None) -> str | None:
    """Of whose own it is; None: an address outside."""
    if account_id is None:
        return None
    return session.scalar(sa.select(Account.username).where(Account.id == account_id))
