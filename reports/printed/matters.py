"""The chapters of a printed report about matters: what came, where, who answered for it, who went
out, and what citizens thought of it. Pure.
"""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from itertools import groupby
from typing import Final

from hotline import i18n
from reports import charts
from reports.matters import LEAST
from reports.printed.document import Beside, Block, Chart, Numbers, Table, Words
from reports.printed.pen import Pen, said

#: The road of a unit, in order.
_ROAD: Final = (
    "median_first_sent",
    "median_job_acknowledged",
    "median_job_on_way",
    "median_job_here",
    "median_job_on_site",
)
#: So high that all about the units stands on a page.
_LOW: Final = 110
#: How a job ends, or that it has not: each is one of them.
_ENDS: Final = (
    "jobs_done",
    "jobs_declined",
    "jobs_handed_over",
    "jobs_recalled",
    "jobs_open",
)


class Matters(Pen):
    """Writes them, each as its blocks; one of which nothing is known has none."""

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
        if at_once := self.metrics.get("tickets_answered_at_once"):
            yield Words(self.t("at_once", number=i18n.number(at_once, self.language)), aside=True)
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
                said(
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
            self.faults_named = kinds
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
        yield from self.alone()

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
            "jobs_sent", self.t("jobs_by_month"), self.figures.jobs_by_month, height=_LOW
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
        yield from self.helped()
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
            [
                self.t("whole"),
                i18n.number(sent, self.language),
                i18n.percent(1, self.language),
            ],
        )

    def helped(self) -> Iterator[Block]:
        """In how many jobs a crew could not do it alone."""
        counters = self.figures.jobs.counters
        if counters.jobs_asked_help:
            yield Words(
                self.t(
                    "asked_help",
                    number=i18n.number(counters.jobs_asked_help, self.language),
                    of=i18n.number(counters.jobs_sent, self.language),
                ),
                aside=True,
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


def runs_of_nights(nights: Sequence[date]) -> list[list[date]]:
    """Nights in order as runs of those that follow each other."""
    numbered = ((night - timedelta(days=n), night) for n, night in enumerate(sorted(nights)))
    return [[night for _, night in run] for _, run in groupby(numbered, key=lambda each: each[0])]
