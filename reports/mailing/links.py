"""Links that open one report to people without an account: unguessable, for a while, and ended by
hand. The token is shown once; only a hash of it is kept.
"""

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hotline import audit, origins
from hotline.auth import Identity
from hotline.db import insert_ignore
from hotline.errors import HotlineError, Invalid, NotFound
from reports.mailing import rules, shelf
from reports.mailing.config import Mailing
from reports.mailing.models import Link, LinkVisitor
from reports.mailing.rules import Edition, Form
from reports.mailing.service import KEPT, forms_of

NOTE_LENGTH = 200
SHOWN = 100


class LinkNeedsNote(Invalid):
    """For whom a link is made has to be said."""

    code, text = "note-needed", "reports.mail.note_needed"


class NoLink(NotFound):
    """Nothing has this address."""

    code, text = "no-link", "reports.mail.link_over"


class LinkOver(HotlineError):
    """It has expired, or somebody has ended it: told in the same words."""

    code, status, text = "link-over", 410, "reports.mail.link_over"


@dataclass(frozen=True)
class Wanted:
    """What a link is made for: a report, its language, what can be taken, for whom, how long."""

    edition: Edition
    language: str
    forms: tuple[Form, ...]
    note: str
    days: int


@dataclass(frozen=True)
class Facts:
    """A link. `opened`, `taken`: how often the page was opened and a file taken; `addresses`: from
    how many addresses; `opened_at`: when last.
    """

    id: int
    edition: Edition
    language: str
    forms: tuple[Form, ...]
    note: str
    made_by: str
    made_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    revoked_by: str
    opened: int
    taken: int
    addresses: int
    opened_at: datetime | None

    def opens(self, now: datetime) -> bool:
        """Whether it opens its report."""
        return self.revoked_at is None and self.expires_at > now


def make(
    session: Session, wanted: Wanted, config: Mailing, *, by: Identity, now: datetime
) -> tuple[str, int]:
    """The token of a new link, and its id; written into the audit log.

    Raises `rules.NoDays`, `LinkNeedsNote`.
    """
    expires_at = rules.expiry(wanted.days, longest=config.longest_link_days, now=now)
    note = wanted.note.strip()[:NOTE_LENGTH]
    if not note:
        raise LinkNeedsNote()
    token = secrets.token_urlsafe(32)
    made = Link(
        token_hash=_hash(token),
        period=wanted.edition.name,
        language=wanted.language,
        forms=",".join(wanted.forms),
        note=note,
        made_by=by.username,
        made_at=now,
        expires_at=expires_at,
        revoked_at=None,
        revoked_by="",
        opened=0,
        taken=0,
        opened_at=None,
    )
    session.add(made)
    session.flush()
    until = expires_at.isoformat(timespec="seconds")
    told = {"report": wanted.edition.name, "until": until}
    audit.record(
        session, "reports.link_made", f"link:{made.id}", by=by, at=now, reason=note, **told
    )
    return token, made.id


def revoke(session: Session, link_id: int, *, by: Identity, now: datetime) -> None:
    """End a link, with the files that were made for it alone; twice is once. Written into the audit
    log. Raises `NoLink`.
    """
    if session.get(Link, link_id) is None:
        raise NoLink()
    ended = session.execute(
        sa.update(Link)
        .where(Link.id == link_id, Link.revoked_at.is_(None))
        .values(revoked_at=now, revoked_by=by.username)
        .returning(Link.id)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    if ended is not None:
        shelf.clear(session, now)
        audit.record(session, "reports.link_revoked", f"link:{link_id}", by=by, at=now)


def made(session: Session, limit: int = SHOWN) -> list[Facts]:
    """The links that were made, the newest first."""
    query = sa.select(Link).order_by(Link.id.desc()).limit(limit)
    return _facts(session, query)


def opened_by(session: Session, token: str, *, now: datetime) -> Facts:
    """The link of a token; raises `NoLink`, and `LinkOver` for one that opens nothing any more."""
    found = _facts(session, sa.select(Link).where(Link.token_hash == _hash(token)))
    if not found:
        raise NoLink()
    if not found[0].opens(now):
        raise LinkOver()
    return found[0]


def _facts(session: Session, query: sa.Select[Link]) -> list[Facts]:
    rows: Sequence[Link] = session.scalars(query.execution_options(populate_existing=True)).all()
    counted = (
        sa.select(LinkVisitor.link_id, sa.func.count())
        .where(LinkVisitor.link_id.in_([row.id for row in rows]))
        .group_by(LinkVisitor.link_id)
    )
    visitors: dict[int, int] = dict(session.execute(counted).all())
    return [
        Facts(
            id=row.id,
            edition=Edition.named(row.period),
            language=row.language,
            forms=forms_of(row.forms.split(",")),
            note=row.note,
            made_by=row.made_by,
            made_at=row.made_at,
            expires_at=row.expires_at,
            revoked_at=row.revoked_at,
            revoked_by=row.revoked_by,
            opened=row.opened,
            taken=row.taken,
            addresses=visitors.get(row.id, 0),
            opened_at=row.opened_at,
        )
        for row in rows
    ]


def note_opened(
    session: Session, link_id: int, secret_key: str, address: str, *, file: bool, now: datetime
) -> None:
    """Count that its page was opened, or (`file`) that something was taken, from an address."""
    column = Link.taken if file else Link.opened
    mine = sa.update(Link).where(Link.id == link_id)
    counted = mine.values({column: column + 1, Link.opened_at: now})
    session.execute(counted.execution_options(synchronize_session=False))
    visitor = {"link_id": link_id, "address_hash": _visitor(secret_key, link_id, address)}
    insert_ignore(session, LinkVisitor, visitor)


def _visitor(secret_key: str, link_id: int, address: str) -> str:
    network = origins.network(address, "", behind_proxy=False) or address
    said = f"visitor of link {link_id}: {network}".encode()
    return hmac.new(secret_key.encode(), said, hashlib.sha256).hexdigest()


def forget(session: Session, now: datetime) -> None:
    """Delete links that ended long ago, with who opened them, and the files of those that ended."""
    shelf.clear(session, now)
    session.execute(
        sa.delete(Link)
        .where(Link.expires_at < now - KEPT)
        .execution_options(synchronize_session=False)
    )


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
