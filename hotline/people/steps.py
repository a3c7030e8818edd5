"""Between the password and the one-time code: a signed note of who has proved what, good for five
minutes, and for nothing but the second step.
"""

import hashlib
from datetime import datetime, timedelta

import sqlalchemy as sa
from itsdangerous import BadSignature, URLSafeSerializer
from sqlalchemy.orm import Session

from hotline.auth import Proved
from hotline.errors import Invalid
from hotline.models import Account

LENGTH = timedelta(minutes=5)


class StepOver(Invalid):
    """Too late for the second step: the password is asked for again."""

    code, status, text = "step-over", 401, "floor.step_over"


def note(proved: Proved, *, key: str, now: datetime) -> str:
    """What a browser carries to the second step."""
    return _signer(key).dumps([proved.account_id, _mark(proved.password), now.timestamp()])


def read(session: Session, text: str, *, key: str, now: datetime) -> Proved:
    """Who it was, if it is not too late and the password is still the same; raises StepOver."""
    try:
        account_id, mark, at = _signer(key).loads(text)
    except BadSignature as error:
        raise StepOver() from error
    password = session.scalar(sa.select(Account.password).where(Account.id == account_id))
    if password is None or mark != _mark(password) or now.timestamp() - at > LENGTH.total_seconds():
        raise StepOver()
    return Proved(account_id, password)


def _mark(password_hash: str) -> str:
    return hashlib.sha256(password_hash.encode()).hexdigest()[:16]


def _signer(key: str) -> URLSafeSerializer:
    return URLSafeSerializer(
        key, salt="the step between", signer_kwargs={"digest_method": hashlib.sha256}
    )
