"""The agents' part of the supervisor's page (`/floor`, which `ivr` puts together): who does what,
with the forms that change it.

Forms are plain: they work without JavaScript, and the page that comes back says in words what
happened. A program that asks for JSON is told the same words, or the error.
"""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, Final

from flask import current_app, jsonify, redirect, request
from itsdangerous import BadSignature, URLSafeTimedSerializer
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from agents import service, supervise
from agents import web as desk
from agents.config import Agents
from agents.service import BoardRow
from agents.states import Move, State, Status
from agents.supervise import NothingChosen
from hotline import clock
from hotline.auth import Role, access, current_account
from hotline.errors import HotlineError, Invalid
from hotline.web import floor, fragment, language, t, wants_json

#: Where `ivr` tells what the skills are called: a function, name → queue and language, of all.
SKILLS: Final = "agents.skills"
PAGE: Final = "/floor"
#: Seconds for which the words of an answer are shown, should the page be loaded again.
_WORDS_LAST = 60
_MOVES = {
    Status.READY.value: Move.READY,
    Status.BREAK.value: Move.BREAK,
    Status.SIGNED_OUT.value: Move.SIGN_OUT,
}


# ---------------------------------------------------------------- what an act answers


def acts(view: Callable[..., str]) -> Callable[..., Response]:
    """A supervisor's act: the view returns in words what has happened."""

    @wraps(view)
    def answer(*args: Any, **kwargs: Any) -> Response:
        try:
            words = view(*args, **kwargs)
        except HotlineError as error:
            if wants_json():
                raise
            return _back(t(error.text_key, **error.values), good=False)
        return jsonify(message=words) if wants_json() else _back(words, good=True)

    return answer


def _back(words: str, *, good: bool) -> Response:
    said = _signer().dumps([words, good])
    return redirect(f"{PAGE}?said={said}", 303)


def words_said() -> tuple[str, bool] | None:
    """What the act that led to this page has to say, and whether it was done."""
    try:
        words, good = _signer().loads(request.args.get("said", ""), max_age=_WORDS_LAST)
    except BadSignature:
        return None
    return str(words), bool(good)


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(floor().settings.secret_key, salt="floor.said")


# ---------------------------------------------------------------- what is shown


def people(session: Session) -> dict[str, Any]:
    """What `agents/_floor.html` shows."""
    rows = desk.by_urgency(service.board(session))
    return {
        "rows": rows,
        "shown": desk.shown,
        "label": desk.label,
        "doing": desk.doing,
        "late": desk.late,
        "seen_as": supervise.seen_as,
        "unheld": lambda row: row.presence.state in (State.IDLE, State.OFFERED),
        "answers": _answers,
        "choices": _choices(),
        "skill_titles": skill_titles(),
    }


def _answers(row: BoardRow) -> list[tuple[str, list[str]]]:
    """What somebody answers: each queue, with the languages."""
    titles, found = skill_titles(), dict[str, list[str]]()
    for name in row.skills:
        queue, spoken = titles.get(name, name.partition("/")[::2])
        found.setdefault(queue, []).append(spoken)
    return list(found.items())


def skill_titles() -> Mapping[str, tuple[str, str]]:
    """Every skill that there is, by name: its queue and its language, as they are called."""
    titles: Callable[[], Mapping[str, tuple[str, str]]] = current_app.extensions[SKILLS]
    return titles()


def _choices() -> list[tuple[str, str]]:
    breaks = floor().section(Agents).breaks
    pauses = [
        (f"{Status.BREAK.value}:{name}", f"{t('agents.break')} · {title.for_(language())}")
        for name, title in breaks.items()
    ]
    return [
        (Status.SIGNED_OUT.value, t("agents.floor.sign_out")),
        *pauses,
        (Status.READY.value, t("agents.ready")),
    ]


@desk.blueprint.get("/floor/agents")
@access(Role.SUPERVISOR)
def floor_agents() -> Response:
    """The agents, as a fragment."""
    with floor().db.read() as session:
        values = people(session)
    return fragment("agents/_floor.html", **values)


# ---------------------------------------------------------------- what is done


@desk.blueprint.post("/floor/agents/<int:agent_id>/status")
@access(Role.SUPERVISOR)
@acts
def set_status(agent_id: int) -> str:
    """`choice`: `ready`, `signed_out`, `break:meal`; `reason`; `seen`: the status that was shown;
    `after`: also while a call is with them, for after it.
    """
    status, _, pause = request.form.get("choice", "").partition(":")
    move = _MOVES.get(status)
    if move is None:
        raise Invalid(
            f"choice: {status!r}", text="agents.no_such_status", choices=", ".join(_MOVES)
        )
    why = desk.known_reason(pause or None) if move is Move.BREAK else None
    author = supervise.author(current_account(), request.form.get("reason", ""))
    with floor().db.write() as session:
        after = supervise.set_status(
            session,
            agent_id,
            move,
            author,
            now=clock.now(),
            pause=why,
            seen=request.form.get("seen"),
            after_call="after" in request.form,
        )
        name = service.agent(session, agent_id).name
    said = "agents.floor.set" if after.state is State.IDLE else "agents.floor.set_after_call"
    return t(said, name=name, status=desk.label(after))


@desk.blueprint.post("/floor/skills")
@access(Role.SUPERVISOR)
@acts
def change_skills() -> str:
    """`agent` (several), `give` and `take` (skills, several), `reason`; `seen-<agent>`: the skills
    that were shown, with commas between.
    """
    form, known = request.form, skill_titles()
    chosen = [int(each) for each in form.getlist("agent") if each.isdecimal()]
    give = [each for each in form.getlist("give") if each in known]
    if not chosen:
        raise NothingChosen
    author = supervise.author(current_account(), form.get("reason", ""))
    with floor().db.write() as session:
        seen = {who: _skills(session, who, form.get(f"seen-{who}")) for who in chosen}
        changed = supervise.change_skills(
            session, seen, author, give=give, take=form.getlist("take"), now=clock.now()
        )
        names = ", ".join(service.agent(session, who).name for who in changed)
    return t("agents.floor.moved", names=names) if changed else t("agents.floor.nothing_moved")


def _skills(session: Session, agent_id: int, seen: str | None) -> list[str]:
    if seen is None:
        return service.skills_of(session, agent_id)
    return [each for each in seen.split(",") if each]
