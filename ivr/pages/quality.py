"""Quality on pages: a call is marked, the mark is read and commented, averages, whom to mark.

Supervisors mark, managers read, an agent sees what is published of their own conversations.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from flask import Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from agents import service as agents
from hotline import clock, spreadsheets
from hotline.auth import Role, access, current_account
from hotline.errors import HotlineError, Invalid
from hotline.web import floor, language, t
from ivr import story
from ivr.config import Ivr
from ivr.pages.base import ANSWERS, agent_names, blueprint, caller_shown, me, queue_title
from ivr.pages.recordings import hearable
from ivr.quality import rules, service
from ivr.quality.rules import Form, Words
from ivr.quality.service import Mark, NoSuchMark, Sheet

MARKS = (Role.SUPERVISOR,)
READS_MARKS = (Role.SUPERVISOR, Role.MANAGER)
#: Days that one list may span, and those of a list that nobody asked days of.
LONGEST_SPAN, USUAL_SPAN = 366, 30
_ONE = "/quality/<int(max=9223372036854775807):mark_id>"


# ---------------------------------------------------------------- a call's page


@dataclass(frozen=True)
class OfCall:
    """What a call's page shows: the marks that the reader may see, and whom they may mark."""

    shown: Sequence[Mark]
    may_mark: Sequence[int]
    forms: Sequence[tuple[str, str]]


def of_call(session: Session, call_id: int) -> OfCall:
    """The marks of a call, for the signed-in account."""
    found = service.of_call(session, call_id)
    mine = _my_id(session)
    reads_all = current_account().role in READS_MARKS
    shown = [each for each in found if service.readable(each, mine, reads_all=reads_all)]
    may: list[int] = []
    if current_account().role in MARKS:
        marked = {each.agent_id for each in found}
        talked = service.conversations(session, call_id)
        may = [each for each in talked if each not in marked and each != mine]
    forms = [(name, each.title.for_(language())) for name, each in _forms().items()]
    return OfCall(shown, may, forms)


# ---------------------------------------------------------------- marking


@blueprint.get("/calls/<int:call_id>/mark")
@access(*MARKS)
def new_mark(call_id: int) -> str:
    """The empty form (`form`) of the conversation of an agent (`agent`)."""
    agent_id, form = request.args.get("agent", 0, type=int), _form(request.args.get("form", ""))
    with floor().db.read() as session:
        if agent_id not in service.conversations(session, call_id):
            raise NoSuchMark(f"agent {agent_id} in call {call_id}")
        context = _call(session, call_id)
        names = agent_names(session)
    return _sheet_page(Sheet(form, {}), context, agent=names.get(agent_id, ""))


@blueprint.post("/calls/<int:call_id>/mark")
@access(*MARKS)
def add_mark(call_id: int) -> ResponseReturnValue:
    """Keep a first draft, and publish it at once if asked (`do`: `publish`)."""
    agent_id, form = request.args.get("agent", 0, type=int), _form(request.args.get("form", ""))
    sheet = _typed(form)
    with floor().db.write() as session:
        mark_id = service.draft(
            session, call_id, agent_id, sheet, by=current_account(), at=clock.now()
        )
    return _publish_if_asked(mark_id, 1)


@blueprint.get(_ONE)
@access(*READS_MARKS, Role.AGENT)
def quality_mark(mark_id: int) -> str:
    """A mark: as a form while it is a draft of those who mark, else to be read."""
    return _mark_page(mark_id)


