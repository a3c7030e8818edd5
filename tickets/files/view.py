"""What the page of a ticket shows of its files."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from flask import current_app
from sqlalchemy.orm import Session

from tickets import service as tickets
from tickets.config import Tickets
from tickets.facts import Actor, TicketFacts
from tickets.files import rules
from tickets.files.rules import Kind, Type
from tickets.files.service import FileFacts, of_ticket, reasons, standing

#: Where a form that is posted makes where a photo was taken the place of its ticket (field `file`,
#: its id); None: the reader does not. `hotline/pages.py` wires it in;
#: without it the place is told and not offered.
PIN = "tickets.files.pin"
Pin = Callable[[Session, Actor, TicketFacts, FileFacts], str | None]

#: What a chooser of files offers by itself; what is taken, the file's content decides.
ACCEPT: Mapping[Type, str] = {**rules.MIME, Type.HEIC: "image/heic,image/heif,.heic,.heif"}


@dataclass(frozen=True)
class Shown:
    """A file as a reader sees it; `n` of `of` is its place among those of its kind."""

    file: FileFacts
    n: int
    of: int
    pin: str | None
    may_mark: bool
    may_remove: bool


@dataclass(frozen=True)
class Gallery:
    """The files of a ticket for one reader, and what they may do there."""

    pictures: Mapping[Kind, list[Shown]]
    documents: list[Shown]
    removed: list[Shown]
    reasons: Mapping[int, str]
    accept: str
    takes: str
    at_once: int
    may_add: bool
    #: Its category wants a photo of what was done, and there is none yet.
    lacks_after_photo: bool
    may_do_without: bool

    @property
    def all(self) -> list[Shown]:
        """Those to look at one after the other."""
        return [*self.pictures[Kind.BEFORE], *self.pictures[Kind.AFTER], *self.documents]

    @property
    def people(self) -> set[str]:
        """Who is named."""
        files = [each.file for each in (*self.all, *self.removed)]
        return {file.added_by for file in files} | {file.removed_by or "" for file in files}


def gallery(session: Session, config: Tickets, actor: Actor, ticket: TicketFacts) -> Gallery:
    """Return the files of a ticket as the actor sees them."""
    files = of_ticket(session, ticket, actor)
    who = standing(actor, ticket)
    pin: Pin | None = current_app.extensions.get(PIN)
    groups: dict[tuple[Kind, bool, bool], list[FileFacts]] = {}
    for file in files:
        groups.setdefault((file.kind, file.is_picture, file.is_removed), []).append(file)

    def shown(kind: Kind, *, picture: bool, removed: bool = False) -> list[Shown]:
        group = groups.get((kind, picture, removed), [])
        return [
            Shown(
                file=file,
                n=n,
                of=len(group),
                pin=pin(session, actor, ticket, file) if pin and file.position else None,
                may_mark=rules.may_mark(who) and picture and not removed,
                may_remove=not removed
                and rules.may_remove(
                    who, own=file.added_by == actor.username and not file.by_citizen
                ),
            )
            for n, file in enumerate(group, 1)
        ]

    removed = [
        each
        for kind in Kind
        for picture in (True, False)
        for each in shown(kind, picture=picture, removed=True)
    ]
    accepted = config.files.accept
    return Gallery(
        pictures={kind: shown(kind, picture=True) for kind in (Kind.BEFORE, Kind.AFTER)},
        documents=[
            *shown(Kind.DOCUMENT, picture=True),
            *shown(Kind.DOCUMENT, picture=False),
        ],
        removed=removed,
        reasons=reasons(session, ticket) if removed else {},
        accept=",".join(ACCEPT[each] for each in accepted),
        takes=", ".join(each.value.upper() for each in accepted),
        at_once=config.files.at_once,
        may_add=rules.may_add(who),
        lacks_after_photo=ticket.is_open and tickets.lacks_after_photo(session, config, ticket),
        may_do_without=rules.may_do_without(actor.role),
    )
