"""The printed report of a fiscal year, or of any days: its chapters, and what stands in each.

Pure: the figures of the span and of the one before, what divisions failed in, and the city's names
in; a document out. What a number means is not decided here, only where it stands. An empty number
is a dash, and a chapter of which nothing is known is left out, with a word in the last one.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Final

from hotline import i18n
from reports import charts, trust
from reports.catalogue import CATALOGUE, with_terms
from reports.figures import Value
from reports.matters import AGE_BUCKETS, NOTHING
from reports.metrics import WAIT_BUCKETS
from reports.printed.document import (
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
from reports.printed.matters import Matters
from reports.printed.pen import Material, said
from reports.rollups import Part
from reports.wording import Wording

#: Steps of a table that says itself what they are.
BUCKETS: Final = frozenset({*WAIT_BUCKETS, *AGE_BUCKETS})
#: Counters of calls that a formula of the service level may name.
IN_FORMULAS: Final = ("answered_in_threshold", "abandoned_in_threshold", "short_abandoned")
_HOURS: Final = [f"{hour:02}" for hour in range(24)]
#: A Monday, for the names of weekdays.
_MONDAY: Final = date(2024, 1, 1)


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


class _Book(Matters):
    """The chapters about calls and agents, and all of them in order."""

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

    def one_page(self) -> Iterator[Block]:
        yield Words(" ".join(self.sentences()))
        if not self.is_over:
            until = i18n.day(self.figures.until, self.language)
            yield Words(self.t("not_over", day=until), aside=True)
        yield from (
            Words(each, aside=True) for each in self.unknown_days((Part.CALLS, Part.TICKETS))
        )
        if days := self.figures.coverage[Part.CALLS].outdated:
            said = self.names.text("reports.outdated", count=i18n.number(len(days), self.language))
            yield Words(said, aside=True)
        target = i18n.percent(self.of.service_level_target, self.language, 0)
        level = self.number("service_level", self.t("target", target=target))
        # of what nothing is known no dash is printed in large
        others = (
            (
                *("tickets_received", "tickets_resolved", "on_time"),
                *("first_call_resolution", "average_mark", "average_judgement"),
            )
            if self.figures.coverage[Part.TICKETS].days
            else ("abandoned", "average_wait", "wait_90")
        )
        yield Numbers(
            [self.number("calls"), self.number("answered"), level, *map(self.number, others)]
        )
        if self.is_single_month:
            yield self.by_hour()
        yield from self.chart_by_month(
            "calls", self.t("calls_by_month"), self.figures.calls_by_month
        )

    def sentences(self) -> Iterator[str]:
        """The year as it can be read aloud."""
        metrics = self.metrics
        yield self.t(
            "aloud_calls",
            hotline=self.of.hotline,
            calls=self.counted("times", metrics.get("calls")),
            answered=self.counted("calls", metrics.get("answered")),
        )
        if metrics.get("service_level") is not None:
            yield self.t(
                "aloud_level",
                level=self.show(metrics, "service_level"),
                threshold=f"{self.figures.threshold_seconds:g}",
            )
        if metrics.get("tickets_received"):
            at_once = metrics.get("tickets_answered_at_once")
            yield self.t(
                "aloud_tickets_at_once" if at_once else "aloud_tickets",
                tickets=self.counted("matters", metrics["tickets_received"]),
                at_once=i18n.number(at_once, self.language),
                resolved=self.show(metrics, "tickets_resolved"),
            )
        if metrics.get("on_time") is not None:
            yield self.t("aloud_on_time", on_time=self.show(metrics, "on_time"))

    def calls(self) -> Iterator[Block]:
        columns = ("calls", "offered", "answered", "abandoned", "service_level", "average_wait")
        if not self.is_single_month:
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
        if not self.is_single_month:  # there it stands on the first page
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
            said(caption, ((x, i18n.number(y, self.language)) for x, y in whole.items())),
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
                [self.t("wait"), self.t("on_the_line"), self.t("share")],
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
            yield from self.called_back()

    def called_back(self) -> Iterator[Block]:
        """Why fewer waited than were answered."""
        if self.figures.calls.counters.callbacks_reached:
            yield Words(
                self.t(
                    "waits_counted",
                    answered=self.show(self.metrics, "answered"),
                    callbacks=self.show(self.metrics, "callbacks_reached"),
                ),
                aside=True,
            )

    def levels(self) -> Iterator[Block]:
        """Nothing for a single month."""
        if self.is_single_month:
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
            said(caption, ((x, i18n.percent(y, self.language)) for x, y in levels)),
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

    def notes(self) -> Iterator[Block]:
        yield Heading(self.t("gaps"))
        yield from (Words(each) for each in self.gaps())
        yield Heading(self.t("definitions"))
        formula = self.names.text(f"reports.formula_{self.figures.formula}")
        yield Words(self.t("rules", formula=formula))
        yield Words(
            self.names.text(
                "reports.settings",
                threshold=f"{self.figures.threshold_seconds:g}",
                short=f"{self.of.short_abandon_seconds:g}",
                target=i18n.percent(self.of.service_level_target, self.language, 0),
            )
        )
        if self.metrics.get("first_call_resolution") is not None:
            yield Words(self.t("first_call_days", days=self.of.first_call_days))
        # what the formula is made of stands in no table, and is explained as well
        self.named |= {
            id_
            for id_ in IN_FORMULAS
            if CATALOGUE[id_].name[self.language].lower() in formula.lower()
        }
        # nor does what a definition is made of
        explained = with_terms(self.named)
        yield Definitions(
            [
                (metric.name[self.language], metric.definition[self.language])
                for metric in CATALOGUE.values()
                if metric.id in explained and metric.id not in BUCKETS
            ]
            + [
                (
                    self.names.text(f"tickets.fault.{kind}"),
                    self.names.text(f"reports.print.fault.{kind}"),
                )
                for kind in self.faults_named
            ]
        )

    def gaps(self) -> Iterator[str]:
        """Every known one, in words; one sentence when there is none."""
        if self.of.imported:
            yield self.t("imported", sources=", ".join(self.of.imported))
        for source, groups in self.figures.untold.by_source():
            what = ", ".join(CATALOGUE[each].name[self.language] for each in groups)
            yield self.names.text("reports.untold", source=source, what=what)
        known = [*self.unknown_days(), *trust.doubtful_days(self.names, self.figures.coverage)]
        yield from known or [self.t("no_gaps")]
        yield from self.unknown()

    def unknown_days(self, parts: Iterable[Part] = Part) -> Iterator[str]:
        """Of each part the days of which nothing is known, where there are any."""
        return trust.unknown_days(self.names, self.figures.coverage, parts)

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
