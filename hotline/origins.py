"""Where attempts to sign in come from: many accounts tried from one address are slowed.

A single account is protected by its own lock (`hotline.auth`); who tries one password with many
names never meets that. So the names that failed from one address are counted, each once: a whole
call centre behind one address may mistype as often as it likes, as long as it is the same few. And
whoever has signed in from there before is let through even so, with the lock of their account.

Addresses and names are kept as hashes only, and not for long.
"""

import hashlib
import ipaddress
import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hotline.db import insert_ignore
from hotline.errors import Invalid
from hotline.models import SignInOrigin

log = logging.getLogger(__name__)

#: For so long is somebody known at an address from which they have signed in.
KNOWN = timedelta(days=30)
#: Of an IPv6 address the part that one subscriber has.
_PREFIX_6 = 64


class TooManyAccounts(Invalid):
    """Too many different accounts were tried in vain from this address."""

    code, status, text = "too-many-accounts", 429, "floor.too_many_accounts"

    def __init__(self, until: datetime) -> None:
        super().__init__(until.isoformat(), until=until)


@dataclass(frozen=True)
class Origin:
    """Where a visit comes from: `network` as below; `names` may fail there within `window`."""

    network: str
    names: int
    window: timedelta


def network(peer: str, forwarded: str, *, behind_proxy: bool) -> str:
    """Whose connection it is: the address, of IPv6 the /64; empty when nobody can say.

    `forwarded` (X-Forwarded-For) is believed only behind a proxy of the city's own, and of it the
    last: whoever asks can write the others.
    """
    said = forwarded.rpartition(",")[2].strip() if behind_proxy else ""
    try:
        address = ipaddress.ip_address(said or peer)
    except ValueError:
        return ""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, _PREFIX_6), strict=False))
    return str(address)


def admit(session: Session, origin: Origin | None, username: str, *, now: datetime) -> None:
    """Raise TooManyAccounts while the address is slowed, unless it is theirs."""
    if origin is None or not origin.network:
        return
    until = _slowed_until(session, origin, now)
    if until is not None and not _is_theirs(session, origin, username, now):
        raise TooManyAccounts(until)


def _slowed_until(session: Session, origin: Origin, now: datetime) -> datetime | None:
    """When the last names that may fail have begun to be forgotten."""
    recent = (
        sa.select(SignInOrigin.failed_at)
        .where(
            SignInOrigin.network == _hash(origin.network),
            SignInOrigin.failed_at > now - origin.window,
        )
        .order_by(SignInOrigin.failed_at.desc())
        .offset(origin.names - 1)
        .limit(1)
    )
    oldest = session.scalar(recent)
    return None if oldest is None else oldest + origin.window


def _is_theirs(session: Session, origin: Origin, username: str, now: datetime) -> bool:
    known = sa.select(SignInOrigin.entered_at).where(
        *_this(origin, username), SignInOrigin.entered_at > now - KNOWN
    )
    return session.scalar(known) is not None


def failed(session: Session, origin: Origin | None, username: str, *, now: datetime) -> None:
    """A password was wrong. The name of somebody who is known there does not count."""
    if origin is None or not origin.network or _is_theirs(session, origin, username, now):
        return
    before = _slowed_until(session, origin, now)
    _write(session, origin, username, failed_at=now)
    until = _slowed_until(session, origin, now)
    if before is None and until is not None:
        log.warning(
            "sign-in from %s is slowed until %s: wrong passwords of %s different accounts",
            origin.network,
            until.isoformat(timespec="seconds"),
            origin.names,
        )


def entered(session: Session, origin: Origin | None, username: str, *, now: datetime) -> None:
    """Somebody has signed in from there: their own mistakes are forgotten, and they are known."""
    if origin is not None and origin.network:
        _write(session, origin, username, failed_at=None, entered_at=now)


def forget(session: Session, *, now: datetime) -> None:
    """What no longer counts."""
    old = now - KNOWN
    session.execute(
        sa.delete(SignInOrigin).where(
            sa.or_(SignInOrigin.failed_at.is_(None), SignInOrigin.failed_at <= old),
            sa.or_(SignInOrigin.entered_at.is_(None), SignInOrigin.entered_at <= old),
        )
    )


def _write(session: Session, origin: Origin, username: str, **values: datetime | None) -> None:
    key = {"network": _hash(origin.network), "name_hash": _hash(username)}
    insert_ignore(session, SignInOrigin, key)
    session.execute(sa.update(SignInOrigin).where(*_this(origin, username)).values(**values))


def _this(origin: Origin, username: str) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        SignInOrigin.network == _hash(origin.network),
        SignInOrigin.name_hash == _hash(username),
    )


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
