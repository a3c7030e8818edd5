"""Accounts as the city's own sign-in says: made, kept up to date and taken away by its groups.

Only where config.yaml says so (`accounts.openid.provision`). Somebody whose groups give no role is
refused. An account that an administrator made by hand is never touched here: it signs in as ever,
with the role that it was given. What happens is in the audit log, by the sign-in's own name.

A provider tells of somebody when they sign in, and when it is asked again while they are signed in
(`hotline.people.rechecking`). So who leaves the group is locked out here within minutes.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hotline import audit, auth
from hotline.announce import announce
from hotline.auth import Proved, Role
from hotline.errors import Conflict, Invalid
from hotline.models import Account, Membership
from hotline.notices.rules import read_email
from hotline.people import rules
from hotline.people.config import OpenId, Provision
from hotline.people.rules import LastAdministrator
from hotline.people.service import leave_an_administrator

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Said:
    """What the provider says of somebody, as far as it matters here. `role` None: refused."""

    username: str
    name: str
    email: str
    role: Role | None
    divisions: frozenset[str]


def read(claims: Mapping[str, Any], rules_of: OpenId) -> Said | None:
    """What the claims say; None when they name nobody who could have an account."""
    given = rules_of.provision
    name = claims.get(rules_of.claim)
    if given is None or not isinstance(name, str) or not _proven(claims, rules_of.claim):
        return None
    try:
        username = rules.read_username(name)
    except rules.BadUsername:
        log.warning("the sign-in names %r, which cannot be a username here", name[:80])
        return None
    groups = _groups(claims.get(given.groups))
    return Said(
        username,
        _name(claims.get(given.name), username),
        _email(claims),
        next((role for group, role in given.roles.items() if group in groups), None),
        frozenset(division for group, division in given.divisions.items() if group in groups),
    )


def _proven(claims: Mapping[str, Any], claim: str) -> bool:
    return claim != "email" or claims.get("email_verified") is True


def _groups(value: object) -> frozenset[str]:
    """A claim with groups is a list; of a single one some providers make a text."""
    if isinstance(value, str):
        return frozenset({value})
    if isinstance(value, Sequence):
        return frozenset(each for each in value if isinstance(each, str))
    return frozenset()


def _name(value: object, username: str) -> str:
    try:
        return rules.read_name(value if isinstance(value, str) else username)
    except rules.BadName:
        return username


def _email(claims: Mapping[str, Any]) -> str:
    """An address that the provider has seen to be theirs."""
    value = claims.get("email")
    if not isinstance(value, str) or claims.get("email_verified") is not True:
        return ""
    try:
        return read_email(value)
    except Invalid:
        return ""


# ---------------------------------------------------------------- accounts


def follow(session: Session, said: Said, given: Provision, *, now: datetime) -> Proved | None:
    """Make the account, or bring it up to date, or take it away; who may enter by it, or None.

    An account that was made by hand is left as it is, and is not for this module to let in.
    """
    account = _taken(session, said.username)
    if account is None:
        if said.role is None:
            log.warning("the sign-in names %s, whose groups give no role here", said.username)
            return None
        account = _make(session, said, said.role, now)
    elif account.provisioned_at is None:
        return None
    elif said.role is None:
        _take_away(session, account, now)
        return None
    else:
        _update(session, account, said, said.role, now)
    _put_into(session, account.id, said.divisions, given, now)
    session.refresh(account)
    return Proved(account.id, account.password) if account.active else None


def is_by_hand(session: Session, username: str) -> bool:
    """Whether somebody here has made this account."""
    made = sa.select(Account.provisioned_at).where(Account.username == username)
    row = session.execute(made).one_or_none()
    return row is not None and row.provisioned_at is None


def _taken(session: Session, username: str) -> Account | None:
    """The account, held until the end: two sign-ins of one person come one after the other."""
    mine = sa.select(Account).where(Account.username == username).with_for_update()
    return session.execute(mine.execution_options(populate_existing=True)).scalar_one_or_none()


def _make(session: Session, said: Said, role: Role, now: datetime) -> Account:
    try:
        account_id = auth.create_account(
            session, username=said.username, name=said.name, role=role, password=None, now=now
        )
    except auth.UsernameTaken as taken:  # in this very moment, in another browser
        raise Conflict() from taken
    values = {"provisioned_at": now, "email": said.email}
    session.execute(sa.update(Account).where(Account.id == account_id).values(**values))
    _log(session, "made", account_id, now, username=said.username, role=role.value)
    return session.get_one(Account, account_id)


def _update(session: Session, account: Account, said: Said, role: Role, now: datetime) -> None:
    if account.group_gone_at is not None and not account.active:
        account.active, account.group_gone_at = True, None
        _log(session, "unlocked", account.id, now)
    if account.name != said.name:
        _log(session, "renamed", account.id, now, was=account.name, name=said.name)
        announce(session, "account.renamed", account_id=account.id, name=said.name)
        account.name = said.name
    if said.email:
        account.email = said.email
    if account.role != role.value:
        _change_role(session, account, role, now)
    session.flush()


def _change_role(session: Session, account: Account, role: Role, now: datetime) -> None:
    """Another role; every session ends, so that the new rights count. The last administrator stays
    one, whatever the groups say: somebody must be able to put them right.
    """
    try:
        leave_an_administrator(session, account)
    except LastAdministrator:
        log.warning("%s stays administrator: there is no other", account.username)
        return
    was, account.role = account.role, role.value
    session.flush()
    auth.end_sessions(session, account.id)
    _log(session, "role_changed", account.id, now, was=was, role=role.value)


def _take_away(session: Session, account: Account, now: datetime) -> None:
    """Their group is gone: locked out, with all sessions, until a group gives a role again."""
    if not account.active:
        return
    try:
        leave_an_administrator(session, account)
    except LastAdministrator:
        log.warning("%s is refused, and not locked out: there is no other", account.username)
        return
    account.group_gone_at = now
    session.flush()
    auth.lock_out(session, account.id)
    _put_into(session, account.id, frozenset(), None, now)
    _log(session, "locked", account.id, now)


def _put_into(
    session: Session,
    account_id: int,
    divisions: frozenset[str],
    given: Provision | None,
    now: datetime,
) -> None:
    """Exactly these divisions; where no map is configured, none are kept here at all."""
    mine = Membership.account_id == account_id
    had = set(session.scalars(sa.select(Membership.division).where(mine)))
    wanted = set(divisions) if given is not None and given.divisions else set()
    if had == wanted:
        return
    session.execute(sa.delete(Membership).where(mine, Membership.division.in_(had - wanted)))
    session.add_all(Membership(account_id=account_id, division=each) for each in wanted - had)
    session.flush()
    _log(session, "divisions_changed", account_id, now, was=sorted(had), divisions=sorted(wanted))


def _log(session: Session, verb: str, account_id: int, now: datetime, **data: Any) -> None:
    subject = f"{audit.ACCOUNT}{account_id}"
    audit.record(session, f"floor.{verb}", subject, by=audit.CITY_SIGN_IN, at=now, **data)
