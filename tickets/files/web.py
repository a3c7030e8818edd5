"""Files on pages: they are added on the page of their ticket, and each has a page of its own, which
shows it large.

A file is served by a route that asks who may see it, each time. Browsers are told to take it for
nothing else than it is, to run nothing in it, and to keep it for nobody else.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from flask import (
    Blueprint,
    Response,
    jsonify,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from werkzeug.datastructures import FileStorage

from hotline import clock
from hotline.auth import EVERYONE, Role, access
from hotline.errors import Conflict, Forbidden, HotlineError, Invalid
from hotline.web import floor, t, wants_json
from tickets import service as tickets
from tickets import words
from tickets.config import Tickets
from tickets.facts import Actor, TicketFacts
from tickets.files import rules, service
from tickets.files.config import MEGABYTE
from tickets.files.errors import NothingSent, SomeRefused
from tickets.files.rules import Kind, Type
from tickets.files.service import FileFacts
from tickets.files.view import gallery
from tickets.web import LARGEST_ID, acting, refused

#: Its templates are the room's.
blueprint = Blueprint("files", __name__)
ADDERS = (Role.AGENT, Role.SUPERVISOR, Role.DIVISION, Role.CREW, Role.ADMINISTRATOR)
MARKERS = (Role.SUPERVISOR, Role.DIVISION, Role.ADMINISTRATOR)
_ALL = "/tickets/<number>/files"
_ONE = f"{_ALL}/<int(max={LARGEST_ID}):file_id>"
#: What a form has besides its files, in bytes.
_REST = 100_000
#: What is served runs nothing, loads nothing and sends nothing, whatever it is taken for.
_NOTHING_RUNS = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
_ENDING = {Type.JPEG: "jpg"}


def _config() -> Tickets:
    return floor().section(Tickets)


@blueprint.url_value_preprocessor
def _make_room(endpoint: str | None, _values: dict[str, Any] | None) -> None:
    """Photos are larger than other forms; before anything reads the form."""
    if endpoint == "files.add":
        config = _config().files
        most = int(config.at_once * config.file_megabytes * MEGABYTE) + _REST
        request.max_content_length = most


# ------------------------------------------------------------------ on the ticket's page


@blueprint.get(_ALL)
@access(*EVERYONE)
def files_of(number: str) -> str:
    """Show, as a fragment, the files of a ticket."""
    with floor().db.read() as session:
        ticket = tickets.by_number_for(session, number, acting())
        shown = gallery(session, _config(), acting(), ticket)
        names = tickets.names_of(session, shown.people)
    return render_template(
        "tickets/files.html",
        ticket=ticket,
        files=shown,
        names=names,
        words=words,
        config=_config(),
        typed={},
    )


@blueprint.post(_ALL)
@access(*ADDERS)
def add(number: str) -> ResponseReturnValue:
    """Add files to a ticket. Form: `kind`, and any number of `file`.

    Each is taken or refused by itself. A program is told what became of each (JSON).
    """
    kind = request.form.get("kind", "")
    if kind not in list(Kind):
        raise Invalid(text="tickets.files.error.kind")
    with floor().db.read() as session:
        ticket = tickets.by_number_for(session, number, acting())
    sent = [each for each in request.files.getlist("file") if each.filename or each.content_length]
    if not sent:
        return _refused(ticket, NothingSent())
    added, wrong = _add_each(ticket, Kind(kind), sent[: _config().files.at_once])
    if wants_json():
        faults = [{"name": name, "message": _said(error)} for name, error in wrong]
        answer = jsonify(added=[file.id for file in added], refused=faults)
        answer.status_code = wrong[0][1].status if wrong and not added else 200
        return answer
    if len(sent) == 1 and wrong:
        return _refused(ticket, wrong[0][1])
    if wrong:
        told = " · ".join(f"{name}: {_said(error)}" for name, error in wrong)
        return _refused(ticket, SomeRefused(taken=len(added), told=told))
    return redirect(url_for("tickets.ticket_page", number=ticket.number) + "#files", 303)


def _refused(ticket: TicketFacts, error: HotlineError) -> ResponseReturnValue:
    if wants_json():
        raise error
    return refused(ticket.number, error)


def _said(error: HotlineError) -> str:
    return t(error.text_key, **error.values)


def _add_each(
    ticket: TicketFacts, kind: Kind, sent: Sequence[FileStorage]
) -> tuple[list[FileFacts], list[tuple[str, HotlineError]]]:
    """What was taken, and what was not with why."""
    added: list[FileFacts] = []
    wrong: list[tuple[str, HotlineError]] = []
    config, actor, now = _config().files, acting(), clock.now()
    for each in sent:
        name = each.filename or ""
        try:
            # one byte more than is allowed tells that there are too many
            data = each.stream.read(int(config.file_megabytes * MEGABYTE) + 1)
            received = service.receive(floor(), config, data, kind=kind, name=name, now=now)
            with floor().db.write() as session:
                added.append(service.add(session, config, ticket, received, actor=actor, now=now))
        except (Invalid, Conflict, Forbidden) as error:
            wrong.append((name, error))
    return added, wrong


# ------------------------------------------------------------------ one file


@blueprint.get(_ONE)
@access(*EVERYONE)
def file_page(number: str, file_id: int) -> ResponseReturnValue:
    """Show one file large, with all that is known of it."""
    return _page(number, file_id)


@blueprint.get(f"{_ONE}/content")
@access(*EVERYONE)
def content(number: str, file_id: int) -> Response:
    """Send a file itself. Address: `download=1` has it saved and not shown."""
    return send(_allowed(number, file_id)[1], download=request.args.get("download") == "1")


@blueprint.get(f"{_ONE}/thumb")
@access(*EVERYONE)
def thumb(number: str, file_id: int) -> Response:
    """Send the small picture of a file."""
    return send(_allowed(number, file_id)[1], small=True)


@blueprint.post(f"{_ONE}/mark")
@access(*MARKERS)
def mark(number: str, file_id: int) -> ResponseReturnValue:
    """Make a photo public or private. Form: `public` (1 or 0), `text` (why)."""

    def change(session: Session, ticket: TicketFacts, actor: Actor, now: datetime) -> None:
        service.mark(
            session,
            ticket,
            file_id,
            public=request.form.get("public") == "1",
            text=request.form.get("text", ""),
            actor=actor,
            now=now,
        )

    return _changed(number, file_id, change)


@blueprint.post(f"{_ONE}/remove")
@access(*ADDERS)
def remove(number: str, file_id: int) -> ResponseReturnValue:
    """Hide a file. Form: `text` (why)."""

    def change(session: Session, ticket: TicketFacts, actor: Actor, now: datetime) -> None:
        text = request.form.get("text", "")
        service.remove(session, ticket, file_id, text=text, actor=actor, now=now)

    return _changed(number, file_id, change, gone=True)


def _changed(
    number: str,
    file_id: int,
    change: Callable[[Session, TicketFacts, Actor, datetime], None],
    *,
    gone: bool = False,
) -> ResponseReturnValue:
    actor = acting()
    try:
        with floor().db.write() as session:
            ticket = tickets.by_number_for(session, number, actor)
            change(session, ticket, actor, clock.now())
    except (Invalid, Conflict, Forbidden) as error:
        return make_response(_page(number, file_id, error), error.status)
    if gone:
        return redirect(url_for("tickets.ticket_page", number=ticket.number) + "#files", 303)
    return redirect(url_for("files.file_page", number=ticket.number, file_id=file_id), 303)


def _allowed(number: str, file_id: int) -> tuple[TicketFacts, FileFacts]:
    with floor().db.read() as session:
        ticket = tickets.by_number_for(session, number, acting())
        return ticket, service.allowed(session, ticket, file_id, acting())


def _page(number: str, file_id: int, error: HotlineError | None = None) -> str:
    actor = acting()
    with floor().db.read() as session:
        ticket = tickets.by_number_for(session, number, actor)
        service.allowed(session, ticket, file_id, actor)
        shown = gallery(session, _config(), actor, ticket)
        names = tickets.names_of(session, shown.people)
    every = [*shown.all, *shown.removed]
    at = next(n for n, each in enumerate(every) if each.file.id == file_id)
    return render_template(
        "tickets/file.html",
        ticket=ticket,
        shown=every[at],
        before=every[at - 1] if at else None,
        after=every[at + 1] if at + 1 < len(every) else None,
        reasons=shown.reasons,
        names=names,
        words=words,
        error=error,
        typed=request.form,
    )


# ------------------------------------------------------------------ how bytes are served


def send(file: FileFacts, *, small: bool = False, download: bool = False) -> Response:
    """Answer with the bytes of a file that the asker may see: for routes that have asked whether.

    A document is always saved: what a browser shows of it is not ours to make safe.
    """
    response = Response()
    response.set_etag(file.thumb if small and file.thumb else file.hash)
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = _NOTHING_RUNS
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    response.headers["Referrer-Policy"] = "no-referrer"
    type_ = Type.JPEG if small else file.type
    response.mimetype = rules.MIME[type_]
    kept = "attachment" if download or not file.is_picture else "inline"
    name = f"{file.kind.value}-{file.id}.{_ENDING.get(type_, type_.value)}"
    response.headers.set("Content-Disposition", kept, filename=name)
    if request.if_none_match.contains_weak(response.get_etag()[0] or ""):
        response.status_code = 304
        return response
    response.set_data(service.read(floor(), file, thumb=small))
    return response
