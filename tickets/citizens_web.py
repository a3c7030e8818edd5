"""The page on which a citizen follows their own ticket: no account, a proof, one question a page.

Nothing here is for staff, and nothing that staff write for each other is shown: what is, is decided
in `tickets.following`. The cookie is good for one ticket, for a short while, and for as long as the
link that it came by; forms carry a token that is bound to it.
"""

import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import IO, Any
from urllib.parse import urlencode

import sqlalchemy as sa
from flask import Blueprint, g, make_response, redirect, render_template, request, url_for
from itsdangerous import BadSignature, URLSafeSerializer
from sqlalchemy.orm import Session
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Response

from hotline import clock, i18n
from hotline.auth import public
from hotline.errors import HotlineError, Invalid, NotFound
from hotline.web import LANGUAGE_COOKIE, floor, is_secure, language, network, set_cookie
from tickets import attempts, facts, following, links, numbers, words
from tickets.citizen_words import moment_words, until_words
from tickets.config import Tickets
from tickets.errors import BadNumber, NotAPhoto, NotProven, TooManyTries
from tickets.facts import TicketFacts
from tickets.files import service as files
from tickets.files.config import MEGABYTE
from tickets.files.errors import BadFile
from tickets.files.rules import Refusal
from tickets.files.service import FileFacts
from tickets.files.web import send
from tickets.following import Guess
from tickets.matters import service as matters
from tickets.models import Ticket
from tickets.web import spoken_languages
from tickets.workflow import State

blueprint = Blueprint("citizen", __name__)

_CHOSEN = "citizen_language"
#: Set when a form was too large to be read.
_UNREAD = "citizen_form_unread"


def _config() -> Tickets:
    return floor().section(Tickets)


def _key() -> str:
    return floor().settings.secret_key


# ------------------------------------------------------------------ language, headers


@blueprint.before_request
def _read_language() -> None:
    """In the language of the address, of the browser's last choice, or of the ticket: all that the
    hotline speaks, where the pages of staff know two. Where nobody knows of which ticket (a link
    that has ended, a number to be asked for), in the one that the browser is set to.
    """
    asked, before = request.args.get("lang"), request.cookies.get(LANGUAGE_COOKIE)
    known = spoken_languages()
    own = request.accept_languages.best_match(known, default=known[0])
    g.language = next((each for each in (asked, before) if each in known), own)
    setattr(g, _CHOSEN, asked if asked in known else None)


@blueprint.after_request
def _headers(response: Response) -> Response:
    """The address of a page may have held a token: nobody is told where its reader came from."""
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    response.headers["Cache-Control"] = "no-store"
    chosen = g.get(_CHOSEN)
    if chosen:
        set_cookie(response, LANGUAGE_COOKIE, chosen)
    return response


def _speak(ticket: TicketFacts) -> None:
    """In the ticket's language, unless its reader has chosen one."""
    known = spoken_languages()
    if not g.get(_CHOSEN) and request.cookies.get(LANGUAGE_COOKIE) not in known:
        g.language = ticket.language if ticket.language in known else "en"


# ------------------------------------------------------------------ the session


@dataclass(frozen=True)
class Visit:
    """A browser that has proved a ticket: by its digits (`link` 0) or by a link. `caller`: 0 for
    its first caller, else who came with it later (`tickets.matters`).
    """

    ticket: int
    link: int
    nonce: str
    until: float
    caller: int = 0

    def form_token(self) -> str:
        """What a form of this visit carries: useless in another one."""
        return hmac.new(
            _key().encode(), f"citizen's form:{self.nonce}".encode(), "sha256"
        ).hexdigest()


def _cookie() -> str:
    return "__Host-hotline_ticket" if is_secure(floor()) else "hotline_ticket"


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(
        _key(), salt="a citizen's page", signer_kwargs={"digest_method": hashlib.sha256}
    )


def _enter(response: Response, visit: Visit, now: datetime) -> Response:
    """Let the browser stay for a while from now on."""
    length = timedelta(minutes=_config().citizens.session_minutes)
    note = [visit.ticket, visit.link, visit.nonce, (now + length).timestamp(), visit.caller]
    seconds = int(length.total_seconds() / clock.speed()) or 1
    text = str(_signer().dumps(note))
    set_cookie(response, _cookie(), text, httponly=True, seconds=seconds)
    return response


def _new_visit(ticket_id: int, link_id: int = 0, caller: int = 0) -> Visit:
    return Visit(ticket_id, link_id, secrets.token_urlsafe(12), 0.0, caller)


