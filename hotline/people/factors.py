"""The second factor: one-time codes by time (TOTP, RFC 6238), and codes for who has lost it.

A code is good once: the time step of the last one is kept, and none of that step or an earlier one
is taken again. The secret is kept encrypted under a key made from SECRET_KEY, so that a copy of the
database alone gives no codes. Codes go by the wall's time, as the telephones that show them do.
"""

import base64
import hashlib
import hmac
import io
import secrets
from dataclasses import dataclass, field
from datetime import datetime

import pyotp
import segno
import sqlalchemy as sa
from cryptography.fernet import Fernet, InvalidToken
from sqlalchemy.orm import Session

from hotline import audit, auth, clock
from hotline.auth import Attempt, Identity, Proved, Visit
from hotline.db import Database, insert_ignore
from hotline.errors import Conflict, Invalid
from hotline.models import RecoveryCode, SecondFactor

#: Seconds of a time step, and how many of them a telephone's clock may be off either way.
STEP, DRIFT = 30, 1
RECOVERY_CODES, _RECOVERY_LENGTH = 10, 12
#: Without 0, 1, I, O: read from paper at night.
_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"


class BadCode(Invalid):
    code, status, text = "bad-code", 401, "floor.me.bad_code"


class NoFactor(Conflict):
    code, text = "no-second-factor", "floor.me.no_factor"


class FactorThere(Conflict):
    code, text = "second-factor-there", "floor.me.factor_there"


@dataclass(frozen=True)
class Setup:
    """What an authenticator app is given: the key in letters, and the same as an address."""

    secret: str = field(repr=False)
    address: str = field(repr=False)

    def picture(self) -> str:
        """The address as a QR code, as the `data:` address of an SVG."""
        out = io.BytesIO()
        segno.make(self.address, error="m").save(out, kind="svg", scale=5, border=4, light="white")
        return "data:image/svg+xml;base64," + base64.b64encode(out.getvalue()).decode()


def begin(session: Session, me: Identity, *, key: str, issuer: str, now: datetime) -> Setup:
    """The secret that this account is setting up; a new one when there is none.

    Raises FactorThere for who has a second factor already.
    """
    row = session.get(SecondFactor, me.id)
    if row is not None and row.confirmed_at is not None:
        raise FactorThere()
    secret = _opened(row.secret, key) if row is not None else None
    if secret is None:
        secret = pyotp.random_base32()
        if row is not None:  # sealed under a key that is gone
            session.delete(row)
            session.flush()
        facts = {"account_id": me.id, "secret": _sealed(secret, key), "made_at": now}
        if insert_ignore(session, SecondFactor, facts) is None:
            raise Conflict()  # another page of theirs has just begun
    address = pyotp.TOTP(secret).provisioning_uri(name=me.username, issuer_name=issuer)
    return Setup(secret, address)


def confirm(session: Session, me: Identity, code: str, *, key: str, now: datetime) -> list[str]:
    """Turn it on with a first code; the recovery codes, which are told this once.

    Raises NoFactor when none is being set up, BadCode for a wrong code. Other sessions of the
    account end: they were opened by the password alone.
    """
    row = session.get(SecondFactor, me.id)
    if row is None or row.confirmed_at is not None:
        raise NoFactor()
    if (step := _step_of(row, code, key)) is None:
        raise BadCode()
    on = (
        sa.update(SecondFactor)
        .where(SecondFactor.account_id == me.id, SecondFactor.confirmed_at.is_(None))
        .values(confirmed_at=now, last_step=step)
        .returning(SecondFactor.account_id)
    )
    if session.execute(on).one_or_none() is None:
        raise NoFactor()
    auth.end_other_sessions(session, me)
    audit.record(session, "floor.factor_on", f"account:{me.id}", by=me, at=now)
    return _new_recovery_codes(session, me.id, key)


def renew_recovery_codes(
    session: Session, me: Identity, code: str, *, key: str, now: datetime
) -> list[str]:
    """Ten new ones instead of those that are left; raises NoFactor, BadCode."""
    take(session, me.id, code, key=key, now=now)
    audit.record(session, "floor.recovery_codes", f"account:{me.id}", by=me, at=now)
    return _new_recovery_codes(session, me.id, key)


def turn_off(session: Session, me: Identity, code: str, *, key: str, now: datetime) -> None:
    """One's own, with a code of it; raises NoFactor, BadCode."""
    take(session, me.id, code, key=key, now=now)
    remove(session, me.id)
    audit.record(session, "floor.factor_off", f"account:{me.id}", by=me, at=now)


