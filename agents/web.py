"""The desk, the wallboard and the presence API.

Pages compose by URL: what `ivr` shows of a call (`/calls/current`) and of the waiting room
(`/waiting/board`) is fetched by the browser, so that this room need not know them. What a fragment
may do on the desk is written in docs/desk.md.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import (
    current_app,
    g,
    jsonify,
    make_response,
    redirect,
    render_template,
    request,
    send_from_directory,
    url_for,
)
from markupsafe import Markup
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from agents import service, softphone, supervise
from agents.config import Agents
from agents.routing import skill
from agents.service import AgentFacts, BoardRow, PresenceFacts
from agents.states import DECLINED, State, Status, Trouble
from hotline import audit, clock, telephones
from hotline.auth import SETS_UP_SCREENS, Role, access, current_account, public
from hotline.config import LocalText
from hotline.errors import Invalid, NotFound
from hotline.i18n import masked
from hotline.people import service as accounts
from hotline.people.config import Accounts
from hotline.people.rules import MANAGERS
from hotline.people.service import LARGEST_ID, Person
from hotline.web import (
    content_security_policy,
    floor,
    fragment,
    json_body,
    kept,
    language,
    shared,
    static_blueprint,
    t,
    wants_json,
)

blueprint = static_blueprint("agents", __file__)

#: Under which the application keeps what shows the wallboard's figures: markup, from a room above.
FIGURES = "agents.figures"
ANSWERS = (Role.AGENT, Role.SUPERVISOR)
WATCHES = (Role.AGENT, Role.SUPERVISOR, Role.MANAGER)

#: At the top of the grid who needs a look, at the bottom who went home.
_GRID_ORDER = (
    "missed",
    "unreachable",
    "offered",
    "on_call",
    "monitoring",
    "wrap_up",
    "ready",
    "break",
    "signed_out",
)
_PLACE = {word: place for place, word in enumerate(_GRID_ORDER)}


class NotAnAgent(NotFound):
    """The account that is signed in answers no calls."""

    code, text = "not-an-agent", "agents.not_an_agent"


class NoSoftphone(NotFound):
    """This agent answers elsewhere, or no key for browser telephones is set."""

    code, text = "no-softphone", "agents.softphone.none_here"


# ---------------------------------------------------------------- the desk


@blueprint.get("/desk")
@access(*ANSWERS)
def desk() -> BaseResponse:
    """The agent's one screen; a supervisor without queues is told so."""
    with floor().db.read() as session:
        me = service.agent_of_account(session, current_account().id)
        seen = service.presence_of(session, me.id) if me else None
        word = supervise.last_word(session, me.id, now=clock.now()) if me else None
    phone = me is not None and softphone.is_for(floor().settings, me.address)
    page = make_response(
        render_template(
            "agents/desk.html",
            me=me,
            presence=seen,
            word=word,
            choices=_choices(),
            label=label,
            doing=doing,
            late=late,
            softphone=phone,
            carrier_script=floor().settings.carrier_script,
        )
    )
    if phone:
        page.headers["Content-Security-Policy"] = softphone.content_security_policy(
            content_security_policy(), floor().settings
        )
    return page


@blueprint.get("/api/softphone")
@access(*ANSWERS)
def softphone_token() -> BaseResponse:
    """What the agent's browser telephone shows the carrier; the page asks again before it ends."""
    with floor().db.read() as session:
        address = _me(session).address
    if not softphone.is_for(floor().settings, address):
        raise NoSoftphone(address)
    return jsonify(
        token=softphone.access_token(floor().settings, address), seconds=softphone.LIFETIME
    )


@blueprint.post("/api/softphone")
@access(*ANSWERS)
def softphone_tells() -> BaseResponse:
    """The page says that its telephone cannot be answered (`trouble`), or that it can (empty); the
    answer is my presence. See docs/api.md.
    """
    said = str(json_body().get("trouble") or "")
    if said and said not in list(Trouble):
        raise Invalid(
            f"trouble: {said!r}", text="agents.no_such_trouble", choices=", ".join(Trouble)
        )
    with floor().db.write() as session:
        me, now = _me(session), clock.now()
        if not softphone.is_for(floor().settings, me.address):
            raise NoSoftphone(me.address)
        if said:
            service.telephone_fails(session, me.id, Trouble(said), now=now)
        else:
            service.telephone_works(session, me.id, now=now)
    return show_presence()


@blueprint.get("/desk/twilio.min.js")
@public
def sdk() -> BaseResponse:
    """The carrier's SDK, as npm installed it."""
    return send_from_directory(softphone.SDK.parent, softphone.SDK.name, max_age=86400)


@blueprint.get("/desk/presence")
@access(*ANSWERS)
def desk_presence() -> BaseResponse:
    """The strip with status and state, as a fragment."""
    with floor().db.read() as session:
        who = _me(session).id
        seen = service.presence_of(session, who)
        word = supervise.last_word(session, who, now=clock.now())
    return fragment(
        "agents/_presence.html",
        presence=seen,
        word=word,
        choices=_choices(),
        label=label,
        doing=doing,
        late=late,
    )


