"""Whom and what a line of the audit log names, in the reader's words.

A line names a record by its kind and number (`agent:7`, `call:12`). Other rooms know what these are
called, so `hotline/pages.py` wires them in; what nobody knows (any more) is told by its own name.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa
from flask import current_app
from sqlalchemy.orm import Session

from hotline import i18n
from hotline.audit import ACCOUNT, Line
from hotline.models import Account
from hotline.web import floor, language, t

#: Where the application keeps how the rooms name their records.
ROOMS: Final = "people.naming"
#: Accounts that a name may stand for when it is looked for.
_LIKE = 50


@dataclass(frozen=True)
class Room:
    """How a room names its records. `kind`: how its subjects begin, without the colon.

    `names`: of these ids, as far as they are known. `of_accounts`: the ids that belong to them.
    """

    kind: str
    names: Callable[[Session, Iterable[int]], Mapping[int, str]]
    of_accounts: Callable[[Session, Iterable[int]], Iterable[int]]


def _rooms() -> tuple[Room, ...]:
    rooms: tuple[Room, ...] = current_app.extensions.get(ROOMS, ())
    return rooms


class Names:
    """The names that some lines need, read at once."""

    def __init__(self, session: Session, lines: Iterable[Line]) -> None:
        asked: dict[str, set[int]] = {}
        for line in lines:
            for subject in _subjects(line):
                kind, _, number = subject.partition(":")
                if number.isdecimal():
                    asked.setdefault(kind, set()).add(int(number))
        self._known = {f"{ACCOUNT}{id_}": name for id_, name in _accounts(session, asked).items()}
        for room in _rooms():
            found = room.names(session, asked.get(room.kind, ()))
            self._known |= {f"{room.kind}:{id_}": name for id_, name in found.items()}

    def of(self, subject: str, data: Mapping[str, Any] | None = None) -> str:
        """What a subject is called."""
        if subject in self._known:
            return self._known[subject]
        kind, _, number = subject.partition(":")
        if number and (key := f"floor.log.the_{kind}") in floor().texts:
            shown = str((data or {}).get("number", number)) if kind == "ticket" else number
            room = f"floor.log.value.room.{number}"
            return t(key, number=t(room) if kind == "room" and room in floor().texts else shown)
        return t("floor.log.a_citizen") if subject == "citizen" else subject

    def said(self, name: str, value: object) -> str:
        """What a line keeps under a name: a record by what it is called, else the value itself."""
        if isinstance(value, int):
            return self._known.get(f"{name}:{value}", i18n.number(value, language()))
        return self.of(str(value))


def _subjects(line: Line) -> Iterable[str]:
    """All that a line names: what it was done to, and what stands beside it."""
    yield line.subject
    for name, value in line.data.items():
        for each in value if isinstance(value, list) else (value,):
            if isinstance(each, str):
                yield each
            elif isinstance(each, int):
                yield f"{name}:{each}"


def _accounts(session: Session, asked: Mapping[str, set[int]]) -> dict[int, str]:
    """Name and username: two may be called alike."""
    ids = asked.get(ACCOUNT.rstrip(":"), set())
    rows = session.execute(
        sa.select(Account.id, Account.name, Account.username).where(Account.id.in_(ids))
    )
    return {id_: called(name, username) for id_, name, username in rows}


def called(name: str, username: str) -> str:
    """Somebody as the log tells of them."""
    return username if name.casefold() == username.casefold() else f"{name} ({username})"


def accounts_like(session: Session, text: str) -> list[int]:
    """Whose username or name this is; else those in whose names it stands."""
    exact = sa.select(Account.id).where(sa.or_(Account.username == text, Account.name == text))
    if found := list(session.scalars(exact)):
        return found
    like = Account.name.icontains(text, autoescape=True)
    like |= Account.username.icontains(text, autoescape=True)
    return list(
        session.scalars(sa.select(Account.id).where(like).order_by(Account.id).limit(_LIKE))
    )


def subjects_of(session: Session, accounts: Iterable[int]) -> list[str]:
    """Everything by which lines name these people."""
    ids = list(accounts)
    found = [f"{ACCOUNT}{each}" for each in ids]
    for room in _rooms():
        found += [f"{room.kind}:{each}" for each in room.of_accounts(session, ids)]
    return found
