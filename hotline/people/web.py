"""The pages of other people's accounts, for those who look after them. The rules are in `rules`."""

from collections.abc import Callable, Sequence
from datetime import datetime

from flask import current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from hotline import auth, clock
from hotline.auth import Identity, access, current_account
from hotline.errors import Conflict, Forbidden, HotlineError, Invalid
from hotline.people import resets, rules, service
from hotline.people.rules import MANAGERS
from hotline.people.service import LARGEST_ID, Person
from hotline.web import floor, static_blueprint

blueprint = static_blueprint("people", __file__)

#: What rooms have to say on an account's page, as HTML; `hotline/pages.py` wires them in.
PARTS = "hotline.people.parts"
Part = Callable[[Session, Person], str]

ONE = f"/people/<int(max={LARGEST_ID}):account_id>"


# ---------------------------------------------------------------- the list


@blueprint.get("/people")
@access(*MANAGERS)
def people() -> str:
    """Everybody whom the reader looks after. Query: `q`, `role`, `after`."""
    given, text = rules.roles_given_by(current_account().role), request.args.get("q", "").strip()
    role = request.args.get("role", "")
    wanted = [each for each in given if not role or each == role]
    with floor().db.read() as session:
        found = service.search(
            session, roles=wanted, text=text, after=request.args.get("after", "")
        )
    more = found[service.PAGE - 1].username if len(found) > service.PAGE else ""
    return render_template(
        "people/list.html",
        people=found[: service.PAGE],
        more=more,
        roles=given,
        text=text,
        role=role,
    )


@blueprint.get("/people/new")
@access(*MANAGERS)
def new() -> str:
    """The form for a new account."""
    return _new_form(None)


def _new_form(error: HotlineError | None) -> str:
    roles = rules.roles_given_by(current_account().role)
    return render_template("people/new.html", roles=roles, error=error, typed=request.form)


@blueprint.post("/people/new")
@access(*MANAGERS)
def make() -> ResponseReturnValue:
    """Make it, and show the link by which its owner sets a password."""
    form, by, now = request.form, current_account(), clock.now()
    try:
        with floor().db.write() as session:
            account_id = service.make(
                session,
                username=form.get("username", ""),
                name=form.get("name", ""),
                role=rules.read_role(form.get("role", "")),
                contact=form.get("contact", ""),
                email=form.get("email", ""),
                by=by,
                now=now,
            )
            token = service.make_link(session, account_id, by=by, now=now)
    except (Invalid, Conflict, Forbidden) as error:
        return _new_form(error), error.status
    return _link_page(account_id, token), 201


