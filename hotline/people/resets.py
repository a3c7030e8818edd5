"""A link by which somebody sets their password: made by who looks after them, shown once, good once
and for an hour. So nobody ever knows, or sends, another's password.
"""

import hashlib
import secrets
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hotline import audit, auth
from hotline.errors import NotFound
from hotline.models import Account, PasswordReset

LENGTH = timedelta(minutes=60)


class LinkOver(NotFound):
    """Used, too old, replaced by a newer one, of an account that is locked, or never made: told
    alike.
    """

    code, text = "link-over", "floor.reset.over"


def make(session: Session, account_id: int, *, now: datetime) -> str:
    """The token of a new link; earlier ones of the account are good no more."""
    token = secrets.token_urlsafe(32)
    mine = PasswordReset.account_id == account_id
    session.execute(sa.delete(PasswordReset).where(mine))
    session.add(
        PasswordReset(token_hash=_hash(token), account_id=account_id, expires_at=now + LENGTH)
    )
    session.flush()
    return token


def check(session: Session, token: str, *, now: datetime) -> str:
    """Whose link it is: the username; raises LinkOver unless it is good."""
    account_id = session.scalar(_good(token, now))
    if account_id is None:
        raise LinkOver()
    return auth.identity_of(session, account_id).username


def use(session: Session, token: str, password_hash: str, *, now: datetime) -> None:
    """Set the password, once; every session of the account ends. Raises LinkOver."""
    account_id = session.scalar(_good(token, now))
    if account_id is None:
        raise LinkOver()
    this = sa.delete(PasswordReset).where(PasswordReset.token_hash == _hash(token))
    if session.execute(this.returning(PasswordReset.account_id)).one_or_none() is None:
        raise LinkOver()
    auth.put_password(session, account_id, password_hash)
    auth.end_sessions(session, account_id)
    who = auth.identity_of(session, account_id)
    audit.record(session, "floor.password_by_link", f"account:{account_id}", by=who, at=now)


def _good(token: str, now: datetime) -> sa.Select[int]:
    return (
        sa.select(PasswordReset.account_id)
        .join(Account, Account.id == PasswordReset.account_id)
        .where(
            PasswordReset.token_hash == _hash(token), PasswordReset.expires_at > now, Account.active
        )
    )


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