def remove(session: Session, account_id: int) -> bool:
    """Forget an account's second factor and its recovery codes; False when it had none."""
    session.execute(sa.delete(RecoveryCode).where(RecoveryCode.account_id == account_id))
    gone = sa.delete(SecondFactor).where(SecondFactor.account_id == account_id)
    return session.execute(gone.returning(SecondFactor.account_id)).one_or_none() is not None


def recovery_codes_left(session: Session, account_id: int) -> int:
    count = sa.select(sa.func.count()).where(RecoveryCode.account_id == account_id)
    return session.execute(count).scalar_one()


def second_step(
    db: Database, proved: Proved, code: str, *, key: str, now: datetime, visit: Visit
) -> str:
    """The token of a new session of who has proved the password and now gives a code.

    Raises LockedOut while the account is locked, BadCode (which counts towards that lock), and
    BadCredentials when the account was locked by hand, or given another password, in between.
    """
    try:
        with db.write() as session:
            take(session, proved.account_id, code, key=key, now=now)
            if (token := auth.enter(session, proved, now=now, visit=visit)) is None:
                raise auth.BadCredentials()
            return token
    except BadCode:
        with db.write() as session:
            auth.failed(session, proved.account_id, Attempt.WRONG_CODE, now=now, visit=visit)
        raise


def take(session: Session, account_id: int, code: str, *, key: str, now: datetime) -> None:
    """Use up a one-time code or a recovery code; raises LockedOut while wrong ones have locked the
    account, NoFactor, BadCode.
    """
    auth.check_unlocked(session, account_id, now=now)
    row = session.get(SecondFactor, account_id)
    if row is None or row.confirmed_at is None:
        raise NoFactor()
    step = _step_of(row, code, key)
    if step is not None:
        newer = sa.or_(SecondFactor.last_step.is_(None), SecondFactor.last_step < step)
        won = session.execute(
            sa.update(SecondFactor)
            .where(SecondFactor.account_id == account_id, newer)
            .values(last_step=step)
            .returning(SecondFactor.account_id)
        )
    else:
        won = session.execute(
            sa.delete(RecoveryCode)
            .where(
                RecoveryCode.account_id == account_id,
                RecoveryCode.code_hash == _recovery_hash(account_id, code, key),
            )
            .returning(RecoveryCode.account_id)
        )
    if won.one_or_none() is None:
        raise BadCode()


def _step_of(row: SecondFactor, code: str, key: str) -> int | None:
    """The time step that the code is of, as far as clocks may differ; None for a wrong one."""
    given, secret = "".join(code.split()), _opened(row.secret, key)
    if secret is None or not (given.isascii() and given.isdigit()):
        return None
    totp, present = pyotp.TOTP(secret), int(clock.wall_now().timestamp()) // STEP
    found = None
    for step in range(present - DRIFT, present + DRIFT + 1):
        if hmac.compare_digest(totp.generate_otp(step), given):
            found = step
    return found


def _new_recovery_codes(session: Session, account_id: int, key: str) -> list[str]:
    session.execute(sa.delete(RecoveryCode).where(RecoveryCode.account_id == account_id))
    codes = []
    for _ in range(RECOVERY_CODES):
        letters = "".join(secrets.choice(_LETTERS) for _ in range(_RECOVERY_LENGTH))
        codes.append("-".join(letters[at : at + 4] for at in range(0, _RECOVERY_LENGTH, 4)))
    for code in codes:
        hashed = _recovery_hash(account_id, code, key)
        session.add(RecoveryCode(account_id=account_id, code_hash=hashed))
    session.flush()
    return codes


def _recovery_hash(account_id: int, code: str, key: str) -> str:
    """Sixty random bits under a key that is not in the database: nothing slower is needed."""
    plain = "".join(each for each in code.upper() if each in _LETTERS)
    return hmac.new(key.encode(), f"recovery:{account_id}:{plain}".encode(), "sha256").hexdigest()


def _cipher(key: str) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(hashlib.sha256(f"totp:{key}".encode()).digest()))


def _sealed(secret: str, key: str) -> str:
    return _cipher(key).encrypt(secret.encode()).decode()


def _opened(sealed: str, key: str) -> str | None:
    """The secret; None when it was sealed under another SECRET_KEY: an administrator removes it."""
    try:
        return _cipher(key).decrypt(sealed.encode()).decode()
    except InvalidToken:
        return None
