"""What a crew is shown of its jobs: the same on the page and for programs."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from flask import url_for
from sqlalchemy.orm import Session

from hotline.web import t
from tickets import words
from tickets.config import Tickets
from tickets.facts import Actor, TicketFacts
from tickets.files import service as files
from tickets.files.rules import Kind
from tickets.files.service import FileFacts
from tickets.models import EventKind
from tickets.places import shown
from tickets.places.rules import Pin
from tickets.protection import Contact
from tickets.search import story, text_for
from tickets.units import facts as units_facts
from tickets.units import reading
from tickets.units import rules as units_rules
from tickets.units.facts import Job as UnitJob
from tickets.units.rules import State
from tickets.workflow import Priority

#: Words of the story that tell a crew what was done, and so many of them.
_TELLS: Final = (EventKind.NOTE, EventKind.MOVED, EventKind.MESSAGE, EventKind.CITIZEN)
_EARLIER: Final = 6

STATIC: Final = Path(__file__).parents[1] / "static" / "field"
#: What the page is made of.
SCRIPTS: Final = (
    "page.js",
    "queue.js",
    "store.js",
    "sender.js",
    "moment.js",
    "photo.js",
    "exif.js",
    "position.js",
)
STYLE: Final = "field.css"


@dataclass(frozen=True)
class Earlier:
    """Something that was said of the matter before."""

    at: datetime
    text: str


@dataclass(frozen=True)
class Job:
    """A job as its crew sees it. `text` and `earlier` are without telephone numbers for who may not
    see the caller; `call`: whether the switchboard can put them through to the caller.
    """

    id: int
    order: int
    state: State
    number: str
    title: str
    priority: Priority
    text: str
    note: str
    where: str
    pin: Pin | None
    navigation: str | None
    photos: Mapping[str, Sequence[FileFacts]]
    after: int
    wants_photo: bool
    wants_words: bool
    earlier: Sequence[Earlier]
    sent_at: datetime
    acknowledge_by: datetime
    help_since: datetime | None
    call: bool

    @property
    def urgent(self) -> bool:
        """Somebody waits for it more than for others."""
        return self.priority is not Priority.NORMAL


def jobs(session: Session, config: Tickets, actor: Actor) -> list[Job]:
    """Return the jobs of the unit that somebody is on, in their order."""
    found = reading.jobs_of(session, actor.username)
    return [_job(session, config, actor, each, n) for n, each in enumerate(found, 1)]


def _job(session: Session, config: Tickets, actor: Actor, found: UnitJob, order: int) -> Job:
    ticket, job = found.ticket, found.dispatch
    pin = found.place.pin
    category = config.categories.get(ticket.category or "")
    pictures = files.for_crew(session, ticket)
    return Job(
        id=job.id,
        order=order,
        state=job.state,
        number=ticket.number_shown,
        title=words.category(config, ticket.category) or words.kind(ticket),
        priority=ticket.priority,
        text=text_for(actor, ticket, ticket.text),
        note=text_for(actor, ticket, job.note),
        where=shown.line(config, found.place),
        pin=pin,
        navigation=_navigation(config, pin),
        photos={
            kind.value: [each for each in pictures if each.kind is kind]
            for kind in (Kind.BEFORE, Kind.AFTER)
        },
        after=files.after_photos(session, ticket),
        wants_photo=category is not None and category.after_photo,
        wants_words=config.units.crew_closes,
        earlier=_earlier(session, actor, ticket),
        sent_at=job.sent_at,
        acknowledge_by=job.acknowledge_due_at,
        help_since=job.help_since,
        call=bool(ticket.caller_number)
        and ticket.contact is not Contact.NOBODY
        and not ticket.hide_name,
    )


@dataclass(frozen=True)
class Taken:
    """What a crew had to do and has no more: `why` is a key of its words, `to` the unit that has it
    now, `text` what the dispatcher said, without numbers as a job's.
    """

    id: int
    at: datetime
    number: str
    title: str
    why: str
    to: str
    text: str


def taken(session: Session, config: Tickets, actor: Actor, since: datetime) -> list[Taken]:
    """Return what was taken from the unit that somebody is on since then: nobody sets off, or
    waits, for what is no longer theirs.
    """
    return [
        _taken(config, actor, each) for each in reading.taken_from(session, actor.username, since)
    ]


def _taken(config: Tickets, actor: Actor, each: units_facts.Taken) -> Taken:
    ticket, job = each.ticket, each.dispatch
    assert job.ended_at is not None
    return Taken(
        id=job.id,
        at=job.ended_at,
        number=ticket.number_shown,
        title=words.category(config, ticket.category) or words.kind(ticket),
        why="handed_over" if each.to else "recalled" if ticket.is_open else "closed",
        to=each.to or "",
        text=text_for(actor, ticket, job.outcome),
    )


def _navigation(config: Tickets, pin: Pin | None) -> str | None:
    to = config.field.navigation
    if to is None or pin is None:
        return None
    return to.format(latitude=f"{pin.latitude:.6f}", longitude=f"{pin.longitude:.6f}")


def _earlier(session: Session, actor: Actor, ticket: TicketFacts) -> list[Earlier]:
    said = [
        Earlier(event.at, text_for(actor, ticket, str(event.data["text"])))
        for event in story(session, ticket.id)
        if event.kind in _TELLS and event.data.get("text")
    ]
    return said[-_EARLIER:][::-1]


# ------------------------------------------------------------------ for programs


def as_json(job: Job) -> dict[str, Any]:
    """Return a job as `GET /api/field/jobs` tells it (docs/api.md)."""
    return {
        "id": job.id,
        "order": job.order,
        "state": job.state.value,
        "next": _next(job.state),
        "ticket": job.number,
        "title": job.title,
        "priority": job.priority.value,
        "text": job.text,
        "note": job.note,
        "place": {
            "words": job.where,
            "latitude": job.pin.latitude if job.pin else None,
            "longitude": job.pin.longitude if job.pin else None,
        },
        "photos": [
            {
                "id": file.id,
                "side": file.kind.value,
                "url": url_for("field.photo", job_id=job.id, file_id=file.id),
            }
            for side in job.photos.values()
            for file in side
        ],
        "after_photo": {"wanted": job.wants_photo, "there": job.after},
        "earlier": [{"at": each.at.isoformat(), "text": each.text} for each in job.earlier],
        "sent_at": job.sent_at.isoformat(),
        "acknowledge_by": job.acknowledge_by.isoformat(),
        "help_since": job.help_since.isoformat() if job.help_since else None,
    }


def taken_as_json(each: Taken) -> dict[str, Any]:
    """Return what was taken as `GET /api/field/jobs` tells it."""
    return {
        "id": each.id,
        "ticket": each.number,
        "title": each.title,
        "at": each.at.isoformat(),
        "why": each.why,
        "to": each.to,
        "text": each.text,
    }


def _next(state: State) -> str | None:
    """The act that is next, by the road of all jobs."""
    steps = ("acknowledge", "on_way", "here", "done")
    return steps[units_rules.ROAD.index(state)] if state in units_rules.ROAD else None


# ------------------------------------------------------------------ the page's parts


def version() -> str:
    """Return a name of the page's scripts and style that is another one when they are."""
    made = hashlib.sha256()
    for name in (*SCRIPTS, STYLE):
        made.update((STATIC / name).read_bytes())
    return made.hexdigest()[:16]