def _mark_page(mark_id: int, *, error: HotlineError | None = None, typed: str = "") -> str:
    with floor().db.read() as session:
        mark = _readable(session, mark_id)
        context = _call(session, mark.call_id)
        names = agent_names(session)
        said = service.comments(session, mark)
        versions = [
            each
            for each in service.of_call(session, mark.call_id)
            if each.agent_id == mark.agent_id and each.id != mark.id
            and service.readable(each, _my_id(session), reads_all=_reads_all())
        ]  # fmt: skip
        own = mark.agent_id == _my_id(session)
    agent = names.get(mark.agent_id, "")
    may_mark = current_account().role in MARKS and not own
    if mark.state == service.DRAFT and may_mark:
        sheet = Sheet(mark.form, mark.answers, mark.note)
        return _sheet_page(sheet, context, agent=agent, mark=mark, error=error)
    return render_template(
        "ivr/quality_mark.html",
        mark=mark,
        agent=agent,
        comments=said,
        versions=versions,
        may_correct=may_mark and mark.state == service.PUBLISHED,
        may_comment=(own or may_mark) and mark.state in service.SEEN,
        error=error,
        typed=typed,
        words=_words,
        **context,
    )


@blueprint.post(_ONE)
@access(*MARKS)
def change_mark(mark_id: int) -> ResponseReturnValue:
    """Keep a draft, and publish it if asked."""
    n = request.form.get("n", 0, type=int)
    with floor().db.write() as session:
        form = service.find(session, mark_id).form
        service.change(session, mark_id, _typed(form), n=n, by=current_account())
    return _publish_if_asked(mark_id, n + 1)


def _publish_if_asked(mark_id: int, n: int) -> ResponseReturnValue:
    """What was filled in is kept also where it cannot be published yet."""
    if request.form.get("do") == "publish":
        try:
            with floor().db.write() as session:
                service.publish(session, mark_id, n=n, by=current_account(), at=clock.now())
        except service.Unanswered as error:
            return _mark_page(mark_id, error=error), error.status
    return redirect(url_for("ivr.quality_mark", mark_id=mark_id))


@blueprint.post(f"{_ONE}/correct")
@access(*MARKS)
def correct_mark(mark_id: int) -> ResponseReturnValue:
    """Begin a new version of a published mark, with a reason."""
    try:
        with floor().db.write() as session:
            made = service.correct(
                session,
                mark_id,
                request.form.get("reason", ""),
                by=current_account(),
                at=clock.now(),
            )
    except Invalid as error:
        return _mark_page(mark_id, error=error), error.status
    return redirect(url_for("ivr.quality_mark", mark_id=made))


@blueprint.post(f"{_ONE}/discard")
@access(*MARKS)
def discard_mark(mark_id: int) -> ResponseReturnValue:
    """Throw a draft away, with a reason."""
    n, reason = request.form.get("n", 0, type=int), request.form.get("reason", "")
    try:
        with floor().db.write() as session:
            mark = service.discard(
                session, mark_id, reason, n=n, by=current_account(), at=clock.now()
            )
    except Invalid as error:
        return _mark_page(mark_id, error=error), error.status
    return redirect(url_for("ivr.call_page", call_id=mark.call_id), 303)


@blueprint.post(f"{_ONE}/comments")
@access(Role.SUPERVISOR, Role.AGENT)
def comment_mark(mark_id: int) -> ResponseReturnValue:
    """The agent says something to the mark, or who marks answers."""
    text = request.form.get("text", "")
    try:
        with floor().db.write() as session:
            mark = _readable(session, mark_id)
            service.comment(session, mark, text, by=current_account(), at=clock.now())
    except Invalid as error:
        return _mark_page(mark_id, error=error, typed=text), error.status
    return redirect(url_for("ivr.quality_mark", mark_id=mark_id))


def _typed(form: Form) -> Sheet:
    """The form as it was filled in; what is left open is missing."""
    answers: dict[str, int | None] = {}
    for each in form.questions:
        given = request.form.get(f"q-{each.id}", "")
        if given == "na":
            answers[each.id] = None
        elif given.isdecimal() and len(given) < 4:
            answers[each.id] = int(given)
        elif given:
            raise Invalid(f"{each.id}: {given!r}")
    return Sheet(form, answers, request.form.get("note", ""))


