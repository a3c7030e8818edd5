"""Persons on pages: for the desk who is known at the caller's number, for supervisors all of them.

An agent sees the persons of the caller whom they have at hand, and no others. No address names a
telephone number: a search for one is posted. Numbers are hidden from everybody until they ask for
them, which is written down.
"""

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from hotline import audit, clock
from hotline.auth import Role, access, current_account
from hotline.errors import Conflict, HotlineError, Invalid
from hotline.i18n import masked
from hotline.web import floor, fragment
from tickets import words
from tickets.config import Tickets
from tickets.errors import NoSuchPerson
from tickets.persons import service
from tickets.persons.service import PersonDraft, PersonFacts
from tickets.service import names_of
from tickets.web import ANSWERS, LARGEST_ID, number_at_hand, spoken_languages

#: Its templates are the room's.
blueprint = Blueprint("persons", __name__)
DECIDES = (Role.SUPERVISOR,)
#: A look at somebody's whole numbers, in the audit log.
LOOKED = "tickets.person_looked"
_ONE = f"/citizens/<int(max={LARGEST_ID}):person_id>"


# ------------------------------------------------------------------ for the desk


@blueprint.get("/citizens/of-caller")
@access(*ANSWERS)
def of_caller() -> Response:
    """Show, as a fragment, who is known at the number of the caller of an offer (`offer`)."""
    with floor().db.read() as session:
        number = number_at_hand(session)
        found = service.of_number(session, number)
    return fragment(
        "tickets/persons_of_caller.html",
        found=found,
        withheld=not number,
        offer=request.args.get("offer", 0, type=int),
    )


@blueprint.post(f"{_ONE}/note")
@access(*ANSWERS)
def note(person_id: int) -> Response:
    """Write what to know about a person at the number of the caller at hand. Address: `offer`;
    form: `note`, `version`.
    """
    with floor().db.write() as session:
        number = number_at_hand(session)
        person = service.find(session, person_id)
        if number not in person.numbers:
            raise NoSuchPerson(f"person {person_id}")
        draft = PersonDraft(person.name, person.language, request.form.get("note", ""))
        _change(session, person_id, draft)
    return Response(status=204)


# ------------------------------------------------------------------ for supervisors


@blueprint.get("/citizens")
@access(*DECIDES)
def persons_page() -> str:
    """Show the latest persons, and the search."""
    return _list("")


@blueprint.post("/citizens")
@access(*DECIDES)
def find_persons() -> str:
    """Show who has this name or number. Form: `text`."""
    return _list(request.form.get("text", ""))


@blueprint.get(_ONE)
@access(*DECIDES)
def person_page(person_id: int) -> str:
    """Show one person."""
    return _page(person_id)


@blueprint.post(f"{_ONE}/numbers")
@access(*DECIDES)
def show_numbers(person_id: int) -> str:
    """Show the person with their whole numbers, and write down who saw them. Form: `text`, why (may
    be empty).
    """
    with floor().db.write() as session:
        person = service.find(session, person_id)
        audit.record(
            session,
            LOOKED,
            f"citizen:{person.id}",
            by=current_account(),
            at=clock.now(),
            reason=request.form.get("text", ""),
        )
    return _page(person_id, whole=True)


@blueprint.post(_ONE)
@access(*DECIDES)
def change_person(person_id: int) -> ResponseReturnValue:
    """Change name, language and note. Form: `name`, `language`, `note`, `version`."""
    form = request.form
    asked = form.get("language", "")
    language = asked if asked in spoken_languages() else None
    draft = PersonDraft(form.get("name", ""), language, form.get("note", ""))
    try:
        with floor().db.write() as session:
            _change(session, person_id, draft)
    except (Invalid, Conflict) as error:
        return make_response(_page(person_id, error), error.status)
    return redirect(url_for("persons.person_page", person_id=person_id), 303)


@blueprint.post(f"{_ONE}/vip")
@access(*DECIDES)
def mark_vip(person_id: int) -> ResponseReturnValue:
    """Mark as a VIP, or take that back. Form: `reason`, `version`."""
    try:
        with floor().db.write() as session:
            service.set_vip(
                session,
                person_id,
                request.form.get("reason", ""),
                version=request.form.get("version", 0, type=int),
                by=current_account().username,
                now=clock.now(),
            )
    except Conflict as error:
        return make_response(_page(person_id, error), error.status)
    return redirect(url_for("persons.person_page", person_id=person_id), 303)


def _change(session: Session, person_id: int, draft: PersonDraft) -> None:
    version, by = request.form.get("version", 0, type=int), current_account().username
    service.change(session, person_id, draft, version=version, by=by, now=clock.now())


def _list(text: str) -> str:
    with floor().db.read() as session:
        found: list[PersonFacts] = service.search(session, text)
    return render_template("tickets/persons.html", found=found, text=text, masked=masked)


def _page(person_id: int, error: HotlineError | None = None, *, whole: bool = False) -> str:
    with floor().db.read() as session:
        person = service.find(session, person_id)
        history = service.history(session, person_id)
        tickets = service.tickets_of(session, person_id)
        names = names_of(session, {each.who for each in history})
    return render_template(
        "tickets/person.html",
        person=person,
        numbers=[each if whole else masked(each) for each in person.numbers],
        whole=whole,
        history=history,
        tickets=tickets,
        names=names,
        languages=spoken_languages(),
        error=error,
        config=floor().section(Tickets),
        words=words,
    )
