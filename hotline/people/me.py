"""One's own account: password, second factor, where one is signed in, the last attempts."""

from collections.abc import Sequence
from datetime import datetime

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from hotline import audit, auth, clock
from hotline.auth import EVERYONE, Identity, access, current_account
from hotline.errors import Conflict, HotlineError, Invalid
from hotline.people import factors, openid, steps
from hotline.people.config import Accounts
from hotline.people.entry import visit
from hotline.web import floor, said_when

blueprint = Blueprint("me", __name__)


class FactorRequired(Conflict):
    """This role must have a second factor."""

    code, text = "second-factor-required", "floor.me.factor_must"


class WrongPassword(Invalid):
    """The password that is asked for again is not the account's."""

    code, status, text = "wrong-password", 401, "floor.me.old_wrong"


class ProveAgain(Invalid):
    """A second factor is changed by who has just proved that it is they, not by a session alone."""

    code, status, text = "prove-again", 401, "floor.me.prove_again"


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
    proof: str = "",
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
        proof=proof,
        elsewhere=openid.offered(),
        minutes=int(steps.LENGTH.total_seconds() // 60),
    )


def _refused(error: HotlineError) -> BaseResponse:
    return said_when(make_response(_factor_page(error=error), error.status), error)


@blueprint.post("/me/second-factor")
@access(*EVERYONE, unfinished=True)
def begin() -> ResponseReturnValue:
    """Show the key to an authenticator app to who gives the password again; with a `code` of it
    (and the `proof` that came with the key), turn it on. Form: `password`; or `proof`, `code`.
    """
    identity, now, form = current_account(), clock.now(), request.form
    proof, code = form.get("proof", ""), form.get("code", "")
    try:
        if not proof:
            _prove_again(identity, now)
            proof = steps.note_again(identity, key=_key(), now=now)
        elif not steps.has_proved_again(proof, identity, key=_key(), now=now):
            raise ProveAgain()
        with floor().db.write() as session:
            setup = _setup(session, identity, now)
            codes = factors.confirm(session, identity, code, key=_key(), now=now) if code else []
    except factors.BadCode as error:
        with floor().db.write() as session:
            setup = _setup(session, identity, now)
        # the one who sets it up is signed in: a wrong code is a slip, and nobody is locked for it
        return _factor_page(setup, error, proof=proof), error.status
    except (Invalid, Conflict) as error:
        return _refused(error)
    return _factor_page(codes=codes) if codes else _factor_page(setup, proof=proof)


def _prove_again(me: Identity, now: datetime) -> None:
    """A session that somebody took, or a browser left alone, changes no second factor: the password
    is asked for again, and a wrong one counts as at the sign-in.

    Who comes by the city's own sign-in may have none here. They come in by it anew: a session that
    began just now counts as well, where there is such a sign-in. Raises ProveAgain, WrongPassword,
    LockedOut.
    """
    given = request.form.get("password", "")
    if given:
        try:
            auth.prove(floor().db, me.username, given, now=now, visit=visit())
        except auth.BadCredentials:
            raise WrongPassword() from None
        return
    with floor().db.read() as session:
        since = auth.session_since(session, me.token)
    if not (openid.offered() and since is not None and now - since <= steps.LENGTH):
        raise ProveAgain()


def _setup(session: Session, identity: Identity, now: datetime) -> factors.Setup:
    # in English: the picture of Thai letters has twice as many dots, and is harder to scan
    issuer = floor().city.hotline_name.for_("en")
    return factors.begin(session, identity, key=_key(), issuer=issuer, now=now)


@blueprint.post("/me/second-factor/codes")
@access(*EVERYONE)
def recovery_codes() -> ResponseReturnValue:
    """New recovery codes instead of the old ones. Form: `password`, `code`."""
    identity, now, code = current_account(), clock.now(), request.form.get("code", "")
    try:
        _prove_again(identity, now)
        with floor().db.write() as session:
            codes = factors.renew_recovery_codes(session, identity, code, key=_key(), now=now)
    except (Invalid, Conflict) as error:
        _count(error, identity, now)
        return _refused(error)
    return _factor_page(codes=codes)


@blueprint.post("/me/second-factor/off")
@access(*EVERYONE)
def turn_off() -> ResponseReturnValue:
    """Do without one, where the city allows that. Form: `password`, `code`."""
    identity, now, code = current_account(), clock.now(), request.form.get("code", "")
    try:
        if _required(identity):
            raise FactorRequired()
        _prove_again(identity, now)
        with floor().db.write() as session:
            factors.turn_off(session, identity, code, key=_key(), now=now)
    except (Invalid, Conflict) as error:
        _count(error, identity, now)
        return _refused(error)
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