def _visit(session: Session, now: datetime) -> tuple[Visit, TicketFacts] | None:
    """The visit of this browser and its ticket; None when there is none, or none any more."""
    try:
        visit = Visit(*_signer().loads(request.cookies.get(_cookie(), "")))
    except (BadSignature, TypeError):
        return None
    if now.timestamp() > visit.until or (visit.link and not links.lives(session, visit.link, now)):
        return None
    row = session.scalar(sa.select(Ticket).where(Ticket.id == visit.ticket))
    g.came_as = visit.caller
    return None if row is None else (visit, facts.of_ticket(row))


# ------------------------------------------------------------------ the proof


@blueprint.get("/t")
@public
def start() -> Response:
    """Ask for the number, then (with `number`) for the proof: the check digit finds slips before
    anything is looked up.
    """
    text = request.args.get("number", "")
    if not text.strip():
        return _start()
    try:
        number = numbers.parse(text[: numbers.LONGEST * 3])
    except numbers.BadNumberError as slip:
        return _start(BadNumber(slip.slip), typed=text)
    return _page("proof", number=numbers.display(number))


@blueprint.post("/t")
@public
def prove() -> Response:
    """Check the proof. Form: `number`, `digits`. A wrong one and no such ticket look alike."""
    now = clock.now()
    try:
        number = numbers.parse(request.form.get("number", "")[: numbers.LONGEST * 3])
    except numbers.BadNumberError as slip:
        return _start(BadNumber(slip.slip))
    guess = Guess(number, request.form.get("digits", "")[:20], network())
    error: Invalid = NotProven()
    found, caller = None, 0
    try:
        with floor().db.write() as session:
            found = following.prove(session, _config(), guess, secret_key=_key(), now=now)
            caller = matters.who_proved(session, found, guess.digits) if found else 0
    except TooManyTries as locked:
        error = TooManyTries(until=_in_words(locked.values["until"]))
    if found is None:
        page = _page("proof", number=numbers.display(number), error=error)
        page.status_code = error.status
        return page
    _speak(found)
    visit = _new_visit(found.id, caller=caller)
    return _enter(redirect(url_for("citizen.ticket"), 303), visit, now)


@blueprint.get("/t/<path:token>")
@public
def by_link(token: str) -> Response:
    """Open the page by the link of an SMS; the token leaves the address at once. What else somebody
    has made of an address of these pages is a link that opens nothing.
    """
    now, address = clock.now(), attempts.of_address(_key(), network())
    with floor().db.read() as session:
        locked = attempts.locked_until(session, address, now=now)
        link = None if locked else links.opened_by(session, token, now)
        caller = matters.who_has(session, link.ticket_id, link.number) if link else 0
    if link is not None:
        visit = _new_visit(link.ticket_id, link.id, caller)
        return _enter(redirect(url_for("citizen.ticket"), 303), visit, now)
    if locked:
        # not the link's fault, and what helps is not the link that they have come by
        error = TooManyTries(text="tickets.citizen.too_many_here", until=_in_words(locked))
        return _start(error)
    with floor().db.write() as session:
        free = _config().citizens.attempts_of_address
        attempts.failed(session, address, free=free, now=now)
    return _start(Invalid(text="tickets.citizen.link_over"), status=404)


def _start(
    error: HotlineError | None = None, *, typed: str = "", kept: str = "", status: int = 0
) -> Response:
    page = _page("start", error=error, number=typed, kept=kept)
    page.status_code = status or (error.status if error else 200)
    return page


@blueprint.post("/t/leave")
@public
def leave() -> Response:
    """Forget the ticket in this browser, such as somebody else's telephone."""
    response = redirect(url_for("citizen.start"), 303)
    response.delete_cookie(_cookie(), secure=is_secure(floor()), httponly=True, samesite="Lax")
    return response


# ------------------------------------------------------------------ the page


@blueprint.get("/t/ticket")
@public
def ticket() -> Response:
    """Show the ticket that this browser has proved."""
    now = clock.now()
    with floor().db.read() as session:
        came = _visit(session, now)
        if came is None:
            return redirect(url_for("citizen.start"), 303)
        visit, found = came
        shown = following.page(session, _config(), found, now, visit.caller)
        photos = _pictures(session, found, visit)
    _speak(found)
    done = request.args.get("done", "")
    return _enter(
        _page(
            "ticket",
            visit=visit,
            page=shown,
            photos=photos,
            done=done if done in _DONE else "",
        ),
        visit,
        now,
    )


#: What can be said to have been done, on the page that follows.
_DONE = ("message", "photo", "rate", "reopen", "withdraw", "confirm")


