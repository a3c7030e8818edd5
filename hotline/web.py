"""What all pages share: access, language, errors, headers, layout."""

import logging
import math
import re
from collections.abc import Callable, Hashable, Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, cast
from urllib.parse import parse_qsl, urlencode, urlsplit

import sqlalchemy as sa
from flask import (
    Blueprint,
    Flask,
    Response,
    current_app,
    g,
    jsonify,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from markupsafe import Markup
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as BaseResponse

from hotline import auth, clock, i18n, origins
from hotline.auth import public
from hotline.config import READER_LANGUAGES
from hotline.errors import Busy, Forbidden, HotlineError, Invalid, SignInNeeded
from hotline.floor import Floor
from hotline.navigation import Entry, menu
from hotline.notices import service as notices
from hotline.people.config import Accounts
from hotline.shared import Kept, Shared
from hotline.telephony import Signatures

log = logging.getLogger(__name__)

LANGUAGE_COOKIE = "hotline_language"
THEME_COOKIE = "hotline_theme"
THEMES = ("light", "dark")
#: After which change, as a stream told it, a page asks for a fragment.
CHANGE_HEADER = "Hotline-After"
ACTING = ("POST", "PUT", "PATCH", "DELETE")
#: What a browser calls a page of another host (Fetch Metadata): a neighbour's is no better.
OTHER_SITES = ("cross-site", "same-site")
CONTENT_SECURITY_POLICY = (
    "default-src 'self'; img-src 'self' data:; media-src 'self' blob:; object-src 'none'; "
    "base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
)

#: Where the application keeps whose pictures pages may load (scheme and host), besides our own.
IMAGES = "hotline.images"
#: Where it keeps what knows the carrier's signature.
SIGNATURES = "hotline.signatures"

pages = Blueprint(
    "floor",
    __name__,
    template_folder="templates",
    static_folder="static",
    static_url_path="/static/floor",
)


def floor() -> Floor:
    """The floor that this request stands on."""
    return cast(Floor, current_app.extensions["hotline"])


def language() -> str:
    """The reader's language: what the address asks for, else the cookie, else Thai."""
    if "language" not in g:
        asked = request.args.get("lang") or request.cookies.get(LANGUAGE_COOKIE)
        g.language = asked if asked in READER_LANGUAGES else "th"
    return cast(str, g.language)


def t(key: str, **values: Any) -> str:
    """A text in the reader's language; moments are said as the city's time, to the second."""
    zone = floor().city.zone
    said = {
        name: f"{clock.local(value, zone):%H:%M:%S}" if isinstance(value, datetime) else value
        for name, value in values.items()
    }
    return floor().texts.get(key, language(), **said)


def network() -> str:
    """Whose connection this request comes by (`hotline.origins`)."""
    return origins.network(
        request.remote_addr or "",
        request.headers.get("X-Forwarded-For", ""),
        behind_proxy=floor().settings.behind_proxy,
    )


def stream() -> str:
    """Where this page hears what has changed; empty: nowhere."""
    url = floor().settings.stream_url
    if url.startswith(":"):
        return f"{request.scheme}://{urlsplit(request.host_url).netloc.removesuffix(_port())}{url}"
    return url


def _port() -> str:
    port = urlsplit(request.host_url).port
    return "" if port is None else f":{port}"


def content_security_policy() -> str:
    """What a page may load: ours, the stream where that is at another address, and pictures from
    the sites that a room has named (`IMAGES`).
    """
    sites: Sequence[str] = current_app.extensions.get(IMAGES, ())
    images = " ".join(["img-src 'self' data:", *sites])
    policy = CONTENT_SECURITY_POLICY.replace("img-src 'self' data:", images)
    place = urlsplit(stream())
    if not place.netloc:
        return policy
    return f"{policy}; connect-src 'self' {place.scheme}://{place.netloc}"


def fragment(template: str, **values: Any) -> BaseResponse:
    """A piece of a page that a browser asks for again and again: 304 while it has not changed, so
    that what the page has written into it meanwhile stays.

    So its text must not hold the time of day or an age; the browser fills those in.
    """
    return _unless_known(render_template(template, **values))


def shared(make: Callable[[], str]) -> BaseResponse:
    """A fragment that is the same for everybody who may read it (and for this language): made once
    for all who ask after the same change.
    """
    made: Shared = current_app.extensions["hotline.shared"]
    text = made.get((request.path, language()), request.headers.get(CHANGE_HEADER, ""), make)
    return _unless_known(text)


def kept(template: str, rows: Iterable[Hashable], **values: Any) -> list[Markup]:
    """For each row a piece of a fragment, which shows that row and nothing else that changes. What
    was made for an equal row before, in this language, is good for this one.
    """
    pieces: Kept = current_app.extensions["hotline.kept"]
    made = current_app.jinja_env.get_template(template)
    return pieces.get(
        (template, language()),
        rows,
        lambda row: Markup(render_template(made, row=row, **values)),  # noqa: S704 - a template escapes
    )


def _unless_known(text: str) -> BaseResponse:
    response = make_response(text)
    response.headers["Cache-Control"] = "private, no-cache"
    response.add_etag()
    return response.make_conditional(request)


def wants_json() -> bool:
    return request.path.startswith("/api/") or (
        request.accept_mimetypes.best_match(["text/html", "application/json"]) == "application/json"
    )


def json_body() -> dict[str, Any]:
    """The fields that were sent, as JSON or as a form; raises Invalid for anything else."""
    if request.is_json:
        body = request.get_json(silent=True)
        if not isinstance(body, dict):
            raise Invalid("the body must be a JSON object")
        return body
    return request.form.to_dict()


def create(the_floor: Floor, navigation: Sequence[Entry] = ()) -> Flask:
    """The Flask application without the rooms' blueprints; `hotline/pages.py` adds those."""
    from hotline.people import entry  # noqa: F401 - the ways in, which stand on this module

    app = Flask("hotline", static_folder=None, template_folder=None)
    app.extensions["hotline"] = the_floor
    app.extensions["hotline.navigation"] = navigation
    app.extensions["hotline.shared"] = Shared()
    app.extensions["hotline.kept"] = Kept()
    secure = is_secure(the_floor)
    app.config.update(
        SECRET_KEY=the_floor.settings.secret_key,
        MAX_CONTENT_LENGTH=16 * 1024 * 1024,
        # Flask's own session carries a sign-in on its way to the city's own sign-in and back
        SESSION_COOKIE_NAME="__Host-hotline_openid" if secure else "hotline_openid",
        SESSION_COOKIE_SECURE=secure,
        SESSION_COOKIE_SAMESITE="Lax",
    )
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    app.extensions[SIGNATURES] = Signatures(the_floor.settings)
    app.before_request(_admit)
    app.after_request(_headers)
    app.register_error_handler(HotlineError, _render_error)
    app.register_error_handler(HTTPException, _render_http_error)
    app.register_error_handler(sa.exc.DataError, _render_unstorable)
    app.register_error_handler(OverflowError, _render_unstorable)
    app.register_error_handler(sa.exc.OperationalError, _render_busy)
    app.register_error_handler(Exception, _render_fault)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters.update(_filters())
    app.context_processor(_context)
    app.register_blueprint(pages)
    return app


def _admit() -> None:
    """Refuse who may not: a webhook without the carrier's signature, a page without the role, a
    change without CSRF token, or sent by another site's page.
    """
    if request.endpoint is None or request.endpoint.endswith(".static"):
        return
    rule = getattr(current_app.view_functions[request.endpoint], "access_rule", None)
    if rule is None:
        raise Forbidden(f"{request.endpoint} does not name who may call it")
    if rule.get("signed"):
        signatures: Signatures = current_app.extensions[SIGNATURES]
        if not signatures.valid(request):
            raise Forbidden("the signature is missing or wrong", text="floor.bad_signature")
        return
    the_floor = floor()
    # who is not signed in has no token: another site could still sign them in as somebody else
    if request.method in ACTING and request.headers.get("Sec-Fetch-Site") in OTHER_SITES:
        raise Forbidden(text="floor.csrf")
    cookie = auth.cookie_name(the_floor.settings.public_url)
    token, from_browser = auth.token_of(request, cookie)
    identity = g.identity = _identity(the_floor, token)
    auth.check_role(rule, identity)
    if identity is not None:
        if from_browser and request.method in ACTING:
            auth.check_csrf(request, identity, the_floor.settings.secret_key)
        _check_finished(the_floor, rule, identity)
        auth.keep_awake(the_floor.db, identity, now=clock.now(), speed=clock.speed())


def _identity(the_floor: Floor, token: str) -> auth.Identity | None:
    if not token:
        return None
    idle = the_floor.section(Accounts).idle
    with the_floor.db.read() as session:
        return auth.identify(session, token, now=clock.now(), idle=idle)


def _check_finished(the_floor: Floor, rule: dict[str, Any], identity: auth.Identity) -> None:
    """Raise SetupNeeded for who must have a second factor and has none, but where they get one."""
    open_to_them = rule.get("public") or rule.get("unfinished")
    needs_one = the_floor.section(Accounts).requires_factor(identity.role, demo=identity.demo)
    if needs_one and not identity.second_factor and not open_to_them:
        raise SetupNeeded()


class SetupNeeded(Forbidden):
    """Who must have a second factor and has none reaches nothing else."""

    code, text = "second-factor-required", "floor.me.factor_needed"


def _headers(response: Response) -> Response:
    # what was made for somebody is kept by nobody else, whatever it is
    if response.mimetype in ("text/html", "application/json") or g.get("identity") is not None:
        response.headers.setdefault("Cache-Control", "no-store")
    if response.mimetype == "text/html":
        response.headers.setdefault("Content-Security-Policy", content_security_policy())
        response.headers.setdefault("Referrer-Policy", "same-origin")
        response.headers["Hotline-Now"] = clock.now().isoformat()  # a page's own clock may be wrong
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    if is_secure(floor()):
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    return response


def _render_error(error: HotlineError) -> BaseResponse:
    if isinstance(error, SignInNeeded) and request.method == "GET" and not wants_json():
        return redirect(url_for("floor.sign_in", next=request.full_path.rstrip("?")))
    if isinstance(error, SetupNeeded) and request.method == "GET" and not wants_json():
        return redirect(url_for("me.factor"))
    words = t(error.text_key, **error.values)
    return said_when(_answer(error.code, error.status, words, error.detail), error)


def said_when(response: BaseResponse, error: HotlineError) -> BaseResponse:
    """The answer to this error, which says to programs when to try again (RFC 9110, 10.2.3)."""
    until = error.values.get("until")
    if isinstance(until, datetime):
        left = (until - clock.now()).total_seconds() / clock.speed()
        response.headers["Retry-After"] = str(max(1, math.ceil(left)))
    return response


def _render_http_error(error: HTTPException) -> BaseResponse:
    if error.code is None or error.code < 400:
        return error.get_response()
    code = error.name.lower().replace(" ", "-")
    # what werkzeug says is English and for programmers: programs get it, readers get our words
    detail = error.description or "" if wants_json() else ""
    return _answer(code, error.code, t(_words_for(error.code)), detail)


def _words_for(status: int) -> str:
    known = {404: "floor.not_found", 405: "floor.not_found", 413: "floor.too_large"}
    return known.get(status, "floor.invalid" if status < 500 else "floor.error")


def _answer(code: str, status: int, words: str, detail: str) -> BaseResponse:
    if wants_json():
        response = jsonify(error={"code": code, "message": words, "detail": detail})
        response.status_code = status
        return response
    page = render_template("floor/error.html", words=words, detail=detail, status=status)
    return make_response(page, status)


def _render_unstorable(error: Exception) -> BaseResponse:
    """What no column can hold (a zero byte, a number of thirty figures) is the sender's fault."""
    log.warning("unstorable input in %s %s: %s", request.method, request.path, error)
    return _render_error(Invalid())


def _render_busy(error: sa.exc.OperationalError) -> BaseResponse:
    log.exception("no database for %s %s", request.method, request.path, exc_info=error)
    response = _render_error(Busy())
    response.headers["Retry-After"] = "5"
    return response


def _render_fault(error: Exception) -> BaseResponse:
    log.exception("fault in %s %s", request.method, request.path, exc_info=error)
    return _render_error(HotlineError(type(error).__name__))


def _filters() -> dict[str, Callable[..., Any]]:
    def zone() -> Any:
        return floor().city.zone

    return {
        "number": lambda value, places=0: i18n.number(value, language(), places),
        "percent": lambda value, places=1: i18n.percent(value, language(), places),
        "day": lambda value: i18n.day(value, language()),
        "short_day": lambda value: i18n.short_day(value, language()),
        "weekday": lambda value: i18n.weekday(value, language()),
        "month": lambda value: i18n.month(value, language()),
        "date": lambda at: i18n.day(
            at if not isinstance(at, datetime) else clock.local_day(at, zone()), language()
        ),
        "datetime": lambda at: i18n.moment(at, language(), zone()),
        "time_of_day": lambda at: i18n.time_of_day(at, zone()),
        "duration": i18n.duration,
        "ago": lambda at: i18n.EMPTY if at is None else i18n.duration(clock.now() - at),
        "masked": i18n.masked,
        "language_name": lambda code: i18n.language_name(code, language()),
        "local_text": lambda text: text.for_(language()),
    }


def _context() -> dict[str, Any]:
    identity: auth.Identity | None = g.get("identity")
    secret_key = floor().settings.secret_key
    return {
        "t": t,
        "city": floor().city,
        "language": language(),
        "theme": request.cookies.get(THEME_COOKIE)
        if request.cookies.get(THEME_COOKIE) in THEMES
        else "system",
        "identity": identity,
        "demo": floor().settings.demo,
        "now": clock.now(),
        "clock_speed": clock.speed(),
        "stream": stream(),
        "csrf_token": lambda: identity.csrf_token(secret_key) if identity else "",
        "csrf_field": lambda: _csrf_field(identity, secret_key),
        "address_with": address_with,
        "unread_notices": lambda: _unread(identity),
        "menu": menu(current_app.extensions["hotline.navigation"], identity.role, request.path)
        if identity and not identity.screen
        else None,
    }


def _unread(identity: auth.Identity | None) -> int:
    """How many notices the reader has not seen."""
    if identity is None:
        return 0
    with floor().db.read() as session:
        return notices.unread(session, identity.id)


def _csrf_field(identity: auth.Identity | None, secret_key: str) -> Markup:
    token = identity.csrf_token(secret_key) if identity else ""
    return Markup('<input type="hidden" name="csrf_token" value="{}">').format(token)


def address_with(**changes: str) -> str:
    """Return the address of this page with some of its query changed."""
    return request.path + "?" + urlencode({**request.args.to_dict(), **changes})


def safe_next(address: str | None) -> str | None:
    """`address` if it stays within this site, so that nobody is led elsewhere after signing in.

    Browsers read a backslash as a slash and leave out tabs and line ends (WHATWG URL, 4.4), so an
    address with one of those is none of ours.
    """
    if address and re.fullmatch(r"/(?!/)[^\\\x00-\x20\x7f]*", address):
        return address
    return None


WALLBOARD = "/wallboard"
HOME = {
    auth.Role.AGENT: "/desk",
    auth.Role.SUPERVISOR: "/floor",
    auth.Role.DIVISION: "/tickets",
    auth.Role.CREW: "/field",
    auth.Role.MANAGER: "/reports",
    auth.Role.ADMINISTRATOR: "/reports",
}


@pages.get("/")
@public
def home() -> BaseResponse:
    identity: auth.Identity | None = g.get("identity")
    if identity is None:
        return redirect(url_for("floor.sign_in"))
    return redirect(WALLBOARD if identity.screen else HOME[identity.role])


@pages.get("/health")
@public
def health() -> BaseResponse:
    """200 when this process and its database answer."""
    with floor().db.read() as session:
        session.execute(sa.select(1))
    return jsonify(ok=True)


@pages.get("/accent.css")
@public
def accent() -> BaseResponse:
    """The city's colour, as a stylesheet of its own because the pages allow no inline style."""
    response = make_response(f":root {{ --city-accent: {floor().city.accent}; }}\n")
    response.mimetype = "text/css"
    response.headers["Cache-Control"] = "max-age=3600"
    return response


@pages.get("/view")
@public
def change_view() -> BaseResponse:
    """Set the reader's language or theme and go back to the page."""
    back = safe_next(request.args.get("next")) or "/"
    chosen = request.args.get("language")
    # an address that asks for a language itself would win over what the reader has just chosen
    response = redirect(_without_language(back) if chosen else back)
    if chosen in READER_LANGUAGES:
        set_cookie(response, LANGUAGE_COOKIE, str(chosen))
    theme = request.args.get("theme")
    if theme in THEMES:
        set_cookie(response, THEME_COOKIE, str(theme))
    elif theme == "system":
        response.delete_cookie(THEME_COOKIE)
    return response


def _without_language(address: str) -> str:
    path, _, query = address.partition("?")
    rest = urlencode([pair for pair in parse_qsl(query) if pair[0] != "lang"])
    return f"{path}?{rest}" if rest else path


def set_cookie(
    response: BaseResponse,
    name: str,
    value: str,
    *,
    httponly: bool = False,
    seconds: int | None = None,
) -> None:
    """A cookie of this host alone; `httponly`: of no script either, and until the browser closes
    unless `seconds` says for how long.
    """
    response.set_cookie(
        name,
        value,
        httponly=httponly,
        secure=is_secure(floor()),
        samesite="Lax",
        max_age=seconds if httponly else 365 * 86400,
    )


def is_secure(the_floor: Floor) -> bool:
    """Whether pages are reached over TLS."""
    return the_floor.settings.public_url.startswith("https://")


def static_blueprint(room: str, package_file: str) -> Blueprint:
    """A room's blueprint: templates in `<room>/templates/<room>/`, files served at
    `/static/<room>/`.
    """
    root = Path(package_file).parent
    return Blueprint(
        room,
        room,
        template_folder=str(root / "templates"),
        static_folder=str(root / "static"),
        static_url_path=f"/static/{room}",
    )
