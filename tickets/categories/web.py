"""The pages of suggestions: the fragment that the desk asks for while somebody types, and what
people mix up.
"""

from collections.abc import Iterable
from datetime import timedelta

from flask import Blueprint, jsonify, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from hotline import clock, schedule
from hotline.auth import Role, access, current_account
from hotline.errors import Conflict, HotlineError, NotFound
from hotline.web import floor, fragment, json_body, language, wants_json
from tickets import service as tickets
from tickets import words
from tickets.categories import retraining, service, versions
from tickets.categories.service import Outcome, Suggestion
from tickets.config import Tickets
from tickets.web import ANSWERS, MOVERS, acting

#: Its templates are the room's.
blueprint = Blueprint("categories", __name__)
SEES = (Role.SUPERVISOR, Role.MANAGER, Role.ADMINISTRATOR)
#: Who says which model suggests.
CHOOSERS = (Role.MANAGER, Role.ADMINISTRATOR)
#: Periods that the page counts, in days.
DAYS = (30, 90, 365)
#: So many tickets behind a number are listed.
LISTED = 200
#: The keys of the desk that take a suggestion, in its order.
KEYS = ("j", "k", "l")


def _config() -> Tickets:
    return floor().section(Tickets)


# ------------------------------------------------------------------ while somebody types


@blueprint.get("/categories/box")
@access(*ANSWERS)
def box() -> ResponseReturnValue:
    """Show, as a fragment, the place for suggestions beside a form; its script fills it."""
    return fragment("tickets/suggestion_box.html")


@blueprint.post("/categories/suggest")
@access(*MOVERS)
def suggest() -> ResponseReturnValue:
    """Say, as a fragment or as JSON, what `text` seems to be about. Nothing of it is kept."""
    text = str(json_body().get("text") or "")
    with floor().db.read() as session:
        found = service.suggest(session, _config(), text)
    if wants_json():
        return jsonify(_json(found))
    return fragment(
        "tickets/suggestions.html",
        found=found,
        text=text.strip(),
        keys=KEYS,
        config=_config(),
        words=words,
    )


def _json(found: Suggestion) -> dict[str, object]:
    return {
        "sure": found.sure,
        "words": list(found.words),
        "model": found.model_id,
        "suggestions": [
            {"category": each.category, "share": each.share and round(each.share, 4)}
            for each in found.items
        ],
    }


# ------------------------------------------------------------------ what is mixed up


@blueprint.get("/categories")
@access(*SEES)
def confusion() -> str:
    """Show which categories are mixed up, how suggestions did, and the models (`days` back)."""
    return _confusion()


def _confusion(error: HotlineError | None = None) -> str:
    days = _days()
    with floor().db.read() as session:
        found = service.outcomes(session, acting(), since=clock.now() - timedelta(days=days))
        use, models = versions.current(session), versions.history(session)
        before = versions.held_before(session, use)
        night = schedule.last_run(session, retraining.NIGHTLY)
        names = tickets.names_of(session, {use.by, *(each.made_by for each in models)})
    return render_template(
        "tickets/categories.html",
        days=days,
        periods=DAYS,
        suggested=service.mixed_up(found, "suggested"),
        chosen=service.mixed_up(found, "chosen"),
        months=service.by_month(found, floor().city.zone),
        month_shown=_month_shown,
        use=use,
        models=models,
        before=before,
        may_choose=current_account().role in CHOOSERS,
        night=night,
        night_said=retraining.Done.read(night.detail) if night else None,
        least=retraining.LEAST_LESSONS,
        names=names,
        why=_why_refused,
        error=error,
        config=_config(),
        words=words,
    )


def _why_refused(model: versions.Version) -> str:
    """Which figure was worse, as `measuring.compare` looks at them; both, or equal."""
    new, old = model.figures["new"], model.figures["old"]
    worse = [key for key in ("accuracy", "macro_f1") if new[key] < old[key]]
    return {0: "equal", 2: "both"}.get(len(worse), (*worse, "")[0])


def _month_shown(month: str) -> str:
    """A month (`2026-11`) in the reader's calendar."""
    year, number = month.split("-")
    return f"{number}/{int(year) + 543}" if language() == "th" else month


@blueprint.post("/categories/model")
@access(*CHOOSERS)
def choose_model() -> ResponseReturnValue:
    """Let another model suggest: the one that did before, or `to`. Form: `seen`, the use that was
    shown; `to`, an id (0: the shipped one).
    """
    form, me, now = request.form, current_account(), clock.now()
    to, seen = form.get("to", type=int), form.get("seen", -1, type=int)
    try:
        with floor().db.write() as session:
            versions.go_back(session, to=to, seen=seen, by=me, now=now)
    except (Conflict, NotFound) as error:
        return make_response(_confusion(error), error.status)
    return redirect(url_for("categories.confusion", _anchor="models"), 303)


@blueprint.get("/categories/tickets")
@access(*SEES)
def behind() -> str:
    """Show the tickets behind a number of that page: `of` (suggested, chosen), `was`, `final`,
    `days`; or those of a `month` that were `right` (1, 0), or `sure` (1).
    """
    days = _days()
    with floor().db.read() as session:
        since = clock.now() - timedelta(days=days)
        found = list(_asked(service.outcomes(session, acting(), since=since)))
        ids = [each.ticket_id for each in found]
        listed = service.tickets_of(session, sorted(ids, reverse=True)[:LISTED], acting())
    return render_template(
        "tickets/categories_tickets.html",
        found={each.ticket_id: each for each in found},
        count=len(ids),
        listed=listed,
        days=days,
        config=_config(),
        words=words,
    )


def _days() -> int:
    days = request.args.get("days", 90, type=int)
    return days if days in DAYS else 90


def _asked(found: Iterable[Outcome]) -> Iterable[Outcome]:
    asked, zone = request.args, floor().city.zone
    for each in found:
        was = each.chosen if asked.get("of") == "chosen" else each.suggested
        is_right = "1" if each.suggested == each.final else "0"
        wanted = {
            "was": was,
            "final": each.final,
            "month": f"{each.at.astimezone(zone):%Y-%m}",
            "right": is_right,
            "sure": "1" if each.sure else "0",
        }
        if was is not None and all(asked.get(k) in (None, "", v) for k, v in wanted.items()):
            yield each