def _came_as() -> int:
    """Who writes, of several who came with a matter (`Visit.caller`): `_visit` has found it."""
    caller: int = g.came_as
    return caller


#: What also somebody can do who came with it later.
_ANYBODY = ("message", "rate")
Change = Callable[[Session, TicketFacts, datetime], Any]


def _ask(what: str, error: HotlineError | None = None) -> Response:
    """One question, on a page of its own."""
    now = clock.now()
    with floor().db.read() as session:
        came = _visit(session, now)
        if came is None:
            return redirect(url_for("citizen.start"), 303)
        visit, found = came
        if visit.caller and what not in _ANYBODY:
            return redirect(url_for("citizen.ticket"), 303)
        shown = following.page(session, _config(), found, now, visit.caller)
    _speak(found)
    page = _page(what, visit=visit, page=shown, error=error, longest=following.LONGEST)
    page.status_code = error.status if error else 200
    return _enter(page, visit, now)


def _do(what: str, change: Change) -> Response:
    """Make one change of the citizen's in one unit of work; a refusal is said on the question."""
    now = clock.now()
    try:
        with floor().db.write() as session:
            came = _visit(session, now)
            if came is None:
                over = Invalid(text="tickets.citizen.session_over")
                return _start(over, kept=request.form.get("text", ""), status=401)
            visit, found = came
            if not hmac.compare_digest(request.form.get("form_token", ""), visit.form_token()):
                raise Invalid(text="floor.csrf")
            if visit.caller and what not in _ANYBODY:
                raise NotFound(f"{what} of ticket {found.id}")
            change(session, found, now)
    except NotFound:
        return redirect(url_for("citizen.ticket"), 303)
    except HotlineError as error:
        return _ask(what, error)
    return redirect(url_for("citizen.ticket", done=what), 303)


@blueprint.get("/t/ticket/message")
@public
def ask_message() -> Response:
    """Ask what the citizen wants to say."""
    return _ask("message")


@blueprint.post("/t/ticket/message")
@public
def message() -> Response:
    """Add what the citizen says. Form: `text`."""
    text = request.form.get("text", "")
    return _do(
        "message",
        lambda session, found, now: following.say(
            session, _config(), found, text, by="page", now=now, caller=_came_as()
        ),
    )


@blueprint.get("/t/ticket/rate")
@public
def ask_rate() -> Response:
    """Ask how good the result is."""
    return _ask("rate")


@blueprint.post("/t/ticket/rate")
@public
def rate() -> Response:
    """Keep the mark for the result. Form: `mark` (1 to 5), `text`."""
    mark, text = request.form.get("mark", 0, type=int), request.form.get("text", "")
    return _do(
        "rate",
        lambda session, found, now: following.judge(
            session, _config(), found, mark, text, now=now, caller=_came_as()
        ),
    )


@blueprint.get("/t/ticket/reopen")
@public
def ask_reopen() -> Response:
    """Ask what is not done yet."""
    return _ask("reopen")


@blueprint.post("/t/ticket/reopen")
@public
def reopen() -> Response:
    """Open it again. Form: `text`."""
    text = request.form.get("text", "")
    return _do(
        "reopen",
        lambda session, found, now: following.reopen(session, _config(), found, text, now=now),
    )


@blueprint.get("/t/ticket/withdraw")
@public
def ask_withdraw() -> Response:
    """Ask why it is taken back."""
    return _ask("withdraw")


@blueprint.post("/t/ticket/withdraw")
@public
def withdraw() -> Response:
    """Take the matter back. Form: `text`."""
    text = request.form.get("text", "")
    return _do(
        "withdraw",
        lambda session, found, now: following.withdraw(session, _config(), found, text, now=now),
    )


@blueprint.get("/t/ticket/confirm")
@public
def ask_confirm() -> Response:
    """Ask whether it is done."""
    return _ask("confirm")


@blueprint.post("/t/ticket/confirm")
@public
def confirm() -> Response:
    """Note that the citizen says it is done."""
    return _do(
        "confirm",
        lambda session, found, now: following.confirm(session, _config(), found, now=now),
    )


# ------------------------------------------------------------------ photos


#: A form's other fields, beside the photo.
_REST = 64 * 1024
#: What a citizen need not be told apart: it is no photo.
_NO_PHOTO = (Refusal.EMPTY, Refusal.TYPE, Refusal.TYPE_OFF, Refusal.NO_PICTURE)
#: Of what is too large so much is read, and not kept: a photo of any telephone.
_MOST_READ_OUT = 60 * MEGABYTE


