"""The bell in the header, the page of one's notices, and how one wants to be told."""

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from hotline import audit, clock
from hotline.auth import EVERYONE, Role, access, current_account
from hotline.errors import Invalid, NotFound
from hotline.notices import mail, rules, service
from hotline.notices.service import NoticeFacts
from hotline.people.service import LARGEST_ID
from hotline.web import floor, language

blueprint = Blueprint("notices", __name__)
#: Who deals with it that something could not be e-mailed.
SETTLES = (Role.SUPERVISOR, Role.ADMINISTRATOR)
ONE = f"/notices/<int(max={LARGEST_ID}):notice_id>"


def title(notice: NoticeFacts) -> str:
    """What a notice says, to the reader."""
    return mail.title(floor(), notice, language())


@blueprint.get("/notices")
@access(*EVERYONE)
def notices() -> str:
    """One's own notices. Query: `before`, the last id of the page before."""
    before = request.args.get("before", type=int)
    before = before if before is not None and 0 < before <= LARGEST_ID else None
    with floor().db.read() as session:
        found = service.of_account(session, current_account().id, before)
    return render_template(
        "floor/notices.html",
        found=found,
        title=title,
        details=lambda notice: mail.details(floor(), notice, language()),
        address_of=mail.address_of,
        more=found[-1].id if len(found) == service.SHOWN else None,
    )


@blueprint.get("/notices/bell")
@access(*EVERYONE)
def bell() -> Response:
    """Show, as a fragment, how many notices one has not seen."""
    response = make_response(render_template("floor/_bell.html"))
    response.headers["Cache-Control"] = "private, no-cache"
    response.add_etag()
    return response.make_conditional(request)


@blueprint.post("/notices/seen")
@access(*EVERYONE)
def see_all() -> Response:
    """One has seen all of them."""
    with floor().db.write() as session:
        service.see(session, current_account().id, None, clock.now())
    return redirect(url_for("notices.notices"), 303)


@blueprint.post(f"{ONE}/open")
@access(*EVERYONE)
def open_one(notice_id: int) -> Response:
    """See one of one's own, and go to what it is about."""
    with floor().db.write() as session:
        found = service.find(session, notice_id)
        if found is None or found.account_id != current_account().id:
            raise NotFound
        service.see(session, found.account_id, notice_id, clock.now())
    return redirect(mail.address_of(found) or url_for("notices.notices"), 303)


@blueprint.post(f"{ONE}/settle")
@access(*SETTLES)
def settle(notice_id: int) -> Response:
    """Somebody has told them otherwise: what could not be e-mailed needs no more attention."""
    with floor().db.write() as session:
        now = clock.now()
        if (told := service.settle(session, notice_id, now)) is not None:
            subject = f"{audit.ACCOUNT}{told}"
            audit.record(session, "floor.notice_settled", subject, by=current_account(), at=now)
    return redirect("/tickets/attention", 303)


# ---------------------------------------------------------------- how one wants to be told


@blueprint.get("/me/notices")
@access(*EVERYONE)
def choices() -> str:
    """How one wants to be told."""
    return _page(None)


def _page(error: Invalid | None, done: bool = False) -> str:
    with floor().db.read() as session:
        choice = service.choice_of(session, current_account().id)
        email = service.email_of(session, current_account().id)
    return render_template(
        "floor/notice_choices.html",
        choice=choice,
        email=email,
        hows=rules.HOWS,
        mails=bool(floor().settings.smtp_url),
        error=error,
        typed=request.form,
        done=done or request.args.get("done") == "1",
    )


@blueprint.post("/me/notices")
@access(*EVERYONE)
def choose() -> ResponseReturnValue:
    """Form: `email`, a kind each (`now`, `digest`, `no`), `quiet_from`, `quiet_until`."""
    try:
        choice = rules.read_choice(request.form)
        with floor().db.write() as session:
            service.choose(session, current_account().id, choice, request.form.get("email", ""))
    except Invalid as error:
        return _page(error), error.status
    return redirect(url_for("notices.choices", done="1"), 303)
