"""How a reader calls what a report tells of: the texts of this room, and the city's names of its
queues, outcomes, categories, divisions and areas. One for pages' files, workbooks and paper.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from hotline import i18n
from hotline.i18n import Texts
from ivr.config import Ivr
from tickets.config import Tickets


@dataclass(frozen=True)
class Wording:
    """The reader's words: `text(key)` of the room's texts, and the names of what has an id."""

    language: str
    text: Callable[..., str]
    queue: Callable[[str], str]
    spoken: Callable[[str], str]
    outcome: Callable[[str], str]
    category: Callable[[str], str]
    division: Callable[[str], str]
    area: Callable[[str], str]

    def month(self, day: date) -> str:
        return i18n.month(day, self.language)


def wording(language: str, texts: Texts, callers: Ivr, desk: Tickets) -> Wording:
    """The words of a reader: what the city calls its queues, outcomes, categories and divisions."""

    def text(key: str, **values: Any) -> str:
        return texts.get(key, language, **values)

    def title(known: Mapping[str, Any], none: str) -> Callable[[str], str]:
        def of(key: str) -> str:
            if not key:
                return text(none)
            return str(known[key].title.for_(language)) if key in known else key

        return of

    outcomes = {outcome.id: outcome for outcome in desk.outcomes}
    areas = desk.areas.areas

    def area(key: str) -> str:
        if not key:
            return text("reports.no_area")
        return areas[key].name(language) if key in areas else key

    return Wording(
        language,
        text,
        title(callers.queues, "reports.no_queue"),
        lambda code: i18n.language_name(code, language) if code else text("reports.no_language"),
        title(outcomes, "reports.no_outcome"),
        title(desk.categories, "reports.no_category"),
        title(desk.divisions, "reports.no_division"),
        area,
    )
