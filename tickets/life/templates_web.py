"""The pages of the words that are prepared for messages."""

from collections.abc import Mapping

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from hotline import clock
from hotline.auth import Role, access
from hotline.errors import Conflict
from hotline.web import floor
from tickets import words
from tickets.config import Tickets
from tickets.errors import FaultyTemplate
from tickets.life import templates
from tickets.life.placeholders import Name
from tickets.life.templates import TemplateDraft, TemplateFacts, Words
from tickets.service import names_of
from tickets.web import LARGEST_ID, acting, spoken_languages
from tickets.workflow import State

#: Its templates are the room's.
blueprint = Blueprint("templates", __name__)
SEES = (Role.AGENT, Role.SUPERVISOR, Role.DIVISION, Role.MANAGER, Role.ADMINISTRATOR)
WRITES = (Role.SUPERVISOR, Role.DIVISION, Role.ADMINISTRATOR)
_ONE = f"/tickets/templates/<int(max={LARGEST_ID}):template_id>"


def _config() -> Tickets:
    return floor().section(Tickets)


@blueprint.get("/tickets/templates")
@access(*SEES)
def template_list() -> str:
    """Show all that are offered, and the form for a new one."""
    return _list(TemplateDraft(None, None, spoken_languages()[0], "", ""))


@blueprint.post("/tickets/templates")
@access(*WRITES)
def write_template() -> ResponseReturnValue:
    """Write a new one. Form: `category`, `state`, `language`, `title`, `text`."""
    typed = _typed()
    try:
        with floor().db.write() as session:
            templates.write(session, _config(), typed, actor=acting(), now=clock.now())
    except FaultyTemplate as error:
        return make_response(_list(typed, error.faults), error.status)
    return redirect(url_for("templates.template_list"), 303)


@blueprint.get(_ONE)
@access(*SEES)
def template_page(template_id: int) -> str:
    """Show one, what was done to it, and, to who may, the form."""
    with floor().db.read() as session:
        found = templates.find(session, template_id)
    return _one(found, found.draft)


@blueprint.post(_ONE)
@access(*WRITES)
def change_template(template_id: int) -> ResponseReturnValue:
    """Change one. Form: as a new one, and `version`, the one that was seen."""
    typed = _typed()
    try:
        with floor().db.write() as session:
            templates.change(
                session,
                _config(),
                template_id,
                typed,
                version=request.form.get("version", 0, type=int),
                actor=acting(),
                now=clock.now(),
            )
    except FaultyTemplate as error:
        return make_response(_again(template_id, typed, error.faults), error.status)
    except Conflict as error:
        return make_response(_again(template_id, typed, {}, error), error.status)
    return redirect(url_for("templates.template_list"), 303)


@blueprint.post(f"{_ONE}/withdraw")
@access(*WRITES)
def withdraw_template(template_id: int) -> ResponseReturnValue:
    """Have one offered no more. Form: `version`."""
    with floor().db.write() as session:
        templates.withdraw(
            session,
            _config(),
            template_id,
            version=request.form.get("version", 0, type=int),
            actor=acting(),
            now=clock.now(),
        )
    return redirect(url_for("templates.template_list"), 303)


def _typed() -> TemplateDraft:
    form, spoken = request.form, spoken_languages()
    language = form.get("language", "")
    return TemplateDraft(
        form.get("category") or None,
        form.get("state") or None,
        language if language in spoken else spoken[0],
        form.get("title", ""),
        form.get("text", ""),
    )


def _again(
    template_id: int,
    typed: TemplateDraft,
    faults: Mapping[str, list[Words]],
    error: Conflict | None = None,
) -> str:
    """What was typed is kept; after somebody else's change, saving it again wins."""
    with floor().db.read() as session:
        found = templates.find(session, template_id)
    return _one(found, typed, faults, error)


def _one(
    found: TemplateFacts,
    typed: TemplateDraft,
    faults: Mapping[str, list[Words]] | None = None,
    error: Conflict | None = None,
) -> str:
    config = _config()
    with floor().db.read() as session:
        history = templates.history(session, found.id)
        names = names_of(session, {each.by for each in history})
    may = found.withdrawn_at is None and templates.may_change(acting(), config, found.category)
    return render_template(
        "tickets/template.html",
        template=found,
        history=history,
        names=names,
        may_write=may,
        error=error,
        **_form(typed, faults or {}),
    )


def _list(typed: TemplateDraft, faults: Mapping[str, list[Words]] | None = None) -> str:
    with floor().db.read() as session:
        found = templates.listing(session)
    return render_template(
        "tickets/templates.html",
        found=found,
        may_write=acting().role.value in {role.value for role in WRITES},
        **_form(typed, faults or {}),
    )


def _form(typed: TemplateDraft, faults: Mapping[str, list[Words]]) -> dict[str, object]:
    """What the form asks for."""
    config, actor = _config(), acting()
    return {
        "typed": typed,
        "faults": faults,
        "categories": [
            id_ for id_ in config.categories if templates.may_change(actor, config, id_)
        ],
        "any_category": templates.may_change(actor, config, None),
        "states": list(State),
        "placeholders": list(Name),
        "spoken_languages": spoken_languages(),
        "config": config,
        "words": words,
    }
