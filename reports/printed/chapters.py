"""The printed report of a fiscal year, or of any days: its chapters, and what stands in each.

Pure: the figures of the span and of the one before, what divisions failed in, and the city's names
in; a document out. What a number means is not decided here, only where it stands. An empty number
is a dash, and a chapter of which nothing is known is left out, with a word in the last one.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from typing import Any, Final, Protocol

from hotline import i18n
from reports import charts, labels
from reports.catalogue import CATALOGUE
from reports.figures import Calls, Figures, Presence, Tickets, Value
from reports.matters import AGE_BUCKETS, LEAST, NOTHING
from reports.metrics import WAIT_BUCKETS
from reports.printed.document import (
    Beside,
    Block,
    Chapter,
    Chart,
    Definitions,
    Document,
    Heading,
    Number,
    Numbers,
    Table,
    Words,
)
from reports.rollups import Part
from reports.wording import Wording

#: A list on paper ends where the eye does.
LONGEST: Final = 12
#: From one bar to the next, so that three lists of so many stand on a page.
BAR: Final = 19
#: Steps of a table that says itself what they are.
BUCKETS: Final = frozenset({*WAIT_BUCKETS, *AGE_BUCKETS})
_HOURS: Final = [f"{hour:02}" for hour in range(24)]
#: A Monday, for the names of weekdays.
_MONDAY: Final = date(2024, 1, 1)
#: The road of a unit, in order.
_ROAD: Final = (
    "median_first_sent",
    "median_job_acknowledged",
    "median_job_on_way",
    "median_job_here",
    "median_job_on_site",
)
#: How a job ends, and what else becomes of it.
_ENDS: Final = (
    "jobs_done",
    "jobs_declined",
    "jobs_handed_over",
    "jobs_recalled",
    "jobs_open",
    "jobs_asked_help",
)
#: How a division fails to say in time that it has seen a matter.
_LATE: Final = "unacknowledged"


class Faults(Protocol):
    """What one division failed in."""

    @property
    def division(self) -> str: ...
    @property
    def received(self) -> int: ...
    @property
    def faults(self) -> Mapping[Any, int]: ...
    @property
    def unattended(self) -> Sequence[date]: ...


@dataclass(frozen=True)
class Material:
    """Everything that a report is made of."""

    #: "Annual report, fiscal year 2567"
    title: str
    city: str
    hotline: str
    figures: Figures
    #: Of the same time before; None where it is not known whole.
    before: Figures | None
    faults: Sequence[Faults]
    #: Of how many nights it is known who answered for a division.
    nights: int
    #: The titles of the answers that agents used in most calls, and in how many; the most first.
    answers: Sequence[tuple[str, int]]
    #: Tickets to which nobody was sent yet; None where the report is not of today.
    waiting_for_unit: int | None
    #: Geometries (GeoJSON) of the city's areas.
    shapes: Mapping[str, Mapping[str, Any]]
    #: Paragraphs; empty: no foreword.
    foreword: str
    #: The old exchanges of which calls are in the numbers.
    imported: Sequence[str]
    service_level_target: float
    made: str
    accent: str


def build(of: Material, wording: Wording) -> Document:
    """The report as a document, in the language of the wording."""
    book, span, language = _Book(of, wording), of.figures.span, wording.language
    return Document(
        language=language,
        title=of.title,
        subtitle=f"{i18n.day(span.first, language)} – {i18n.day(span.last, language)}",
        city=of.city,
        made=of.made,
        accent=of.accent,
        labels={key: book.t(key) for key in ("contents", "page")},
        chapters=[Chapter(title, blocks) for title, blocks in book.chapters() if blocks],
    )


class _Book:
    def __init__(self, of: Material, wording: Wording) -> None:
        self.of, self.language, self.names = of, wording.language, wording
        self.figures, self.metrics = of.figures, dict(of.figures.metrics)
        #: What has been named so far: the last chapter says what it means.
        self.named: set[str] = set()
        # of what nobody counted nothing is known: not even that it was nothing
        parts: dict[Part, Calls | Tickets | Presence] = {
            Part.CALLS: of.figures.calls,
            Part.TICKETS: of.figures.tickets,
            Part.PRESENCE: of.figures.presence,
        }
        for part, whole in parts.items():
            if not of.figures.coverage[part].days:
                self.metrics |= dict.fromkeys(whole.metrics)

    def t(self, key: str, **values: Any) -> str:
        return self.names.text(f"reports.print.{key}", **values)

    def chapters(self) -> Iterator[tuple[str, list[Block]]]:
        """Title and blocks of each; one without blocks has nothing to tell."""
        yield self.t("foreword"), list(_paragraphs(self.of.foreword))
        yield self.t("one_page"), list(self.one_page())
        yield self.t("calls"), list(self.calls())
        yield self.t("about"), list(self.about())
        yield self.t("speed"), list(self.speed())
        yield self.t("tickets"), list(self.tickets())
        yield self.t("areas"), list(self.areas())
        yield self.t("divisions"), list(self.divisions())
        yield self.t("units"), list(self.units())
        yield self.t("satisfaction"), list(self.satisfaction())
        yield self.t("staff"), list(self.staff())
        yield self.t("notes"), list(self.notes())

    # ------------------------------------------------------------ how a number is written

    def show(self, metrics: Mapping[str, Value], id_: str) -> str:
        value = metrics.get(id_)
        match CATALOGUE[id_].unit:
            case "share":
                return i18n.percent(value, self.language)
            case "milliseconds" if id_ in ("median_resolve", "average_resolve"):
                return self.days(value)
            case "milliseconds":
                return i18n.duration(None if value is None else value / 1000)
            case "mark":
                return i18n.number(value, self.language, 2)
            case _:
                return i18n.number(value, self.language)

    def days(self, milliseconds: Value) -> str:
        """A long while: in days from two on, in hours below."""
        if milliseconds is None:
            return i18n.EMPTY
        hours = milliseconds / 3_600_000
        if hours >= 48:
            return self.t("in_days", number=i18n.number(hours / 24, self.language, 1))
        return self.t("in_hours", number=i18n.number(hours, self.language, 1))

    def name(self, id_: str) -> str:
        self.named.add(id_)
        return CATALOGUE[id_].name[self.language]

    def number(self, id_: str, note: str = "") -> Number:
        return Number(self.name(id_), self.show(self.metrics, id_), note or self.against(id_))

    def against(self, id_: str) -> str:
        """How it was before."""
        if self.of.before is None or self.of.before.metrics.get(id_) is None:
            return ""
        return self.t("before", number=self.show(self.of.before.metrics, id_))

    def month(self, first: date) -> str:
        """Below a chart: with its year where a month comes twice, which would be one column."""
        several = len(self.figures.span.months) > 12
        named = labels.month_of_year if several else labels.short_month
        return named(first, self.language)

    def rows(
        self, of: Mapping[Any, Any], name: Callable[[Any], str], columns: Sequence[str]
    ) -> list[list[str]]:
        return [
            [name(key), *(self.show(each.metrics, id_) for id_ in columns)]
            for key, each in of.items()
        ]

    def table(
        self,
        caption: str,
        what: str,
        of: Mapping[Any, Any],
        name: Callable[[Any], str],
        columns: Sequence[str],
    ) -> Table:
        """One row each of `of`, and the whole as the last."""
        return Table(
            caption,
            [what, *map(self.name, columns)],
            self.rows(of, name, columns),
            [self.t("whole"), *(self.show(self.metrics, id_) for id_ in columns)],
        )

    # ------------------------------------------------------------ the chapters

    def one_page(self) -> Iterator[Block]:
        yield Words(" ".join(self.sentences()))
        target = i18n.percent(self.of.service_level_target, self.language, 0)
        yield Numbers(
            [
                self.number("calls"),
                self.number("answered"),
                self.number("service_level", self.t("target", target=target)),
                self.number("tickets_received"),
                self.number("tickets_resolved"),
                self.number("on_time"),
                self.number("first_call_resolution"),
                self.number("average_mark"),
                self.number("average_judgement"),
            ]
        )
        yield from self.chart_by_month(
            "calls", self.t("calls_by_month"), self.figures.calls_by_month
        )

    def sentences(self) -> Iterator[str]:
        """The year as it can be read aloud."""
        metrics = self.metrics
        yield self.t(
            "aloud_calls",
            hotline=self.of.hotline,
            calls=self.show(metrics, "calls"),
            answered=self.show(metrics, "answered"),
        )
        if metrics.get("service_level") is not None:
            yield self.t(
                "aloud_level",
                level=self.show(metrics, "service_level"),
                threshold=f"{self.figures.threshold_seconds:g}",
            )
        if metrics.get("tickets_received"):
            yield self.t(
                "aloud_tickets",
                tickets=self.show(metrics, "tickets_received"),
                resolved=self.show(metrics, "tickets_resolved"),
            )
        if metrics.get("on_time") is not None:
            yield self.t("aloud_on_time", on_time=self.show(metrics, "on_time"))

    def chart_by_month(self, id_: str, caption: str, of: Mapping[date, Any]) -> Iterator[Block]:
        """Nothing for a single month."""
        if len(of) < 2:
            return
        values = [(self.month(first), each.metrics.get(id_)) for first, each in of.items()]
        yield Chart(
            caption,
            charts.columns(values, title=self.name(id_)),
            _said(caption, ((x, i18n.number(y, self.language)) for x, y in values)),
        )

    def calls(self) -> Iterator[Block]:
        columns = ("calls", "offered", "answered", "abandoned", "service_level", "average_wait")
        # a single month is the whole
        if len(self.figures.calls_by_month) > 1:
            yield self.table(
                self.t("by_month"),
                self.t("month"),
                self.figures.calls_by_month,
                lambda first: i18n.month(first, self.language),
                columns,
            )
        yield self.heat()
        yield self.table(
            self.t("by_language"),
            self.t("language"),
            self.figures.calls_by_language,
            self.names.spoken,
            ("calls", "answered", "abandoned", "service_level"),
        )
        yield self.table(
            self.t("by_queue"),
            self.t("queue"),
            {
                queue: each
                for queue, each in self.figures.calls_by_queue.items()
                if each.counters.offered  # who never queued stands above
            },
            self.names.queue,
            ("offered", "answered", "abandoned", "service_level", "average_wait"),
        )
        yield Numbers(
            [
                self.number("ended_with_bulletin"),
                self.number("transferred"),
                self.number("callbacks_kept_rate"),
            ]
        )
        yield self.by_hour()

    def heat(self) -> Chart:
        days = [i18n.weekday(_MONDAY.replace(day=1 + n), self.language) for n in range(7)]
        values = {
            (days[weekday], _HOURS[hour]): float(tally.calls)
            for (weekday, hour), tally in self.figures.hours.items()
        }
        busiest = max(values, key=lambda each: values[each], default=None)
        says = self.t("busiest", day=busiest[0], hour=busiest[1]) if busiest else i18n.EMPTY
        caption = self.t("week")
        spec = charts.heat(values, days=days, hours=_HOURS, title=self.name("calls"))
        return Chart(f"{caption} · {says}" if busiest else caption, spec, says)

    def by_hour(self) -> Chart:
        """All days of the week together."""
        whole = dict.fromkeys(_HOURS, 0)
        for (_, hour), tally in self.figures.hours.items():
            whole[_HOURS[hour]] += tally.calls
        caption = self.t("by_hour")
        return Chart(
            caption,
            charts.columns(list(whole.items()), title=self.name("calls")),
            _said(caption, ((x, i18n.number(y, self.language)) for x, y in whole.items())),
        )

    def about(self) -> Iterator[Block]:
        """What people called about, and what became of it."""
        for key, tallies, name in (
            ("by_outcome", self.figures.outcomes, self.names.outcome),
            ("by_topic", self.figures.categories, self.names.category),
            ("by_place", self.figures.areas, self.names.area),
        ):
            known = [(name(id_), tally.answered) for id_, tally in tallies.items()]
            if known:
                yield self.ranking(self.t(key), known, self.name("answered"))
        if self.of.answers:
            yield self.ranking(self.t("by_answer"), self.of.answers, self.t("used_in_calls"))
            yield Words(self.t("answers_counted"), aside=True)

    def ranking(self, caption: str, values: Sequence[tuple[str, int]], unit: str) -> Chart:
        shown = list(values[:LONGEST])
        if rest := sum(number for _, number in values[LONGEST:]):
            shown.append((self.t("the_rest", number=len(values) - LONGEST), rest))
        written = ((what, i18n.number(number, self.language)) for what, number in shown)
        return Chart(f"{caption} · {unit}", charts.ranked(shown, step=BAR), _said(caption, written))

    def speed(self) -> Iterator[Block]:
        yield Numbers(
            [
                self.number("service_level"),
                self.number("average_wait"),
                self.number("wait_median"),
                self.number("wait_90"),
                self.number("wait_95"),
                self.number("wait_answered_max_ms"),
            ]
        )
        yield from self.levels()
        waits = [
            (self.name(id_), number)
            for id_, number in self.figures.calls.counters.as_dict().items()
            if id_.startswith("waited_") and number
        ]
        if waits:
            whole = sum(number for _, number in waits)
            yield Table(
                self.t("waits"),
                [self.t("wait"), self.name("answered"), self.t("share")],
                [
                    [
                        name,
                        i18n.number(number, self.language),
                        i18n.percent(number / whole, self.language),
                    ]
                    for name, number in waits
                ],
                [
                    self.t("whole"),
                    i18n.number(whole, self.language),
                    i18n.percent(1, self.language),
                ],
            )

    def levels(self) -> Iterator[Block]:
        """Nothing for a single month."""
        if len(self.figures.calls_by_month) < 2:
            return
        levels = [
            (self.month(first), each.metrics.get("service_level"))
            for first, each in self.figures.calls_by_month.items()
        ]
        caption = self.t(
            "level_by_month",
            threshold=f"{self.figures.threshold_seconds:g}",
            target=i18n.percent(self.of.service_level_target, self.language, 0),
        )
        yield Chart(
            caption,
            charts.share_line(
                levels, title=self.name("service_level"), target=self.of.service_level_target
            ),
            _said(caption, ((x, i18n.percent(y, self.language)) for x, y in levels)),
        )

    def tickets(self) -> Iterator[Block]:
        if not self.metrics.get("tickets_received") and not self.metrics.get("tickets_closed"):
            return
        yield Numbers(
            [
                self.number("tickets_received"),
                self.number("tickets_resolved"),
                self.number("on_time"),
                self.number("median_resolve"),
                self.number("tickets_open"),
                self.number("tickets_open_overdue"),
                self.number("tickets_reopened"),
                self.number("deadlines_passed"),
                self.number("suggestion_accuracy"),
            ]
        )
        yield from self.chart_by_month(
            "tickets_received", self.t("tickets_by_month"), self.figures.tickets_by_month
        )
        yield self.table(
            self.t("tickets_by_category"),
            self.t("category"),
            self.figures.tickets_by_category,
            self.names.category,
            ("tickets_received", "tickets_resolved", "on_time", "median_resolve"),
        )
        ages = [
            (self.name(id_), number)
            for id_, number in self.figures.tickets.counters.as_dict().items()
            if id_.startswith("open_") and number
        ]
        if ages:
            yield Table(
                self.t("ages"),
                [self.t("age"), self.name("tickets_open")],
                [[name, i18n.number(number, self.language)] for name, number in ages],
                [self.t("whole"), self.show(self.metrics, "tickets_open")],
            )

    def areas(self) -> Iterator[Block]:
        found = {
            area: each
            for area, each in self.figures.tickets_by_area.items()
            if each.counters.tickets_received
        }
        if not found:
            return
        received = {area: each.counters.tickets_received for area, each in found.items()}
        caption = self.t("map")
        if self.of.shapes:
            yield Chart(
                caption,
                charts.areas(
                    self.of.shapes,
                    received,
                    {area: self.names.area(area) for area in self.of.shapes},
                    title=self.name("tickets_received"),
                ),
                _said(
                    caption,
                    (
                        (self.names.area(area), i18n.number(number, self.language))
                        for area, number in received.items()
                    ),
                ),
            )
        yield self.table(
            self.t("tickets_by_area"),
            self.t("area"),
            found,
            self.names.area,
            ("tickets_received", "tickets_resolved", "on_time", "median_resolve"),
        )

    def divisions(self) -> Iterator[Block]:
        if self.figures.tickets_by_division:
            yield self.table(
                self.t("tickets_by_division"),
                self.t("division"),
                self.figures.tickets_by_division,
                self.names.division,
                (
                    "tickets_received",
                    "tickets_resolved",
                    "on_time",
                    "median_resolve",
                    "tickets_reopened",
                ),
            )
        failed = [each for each in self.of.faults if any(each.faults.values())]
        # as they stand in the table above
        failed.sort(key=lambda each: -each.received)
        if failed:
            kinds = list(failed[0].faults)
            yield Table(
                self.t("faults"),
                [self.t("division"), *(self.names.text(f"tickets.fault.{kind}") for kind in kinds)],
                [
                    [
                        self.names.division(each.division),
                        *(i18n.number(each.faults[kind], self.language) for kind in kinds),
                    ]
                    for each in failed
                ],
                [
                    self.t("whole"),
                    *(
                        i18n.number(sum(each.faults[kind] for each in failed), self.language)
                        for kind in kinds
                    ),
                ],
            )
            yield Words(self.t("faults_counted"), aside=True)
        yield from self.late()
        yield from self.alone()

    def late(self) -> Iterator[Block]:
        """Who was late to say that a matter had been seen."""
        late = {
            each.division: (count, each.received)
            for each in self.of.faults
            if (count := sum(n for kind, n in each.faults.items() if kind == _LATE))
        }
        if late:
            yield Table(
                self.t("late"),
                [self.t("division"), self.name("tickets_received"), self.t("seen_late")],
                [
                    [
                        self.names.division(division),
                        i18n.number(received, self.language),
                        i18n.number(count, self.language),
                    ]
                    for division, (count, received) in sorted(
                        late.items(), key=lambda each: -each[1][0]
                    )
                ],
            )

    def alone(self) -> Iterator[Block]:
        """Which divisions had nobody to answer for them, and for how long."""
        unattended = [each for each in self.of.faults if each.unattended]
        nights = i18n.number(self.of.nights, self.language)
        if not unattended:
            if self.of.nights:
                yield Words(self.t("attended", nights=nights))
            return
        rows = []
        for each in unattended:
            longest = max(runs_of_nights(each.unattended), key=len)
            rows.append(
                [
                    self.names.division(each.division),
                    i18n.number(len(each.unattended), self.language),
                    i18n.number(len(longest), self.language),
                    i18n.short_day(longest[0], self.language),
                    i18n.short_day(longest[-1], self.language),
                ]
            )
        heads = ("division", "nights", "in_a_row", "from", "until")
        yield Table(self.t("unattended", nights=nights), [self.t(each) for each in heads], rows)

    # ------------------------------------------------------------ the units

    def units(self) -> Iterator[Block]:
        if not self.metrics.get("jobs_sent"):
            return
        yield Words(self.t("units_how"))
        yield Numbers(
            [
                self.number("jobs_sent"),
                self.number("jobs_first"),
                self.number("jobs_done"),
                self.number("jobs_acknowledged_on_time"),
                self.number("median_job_here"),
                self.number("median_job_on_site"),
            ]
        )
        yield from self.chart_by_month(
            "jobs_sent", self.t("jobs_by_month"), self.figures.jobs_by_month
        )
        yield self.table(
            self.t("jobs_by_unit"),
            self.t("unit"),
            self.figures.jobs_by_unit,
            self.figures.unit_title(self.language),
            (
                "jobs_sent",
                "jobs_done",
                "jobs_acknowledged_late",
                "median_job_acknowledged",
                "median_job_here",
                "median_job_on_site",
            ),
        )
        yield Beside((self.road(), self.ends()))
        if self.of.waiting_for_unit is not None:
            number = i18n.number(self.of.waiting_for_unit, self.language)
            yield Words(self.t("waiting_for_unit", number=number), aside=True)

    def road(self) -> Table:
        """How long the steps of a job took."""
        return Table(
            self.t("road"),
            [self.t("step"), self.t("half_within")],
            [[self.name(id_), self.show(self.metrics, id_)] for id_ in _ROAD],
        )

    def ends(self) -> Table:
        """What became of the jobs."""
        sent = self.figures.jobs.counters.jobs_sent
        ends = self.figures.jobs.counters.as_dict()
        return Table(
            self.t("ends"),
            [self.t("what_became"), self.name("jobs_sent"), self.t("share")],
            [
                [
                    self.name(id_),
                    i18n.number(ends[id_], self.language),
                    i18n.percent(ends[id_] / sent, self.language),
                ]
                for id_ in _ENDS
            ],
        )

    def satisfaction(self) -> Iterator[Block]:
        if not self.metrics.get("rated") and not self.metrics.get("tickets_judged"):
            return
        yield Words(self.t("satisfaction_how"))
        yield Numbers(
            [
                self.number("average_mark"),
                self.number("rated"),
                self.number("rating_response"),
                self.number("average_judgement"),
                self.number("tickets_judged"),
                self.number("judgement_response"),
            ]
        )
        yield from self.marks_by_month()
        yield from self.marks_by_division()

    def marks_by_month(self) -> Iterator[Block]:
        """Nothing for a single month."""
        months = self.figures.calls_by_month
        if len(months) < 2:
            return
        columns = ("average_mark", "rating_response", "average_judgement", "judgement_response")
        known = {
            month: {**calls.metrics, **tickets.metrics}
            for month, calls in months.items()
            if (tickets := self.figures.tickets_by_month.get(month)) is not None
        }
        if known:
            yield Table(
                self.t("marks_by_month"),
                [self.t("month"), *map(self.name, columns)],
                [
                    [
                        i18n.month(month, self.language),
                        *(self.show(metrics, id_) for id_ in columns),
                    ]
                    for month, metrics in known.items()
                ],
                [self.t("whole"), *(self.show(self.metrics, id_) for id_ in columns)],
            )

    def marks_by_division(self) -> Iterator[Block]:
        """Of few people a mean says nothing: such a division is left out."""
        enough = {
            division: each
            for division, each in self.figures.tickets_by_division.items()
            if each.counters.tickets_judged >= LEAST
        }
        if enough:
            yield self.table(
                self.t("marks_by_division", least=LEAST),
                self.t("division"),
                enough,
                self.names.division,
                ("tickets_judged", "average_judgement", "judgement_response"),
            )

    def staff(self) -> Iterator[Block]:
        if not self.metrics.get("present_ms"):
            return
        yield Numbers(
            [
                Number(self.name(id_), self.t("hours", number=self.hours(self.metrics, id_)))
                for id_ in ("present_ms", "on_call_ms")
            ]
            + [
                self.number("occupancy"),
                self.number("adherence"),
                self.number("average_talk"),
                self.number("average_handling"),
            ]
        )
        yield from self.staff_by_month()

    def staff_by_month(self) -> Iterator[Block]:
        """Nothing for a single month, nor of a month in which nobody was there or was to be."""
        if len(self.figures.presence_by_month) < 2:
            return
        hours, others = ("present_ms", "planned_ms"), ("shifts", "shifts_late", "shifts_absent")
        columns = (*others, "occupancy", "adherence")

        def cells(metrics: Mapping[str, Value]) -> list[str]:
            shown = [self.show(metrics, id_) for id_ in columns]
            return [*(self.hours(metrics, id_) for id_ in hours), *shown]

        yield Table(
            self.t("staff_by_month"),
            [
                self.t("month"),
                *(self.t("name_in_hours", name=self.name(id_)) for id_ in hours),
                *map(self.name, columns),
            ],
            [
                [i18n.month(month, self.language), *cells(each.metrics)]
                for month, each in self.figures.presence_by_month.items()
                if not each.counters.is_empty
            ],
            [self.t("whole"), *cells(self.metrics)],
        )

    def hours(self, metrics: Mapping[str, Value], id_: str) -> str:
        """A sum of many people's time."""
        return i18n.number((metrics.get(id_) or 0) / 3_600_000, self.language)

    def notes(self) -> Iterator[Block]:
        yield Heading(self.t("gaps"))
        yield from (Words(each) for each in self.gaps())
        yield Heading(self.t("definitions"))
        yield Words(
            self.t("rules", formula=self.names.text(f"reports.formula_{self.figures.formula}"))
        )
        yield Definitions(
            [
                (metric.name[self.language], metric.definition[self.language])
                for metric in CATALOGUE.values()
                if metric.id in self.named and metric.id not in BUCKETS
            ]
        )

    def gaps(self) -> Iterator[str]:
        """Every known one, in words; one sentence when there is none."""
        if self.of.imported:
            yield self.t("imported", sources=", ".join(self.of.imported))
        found = False
        for part, coverage in self.figures.coverage.items():
            what = self.t(f"part_{part.value}")
            for key in ("missing", "revised", "outdated", "live"):
                days = getattr(coverage, key)
                if days:
                    found = True
                    yield self.t(f"gap_{key}", what=what, days=i18n.days(days, self.language))
        if not found:
            yield self.t("no_gaps")
        yield from self.unknown()

    def unknown(self) -> Iterator[str]:
        """How much there is of which something is not known."""
        whole = self.metrics.get("tickets_received")
        for key, groups in (
            ("category", self.figures.tickets_by_category),
            ("area", self.figures.tickets_by_area),
        ):
            nothing = groups.get(NOTHING)
            if whole and nothing is not None and nothing.counters.tickets_received:
                number = nothing.counters.tickets_received
                yield self.t(
                    f"unknown_{key}",
                    number=i18n.number(number, self.language),
                    share=i18n.percent(number / whole, self.language),
                )
        days = (self.figures.span.last - self.figures.span.first).days + 1
        if not self.of.nights:
            yield self.t("no_nights")
        elif self.of.nights < days:
            yield self.t(
                "unknown_nights",
                nights=i18n.number(self.of.nights, self.language),
                days=i18n.number(days, self.language),
            )
        if not self.metrics.get("jobs_sent"):
            yield self.t("no_jobs")


def _paragraphs(text: str) -> Iterator[Block]:
    """Markdown as far as a foreword has it: paragraphs, headings (#), lists (-), **strong**."""
    for part in text.strip().split("\n\n"):
        lines = part.strip().splitlines()
        if lines and lines[0].startswith("#"):
            yield Heading(lines[0].lstrip("# "))
            lines = lines[1:]
        if lines and all(line.startswith("- ") for line in lines):
            yield from (Words(f"• {line[2:]}", marked=True) for line in lines)
        elif lines:
            yield Words(" ".join(line.strip() for line in lines), marked=True)


def runs_of_nights(nights: Sequence[date]) -> list[list[date]]:
    """Nights in order as runs of those that follow each other."""
    numbered = ((night - timedelta(days=n), night) for n, night in enumerate(sorted(nights)))
    return [[night for _, night in run] for _, run in groupby(numbered, key=lambda each: each[0])]


def _said(caption: str, values: Iterable[tuple[str, str]]) -> str:
    """A chart for who cannot see it."""
    return f"{caption}: " + "; ".join(f"{x} {y}" for x, y in values)
