"""The page of crews, what it is made of, and its API.

The page works without a script: each step is a form. With one it is kept on the telephone with all
that it shows (`/field/worker.js`), and what is done goes through `POST /api/field/actions` when
there is a line.
"""

import hashlib
import json
import logging
import uuid
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

import sqlalchemy as sa
from flask import (
    Blueprint,
    Response,
    jsonify,
    make_response,
    redirect,
    render_template,
    request,
    send_from_directory,
    url_for,
)
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from hotline import clock
from hotline.auth import Role, access, current_account, public
from hotline.errors import Busy, Conflict, HotlineError, Invalid, NotFound
from hotline.web import content_security_policy, floor, json_body, language, t
from tickets.config import Tickets
from tickets.errors import TicketMoved
from tickets.field import rules, service, view
from tickets.field.errors import NoSuchJob, OtherAccount, PhotoMissing, Unreadable
from tickets.field.rules import Act, BadAct, Said
from tickets.field.service import Answer
from tickets.files import service as files
from tickets.files.config import MEGABYTE
from tickets.files.rules import Kind
from tickets.files.service import Received
from tickets.files.web import send
from tickets.units import fleet, reading
from tickets.units.facts import UnitFacts
from tickets.web import LARGEST_ID, acting

log = logging.getLogger(__name__)
#: Its templates are the room's.
blueprint = Blueprint("field", __name__)
_JOB: Final = f"/field/jobs/<int(max={LARGEST_ID}):job_id>"
#: So long a crew is told that a job was taken from it.
TAKEN_FOR: Final = timedelta(hours=1)
#: And of so many, the latest: what there is to do stands below them.
TAKEN: Final = 3
#: What a form has besides its photo, in bytes.
_REST: Final = 200_000
_YEAR: Final = 365 * 86400
#: What a worker is asked for by: its own address and the page above it.
_SCOPE: Final = "/field"


def _config() -> Tickets:
    return floor().section(Tickets)


@blueprint.url_value_preprocessor
def _make_room(endpoint: str | None, _values: dict[str, Any] | None) -> None:
    """A photo is larger than other forms; before anything reads the form."""
    if endpoint in ("field.act", "field.actions"):
        request.max_content_length = int(_config().files.file_megabytes * MEGABYTE) + _REST


# ------------------------------------------------------------------ the page


@blueprint.get("/field")
@access(Role.CREW)
def page() -> Response:
    """Show a crew its jobs."""
    return _page()


def _page(refused: Answer | None = None) -> Response:
    actor, me = acting(), current_account()
    with floor().db.read() as session:
        jobs = view.jobs(session, _config(), actor)
        unit = reading.unit_of(session, me.username)
        taken = _taken(session, unit)
        free = [] if unit else [each for each in reading.units(session) if each.active]
    html = render_template(
        "tickets/field.html",
        jobs=jobs,
        unit=unit,
        free=free,
        taken=taken,
        etag=_etag(_told_jobs(jobs, taken, unit)),
        page=_config().field,
        phrases=view.phrases(),
        styles=_styles(),
        script=_file("page.js"),
        new_key=lambda: str(uuid.uuid4()),
        refused=_say(refused) if refused else "",
    )
    response = make_response(html, refused.status if refused else 200)
    # what `default-src` says of workers and manifests, older browsers have to be told by name
    response.headers["Content-Security-Policy"] = (
        f"{content_security_policy()}; worker-src 'self'; manifest-src 'self'"
    )
    return response


@blueprint.post(f"{_JOB}/<act>")
@access(Role.CREW)
def act(job_id: int, act: str) -> ResponseReturnValue:
    """Do one thing, from a page without a script. Form: `key`, `text`, and `photo` with its `side`
    where that is one.
    """
    form = request.form
    fields = {"key": form.get("key", ""), "job": job_id, "act": act, "text": form.get("text", "")}
    try:
        said = _read(fields | {"side": form.get("side")}, None)
        answer = _answer(said, request.files.get("photo"))
    except Unreadable as error:
        answer = service.refusal("", error)
    if answer.refused is not None:
        return _page(answer)
    return redirect(f"{url_for('field.page')}#job-{job_id}", 303)


@blueprint.post("/field/unit")
@access(Role.CREW)
def unit() -> ResponseReturnValue:
    """Begin work on a unit, or (empty) end it. Form: `unit`, its code."""
    actor, me, code = acting(), current_account(), request.form.get("unit", "")
    try:
        with floor().db.write() as session:
            before = reading.unit_of(session, me.username)
            said: dict[str, Any] = {"actor": actor, "by": me, "now": clock.now()}
            if code:
                fleet.put_on(session, code, me.username, **said)
            elif before is not None:
                fleet.take_off(session, before.code, me.username, **said)
    except (Conflict, Invalid) as error:
        return _page(service.refusal("", error))
    return redirect(url_for("field.page"), 303)


