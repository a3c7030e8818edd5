"""Who may do what to whom. Pure: it can be read aloud.

A supervisor looks after those who answer and those who go out; an administrator after everybody.
Nobody does to themselves what locks them out, nobody gives a role that they do not look after, and
one administrator at least can always sign in.
"""

import re
from collections.abc import Mapping

from hotline.errors import Conflict, Forbidden, Invalid
from hotline.roles import Role

MANAGES: Mapping[Role, frozenset[Role]] = {
    Role.SUPERVISOR: frozenset({Role.AGENT, Role.CREW}),
    Role.ADMINISTRATOR: frozenset(Role),
}
#: Who sees the pages of other people's accounts.
MANAGERS = tuple(MANAGES)
NAME_LENGTH, CONTACT_LENGTH = 120, 120
_USERNAME = re.compile(r"[a-z0-9][a-z0-9._@-]{1,63}")


class NotTheirs(Forbidden):
    """This account is looked after by somebody else."""

    code, text = "not-theirs", "floor.people.not_yours"


class NotYourself(Forbidden):
    code, text = "not-yourself", "floor.people.not_yourself"


class LastAdministrator(Conflict):
    code, text = "last-administrator", "floor.people.last_administrator"


class ReasonNeeded(Invalid):
    code, text = "reason-needed", "floor.people.reason_needed"


class BadUsername(Invalid):
    code, text = "bad-username", "floor.people.bad_username"


class BadName(Invalid):
    code, text = "bad-name", "floor.people.bad_name"


class NoSuchRole(Invalid):
    code, text = "no-such-role", "floor.people.no_such_role"


def manages(role: Role, theirs: Role) -> bool:
    """Whether accounts of `role` look after accounts of `theirs`."""
    return theirs in MANAGES.get(role, frozenset())


def roles_given_by(role: Role) -> list[Role]:
    """The roles that accounts of `role` may give, in order."""
    return [each for each in Role if manages(role, each)]


def read_role(text: str) -> Role:
    """The role of that name; raises NoSuchRole."""
    if text not in list(Role):
        raise NoSuchRole(text)
    return Role(text)


def read_username(text: str) -> str:
    """A username as it is kept; raises BadUsername."""
    username = text.strip().lower()
    if not _USERNAME.fullmatch(username):
        raise BadUsername()
    return username


def read_name(text: str) -> str:
    """A person's name as it is kept, without doubled spaces; raises BadName."""
    name = " ".join(text.split())
    if not name or len(name) > NAME_LENGTH or not name.isprintable():
        raise BadName(length=NAME_LENGTH)
    return name


def read_contact(text: str) -> str:
    """Where somebody is reached, as it was written; raises BadName when it is too long."""
    contact = " ".join(text.split())
    if len(contact) > CONTACT_LENGTH or not contact.isprintable():
        raise BadName(length=CONTACT_LENGTH)
    return contact


def need_reason(text: str) -> str:
    """The reason of what hurts somebody; raises ReasonNeeded when there is none."""
    if not (reason := text.strip()):
        raise ReasonNeeded()
    return reason
