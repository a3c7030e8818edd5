"""The page of nuisance: who calls again and again in silence, who is blocked, and by whom."""

from flask import make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from hotline import audit, clock
from hotline.auth import Role, access, current_account
from hotline.errors import Conflict, HotlineError, Invalid
from hotline.i18n import masked
from hotline.web import floor
from ivr import calls, nuisance
from ivr.config import Ivr, NuisanceRules
from ivr.errors import NumberWithheld
from ivr.nuisance import LONGEST_BLOCK, LONGEST_REASON, BlockFacts
from ivr.pages.base import blueprint, shown_number
from tickets import service as tickets

SEES = (Role.SUPERVISOR, Role.MANAGER)
DECIDES = (Role.SUPERVISOR,)
#: Blocks that are over on one page, and calls that a suspect is shown with.
PAGE, CALLS_SHOWN = 20, 6


def _rules() -> NuisanceRules:
    return floor().section(Ivr).nuisance


@blueprint.get("/nuisance")
@access(*SEES)
def nuisance_page() -> str:
    """Suspects, blocks, and what has been looked at."""
    return _page()


@blueprint.post("/nuisance/blocks")
@access(*DECIDES)
def block_number() -> ResponseReturnValue:
    """Serve a number no more for some days. Form: `number`, `reason`, `days`."""
    form, by = request.form, current_account().username
    try:
        number = nuisance.normalised(form.get("number", ""), floor().city)
        with floor().db.write() as session:
            made = nuisance.block(
                session,
                number,
                reason=form.get("reason", ""),
                days=form.get("days", 0, type=int),
                by=by,
                now=clock.now(),
            )
            _audit(session, "ivr.blocked", made)
    except (Invalid, Conflict) as error:
        return make_response(_page(error), error.status)
    return redirect(url_for("ivr.nuisance_page"), 303)


@blueprint.post("/nuisance/blocks/<int:block_id>/lift")
@access(*DECIDES)
def lift_block(block_id: int) -> ResponseReturnValue:
    """Serve the number again."""
    with floor().db.write() as session:
        lifted = nuisance.lift(session, block_id, by=current_account().username, now=clock.now())
        _audit(session, "ivr.block_lifted", lifted)
    return redirect(url_for("ivr.nuisance_page"), 303)


@blueprint.post("/nuisance/dismissals")
@access(*DECIDES)
def dismiss_suspect() -> ResponseReturnValue:
    """The caller of a call is no nuisance. Form: `call`."""
    with floor().db.write() as session:
        call_id, now, by = request.form.get("call", 0, type=int), clock.now(), current_account()
        number = calls.facts(session, call_id).from_number
        if calls.is_withheld(number):
            raise NumberWithheld
        nuisance.dismiss(session, _rules(), number, by=by.username, now=now)
        subject, of = f"call:{call_id}", masked(number)
        audit.record(session, "ivr.suspect_dismissed", subject, by=by, at=now, of=of)
    return redirect(url_for("ivr.nuisance_page"), 303)


def _audit(session: Session, kind: str, block: BlockFacts) -> None:
    """Without the reason: words about a caller are forgotten when the caller asks for it."""
    by, of = current_account(), masked(block.number)
    audit.record(session, kind, f"block:{block.id}", by=by, at=clock.now(), of=of)


def _page(error: HotlineError | None = None) -> str:
    now, before = clock.now(), request.args.get("before", type=int)
    with floor().db.read() as session:
        suspects = nuisance.suspects(session, _rules(), now)
        blocks = nuisance.listing(session, now)
        past = nuisance.past(session, now, before=before, limit=PAGE + 1)
        shown = [*blocks, *past[:PAGE]]
        refused = nuisance.refused_counts(session, {each.id: each for each in shown})
        dismissals = nuisance.dismissals(session, now)
        people = {each.author for each in shown} | {each.ended_by or "" for each in shown}
        names = tickets.names_of(session, people | {each.by for each in dismissals})
    return render_template(
        "ivr/nuisance.html",
        suspects=suspects,
        blocks=blocks,
        past=past[:PAGE],
        more=past[PAGE - 1].id if len(past) > PAGE else None,
        refused=refused,
        dismissals=dismissals,
        names=names,
        rules=_rules(),
        longest=LONGEST_BLOCK,
        longest_reason=LONGEST_REASON,
        calls_shown=CALLS_SHOWN,
        may_decide=current_account().role in DECIDES,
        shown_number=shown_number,
        error=error,
        typed=request.form if error else {},
    )
