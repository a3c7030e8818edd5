"""Signed notes of who has proved what. Between the password and the one-time code: good for five
minutes, and for nothing but the second step. And of who gave the password once more to set up a
second factor: good in that session alone, for as long as it takes to install an app.
"""

import hashlib
from datetime import datetime, timedelta

import sqlalchemy as sa
from itsdangerous import BadSignature, URLSafeSerializer
from sqlalchemy.orm import Session

from hotline.auth import Identity, Proved, handle_of
from hotline.errors import Invalid
from hotline.models import Account

LENGTH = timedelta(minutes=5)
AGAIN_LENGTH = timedelta(minutes=15)
_BETWEEN, _AGAIN = "the step between", "the password once more"


class StepOver(Invalid):
    """Too late for the second step: the password is asked for again."""

    code, status, text = "step-over", 401, "floor.step_over"


def note(proved: Proved, *, key: str, now: datetime) -> str:
    """What a browser carries to the second step."""
    return _signer(key, _BETWEEN).dumps(
        [proved.account_id, _mark(proved.password), now.timestamp()]
    )


def read(session: Session, text: str, *, key: str, now: datetime) -> Proved:
    """Who it was, if it is not too late and the password is still the same; raises StepOver."""
    try:
        account_id, mark, at = _signer(key, _BETWEEN).loads(text)
    except BadSignature as error:
        raise StepOver() from error
    password = session.scalar(sa.select(Account.password).where(Account.id == account_id))
    if password is None or mark != _mark(password) or now.timestamp() - at > LENGTH.total_seconds():
        raise StepOver()
    return Proved(account_id, password)


def note_again(me: Identity, *, key: str, now: datetime) -> str:
    """What the page carries of who has just proved again that it is they."""
    return _signer(key, _AGAIN).dumps([me.id, handle_of(me.token), now.timestamp()])


def has_proved_again(text: str, me: Identity, *, key: str, now: datetime) -> bool:
    """Whether this is such a note, of this session, and not too old."""
    try:
        account_id, handle, at = _signer(key, _AGAIN).loads(text)
    except BadSignature:
        return False
    fresh = now.timestamp() - at <= AGAIN_LENGTH.total_seconds()
    return fresh and (account_id, handle) == (me.id, handle_of(me.token))


def _mark(password_hash: str) -> str:
    return hashlib.sha256(password_hash.encode()).hexdigest()[:16]


def _signer(key: str, purpose: str) -> URLSafeSerializer:
    return URLSafeSerializer(key, salt=purpose, signer_kwargs={"digest_method": hashlib.sha256})
