"""Links that open a ticket's page to its citizen: unguessable, for a while, and ended by hand.

The token is an HMAC of a row's nonce with the installation's secret, cut to 132 bits: an SMS that
is sent again holds the same one, and neither the database nor a log ever does.
"""

import base64
import hashlib
import hmac
import secrets
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from tickets.models import CitizenLink

#: Letters of a token; each is six bits.
LENGTH = 22


def token(secret_key: str, nonce: str) -> str:
    """Return the token of the link with this nonce."""
    digest = hmac.digest(secret_key.encode(), f"citizen's link:{nonce}".encode(), "sha256")
    return base64.urlsafe_b64encode(digest).decode()[:LENGTH]


def renew(
    session: Session, secret_key: str, ticket_id: int, number: str, *, days: int, now: datetime
) -> int:
    """Return the id of the link that this number has to the ticket, which opens it for `days` from
    now on: the one it has, or a new one.
    """
    expires_at = now + timedelta(days=days)
    mine = (CitizenLink.ticket_id == ticket_id, CitizenLink.number == number)
    known = session.scalar(
        sa.update(CitizenLink)
        .where(*mine, CitizenLink.revoked_at.is_(None), CitizenLink.expires_at > now)
        .values(expires_at=expires_at)
        .returning(CitizenLink.id)
        .execution_options(synchronize_session=False)
    )
    if known is not None:
        return known
    nonce = secrets.token_hex(16)
    made = CitizenLink(
        ticket_id=ticket_id,
        number=number,
        nonce=nonce,
        token_hash=_hash(token(secret_key, nonce)),
        made_at=now,
        expires_at=expires_at,
    )
    session.add(made)
    session.flush()
    return made.id


def opened_by(session: Session, text: str, now: datetime) -> CitizenLink | None:
    """Return the link that a token opens now, or None."""
    return session.scalar(
        sa.select(CitizenLink).where(CitizenLink.token_hash == _hash(text), *_lives(now))
    )


def lives(session: Session, link_id: int, now: datetime) -> bool:
    """Say whether a link still opens its ticket: who came by one stays no longer than it does."""
    return bool(
        session.scalar(sa.select(sa.exists().where(CitizenLink.id == link_id, *_lives(now))))
    )


def living(session: Session, ticket_id: int, now: datetime) -> int:
    """Return how many links open a ticket."""
    asked = sa.select(sa.func.count()).where(CitizenLink.ticket_id == ticket_id, *_lives(now))
    return session.scalar(asked) or 0


def end(session: Session, ticket_id: int, *, by: str, now: datetime) -> int:
    """End every link of a ticket; return how many there were."""
    ended = session.scalars(
        sa.update(CitizenLink)
        .where(CitizenLink.ticket_id == ticket_id, *_lives(now))
        .values(revoked_at=now, revoked_by=by)
        .returning(CitizenLink.id)
        .execution_options(synchronize_session=False)
    )
    return len(ended.all())


def _lives(now: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    return CitizenLink.revoked_at.is_(None), CitizenLink.expires_at > now


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
