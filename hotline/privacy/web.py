"""The page for an administrator to whom somebody comes with a question about their data."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, make_response, render_template, request
from flask.typing import ResponseReturnValue

from hotline import clock
from hotline.auth import Role, access, current_account
from hotline.errors import Conflict, HotlineError, Invalid, NotFound
from hotline.privacy import papers, service
from hotline.privacy.service import Outcome
from hotline.web import floor, t

blueprint = Blueprint("privacy", __name__)
DECIDES = (Role.ADMINISTRATOR,)
#: Of what is due a page shows so many.
SHOWN = 200


@blueprint.get("/privacy")
@access(*DECIDES)
def privacy() -> str:
    """What is due, what was done, and the forms."""
    return _page()


def _page(
    error: HotlineError | None = None, did: Outcome | None = None, *, dry: bool = True
) -> str:
    now = clock.now()
    with floor().db.read() as session:
        due = [
            each for each, _ in zip(service.due(floor(), session, now), range(SHOWN), strict=False)
        ]
        runs = service.last_runs(session)
    return render_template(
        "floor/privacy.html",
        due=due,
        runs=runs,
        did=did,
        dry=dry,
        counts=_counts(did),
        kept=[t(key, **values) for key, values in did.kept] if did else [],
        error=error,
        typed=request.form,
    )


def _counts(did: Outcome | None) -> list[tuple[str, int]]:
    return (
        [(t(f"floor.privacy.{name}"), number) for name, number in did.counts.items()] if did else []
    )


@blueprint.post("/privacy/export")
@access(*DECIDES)
def export() -> ResponseReturnValue:
    """Send all that is known of somebody as a zip. Form: `who`, a number or a person's id."""
    try:
        subject = service.read_subject(request.form.get("who", ""), floor().city.country)
        with floor().db.write() as session:
            dossier = service.export(
                floor(), session, subject, by=current_account(), now=clock.now()
            )
    except (Invalid, NotFound) as error:
        return make_response(_page(error), error.status)
    response = Response(papers.as_zip(floor(), dossier), mimetype="application/zip")
    name = f"person-{dossier.made_at:%Y%m%d-%H%M}.zip"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.post("/privacy/erase")
@access(*DECIDES)
def erase() -> ResponseReturnValue:
    """Tell what would be forgotten of somebody, or (`really` is 1) forget it. Form: `who`,
    `reason`.
    """
    dry = request.form.get("really") != "1"
    said: dict[str, Any] = {"reason": request.form.get("reason", ""), "dry": dry}
    try:
        subject = service.read_subject(request.form.get("who", ""), floor().city.country)
        with floor().db.write() as session:
            did = service.erase(
                floor(), session, subject, **said, by=current_account(), now=clock.now()
            )
    except (Invalid, NotFound, Conflict) as error:
        return make_response(_page(error), error.status)
    return make_response(_page(did=did, dry=dry))


# ---------------------------------------------------------------- in the audit log


def _done(counts: Mapping[str, int], _data: Mapping[str, Any]) -> str:
    """How many of what: by what was done each night, or by what was erased."""
    said = []
    for name, count in counts.items():
        keys = (f"floor.privacy.act.{name}", f"floor.privacy.{name}")
        key = next((each for each in keys if each in floor().texts), "")
        said.append(f"{t(key) if key else name} {count}")
    return ", ".join(said)


#: How lines of these acts are said (`hotline.people.telling`).
AUDITED = {"did": _done}
