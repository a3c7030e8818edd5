"""The printed report of a city, from its database: what is read for it, and its PDF."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shapely.geometry import mapping
from sqlalchemy.orm import Session

from agents.config import Agents
from hotline import clock, i18n
from hotline.config import City
from hotline.errors import Invalid
from hotline.i18n import Texts
from ivr.config import Ivr
from reports import figures, source
from reports.config import Reports
from reports.figures import Figures
from reports.printed import chapters, press
from reports.printed.document import Document
from reports.printed.pen import LONGEST, Material
from reports.printed.press import Progress
from reports.service import How
from reports.span import Span
from reports.wording import Wording, wording
from tickets import accountability
from tickets.accountability import Account
from tickets.answers import service as answers
from tickets.config import Tickets
from tickets.facts import SYSTEM, Actor
from tickets.units import reading as units
from tickets.workflow import Role

if TYPE_CHECKING:
    from hotline.floor import Floor


@dataclass(frozen=True)
class Printer:
    """Reads and prints the reports of one city."""

    city: City
    ivr: Ivr
    agents: Agents
    tickets: Tickets
    reports: Reports
    #: Where config.yaml stands, and the city's files beside it.
    folder: Path
    texts: Texts

    @classmethod
    def of(cls, floor: "Floor", folder: Path) -> "Printer":
        """For a process that has a floor."""
        return cls(
            floor.city,
            floor.section(Ivr),
            floor.section(Agents),
            floor.section(Tickets),
            floor.section(Reports),
            folder,
            floor.texts,
        )

    @property
    def _how(self) -> How:
        return How.by(self.city.zone, self.reports, self.agents)

    def document(self, session: Session, span: Span, language: str, *, now: datetime) -> Document:
        """The report of the local days of `span` as things stand `now`.

        Raises Invalid for a span that has not begun, and where a file of the city is missing.
        """
        if span.first > clock.local_day(now, self.city.zone):
            raise Invalid(f"{span.first}: that day has not come")
        account = self._account(session, span)
        words = wording(language, self.texts, self.ivr, self.tickets)
        start, end = self._bounds(span)
        found = Material(
            title=self._title(span, words),
            city=self.city.name.for_(language),
            hotline=self.city.hotline_name.for_(language),
            figures=figures.figures(session, span, self._how, now=now),
            before=self._before(session, span, now=now),
            faults=account.rows,
            nights=account.nights,
            answers=self._answers(session, start, end, language),
            waiting_for_unit=self._waiting_for_unit(session, span, now),
            shapes=self._shapes(),
            foreword=self._foreword(language) if _is_year(span) else "",
            imported=source.imported_from(session, start, end),
            service_level_target=self.reports.service_level.target,
            short_abandon_seconds=self.reports.short_abandon_seconds,
            first_call_days=self.reports.first_call_days,
            made=words.text(
                "reports.print.made",
                at=i18n.moment(now, language, self.city.zone),
            ),
            accent=self.city.accent,
        )
        return chapters.build(found, words)

    def pdf(self, document: Document, progress: Progress = press.in_silence) -> bytes:
        """The document as a PDF; raises Invalid where the city's seal is missing."""
        return press.pdf(document, progress=progress, **self._own(document))

    def pdf_apart(self, document: Document) -> bytes:
        """The same from a process of its own: see `press.pdf_apart`."""
        return press.pdf_apart(document, **self._own(document))

    def mark(self, document: Document) -> str:
        """What is the same while the PDF would say the same: see `press.mark`."""
        return press.mark(document, **self._own(document))

    def _own(self, document: Document) -> press.Own:
        own = self.reports.printed
        numerals = self.reports.numerals == "thai" and document.language == "th"
        return {"seal": self._file(own.seal) if own.seal else None, "thai_numerals": numerals}

    def _title(self, span: Span, words: Wording) -> str:
        if _is_year(span):
            year = clock.fiscal_year_of(span.first)
            return words.text("reports.print.of_year", year=year, gregorian=span.last.year)
        if span == Span.of_month(span.first.year, span.first.month):
            return words.text(
                "reports.print.of_month", month=i18n.month(span.first, words.language)
            )
        return words.text("reports.print.of_days")

    def _before(self, session: Session, span: Span, *, now: datetime) -> Figures | None:
        """Of the year before, for a fiscal year: as much of it as there is of this one."""
        if not _is_year(span):
            return None
        earlier = Span.of_fiscal_year(clock.fiscal_year_of(span.first) - 1)
        today = clock.local_day(now, self.city.zone)
        if today < span.last:
            earlier = Span(earlier.first, earlier.first + (today - span.first))
        return figures.figures(session, earlier, self._how, now=now)

    def _account(self, session: Session, span: Span) -> Account:
        start, end = self._bounds(span)
        reader = Actor(SYSTEM, Role.MANAGER)
        return accountability.account(session, self.tickets, reader, start=start, end=end)

    def _answers(
        self, session: Session, start: datetime, end: datetime, language: str
    ) -> list[tuple[str, int]]:
        used = answers.most_used(session, start, end, LONGEST)
        return [(titles.get(language) or titles[answers.FALLBACK], n) for titles, n in used]

    def _waiting_for_unit(self, session: Session, span: Span, now: datetime) -> int | None:
        """Who waits is known of now alone: nothing is kept of who waited."""
        if not span.first <= clock.local_day(now, self.city.zone) <= span.last:
            return None
        return units.waiting_count(session, self.tickets, Actor(SYSTEM, Role.MANAGER))

    def _bounds(self, span: Span) -> tuple[datetime, datetime]:
        zone = self.city.zone
        return clock.midnight(span.first, zone), clock.midnight(span.last + timedelta(days=1), zone)

    def _shapes(self) -> Mapping[str, Mapping[str, Any]]:
        areas = self.tickets.areas
        pairs = zip(areas.areas.values(), areas.shapes, strict=True)
        return {area.id: mapping(shape) for area, shape in pairs if not area.outside}

    def _foreword(self, language: str) -> str:
        name = self.reports.printed.foreword.get(language)
        return self._file(name).read_text(encoding="utf-8") if name else ""

    def _file(self, name: Path) -> Path:
        found = self.folder / name
        if not found.is_file():
            raise Invalid(f"reports.printed: there is no file {found}")
        return found


def _is_year(span: Span) -> bool:
    return span == Span.of_fiscal_year(clock.fiscal_year_of(span.first))