def _link_page(account_id: int, token: str) -> str:
    """The link, this once: only a hash of it is kept."""
    with floor().db.read() as session:
        them = service.person(session, account_id)
    return render_template(
        "people/link.html",
        person=them,
        link=floor().url(url_for("floor.reset", token=token)),
        minutes=int(resets.LENGTH.total_seconds() // 60),
    )


# ---------------------------------------------------------------- one account


@blueprint.get(ONE)
@access(*MANAGERS)
def account(account_id: int) -> str:
    """One account, and what its reader may do to it."""
    return _page(account_id, None)


def _page(account_id: int, error: HotlineError | None) -> str:
    now, reader = clock.now(), current_account()
    parts: Sequence[Part] = current_app.extensions.get(PARTS, ())
    with floor().db.read() as session:
        them = service.person_of(session, account_id, reader)
        sessions = auth.sessions_of(session, account_id, now=now)
        attempts = auth.attempts_of(session, account_id)
        said = [part(session, them) for part in parts]
    return render_template(
        "people/account.html",
        person=them,
        mine=them.id == reader.id,
        sessions=sessions,
        attempts=attempts,
        parts=said,
        roles=rules.roles_given_by(reader.role),
        error=error,
        typed=request.form,
    )


Verb = Callable[[Session, Identity, datetime], object]


def _acted(account_id: int, verb: Verb) -> ResponseReturnValue:
    """Do one thing in one unit of work; a refusal is said on the page, with what was typed."""
    by, now = current_account(), clock.now()
    try:
        with floor().db.write() as session:
            verb(session, by, now)
    except rules.NotTheirs:
        raise
    except (Invalid, Conflict, Forbidden) as error:
        return _page(account_id, error), error.status
    return _back(account_id)


def _back(account_id: int) -> BaseResponse:
    """To the account; to the list, when it has become somebody else's to look after."""
    with floor().db.read() as session:
        them = service.person(session, account_id)
    if rules.manages(current_account().role, them.role):
        return redirect(url_for("people.account", account_id=account_id, done=1), 303)
    return redirect(url_for("people.people"), 303)


def _reason() -> str:
    return request.form.get("reason", "")


@blueprint.post(f"{ONE}/name")
@access(*MANAGERS)
def rename(account_id: int) -> ResponseReturnValue:
    """Form: `name`, `contact`, `email`."""
    name, contact = request.form.get("name", ""), request.form.get("contact", "")
    email = request.form.get("email")
    return _acted(
        account_id,
        lambda session, by, now: service.rename(
            session, account_id, name=name, contact=contact, email=email, by=by, now=now
        ),
    )


@blueprint.post(f"{ONE}/role")
@access(*MANAGERS)
def change_role(account_id: int) -> ResponseReturnValue:
    """Form: `role`, `reason`."""
    role = request.form.get("role", "")
    return _acted(
        account_id,
        lambda session, by, now: service.change_role(
            session, account_id, rules.read_role(role), reason=_reason(), by=by, now=now
        ),
    )


@blueprint.post(f"{ONE}/lock")
@access(*MANAGERS)
def lock(account_id: int) -> ResponseReturnValue:
    """Form: `reason`."""
    return _acted(
        account_id,
        lambda session, by, now: service.lock(
            session, account_id, reason=_reason(), by=by, now=now
        ),
    )


@blueprint.post(f"{ONE}/unlock")
@access(*MANAGERS)
def unlock(account_id: int) -> ResponseReturnValue:
    """Form: `reason`, which may be empty."""
    return _acted(
        account_id,
        lambda session, by, now: service.unlock(
            session, account_id, reason=_reason(), by=by, now=now
        ),
    )


@blueprint.post(f"{ONE}/lift")
@access(*MANAGERS)
def lift(account_id: int) -> ResponseReturnValue:
    """Forget wrong passwords."""
    return _acted(
        account_id,
        lambda session, by, now: service.lift_lock(session, account_id, by=by, now=now),
    )


@blueprint.post(f"{ONE}/link")
@access(*MANAGERS)
def link(account_id: int) -> ResponseReturnValue:
    """A link for a password, shown once."""
    made: list[str] = []
    answer = _acted(
        account_id,
        lambda session, by, now: made.append(
            service.make_link(session, account_id, by=by, now=now)
        ),
    )
    return (_link_page(account_id, made[0]), 201) if made else answer


@blueprint.post(f"{ONE}/sign-out")
@access(*MANAGERS)
def sign_out(account_id: int) -> ResponseReturnValue:
    """Form: `reason`, and `session` for one of them alone."""
    handle = request.form.get("session", "")
    if handle:
        return _acted(
            account_id,
            lambda session, by, now: service.end_session(
                session, account_id, handle, reason=_reason(), by=by, now=now
            ),
        )
    return _acted(
        account_id,
        lambda session, by, now: service.sign_out_everywhere(
            session, account_id, reason=_reason(), by=by, now=now
        ),
    )


@blueprint.post(f"{ONE}/factor")
@access(*MANAGERS)
def remove_factor(account_id: int) -> ResponseReturnValue:
    """Take the second factor away. Form: `reason`."""
    return _acted(
        account_id,
        lambda session, by, now: service.remove_factor(
            session, account_id, reason=_reason(), by=by, now=now
        ),
    )
