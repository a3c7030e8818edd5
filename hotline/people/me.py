"""One's own account: password, second factor, where one is signed in, the last attempts."""

from collections.abc import Sequence
from datetime import datetime

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from hotline import audit, auth, clock
from hotline.auth import EVERYONE, Identity, access, current_account
from hotline.errors import Conflict, HotlineError, Invalid
from hotline.people import factors
from hotline.people.config import Accounts
from hotline.people.entry import visit
from hotline.web import floor

blueprint = Blueprint("me", __name__)


class FactorRequired(Conflict):
    """This role must have a second factor."""

    code, text = "second-factor-required", "floor.me.factor_must"


def _key() -> str:
    return floor().settings.secret_key


def _required(me: Identity) -> bool:
    return floor().section(Accounts).requires_factor(me.role, demo=me.demo)


@blueprint.get("/me")
@access(*EVERYONE)
def me() -> str:
    """One's own account. Query: `done`, what has just been done."""
    return _page(None)


def _page(error: HotlineError | None, about: str = "") -> str:
    identity, now = current_account(), clock.now()
    with floor().db.read() as session:
        sessions = auth.sessions_of(session, identity.id, now=now)
        attempts = auth.attempts_of(session, identity.id)
        codes = factors.recovery_codes_left(session, identity.id)
    return render_template(
        "people/me.html",
        sessions=sessions,
        this=auth.handle_of(identity.token),
        attempts=attempts,
        codes_left=codes,
        required=_required(identity),
        length=auth.PASSWORD_LENGTH,
        error=error,
        about=about,
        done=request.args.get("done", "") if error is None else "",
    )


@blueprint.post("/me/password")
@access(*EVERYONE)
def password() -> ResponseReturnValue:
    """Another password; the old one is asked for, and a wrong one counts as at the sign-in. Other
    sessions end. Form: `old`, `password`, `again`.
    """
    identity, now, form = current_account(), clock.now(), request.form
    try:
        if form.get("password", "") != form.get("again", ""):
            raise Invalid(text="floor.password_differs")
        auth.check_password(form.get("password", ""), identity.username)
        auth.prove(floor().db, identity.username, form.get("old", ""), now=now, visit=visit())
    except auth.BadCredentials:
        wrong = Invalid(text="floor.me.old_wrong")
        return _page(wrong, "password"), wrong.status
    except Invalid as error:
        return _page(error, "password"), error.status
    password_hash = auth.hashed(form.get("password", ""), identity.username)
    with floor().db.write() as session:
        auth.put_password(session, identity.id, password_hash)
        auth.end_other_sessions(session, identity)
        _log(session, "password_changed", identity, now)
    return _back("password")


@blueprint.post("/me/sessions")
@access(*EVERYONE)
def end_sessions() -> BaseResponse:
    """End one session of one's own (`session`), or all but this."""
    identity, now, handle = current_account(), clock.now(), request.form.get("session", "")
    with floor().db.write() as session:
        if handle:
            auth.end_session(session, identity.id, handle, now=now)
        else:
            auth.end_other_sessions(session, identity)
    return _back("sessions")


# ---------------------------------------------------------------- the second factor


@blueprint.get("/me/second-factor")
@access(*EVERYONE, unfinished=True)
def factor() -> str:
    """What it is, and how to set it up."""
    return _factor_page()


def _factor_page(
    setup: factors.Setup | None = None,
    error: HotlineError | None = None,
    codes: Sequence[str] = (),
) -> str:
    identity = current_account()
    with floor().db.read() as session:
        there = auth.has_second_factor(session, identity.id)
        left = factors.recovery_codes_left(session, identity.id)
    return render_template(
        "people/factor.html",
        there=there,
        required=_required(identity),
        setup=setup,
        codes=codes,
        codes_left=left,
        error=error,
    )


@blueprint.post("/me/second-factor")
@access(*EVERYONE, unfinished=True)
def begin() -> ResponseReturnValue:
    """Show the key to an authenticator app; with a `code` of it, turn it on."""
    identity, now, code = current_account(), clock.now(), request.form.get("code", "")
    try:
        with floor().db.write() as session:
            setup = _setup(session, identity, now)
            codes = factors.confirm(session, identity, code, key=_key(), now=now) if code else []
    except factors.BadCode as error:
        with floor().db.write() as session:
            setup = _setup(session, identity, now)
        # the one who sets it up is signed in: a wrong code is a slip, and nobody is locked for it
        return _factor_page(setup, error), error.status
    except Conflict as error:
        return _factor_page(error=error), error.status
    return _factor_page(codes=codes) if codes else _factor_page(setup)


def _setup(session: Session, identity: Identity, now: datetime) -> factors.Setup:
    # in English: the picture of Thai letters has twice as many dots, and is harder to scan
    issuer = floor().city.hotline_name.for_("en")
    return factors.begin(session, identity, key=_key(), issuer=issuer, now=now)


@blueprint.post("/me/second-factor/codes")
@access(*EVERYONE)
def recovery_codes() -> ResponseReturnValue:
    """New recovery codes instead of the old ones. Form: `code`."""
    identity, now, code = current_account(), clock.now(), request.form.get("code", "")
    try:
        with floor().db.write() as session:
            codes = factors.renew_recovery_codes(session, identity, code, key=_key(), now=now)
    except (Invalid, Conflict) as error:
        _count(error, identity, now)
        return _factor_page(error=error), error.status
    return _factor_page(codes=codes)


@blueprint.post("/me/second-factor/off")
@access(*EVERYONE)
def turn_off() -> ResponseReturnValue:
    """Do without one, where the city allows that. Form: `code`."""
    identity, now, code = current_account(), clock.now(), request.form.get("code", "")
    try:
        if _required(identity):
            raise FactorRequired()
        with floor().db.write() as session:
            factors.turn_off(session, identity, code, key=_key(), now=now)
    except (Invalid, Conflict) as error:
        _count(error, identity, now)
        return _factor_page(error=error), error.status
    return _back("factor")


def _count(error: HotlineError, identity: Identity, now: datetime) -> None:
    """A wrong code counts here as at the sign-in, and from a stolen session locks the account."""
    if isinstance(error, factors.BadCode):
        how = auth.Attempt.WRONG_CODE
        with floor().db.write() as session:
            auth.failed(session, identity.id, how, now=now, visit=visit())


def _back(done: str) -> BaseResponse:
    return redirect(url_for("me.me", done=done), 303)


def _log(session: Session, verb: str, me: Identity, now: datetime) -> None:
    audit.record(session, f"floor.{verb}", f"account:{me.id}", by=me, at=now)
