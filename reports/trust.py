"""How far the numbers of a span can be trusted, in a reader's words: the same on paper and in a
workbook. Pure.
"""

from collections.abc import Iterable, Iterator, Mapping

from hotline import i18n
from reports.rollups import Part
from reports.span import Coverage
from reports.wording import Wording


def unknown_days(
    words: Wording, coverage: Mapping[Part, Coverage], parts: Iterable[Part] = Part
) -> Iterator[str]:
    """Of each part the days of which nothing is known, where there are any."""
    for part in parts:
        each, what = coverage[part], words.text(f"reports.print.part_{part.value}")
        if not each.days:
            yield words.text("reports.print.nothing_known", what=what)
        elif each.unknown:
            yield words.text(
                "reports.print.gap_unknown",
                what=what,
                known=i18n.number(each.days, words.language),
                of=i18n.number(each.days + len(each.unknown), words.language),
                days=i18n.days(each.unknown, words.language),
            )


def doubtful_days(words: Wording, coverage: Mapping[Part, Coverage]) -> Iterator[str]:
    """Of each part the days that are not counted for good, or otherwise than today."""
    for part, each in coverage.items():
        what = words.text(f"reports.print.part_{part.value}")
        for key in ("missing", "revised", "outdated", "live"):
            if days := getattr(each, key):
                told = i18n.days(days, words.language)
                yield words.text(f"reports.print.gap_{key}", what=what, days=told)
