"""Asking the city's own sign-in again about people who are signed in by it.

A provider tells of somebody only when it is asked, and a session lasts a whole shift. So with a way
in by it we keep the provider's refresh token, sealed, and while any session of that account is open
a worker asks with it every `accounts.openid.recheck_minutes`: what the groups say then holds at
once, and whom the provider no longer vouches for is signed out. A provider that cannot be reached
says nothing about anybody: it is asked again next time. One that gives no refresh tokens is heard
at the next way in, as before.
"""

import base64
import hashlib
import logging
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from cryptography.fernet import Fernet, InvalidToken
from sqlalchemy.orm import Session

from hotline import auth, clock
from hotline.auth import Proved
from hotline.jobs import NIGHT, Every
from hotline.models import OpenIdGrant, SignIn
from hotline.people import openid, provisioning, steps
from hotline.people.config import Accounts, OpenId
from hotline.people.openid import Answer

if TYPE_CHECKING:
    from hotline.floor import Floor

log = logging.getLogger(__name__)

JOB = "people.recheck"
#: So many accounts are asked about in one job: the rest is due a minute later.
AT_ONCE = 50


def proved_by(
    session: Session, said: dict[str, Any], rules: OpenId, now: datetime
) -> Proved | None:
    """Whose account it is; None when they have none, or none any more: what was changed stands.

    Raises UnknownIdentity.
    """
    found = provisioning.read(said, rules)
    if found is None or rules.provision is None:
        return openid.account_of(session, said, rules.claim)
    if provisioning.is_by_hand(session, found.username):
        return openid.account_of(session, said, rules.claim)
    return provisioning.follow(session, found, rules.provision, now=now)


# ---------------------------------------------------------------- what is kept


def keep(session: Session, account_id: int, answer: Answer, *, key: str, now: datetime) -> None:
    """Keep what the provider gave with this way in, instead of what it gave before."""
    session.execute(sa.delete(OpenIdGrant).where(OpenIdGrant.account_id == account_id))
    if answer.refresh:
        session.add(
            OpenIdGrant(
                account_id=account_id,
                subject=_subject(answer),
                token=_cipher(key).encrypt(answer.refresh.encode()).decode(),
                checked_at=now,
            )
        )
        session.flush()


def _subject(answer: Answer) -> str:
    subject = str(answer.claims.get("sub", ""))
    return hashlib.sha256(subject.encode(errors="surrogatepass")).hexdigest()


def _cipher(key: str) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(hashlib.sha256(f"openid:{key}".encode()).digest()))


# ---------------------------------------------------------------- asking again


def due(session: Session, rules: OpenId, now: datetime) -> list[int]:
    """The accounts that somebody is signed in to and that were not asked about for so long."""
    old = OpenIdGrant.checked_at <= now - rules.recheck
    found = sa.select(OpenIdGrant.account_id).where(_is_in(now), old)
    return list(session.scalars(found.order_by(OpenIdGrant.checked_at).limit(AT_ONCE)))


def _is_in(now: datetime) -> sa.ColumnElement[bool]:
    return sa.exists().where(SignIn.account_id == OpenIdGrant.account_id, SignIn.expires_at > now)


def _of_nobody(rules: OpenId, now: datetime) -> sa.ColumnElement[bool]:
    """Its session is over. Who has still to give a one-time code is not in yet, and will be."""
    old = OpenIdGrant.checked_at <= now - max(rules.recheck, steps.LENGTH)
    return sa.and_(old, ~_is_in(now))


def plan(floor: "Floor", now: datetime) -> None:
    """Hand the question to a worker, when there is one: an answer may take long."""
    if not floor.settings.openid_issuer:
        return
    rules = floor.section(Accounts).openid
    gone = sa.select(OpenIdGrant.account_id).where(_of_nobody(rules, now)).limit(1)
    with floor.db.read() as session:
        to_do = due(session, rules, now) or session.scalars(gone).all()
    if to_do:
        floor.jobs.enqueue(JOB, queue=NIGHT)


def recheck(floor: "Floor") -> None:
    """Ask about everybody who is due; stop at the first time that the provider cannot be reached.

    A session that is over has no use for what was kept: it goes.
    """
    now = clock.now()
    rules = floor.section(Accounts).openid
    with floor.db.write() as session:
        session.execute(sa.delete(OpenIdGrant).where(_of_nobody(rules, now)))
        accounts = due(session, rules, now)
    for account_id in accounts:
        if not _ask(floor, account_id, rules):
            break


def _ask(floor: "Floor", account_id: int, rules: OpenId) -> bool:
    """False: the provider cannot be reached."""
    now, key = clock.now(), floor.settings.secret_key
    with floor.db.write() as session:
        row = _claim(session, account_id, now - rules.recheck, now)
    if row is None:
        return True  # another worker asks, or they have just signed in
    subject, sealed = row
    try:
        answer = openid.again(floor.settings, rules, _cipher(key).decrypt(sealed.encode()).decode())
    except openid.OpenIdFailed:
        return False
    except (openid.NoLonger, InvalidToken):
        answer = None
    with floor.db.write() as session:
        if _kept(session, account_id) != sealed:
            return True  # they came in anew meanwhile: by that nothing is said of them now
        if (
            answer is None
            or _subject(answer) != subject
            or not _is_theirs(session, account_id, answer, rules, now)
        ):
            log.warning("the city's sign-in no longer vouches for account %s", account_id)
            auth.end_sessions(session, account_id)
            session.execute(sa.delete(OpenIdGrant).where(OpenIdGrant.account_id == account_id))
        elif answer.refresh:
            keep(session, account_id, answer, key=key, now=now)
    return True


def _kept(session: Session, account_id: int) -> str | None:
    """The sealed token as it is; nobody changes it until this unit of work is over."""
    mine = sa.select(OpenIdGrant.token).where(OpenIdGrant.account_id == account_id)
    return session.scalar(mine.with_for_update())


def _claim(
    session: Session, account_id: int, before: datetime, now: datetime
) -> tuple[str, str] | None:
    """One worker asks: the subject and the sealed token."""
    row = session.execute(
        sa.update(OpenIdGrant)
        .where(OpenIdGrant.account_id == account_id, OpenIdGrant.checked_at <= before)
        .values(checked_at=now)
        .returning(OpenIdGrant.subject, OpenIdGrant.token)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    return None if row is None else (row.subject, row.token)


def _is_theirs(
    session: Session, account_id: int, answer: Answer, rules: OpenId, now: datetime
) -> bool:
    try:
        proved = proved_by(session, answer.claims, rules, now)
    except openid.UnknownIdentity:
        return False
    return proved is not None and proved.account_id == account_id


JOBS = {JOB: recheck}
SWEEPS = {JOB: Every(60, plan)}