def _sheet_page(
    sheet: Sheet,
    context: Mapping[str, Any],
    *,
    agent: str,
    mark: Mark | None = None,
    error: HotlineError | None = None,
) -> str:
    return render_template(
        "ivr/quality_form.html",
        sheet=sheet,
        score=rules.score(sheet.form, sheet.answers),
        agent=agent,
        mark=mark,
        error=error,
        words=_words,
        **context,
    )


# ---------------------------------------------------------------- one's own


@blueprint.get("/quality/mine")
@access(*ANSWERS)
def my_marks() -> str:
    """An agent's own published marks."""
    with floor().db.read() as session:
        found = service.of_agent(session, me(session).id)
    return render_template("ivr/quality_mine.html", marks=found, words=_words)


# ---------------------------------------------------------------- all of them


@blueprint.get("/quality")
@access(*READS_MARKS)
def quality_list() -> str:
    """Averages by agent and question, whom to mark this week and last, drafts, the marks."""
    first, last, agent_id = _wanted()
    wanted = request.args.get("form", "")
    zone, rules_ = floor().city.zone, floor().section(Ivr).quality
    today = clock.local_day(clock.now(), zone)
    monday = today - timedelta(days=today.weekday() + 7)
    with floor().db.read() as session:
        in_span = _published(session, first, last, agent_id)
        found = _of_form(in_span, wanted)
        mine = _my_id(session)
        pick = service.picked(session, monday, zone, rules_.per_week, but=mine)
        drafts = service.drafts(session)
        names = agent_names(session)
    return render_template(
        "ivr/quality.html",
        first=first,
        last=last,
        agent=agent_id,
        marks=found,
        by_agent=_by_agent(found),
        by_question=_by_question(found),
        picked=pick,
        monday=monday,
        drafts=[
            each
            for each in _of_form(drafts, wanted)
            if each.agent_id != mine and agent_id in (None, each.agent_id)
        ],
        form=wanted,
        form_choices=_form_choices([*in_span, *drafts]),
        names=names,
        forms=[(name, each.title.for_(language())) for name, each in _forms().items()],
        may_mark=current_account().role in MARKS,
        words=_words,
    )