@blueprint.post("/desk/presence")
@access(*ANSWERS)
def choose_on_desk() -> BaseResponse:
    """The same choice as the API's, from the form: `choice` is `ready`, `break:meal`, …"""
    status, _, reason = request.form.get("choice", "").partition(":")
    _choose(status, reason or None)
    return show_presence() if wants_json() else redirect(url_for("agents.desk"))


# ---------------------------------------------------------------- the wallboard


@blueprint.get("/wallboard")
@access(*WATCHES, screen=True)
def wallboard() -> str:
    """For a wall and for a phone."""
    me, days = current_account(), floor().section(Accounts).sessions.screen_days
    may_leave_on = me.role in SETS_UP_SCREENS and not me.screen
    return render_template(
        "agents/wallboard.html", may_leave_on=may_leave_on, screen_days=days, **_board()
    )


@blueprint.get("/wallboard/now")
@access(*WATCHES, screen=True)
def wallboard_now() -> BaseResponse:
    """What changes on it, as a fragment."""
    return shared(lambda: render_template("agents/_wallboard.html", **_board()))


def _board() -> dict[str, Any]:
    """How the floor stands (from a room above), who answers (ours)."""
    figures = current_app.extensions[FIGURES]()
    with floor().db.read() as session:
        everybody = service.board(session)
    # a supervisor who has a telephone and no queue is on the wall only while it is used
    rows = by_urgency(
        row for row in everybody if row.skills or row.presence.status is not Status.SIGNED_OUT
    )
    people = kept("agents/_person.html", rows, shown=shown, doing=doing)
    return {"figures": figures, "people": people, "counts": Counter(map(shown, rows))}


def by_urgency(rows: Iterable[BoardRow]) -> list[BoardRow]:
    """Who needs a look first; among equals who has been in it longest."""
    return sorted(rows, key=lambda row: (_PLACE[shown(row)], row.presence.shown_since))


def shown(row: BoardRow) -> str:
    """The one word for both fields: the state while the engine holds the agent, else the status; or
    that nothing is offered, since their telephone fails.
    """
    return _word(row.presence)


def _word(seen: PresenceFacts) -> str:
    if seen.state is not State.IDLE:
        return seen.state
    return "unreachable" if seen.unreachable else seen.status


# ---------------------------------------------------------------- the API


@blueprint.get("/api/presence")
@access(*ANSWERS)
def show_presence() -> BaseResponse:
    """What I am doing. See docs/api.md."""
    with floor().db.read() as session:
        me = _me(session)
        return jsonify(_presence_json(me, service.presence_of(session, me.id), session))


@blueprint.post("/api/presence")
@access(*ANSWERS)
def choose_presence() -> BaseResponse:
    """Choose `ready`, `break` (with `reason`) or `signed_out`. See docs/api.md."""
    body = json_body()
    reason = body.get("reason")
    _choose(str(body.get("status", "")), None if reason is None else str(reason))
    return show_presence()


def _choose(status: str, reason: str | None) -> None:
    """Do what the human chose; raises Invalid in words that name what there is to choose."""
    verb = _verb(status, reason)
    with floor().db.write() as session:
        verb(session, _me(session).id, clock.now())


Verb = Callable[[Session, int, datetime], PresenceFacts]


def _verb(status: str, reason: str | None) -> Verb:
    if status == Status.READY:
        return lambda session, who, now: service.ready(session, who, now=now)
    if status == Status.SIGNED_OUT:
        return lambda session, who, now: service.sign_out(session, who, now=now)
    if status == Status.BREAK:
        why = known_reason(reason)
        return lambda session, who, now: service.take_break(session, who, reason=why, now=now)
    choices = ", ".join((Status.READY, Status.BREAK, Status.SIGNED_OUT))
    raise Invalid(f"status: {status!r}", text="agents.no_such_status", choices=choices)


def known_reason(reason: str | None) -> str:
    """The reason, or the first of the configuration when none is given."""
    breaks = floor().section(Agents).breaks
    if reason is None:
        return next(iter(breaks))
    if reason not in breaks:
        choices = ", ".join(breaks)
        raise Invalid(f"reason: {reason!r}", text="agents.no_such_reason", choices=choices)
    return reason


def late(seen: PresenceFacts) -> bool:
    """Whether a wrap-up has taken longer than it should."""
    return seen.wrap_up_due is not None and seen.wrap_up_due <= clock.now()


def _presence_json(me: AgentFacts, seen: PresenceFacts, session: Session) -> dict[str, Any]:
    return {
        "agent": {"id": me.id, "name": me.name},
        "status": seen.status,
        "reason": seen.reason,
        "state": seen.state,
        "trouble": seen.trouble,
        "since": seen.since.isoformat(),
        "state_since": seen.state_since.isoformat(),
        "offer_id": seen.offer_id,
        "call_id": seen.call_id,
        "wrap_up_until": seen.wrap_up_until.isoformat() if seen.wrap_up_until else None,
        "skills": service.skills_of(session, me.id),
    }


# ---------------------------------------------------------------- on an account's page


