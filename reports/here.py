"""What the pages stand on: the city's settings, the reader's words, today's figures."""

from datetime import date

from flask import current_app

from hotline import clock
from hotline.i18n import Texts
from hotline.web import floor, language
from ivr.config import Ivr
from reports.config import Reports
from reports.pictures import Painter
from reports.service import How
from reports.today import Today
from reports.wording import Wording, wording
from tickets.config import Tickets


def section() -> Reports:
    return floor().section(Reports)


def how() -> How:
    return How.of(floor())


def day() -> date:
    """The city's day."""
    return clock.local_day(clock.now(), floor().city.zone)


def words() -> Wording:
    """The reader's."""
    here = floor()
    texts: Texts = here.texts
    return wording(language(), texts, here.section(Ivr), here.section(Tickets))


def painter() -> Painter:
    """For the reader."""
    service_level = section().service_level
    return Painter(
        words(),
        threshold=service_level.threshold_seconds,
        short=section().short_abandon_seconds,
        target=service_level.target,
    )


def figures_of_today() -> Today:
    """One for the process: it remembers what has been counted."""
    known: Today = current_app.extensions.setdefault("reports.today", Today(how()))
    return known