@blueprint.url_value_preprocessor
def _make_room(endpoint: str | None, _values: dict[str, Any] | None) -> None:
    """A photo is larger than other forms; before anything reads the form."""
    if endpoint == "citizen.add_photo":
        most = _config().files.citizens.file_megabytes * MEGABYTE
        request.max_content_length = int(most) + _REST


@blueprint.errorhandler(HotlineError)
def _refused(error: HotlineError) -> Response:
    """Whatever is wrong, a citizen stays on their own pages: those of staff would have them sign
    in.
    """
    return _start(error)


@blueprint.errorhandler(RequestEntityTooLarge)
def _too_large(_error: RequestEntityTooLarge) -> Response:
    """Said on the question, and after the whole of it has come: a browser that is still sending
    shows a broken connection instead of an answer.
    """
    setattr(g, _UNREAD, True)
    _read_out(request.environ["wsgi.input"], request.content_length or 0)
    most = f"{_config().files.citizens.file_megabytes:g}"
    error = BadFile(Refusal.TOO_LARGE, most=most)
    return _ask("photo", error) if request.endpoint == "citizen.add_photo" else _start(error)


def _read_out(stream: IO[bytes], length: int) -> None:
    """Read what somebody sends, and keep none of it."""
    left = min(length, _MOST_READ_OUT)
    while left > 0 and (part := stream.read(min(left, _REST))):
        left -= len(part)


@blueprint.get("/t/ticket/photo")
@public
def ask_photo() -> Response:
    """Ask for a photo of the matter."""
    return _ask("photo")


@blueprint.post("/t/ticket/photo")
@public
def add_photo() -> Response:
    """Add a photo of the citizen's. Form: `photo` (a file)."""
    now, config = clock.now(), _config().files
    with floor().db.read() as session:
        came = _visit(session, now)
    token = request.form.get("form_token", "")
    if came is None or not hmac.compare_digest(token, came[0].form_token()):
        return _do("photo", lambda _session, _found, _now: None)  # it says why not
    sent = request.files.get("photo")
    try:
        # decoded before the unit of work, which would else wait for it
        data = sent.read() if sent else b""
        received = files.receive_from_citizen(floor(), config, data, now=now)
    except BadFile as error:
        return _ask("photo", NotAPhoto() if error.refusal in _NO_PHOTO else error)
    except HotlineError as error:
        return _ask("photo", error)
    return _do(
        "photo",
        lambda session, found, at: files.add_from_citizen(session, config, found, received, now=at),
    )


@blueprint.get("/t/ticket/photos/<int:file_id>")
@public
def photo(file_id: int) -> Response:
    """Send a photo that the citizen may see: their own, or a public one; `small`: its thumbnail."""
    with floor().db.read() as session:
        came = _visit(session, clock.now())
        if came is None:
            raise NotFound(f"file {file_id}")
        found = files.allowed(session, came[1], file_id, None)
        if found not in _pictures(session, came[1], came[0]):
            raise NotFound(f"file {file_id}")
    return send(found, small="small" in request.args)


def _pictures(session: Session, ticket: TicketFacts, visit: Visit) -> list[FileFacts]:
    """Those that the visitor may see: who came later sees none of the first caller's."""
    seen = files.public_ones if visit.caller else files.for_citizen
    return [each for each in seen(session, ticket) if each.is_picture]


# ------------------------------------------------------------------ how it is shown


def _in_tongue(code: str) -> str:
    """Return this page in another language; after a form was sent, the page that it stood on."""
    asked = {key: value for key, value in request.args.items() if key == "number"}
    if request.endpoint == "citizen.by_link":
        return url_for("citizen.start", lang=code)
    if request.endpoint == "citizen.prove" and request.form.get("number"):
        asked = {"number": request.form["number"]}
    return request.path + "?" + urlencode({**asked, "lang": code})


def _in_words(at: datetime) -> str:
    return moment_words(at, language(), floor().city.zone)


def _page(name: str, *, visit: Visit | None = None, **shown: Any) -> Response:
    zone = floor().city.zone
    return make_response(
        render_template(
            f"tickets/citizen/{name}.html",
            spoken=spoken_languages(),
            own_name=lambda code: i18n.language_name(code, code),
            tongue_address=_in_tongue,
            config=_config(),
            words=words,
            states=list(State),
            form_token=visit.form_token() if visit else "",
            moment=lambda at: moment_words(at, language(), zone),
            until=lambda at: until_words(at, language(), zone),
            written_until=lambda text: until_words(datetime.fromisoformat(text), language(), zone),
            typed={} if g.get(_UNREAD) else request.form,
            **shown,
        )
    )