@blueprint.get(f"{_JOB}/photos/<int(max={LARGEST_ID}):file_id>")
@access(Role.CREW)
def photo(job_id: int, file_id: int) -> Response:
    """Send the small picture of a photo of a job that is one's own."""
    actor, now = acting(), clock.now()
    with floor().db.read() as session:
        job = service.job_of(session, job_id, actor, now)
        ticket = service.ticket_of(session, job)
        found = next((each for each in files.for_crew(session, ticket) if each.id == file_id), None)
    if found is None or not job.is_open:
        raise NoSuchJob
    return send(found, small=True)


# ------------------------------------------------------------------ what the page is made of


def _file(name: str) -> str:
    return url_for("field.made_of", version=view.version(), name=name)


def _styles() -> list[str]:
    return [
        url_for("floor.static", filename="base.css"),
        url_for("floor.accent"),
        _file(view.STYLE),
    ]


@blueprint.get("/field/files/<version>/<name>")
@public
def made_of(version: str, name: str) -> Response:
    """Send a script or the style, under an address that is another one when one of them is: who has
    kept it need not ask again.
    """
    if name not in (*view.SCRIPTS, view.STYLE):
        raise NotFound
    response = send_from_directory(view.STATIC, name)
    kept = f"max-age={_YEAR}, immutable" if version == view.version() else "no-store"
    response.headers["Cache-Control"] = kept
    return response


@blueprint.get("/field/worker.js")
@public
def worker() -> Response:
    """Send the script that opens the page without a line. It answers for the page above it too."""
    response = send_from_directory(view.STATIC, "worker.js")
    response.headers["Service-Worker-Allowed"] = _SCOPE
    response.headers["Cache-Control"] = "no-cache"
    response.headers["Content-Security-Policy"] = "default-src 'self'"
    return response


@blueprint.get("/field/shell.js")
@public
def shell() -> Response:
    """Tell that script what the page is made of."""
    icon = url_for("floor.static", filename="icon.svg")
    made_of_ = [*_styles(), *(_file(name) for name in view.SCRIPTS), icon]
    text = f"export const VERSION = {json.dumps(_shell_version())};\n"
    text += f"export const FILES = {json.dumps(made_of_)};\n"
    response = Response(text, mimetype="text/javascript")
    response.headers["Cache-Control"] = "no-cache"
    return response


def _shell_version() -> str:
    """What lies under addresses that do not say it themselves counts too."""
    base = view.STATIC.parents[2] / "hotline" / "static" / "base.css"
    rest = base.read_bytes() + floor().city.accent.encode()
    return view.version() + hashlib.sha256(rest).hexdigest()[:8]


@blueprint.get("/field/manifest.json")
@public
def manifest() -> Response:
    """Say how the page is put on a telephone's first screen."""
    city = floor().city
    icons = [
        {
            "src": url_for("tickets.static", filename=f"field/icon-{size}.png"),
            "sizes": f"{size}x{size}",
            "type": "image/png",
            "purpose": "any",
        }
        for size in (192, 512)
    ]
    said = {
        "id": _SCOPE,
        "name": f"{t('tickets.field')} {city.number}",
        "short_name": t("tickets.field.short", number=city.number),
        "lang": language(),
        "start_url": _SCOPE,
        "scope": _SCOPE,
        "display": "standalone",
        "background_color": "#ffffff",
        "theme_color": city.accent,
        "icons": icons,
    }
    response = jsonify(said)
    response.mimetype = "application/manifest+json"
    response.headers["Cache-Control"] = "no-cache"
    return response


# ------------------------------------------------------------------ for programs, and the script


@blueprint.get("/api/field/jobs")
@access(Role.CREW)
def jobs() -> ResponseReturnValue:
    """Tell a crew's jobs in their order, whose they are, and the token with which they act."""
    me = current_account()
    with floor().db.read() as session:
        found = view.jobs(session, _config(), acting())
        unit = reading.unit_of(session, me.username)
        taken = _taken(session, unit)
    told = _told_jobs(found, taken, unit)
    token = me.csrf_token(floor().settings.secret_key)
    response = jsonify(account=me.username, csrf_token=token, **told)
    response.headers["Cache-Control"] = "private, no-cache"
    response.set_etag(_etag(told))
    return response.make_conditional(request)


