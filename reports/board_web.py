"""The figures of the wallboard: the reports' part of a page of another room."""

from flask import render_template
from markupsafe import Markup

from hotline import clock
from hotline.web import floor, t
from ivr.config import Ivr
from reports import board, here


def board_now() -> Markup:
    """They as they are now: markup for `agents.web.FIGURES`."""
    the_floor, section, now = floor(), here.section(), clock.now()
    with the_floor.db.read() as session:
        found = board.read(
            session,
            here.figures_of_today().cells(session, now),
            list(the_floor.section(Ivr).queues),
            section.wallboard,
            section.service_level.formula,
            now,
        )
    return Markup(  # noqa: S704 - a template escapes
        render_template(
            "reports/board.html",
            board=found,
            threshold=section.service_level.threshold_seconds,
            name_of=lambda row: (
                t("reports.board.floor") if row.id == board.FLOOR else here.words().queue(row.id)
            ),
            spoken_title=_spoken_title,
        )
    )


def _spoken_title(code: str | None) -> str:
    """A language that callers speak, by its own name."""
    known = floor().section(Ivr).languages.get(code or "")
    return known.title if known else here.words().spoken(code or "")
