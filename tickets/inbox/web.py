"""The pages of saved views."""

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from hotline import clock
from hotline.auth import EVERYONE, access, current_account
from hotline.web import floor
from tickets import words
from tickets.config import Tickets
from tickets.inbox import views
from tickets.web import LARGEST_ID, acting

#: Its templates are the room's.
blueprint = Blueprint("inbox", __name__)
_VIEW = f"/tickets/views/<int(max={LARGEST_ID}):view_id>"


@blueprint.get("/tickets/views")
@access(*EVERYONE)
def saved_views() -> str:
    """Show one's saved views, and those of one's divisions."""
    return _saved_views()


@blueprint.post("/tickets/views")
@access(*EVERYONE)
def save() -> ResponseReturnValue:
    """Keep a list. Form: `title`, `share` (a division, or empty), and the fields of its address."""
    try:
        with floor().db.write() as session:
            view_id = views.save(
                session,
                current_account().id,
                acting(),
                title=request.form.get("title", ""),
                division=request.form.get("share"),
                asked=request.form,
                now=clock.now(),
            )
    except views.BadView as error:
        return make_response(_saved_views(error), error.status)
    return redirect(url_for("tickets.ticket_list", view=view_id), 303)


@blueprint.post(_VIEW)
@access(*EVERYONE)
def change(view_id: int) -> ResponseReturnValue:
    """Change a view of one's own. Form: `title`, `share`, and `asked=1` with the fields of the
    address that it shows from now on.
    """
    form = request.form
    try:
        with floor().db.write() as session:
            views.change(
                session,
                view_id,
                current_account().id,
                acting(),
                title=form.get("title", ""),
                division=form.get("share"),
                asked=form if form.get("asked") else None,
                now=clock.now(),
            )
    except views.BadView as error:
        return make_response(_saved_views(error), error.status)
    if form.get("asked"):
        return redirect(url_for("tickets.ticket_list", view=view_id), 303)
    return redirect(url_for("inbox.saved_views"), 303)


@blueprint.post(f"{_VIEW}/remove")
@access(*EVERYONE)
def remove(view_id: int) -> ResponseReturnValue:
    """Take a view of one's own away."""
    with floor().db.write() as session:
        views.remove(session, view_id, current_account().id)
    return redirect(url_for("inbox.saved_views"), 303)


@blueprint.post("/tickets/views/begin")
@access(*EVERYONE)
def begin() -> ResponseReturnValue:
    """Choose the view that one's list begins with. Form: `view`, empty for none."""
    with floor().db.write() as session:
        views.choose(session, request.form.get("view", type=int), current_account().id, acting())
    return redirect(url_for("inbox.saved_views"), 303)


def _saved_views(error: views.BadView | None = None) -> str:
    actor = acting()
    with floor().db.read() as session:
        found = views.of(session, current_account().id, actor)
    return render_template(
        "tickets/views.html",
        views=found,
        actor=actor,
        config=floor().section(Tickets),
        words=words,
        error=error,
    )