@dataclass(frozen=True)
class Lines:
    """What callers wait for: the queues with their titles, and the languages spoken there. Another
    room knows them, so `hotline/pages.py` wires them in under `LINES`.
    """

    queues: Mapping[str, LocalText]
    languages: Sequence[str]

    @property
    def skills(self) -> frozenset[str]:
        """Every skill that a caller can ask for."""
        return frozenset(skill(queue, code) for queue in self.queues for code in self.languages)


LINES = "agents.lines"


def work_part(session: Session, person: Person) -> str:
    """On the page of an account that may answer: which calls it gets, and where they ring."""
    if person.role not in ANSWERS:
        return ""
    lines: Lines = current_app.extensions[LINES]
    them = service.agent_of_account(session, person.id)
    return Markup(  # noqa: S704 - escaped by the template
        render_template(
            "agents/_work.html",
            person=person,
            queues=lines.queues,
            languages=lines.languages,
            skills=service.skills_of(session, them.id) if them else [],
            address="" if them is None or them.in_browser else them.address,
        )
    )


@blueprint.post(f"/people/<int(max={LARGEST_ID}):account_id>/work")
@access(*MANAGERS)
def set_work(account_id: int) -> BaseResponse:
    """Form: `skill` (any number of `queue/language`), `address` (a number as people write it;
    empty: the browser).
    """
    wanted, now, by = set(request.form.getlist("skill")), clock.now(), current_account()
    written = request.form.get("address", "").strip()
    address = telephones.kept(written, floor().city.country) if written else None
    if written and address is None:
        raise Invalid(f"address: {written!r}", text="agents.bad_address")
    lines: Lines = current_app.extensions[LINES]
    if not wanted <= lines.skills:
        raise Invalid(text="agents.work.unknown")
    with floor().db.write() as session:
        person = accounts.person_of(session, account_id, by)
        if person.role not in ANSWERS:
            raise NotAnAgent(person.username)
        service.set_work(
            session, account_id, name=person.name, skills=wanted, address=address, now=now
        )
        audit.record(
            session,
            "agents.work_set",
            f"{audit.ACCOUNT}{account_id}",
            by=by,
            at=now,
            skills=sorted(wanted),
            telephone=masked(address) if address else "",
        )
    return redirect(url_for("people.account", account_id=account_id, done=1), 303)


# ---------------------------------------------------------------- on every page


@blueprint.app_context_processor
def _companion() -> dict[str, Any]:
    """`companion()` in the layout: what tells an agent who is on another page that a call rings."""
    return {"companion": _ringing}


def _ringing() -> str:
    identity = g.get("identity")
    if identity is None or identity.role not in ANSWERS or request.endpoint == "agents.desk":
        return ""
    with floor().db.read() as session:
        me = service.agent_of_account(session, identity.id)
    if me is None:
        return ""
    return Markup(render_template("agents/_ringing.html", me=me))  # noqa: S704


# ---------------------------------------------------------------- shared


def _me(session: Session) -> AgentFacts:
    me = service.agent_of_account(session, current_account().id)
    if me is None:
        raise NotAnAgent(current_account().username)
    return me


def _choices() -> list[tuple[str, str]]:
    """What the status select offers: value and words."""
    breaks = floor().section(Agents).breaks
    pauses = [
        (f"{Status.BREAK}:{reason}", f"{t('agents.break')} · {title.for_(language())}")
        for reason, title in breaks.items()
    ]
    return [
        (Status.READY, t("agents.ready")),
        *pauses,
        (Status.SIGNED_OUT, t("agents.end_shift")),
    ]


def doing(seen: PresenceFacts) -> str:
    """What an agent does, in words: the state while the engine holds them, else the status; of who
    cannot be reached why.
    """
    if seen.state is not State.IDLE:
        return t(f"agents.{seen.state}")
    if seen.unreachable:
        return f"{t('agents.unreachable')} · {t(f'agents.trouble.{seen.trouble}')}"
    return label(seen)


def label(seen: PresenceFacts) -> str:
    """The status in words, with the reason of a break."""
    words = t(f"agents.{seen.status}")
    if seen.reason is None:
        return words
    if seen.reason == DECLINED:
        return f"{words} · {t('agents.declined')}"
    title = floor().section(Agents).breaks.get(seen.reason)
    # a reason that the city has since taken out of its configuration still says what it was
    return f"{words} · {title.for_(language()) if title else seen.reason}"


# ---------------------------------------------------------------- in the audit log


def _pause(reason: str, _data: Mapping[str, Any]) -> str:
    title = floor().section(Agents).breaks.get(reason)
    return title.for_(language()) if title else reason


def _was(seen: str, _data: Mapping[str, Any]) -> str:
    """A status as a form carries it (`supervise.seen_as`)."""
    status, _, reason = seen.partition(":")
    words = t(f"agents.{status}")
    return f"{words} · {_pause(reason, {})}" if reason in floor().section(Agents).breaks else words


#: How this room says what stands in its lines (`hotline.people.telling`).
AUDITED = {"pause": _pause, "agents.state_changed.was": _was}