@blueprint.get("/quality.csv")
@access(*READS_MARKS)
def quality_csv() -> Response:
    """The same marks as a table, a line for each question."""
    first, last, agent_id = _wanted()
    with floor().db.read() as session:
        found = _published(session, first, last, agent_id)
        found = _of_form(found, request.args.get("form", ""))
        names = agent_names(session)
    lines = [spreadsheets.line(t(f"ivr.quality.column.{name}") for name in _COLUMNS)]
    lines += [
        spreadsheets.line(map(str, _cells(mark, each, names)))
        for mark in found
        for each in mark.form.questions
    ]
    text = spreadsheets.BYTE_ORDER_MARK + "".join(lines)
    response = Response(text, mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="quality-{first}-{last}.csv"'
    return response


_COLUMNS = ("call", "agent", "form", "version", "published", "by", "question", "points", "of",
            "whole")  # fmt: skip


def _cells(mark: Mark, question: rules.Question, names: Mapping[int, str]) -> tuple[Any, ...]:
    points, whole = mark.answers.get(question.id), mark.share
    assert mark.published_at is not None
    return (
        mark.call_id,
        names.get(mark.agent_id, mark.agent_id),
        _words(mark.form.title),
        mark.form.version,
        f"{clock.local(mark.published_at, floor().city.zone):%Y-%m-%d %H:%M}",
        mark.by,
        _words(question.text),
        "" if points is None else points,
        question.points,
        "" if whole is None else round(100 * whole),
    )


def _form_key(form: Form) -> str:
    """A form in its version, as an address names it."""
    return f"{form.name}:{form.version}"


def _of_form(marks: Sequence[Mark], wanted: str) -> list[Mark]:
    """Those by a form, in all its versions (`conversation`) or in one (`conversation:2`)."""
    return [each for each in marks if wanted in ("", each.form.name, _form_key(each.form))]


def _form_choices(marks: Sequence[Mark]) -> list[tuple[str, str, int | None]]:
    """The forms that there are marks by: each alone, and where there are several, its versions."""
    titles, versions = dict[str, str](), dict[str, set[int]]()
    for form in sorted((each.form for each in marks), key=lambda form: form.version):
        titles[form.name] = _words(form.title)  # in its newest words
        versions.setdefault(form.name, set()).add(form.version)
    found: list[tuple[str, str, int | None]] = []
    for name, title in titles.items():
        found.append((name, title, None))
        if len(versions[name]) > 1:
            found += [(f"{name}:{each}", title, each) for each in sorted(versions[name])]
    return found


def _by_agent(found: Sequence[Mark]) -> list[tuple[int, float, int, int]]:
    """Agent, mean of the marks, how many, how many failed for a fatal question."""
    shares: dict[int, list[float]] = {}
    fatal: dict[int, int] = {}
    for each in found:
        if each.share is not None:
            shares.setdefault(each.agent_id, []).append(each.share)
        fatal[each.agent_id] = fatal.get(each.agent_id, 0) + bool(each.score.fatal)
    rows = [(who, sum(all_) / len(all_), len(all_), fatal[who]) for who, all_ in shares.items()]
    return sorted(rows, key=lambda row: row[1])


def _by_question(found: Sequence[Mark]) -> list[tuple[str, float, int]]:
    """Question in its newest words, mean share of its points, of how many marks; worst first."""
    means = rules.averages((each.form, each.answers) for each in found)
    texts = {
        (each.form.name, question.id): _words(question.text)
        for each in reversed(found)
        for question in each.form.questions
    }
    return sorted(((texts[key], *mean) for key, mean in means.items()), key=lambda row: row[1])


def _wanted() -> tuple[date, date, int | None]:
    today = clock.local_day(clock.now(), floor().city.zone)
    try:
        last = date.fromisoformat(request.args.get("until") or today.isoformat())
        given = request.args.get("from")
        first = date.fromisoformat(given) if given else last - timedelta(days=USUAL_SPAN)
    except ValueError as error:
        raise Invalid(str(error), text="ivr.bad_span") from error
    if not 0 <= (last - first).days <= LONGEST_SPAN:
        raise Invalid(f"{first} – {last}", text="ivr.bad_span")
    return first, last, request.args.get("agent", type=int)


def _published(session: Session, first: date, last: date, agent_id: int | None) -> list[Mark]:
    zone = floor().city.zone
    start, end = clock.midnight(first, zone), clock.midnight(last + timedelta(days=1), zone)
    return service.published(session, start, end, agent_id=agent_id)


# ---------------------------------------------------------------- shared


def _forms() -> Mapping[str, Any]:
    return floor().section(Ivr).quality.forms


def _form(name: str) -> Form:
    if name not in _forms():
        raise NoSuchMark(f"no form {name!r}")
    found: Form = _forms()[name].named(name)
    return found


def _words(texts: Words) -> str:
    """A text of a form that was kept, in the reader's language."""
    return texts.get(language()) or texts["en"]


def _my_id(session: Session) -> int | None:
    mine = agents.agent_of_account(session, current_account().id)
    return mine.id if mine is not None else None


def _reads_all() -> bool:
    return current_account().role in READS_MARKS


def _readable(session: Session, mark_id: int) -> Mark:
    """The mark, if the reader may see it: what they may not does not exist for them."""
    mark = service.find(session, mark_id)
    if not service.readable(mark, _my_id(session), reads_all=_reads_all()):
        raise NoSuchMark(f"mark {mark_id}")
    return mark


def _call(session: Session, call_id: int) -> dict[str, Any]:
    """The call's facts beside the form, and its recordings as far as the reader may hear them."""
    call = story.calls_by_id(session, [call_id])[call_id]
    visits = story.visits_of(session, call_id)
    return {
        "call": call,
        "number": caller_shown(call.from_number),
        "visits": visits,
        "queue_title": queue_title,
        "recordings": hearable(session, [call_id]),
    }
