"""The pages of answers: the list and the forms, and the search that the desk asks as one types."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from hotline import clock
from hotline.auth import Role, access, current_account
from hotline.errors import Conflict
from hotline.web import floor, fragment, language
from tickets import words
from tickets.answers import service
from tickets.answers.service import REQUIRED, AnswerDraft, AnswerFacts
from tickets.config import Tickets
from tickets.errors import FaultyAnswer
from tickets.service import names_of
from tickets.web import ANSWERS, LARGEST_ID, spoken_languages

#: Its templates are the room's.
blueprint = Blueprint("answers", __name__)
SEES = (Role.AGENT, Role.SUPERVISOR, Role.MANAGER)
WRITES = (Role.SUPERVISOR,)
_DAY = timedelta(days=1)
_ONE = f"/answers/<int(max={LARGEST_ID}):answer_id>"


def _config() -> Tickets:
    return floor().section(Tickets)


# ------------------------------------------------------------------ for the desk


@blueprint.get("/answers/found")
@access(*ANSWERS)
def found_answers() -> Response:
    """Show, as a fragment, what answers the question `q`, titles in the language `spoken`."""
    spoken = request.args.get("spoken", "")
    with floor().db.read() as session:
        found = service.search(session, request.args.get("q", ""), clock.now())
    return fragment("tickets/answers_found.html", found=found, spoken=spoken)


@blueprint.get(f"{_ONE}/card")
@access(*ANSWERS)
def answer_card(answer_id: int) -> Response:
    """Show, as a fragment, an answer in the language `spoken`, and the others to switch to."""
    with floor().db.read() as session:
        answer = service.find(session, answer_id)
    spoken = answer.language_for(request.args.get("spoken", ""))
    # one showing is one message by SMS at most, however often the button is pressed
    key = secrets.token_urlsafe(12)
    return fragment("tickets/answer_card.html", answer=answer, spoken=spoken, key=key)


# ------------------------------------------------------------------ the list


@blueprint.get("/answers")
@access(*SEES)
def answer_list() -> str:
    """Show every answer, or (`?q=`) those that are found by what was typed."""
    now, text = clock.now(), request.args.get("q", "").strip()
    with floor().db.read() as session:
        if text:
            found = service.search(session, text, now, limit=service.LISTED)
        else:
            found = service.listing(session)
        used = service.uses(session, now)
    return render_template(
        "tickets/answers.html",
        found=found,
        text=text,
        used=used,
        days=service.COUNTED_DAYS,
        **_words(),
    )


def _words() -> dict[str, object]:
    """What the templates of answers ask for."""
    return {
        "may_write": current_account().role in WRITES,
        "config": _config(),
        "words": words,
        "spoken_languages": spoken_languages(),
        "required": REQUIRED,
    }


# ------------------------------------------------------------------ one answer, and its form


@dataclass(frozen=True)
class Typed:
    """The form as it is filled in."""

    titles: Mapping[str, str]
    texts: Mapping[str, str]
    keywords: str = ""
    category: str = ""
    until: str = ""

    @classmethod
    def of(cls, answer: AnswerFacts) -> "Typed":
        """An answer as it stands; the day is the last one on which it is given."""
        until = ""
        if answer.valid_until is not None:
            last = clock.local_day(answer.valid_until, floor().city.zone)
            until = (last - _DAY).isoformat()
        return cls(answer.titles, answer.texts, answer.keywords, answer.category or "", until)

    @classmethod
    def of_request(cls) -> "Typed":
        """What was sent."""
        form = request.form
        return cls(
            {each: form.get(f"title.{each}", "") for each in spoken_languages()},
            {each: form.get(f"text.{each}", "") for each in spoken_languages()},
            form.get("keywords", ""),
            form.get("category", ""),
            form.get("valid_until", ""),
        )

    def draft(self) -> AnswerDraft:
        """What is meant; raises FaultyAnswer for a day that is none."""
        ends: datetime | None = None
        if self.until:
            try:
                day = date.fromisoformat(self.until)
                ends = clock.day_bounds(day, floor().city.zone)[1]
            except (ValueError, OverflowError) as error:
                raise FaultyAnswer({"valid_until": "tickets.answer.no_day"}) from error
        return AnswerDraft(self.titles, self.texts, self.keywords, self.category or None, ends)


@blueprint.get("/answers/new")
@access(*WRITES)
def new_answer() -> str:
    """Show an empty form."""
    return _form(Typed({}, {}))


@blueprint.post("/answers")
@access(*WRITES)
def write_answer() -> ResponseReturnValue:
    """Write a new answer."""
    typed = Typed.of_request()
    try:
        with floor().db.write() as session:
            service.write(
                session, _config(), typed.draft(), by=current_account().username, now=clock.now()
            )
    except FaultyAnswer as error:
        return make_response(_form(typed, faults=error.faults), error.status)
    return redirect(url_for("answers.answer_list"), 303)


@blueprint.get(_ONE)
@access(*SEES)
def answer_page(answer_id: int) -> str:
    """Show an answer, what was done to it, and, to who may, the form."""
    with floor().db.read() as session:
        answer = service.find(session, answer_id)
        history = service.history(session, answer_id)
        used = service.uses(session, clock.now())
        names = names_of(session, {answer.author, *(each.by for each in history)})
    return render_template(
        "tickets/answer.html",
        answer=answer,
        state=answer.state(clock.now()),
        history=history,
        moment=datetime.fromisoformat,
        used=used,
        days=service.COUNTED_DAYS,
        names=names,
        typed=Typed.of(answer),
        faults={},
        reader=language(),
        **_words(),
    )


@blueprint.post(_ONE)
@access(*WRITES)
def change_answer(answer_id: int) -> ResponseReturnValue:
    """Change an answer. Form: as a new one, and `version`, the one that was seen."""
    typed, version = Typed.of_request(), request.form.get("version", 0, type=int)
    try:
        with floor().db.write() as session:
            service.change(
                session,
                _config(),
                answer_id,
                typed.draft(),
                version=version,
                by=current_account().username,
                now=clock.now(),
            )
    except FaultyAnswer as error:
        page = _form(typed, faults=error.faults, target=(answer_id, version))
        return make_response(page, error.status)
    except Conflict as error:
        return make_response(_somebody_was_first(answer_id, typed), error.status)
    return redirect(url_for("answers.answer_page", answer_id=answer_id), 303)


@blueprint.post(f"{_ONE}/withdraw")
@access(*WRITES)
def withdraw_answer(answer_id: int) -> ResponseReturnValue:
    """Have it found no more. Form: `version`."""
    version, by = request.form.get("version", 0, type=int), current_account().username
    with floor().db.write() as session:
        service.withdraw(session, answer_id, version=version, by=by, now=clock.now())
    return redirect(url_for("answers.answer_list"), 303)


def _form(
    typed: Typed,
    *,
    faults: Mapping[str, str] | None = None,
    target: tuple[int, int] | None = None,
    first: AnswerFacts | None = None,
) -> str:
    """The form by itself. `target`: the answer that it changes, and the version that was seen;
    `first`: how it stands since somebody else changed or withdrew it.
    """
    return render_template(
        "tickets/answer_form.html",
        typed=typed,
        faults=faults or {},
        target=target,
        first=first,
        **_words(),
    )


def _somebody_was_first(answer_id: int, typed: Typed) -> str:
    """What was typed is not lost: saved again it wins, or, of a withdrawn one, is a new one."""
    with floor().db.read() as session:
        first = service.find(session, answer_id)
    target = None if first.withdrawn_at else (answer_id, first.version)
    return _form(typed, target=target, first=first)