def phrases() -> dict[str, str]:
    """Return what the page's script says."""
    said = {
        name: t(f"tickets.field.{name}")
        for name in (
            "metres",
            "kilometres",
            "waiting",
            "again",
            "put_aside",
            "others",
            "not_kept",
            "position_on",
            "position_standing",
            "position_later",
            "position_off",
            "position_stop",
            "position_start",
            "leaving",
        )
    }
    for name in ("sent", "acknowledged", "on_way", "here", "done", "declined"):
        said[f"state_{name}"] = t(f"tickets.field.state.{name}")
    for name in ("acknowledge", "on_way", "here", "done"):
        said[f"act_{name}"] = t(f"tickets.field.step.{name}")
    for name in ("help", "help_over", "note", "decline"):
        said[f"act_{name}"] = t(f"tickets.field.act.{name}")
    for side in ("before", "after"):
        said[f"act_photo_{side}"] = t(f"tickets.field.take.{side}")
        said[f"photo_{side}"] = t(f"tickets.field.photo.{side}")
    for name in ("sent", "sending", "offline", "failing"):
        said[f"line_{name}"] = t(f"tickets.field.line.{name}")
    return said | {
        "line_sign-in": t("tickets.field.line.sign_in"),
        "line_troubled": t("tickets.field.trouble"),
        "photo_first": t("tickets.field.error.photo_first"),
    }