def _taken(session: Session, unit: UnitFacts | None) -> list[view.Taken]:
    """What was taken from the crew lately, since it is on the unit."""
    actor = acting()
    crew = unit.crew if unit else ()
    on_since = [each.from_at for each in crew if each.username == actor.username]
    if not on_since:
        return []
    since = max(on_since[0], clock.now() - TAKEN_FOR)
    return view.taken(session, _config(), actor, since)[:TAKEN]


def _told_jobs(
    found: Sequence[view.Job], taken: Sequence[view.Taken], unit: UnitFacts | None
) -> dict[str, Any]:
    return {
        "unit": {"code": unit.code, "call_sign": unit.call_sign} if unit else None,
        "jobs": [view.as_json(job) for job in found],
        "taken": [view.taken_as_json(each) for each in taken],
    }


def _etag(told: Mapping[str, Any]) -> str:
    """The page carries it too: its script asks whether there is something newer than what it
    shows. Another account, or another language, is another one.
    """
    text = json.dumps([current_account().username, language(), told], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


@blueprint.post("/api/field/actions")
@access(Role.CREW)
def actions() -> ResponseReturnValue:
    """Take what was done, one act after the other, each by itself (docs/api.md). JSON: `actions`,
    `sent_at`, `account`; or a form of the same with one act and its `photo`.
    """
    body = json_body()
    if body.get("account") not in (None, "", current_account().username):
        raise OtherAccount
    sent_at = str(body.get("sent_at") or "") or None
    answers: list[dict[str, Any]] = []
    for fields in _listed(body.get("actions")):
        answers.append(_told(fields, sent_at))
        if answers[-1]["state"] == "failed":
            break  # what comes after it must not come before it
    return jsonify(answers=answers)


def _listed(given: Any) -> Sequence[Mapping[str, Any]]:
    """The acts that were sent; a form has them as JSON. Raises Invalid."""
    try:
        found = json.loads(given) if isinstance(given, str) else given
    except ValueError as error:
        raise Invalid("actions: is no JSON") from error
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise Invalid("actions: is no list of objects")
    if len(found) > rules.AT_ONCE:
        raise Invalid(f"actions: more than {rules.AT_ONCE}")
    return found


def _told(fields: Mapping[str, Any], sent_at: str | None) -> dict[str, Any]:
    """What became of one act, as the telephone is told."""
    key = str(fields.get("key", ""))
    try:
        said = _read(fields, sent_at)
        answer = _answer(said, request.files.get("photo"))
    except Unreadable as error:
        answer = service.refusal(key, error)
    except (sa.exc.OperationalError, TicketMoved) as error:
        raise Busy from error
    except Exception as error:
        log.exception("fault in an act of a crew", exc_info=error)
        message = t("tickets.field.error.failed")
        return {"key": key, "state": "failed", "code": "error", "message": message, "status": 500}
    if answer.refused is None:
        return {"key": key, "state": "done", "again": answer.again}
    return {
        "key": key,
        "state": "refused",
        "code": answer.refused,
        "message": _say(answer),
        "status": answer.status,
    }


def _say(answer: Answer) -> str:
    """Say why an act was refused, in the reader's language."""
    return t(answer.words, **answer.values)


def _read(fields: Mapping[str, Any], sent_at: str | None) -> Said:
    try:
        return rules.read(fields, sent_at=sent_at, now=clock.now(), speed=clock.speed())
    except BadAct as error:
        raise Unreadable(str(error)) from error


# ------------------------------------------------------------------ doing it


def _answer(said: Said, sent: Any) -> Answer:
    """Do what was said, or answer what was answered before; what is refused is written down."""
    actor, now = acting(), clock.now()
    with floor().db.read() as session:
        before = service.answered(session, actor.username, said.key)
    if before is not None:
        return before
    try:
        photo = _received(said, sent)
        with floor().db.write() as session:
            return service.do(session, _config(), said, photo=photo, actor=actor, now=now)
    except TicketMoved:
        raise
    except HotlineError as error:
        if error.status >= 500:
            raise
        with floor().db.write() as session:
            return service.refuse(session, said, error, actor=actor, now=now)


def _received(said: Said, sent: Any) -> Received | None:
    """The photo that came along, made safe; where its camera does not say where it was taken, the
    telephone does. Only for a job of one's own: decoding a picture takes time.
    """
    if said.act is not Act.PHOTO or said.side is None:
        return None
    with floor().db.read() as session:
        service.job_of(session, said.job, acting(), said.at)
    if sent is None:
        raise PhotoMissing
    config = _config().files
    data = sent.stream.read(int(config.file_megabytes * MEGABYTE) + 1)
    if not data:
        raise PhotoMissing
    kind = Kind(said.side.value)
    received = files.receive(floor(), config, data, kind=kind, now=clock.now())
    return service.with_place(received, said)
