"""The ways in and out: password, one-time code, the city's own sign-in, a link, and signing out.

A session's token is new at each way in, and the one that the browser had before ends: nobody can
plant a session and wait for somebody to sign in to it.
"""

from datetime import datetime, timedelta

from flask import (
    g,
    jsonify,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask import session as flask_session
from werkzeug.wrappers import Response as BaseResponse

from hotline import audit, auth, clock
from hotline.auth import (
    EVERYONE,
    SETS_UP_SCREENS,
    Identity,
    Proved,
    SecondFactorNeeded,
    Visit,
    public,
)
from hotline.errors import Conflict, HotlineError, Invalid
from hotline.origins import Origin
from hotline.people import factors, openid, rechecking, resets, steps
from hotline.people.config import Accounts
from hotline.web import (
    HOME,
    WALLBOARD,
    floor,
    is_secure,
    json_body,
    network,
    pages,
    safe_next,
    said_when,
    set_cookie,
    t,
)

_NEXT = "next"


def visit() -> Visit:
    """This request's browser, and how long its session may last."""
    length = floor().section(Accounts).length
    return Visit(str(request.user_agent)[: auth.BROWSER_LENGTH], length, _origin())


def _origin() -> Origin:
    rules = floor().section(Accounts).addresses
    return Origin(network(), rules.accounts, timedelta(minutes=rules.minutes) * clock.speed())


def _key() -> str:
    return floor().settings.secret_key


# ---------------------------------------------------------------- the password


@pages.get("/sign-in")
@public
def sign_in() -> str:
    """The form; `next` is where to go then."""
    return _form(safe_next(request.args.get(_NEXT)), done=request.args.get("done", ""))


def _form(next_page: str | None, *, error: str = "", username: str = "", done: str = "") -> str:
    label = floor().section(Accounts).openid.label if openid.offered() else None
    return render_template(
        "floor/sign_in.html",
        next=next_page or "",
        error=error,
        username=username,
        openid_label=label,
        notice=t("floor.reset.done") if done == "password" else "",
    )


@pages.post("/sign-in")
@public
def sign_in_now() -> BaseResponse:
    """Check the password; who has a second factor goes on to it with a note, and no session."""
    username, next_page = request.form.get("username", ""), safe_next(request.form.get(_NEXT))
    password, now = request.form.get("password", ""), clock.now()
    try:
        token = auth.sign_in(floor().db, username, password, now=now, visit=visit())
    except SecondFactorNeeded as needed:
        return _to_second_step(needed.proved, next_page, now)
    except HotlineError as error:
        page = _form(next_page, error=t(error.text_key, **error.values), username=username)
        return said_when(make_response(page, error.status), error)
    return _enter(token, next_page)


def _enter(token: str, next_page: str | None) -> BaseResponse:
    """The way in is open: the new session's cookie, and an end to the one before."""
    now, before = clock.now(), g.get("identity")
    with floor().db.write() as session:
        identity = auth.identify(session, token, now=now)
        if before is not None:
            auth.sign_out(session, before.token, now=now)
    if identity is None:
        raise auth.BadCredentials()  # locked out in this very moment
    response = redirect(next_page or HOME[identity.role])
    cookie = auth.cookie_name(floor().settings.public_url)
    set_cookie(response, cookie, token, httponly=True)
    _forget(response, _step_cookie())
    return response


def _forget(response: BaseResponse, cookie: str) -> None:
    response.delete_cookie(cookie, secure=is_secure(floor()), httponly=True, samesite="Lax")


# ---------------------------------------------------------------- the one-time code


def _step_cookie() -> str:
    return "__Host-hotline_step" if is_secure(floor()) else "hotline_step"


def _to_second_step(proved: Proved, next_page: str | None, now: datetime) -> BaseResponse:
    response = redirect(url_for("floor.second_step", next=next_page))
    note = steps.note(proved, key=_key(), now=now)
    seconds = int(steps.LENGTH.total_seconds())
    set_cookie(response, _step_cookie(), note, httponly=True, seconds=seconds)
    return response


@pages.get("/sign-in/code")
@public
def second_step() -> BaseResponse:
    """The form for the code; without a note of the first step one begins anew."""
    next_page = safe_next(request.args.get(_NEXT))
    if not request.cookies.get(_step_cookie()):
        return redirect(url_for("floor.sign_in", next=next_page))
    return make_response(render_template("floor/second_step.html", next=next_page or "", error=""))


@pages.post("/sign-in/code")
@public
def second_step_now() -> BaseResponse:
    """Check the code, which opens the session."""
    next_page, now = safe_next(request.form.get(_NEXT)), clock.now()
    try:
        with floor().db.read() as session:
            note = request.cookies.get(_step_cookie(), "")
            proved = steps.read(session, note, key=_key(), now=now)
        token = factors.second_step(
            floor().db, proved, request.form.get("code", ""), key=_key(), now=now, visit=visit()
        )
    except (factors.BadCode, auth.LockedOut) as error:
        words = t(error.text_key, **error.values)
        page = render_template("floor/second_step.html", next=next_page or "", error=words)
        return said_when(make_response(page, error.status), error)
    except Invalid as error:  # too late, or no longer so
        response = make_response(_form(next_page, error=t(error.text_key)), error.status)
        _forget(response, _step_cookie())
        return response
    return _enter(token, next_page)


# ---------------------------------------------------------------- the city's own sign-in


@pages.get("/sign-in/openid")
@public
def openid_start() -> BaseResponse:
    """To the provider, and from there back; who cannot be sent there is told so beside the form."""
    next_page = safe_next(request.args.get(_NEXT))
    flask_session[_NEXT] = next_page or ""
    try:
        return openid.start(floor().url(url_for("floor.openid_back")))
    except openid.OpenIdAway as error:
        return make_response(_form(next_page, error=t(error.text_key)), error.status)


@pages.get("/sign-in/openid/back")
@public
def openid_back() -> BaseResponse:
    """The provider says who it is; the account's own second factor is asked for as ever."""
    next_page = safe_next(flask_session.get(_NEXT))
    now = clock.now()
    try:
        said = openid.claims()
        rules = floor().section(Accounts).openid
        with floor().db.write() as session:
            proved = rechecking.proved_by(session, said.claims, rules, now)
            if proved is not None:
                rechecking.keep(session, proved.account_id, said, key=_key(), now=now)
            token = None
            if proved is not None and auth.has_second_factor(session, proved.account_id):
                return _to_second_step(proved, next_page, now)
            if proved is not None:
                token = auth.enter(session, proved, now=now, visit=visit())
        if token is None:
            with floor().db.read() as session:
                if proved is not None:
                    auth.check_unlocked(session, proved.account_id, now=now)
                raise openid.nobody(session, said.claims, rules.claim)
    except Conflict:  # the same person, in two browsers at once
        return make_response(_form(next_page, error=t("floor.openid.failed")), 409)
    except (openid.OpenIdFailed, openid.UnknownIdentity, auth.LockedOut) as error:
        page = _form(next_page, error=t(error.text_key, **error.values))
        return said_when(make_response(page, error.status), error)
    finally:
        flask_session.clear()
    return _enter(token, next_page)


# ---------------------------------------------------------------- a link for a password


@pages.get("/reset/<token>")
@public
def reset(token: str) -> BaseResponse:
    """The form for a password of one's own; opening it does not use up the link."""
    with floor().db.read() as session:
        username = resets.check(session, token, now=clock.now())
    return _reset_form(token, username)


@pages.post("/reset/<token>")
@public
def reset_now(token: str) -> BaseResponse:
    """Set the password, once; then one signs in with it."""
    password, now = request.form.get("password", ""), clock.now()
    with floor().db.read() as session:
        username = resets.check(session, token, now=now)
    try:
        if password != request.form.get("again", ""):
            raise Invalid(text="floor.password_differs")
        password_hash = auth.hashed(password, username)
    except Invalid as error:
        return _reset_form(token, username, error)
    with floor().db.write() as session:
        resets.use(session, token, password_hash, now=now)
    return redirect(url_for("floor.sign_in", done="password"), 303)


def _reset_form(token: str, username: str, error: Invalid | None = None) -> BaseResponse:
    words = t(error.text_key, **error.values) if error else ""
    page = render_template(
        "floor/reset.html",
        token=token,
        username=username,
        error=words,
        length=auth.PASSWORD_LENGTH,
    )
    response = make_response(page, error.status if error else 200)
    response.headers["Referrer-Policy"] = "no-referrer"  # the address opens the account
    return response


# ---------------------------------------------------------------- a screen on a wall


@pages.post("/sign-in/screen")
@auth.access(*SETS_UP_SCREENS)
def become_screen() -> BaseResponse:
    """This browser shows the wallboard from now on, and nothing else; whoever set it up is signed
    out in it. Its cookie outlives a restart: there is no keyboard at a wall.
    """
    me, now = auth.current_account(), clock.now()
    length = timedelta(days=floor().section(Accounts).sessions.screen_days)
    with floor().db.write() as session:
        browser = Visit(visit().browser, length)
        token = auth.open_session(session, me.id, now=now, visit=browser, screen=True)
        auth.sign_out(session, me.token, now=now)
        audit.record(session, "floor.screen", f"account:{me.id}", by=me, at=now)
    response = redirect(WALLBOARD, 303)
    cookie, seconds = auth.cookie_name(floor().settings.public_url), int(length.total_seconds())
    set_cookie(response, cookie, token, httponly=True, seconds=seconds)
    return response


# ---------------------------------------------------------------- out


@pages.post("/sign-out")
@auth.access(*EVERYONE, unfinished=True, screen=True)
def sign_out() -> BaseResponse:
    """End this session."""
    with floor().db.write() as session:
        auth.sign_out(session, auth.current_account().token, now=clock.now())
    response = redirect(url_for("floor.sign_in"))
    _forget(response, auth.cookie_name(floor().settings.public_url))
    return response


# ---------------------------------------------------------------- programs


@pages.post("/api/session")
@public
def api_sign_in() -> BaseResponse:
    """A program's session: `username`, `password`, and `code` for who has a second factor."""
    body, now = json_body(), clock.now()
    username, password = str(body.get("username", "")), str(body.get("password", ""))
    program = Visit(None, floor().section(Accounts).length, _origin())
    try:
        token = auth.sign_in(floor().db, username, password, now=now, visit=program)
    except SecondFactorNeeded as needed:
        if not (code := str(body.get("code", ""))):
            raise
        token = factors.second_step(
            floor().db, needed.proved, code, key=_key(), now=now, visit=program
        )
    identity = _identity(token, now)
    return jsonify(token=token, username=identity.username, name=identity.name, role=identity.role)


def _identity(token: str, now: datetime) -> Identity:
    with floor().db.read() as session:
        identity = auth.identify(session, token, now=now)
    if identity is None:
        raise auth.BadCredentials()  # locked out in this very moment
    return identity


@pages.delete("/api/session")
@auth.access(*EVERYONE, unfinished=True)
def api_sign_out() -> BaseResponse:
    """End a program's session."""
    with floor().db.write() as session:
        auth.sign_out(session, auth.current_account().token, now=clock.now())
    return jsonify(ok=True)
