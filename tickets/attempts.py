"""Wrong proofs are counted, by ticket number and by address, and lock both for a while.

In SQL alone: it holds as well when Redis is away. A number that no ticket has counts and locks as
any other, so that nothing tells them apart. A right proof forgets nothing: who has a ticket of
their own would otherwise be given new guesses by it.
"""

import hmac
import ipaddress
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hotline.db import insert_ignore
from tickets.models import CitizenAttempt

#: The first lock; each further failure doubles it, up to the longest.
FIRST_LOCK, LONGEST_LOCK = timedelta(minutes=15), timedelta(days=1)
#: After so long without a failure it begins anew.
FORGOTTEN = timedelta(days=1)
#: How long a row is kept: longer than any lock.
KEPT = timedelta(days=3)


def of_number(secret_key: str, number: str) -> str:
    """Return the key of a ticket's number."""
    return _key(secret_key, f"number:{number}")


def of_address(secret_key: str, address: str) -> str:
    """Return the key of an internet address; of IPv6 a household's whole network is one."""
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        known = None
    if isinstance(known, ipaddress.IPv6Address):
        address = str(known.ipv4_mapped or ipaddress.ip_network((int(known) >> 64 << 64, 64)))
    return _key(secret_key, f"address:{address}")


def _key(secret_key: str, text: str) -> str:
    return hmac.new(secret_key.encode(), f"attempt:{text}".encode(), "sha256").hexdigest()


def locked_until(session: Session, *keys: str, now: datetime) -> datetime | None:
    """Return until when one of them at least is locked; None: none is."""
    latest = sa.select(sa.func.max(CitizenAttempt.locked_until)).where(
        CitizenAttempt.key.in_(keys), CitizenAttempt.locked_until > now
    )
    until: datetime | None = session.scalar(latest)
    return until


def is_locked(session: Session, *keys: str, now: datetime) -> bool:
    """Say whether one of them is locked."""
    return locked_until(session, *keys, now=now) is not None


def failed(session: Session, key: str, *, free: int, now: datetime) -> None:
    """Count a failure; from the `free`th on it locks."""
    insert_ignore(session, CitizenAttempt, {"key": key, "failures": 0, "tried_at": now})
    mine = sa.update(CitizenAttempt).where(CitizenAttempt.key == key)
    long_ago = CitizenAttempt.tried_at < now - FORGOTTEN
    failures = sa.case((long_ago, 1), else_=CitizenAttempt.failures + 1)
    count = session.execute(
        mine.values(failures=failures, tried_at=now)
        .returning(CitizenAttempt.failures)
        .execution_options(synchronize_session=False)
    ).scalar_one()
    if count >= free:
        lock = min(FIRST_LOCK * 2 ** min(count - free, 12), LONGEST_LOCK)
        session.execute(
            mine.values(locked_until=now + lock).execution_options(synchronize_session=False)
        )


def forget(session: Session, now: datetime) -> None:
    """Delete what is too old to matter."""
    session.execute(sa.delete(CitizenAttempt).where(CitizenAttempt.tried_at < now - KEPT))
