"""How good a model is: what each figure means is said here, once."""

import zlib
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final

from tickets.categories import text as texts

#: One text in so many is never learned from, whoever teaches: by these, models are compared.
HELD_OUT: Final = 5


def lot(text: str, salt: str = "") -> int:
    """Return a number that is drawn by the words of a text alone: the same on every machine, and
    for texts that differ in spaces, case and digits only.
    """
    return zlib.crc32(f"{salt}:{texts.same(text)}".encode())


def is_held_out(text: str) -> bool:
    """Say whether a text belongs to the part that is never learned from."""
    return lot(text) % HELD_OUT == 0


@dataclass(frozen=True)
class Answered:
    """From which likelihood on so many are right, and what share of all that is."""

    threshold: float
    share: float


def answered(shares: Sequence[float], right: Sequence[bool], precision: float) -> Answered:
    """Return the largest part of the texts, the surest first, of which `precision` are right.

    Texts with the same likelihood are in or out together. Share 0 and threshold above 1: none.
    """
    order = sorted(range(len(shares)), key=lambda n: -shares[n])
    best, good = Answered(1.01, 0.0), 0
    for count, n in enumerate(order, 1):
        good += right[n]
        last = count == len(order) or shares[order[count]] < shares[n]
        if last and good >= precision * count:
            best = Answered(shares[n], count / len(order))
    return best


@dataclass(frozen=True)
class Figures:
    """What was measured on texts whose labels are known.

    `accuracy`: the share whose first suggestion is right. `macro_f1`: the mean over the labels of
    the harmonic mean of precision and recall; over the labels that stand in the data. `answered`:
    at `precision`, which share gets an answer. `confusion`: (right, suggested) and how often.
    """

    count: int
    accuracy: float
    macro_f1: float
    precision: float
    answered: Answered
    by_label: dict[str, dict[str, float]]
    confusion: dict[tuple[str, str], int]

    def as_json(self) -> dict[str, Any]:
        """Return the same for a file or a page."""
        return {
            "count": self.count,
            "accuracy": round(self.accuracy, 4),
            "macro_f1": round(self.macro_f1, 4),
            f"answered_at_{self.precision:.0%}".removesuffix("%"): round(self.answered.share, 4),
            "threshold": round(self.answered.threshold, 4),
            "by_label": self.by_label,
            "confusion": [
                {"label": right, "suggested": said, "count": count}
                for (right, said), count in sorted(self.confusion.items())
            ],
        }


def counted_as(labels: Sequence[Collection[str]], said: Sequence[str]) -> list[str]:
    """Return as which label each text counts that may name several: any that it names is right, so
    it counts as what was `said`, if it names that.
    """
    return [one if one in named else min(named) for named, one in zip(labels, said, strict=True)]


def figures(
    right: Sequence[str], said: Sequence[str], shares: Sequence[float], precision: float = 0.9
) -> Figures:
    """Return the figures of what was `said` of texts whose labels are `right`."""
    confusion = Counter(zip(right, said, strict=True))
    by_label = {label: _of_label(label, confusion) for label in sorted(set(right))}
    good = [one == other for one, other in zip(right, said, strict=True)]
    return Figures(
        count=len(good),
        accuracy=sum(good) / len(good) if good else 0.0,
        macro_f1=sum(each["f1"] for each in by_label.values()) / len(by_label) if good else 0.0,
        precision=precision,
        answered=answered(shares, good, precision),
        by_label=by_label,
        confusion=dict(confusion),
    )


def _of_label(label: str, confusion: Counter[tuple[str, str]]) -> dict[str, float]:
    both = confusion[label, label]
    texts_ = sum(count for (right, _), count in confusion.items() if right == label)
    said = sum(count for (_, other), count in confusion.items() if other == label)
    precision, recall = (both / said if said else 0.0), (both / texts_ if texts_ else 0.0)
    f1 = 2 * precision * recall / (precision + recall) if both else 0.0
    return {
        "count": texts_,
        "precision": round(precision, 4),
        "recall": round(recall, 4),
        "f1": round(f1, 4),
    }


@dataclass(frozen=True)
class Verdict:
    """Whether a new model replaces the one in use, and how the two did on the same texts."""

    better: bool
    new: Figures
    old: Figures
    #: Right where the other was wrong.
    won: int
    lost: int


def compare(
    right: Sequence[Collection[str]],
    new: tuple[Sequence[str], Sequence[float]],
    old: tuple[Sequence[str], Sequence[float]],
) -> Verdict:
    """Compare what two models say of the same texts, each of which names one label or several. A
    new one has to be better in something and worse in nothing: neither in accuracy nor in macro F1.
    """
    of_new = figures(counted_as(right, new[0]), *new)
    of_old = figures(counted_as(right, old[0]), *old)
    pairs = list(zip(right, new[0], old[0], strict=True))
    won = sum(a in named and b not in named for named, a, b in pairs)
    lost = sum(b in named and a not in named for named, a, b in pairs)
    worse = of_new.accuracy < of_old.accuracy or of_new.macro_f1 < of_old.macro_f1
    equal = (of_new.accuracy, of_new.macro_f1) == (of_old.accuracy, of_old.macro_f1)
    return Verdict(not worse and not equal, of_new, of_old, won, lost)
