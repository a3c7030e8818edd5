"""How the model is learned: a linear support vector machine on n-grams of characters.

What was known before is not forgotten: its weights are where the search begins, and to leave them
costs as much as weights cost that begin at nothing. So a city's first two hundred corrections move
a model that others' thousands of texts made, and need not make one of their own.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, sparse
from scipy.sparse import linalg

from tickets.categories import measuring
from tickets.categories import text as texts
from tickets.categories.model import Model, likelihoods

#: How much a text on the wrong side costs, against weights that are large.
COST: Final = 2.0
#: An n-gram that stands in fewer texts is not learned: it says nothing, or it is somebody's name.
LEAST_TEXTS: Final = 3
#: Texts are judged by models that have not seen them, in so many parts, to learn how sure to be.
FOLDS: Final = 4
#: So many of a hundred that are called sure shall be right.
PRECISION: Final = 0.9
#: Less likely than this is never sure, however good the whole is: words of another year are harder.
LEAST_SURE: Final = 0.85
#: N-grams kept in a model: those that say most. The file stays below 5 MB.
KEPT: Final = 120_000
#: A label needs so many texts to be learned at all.
LEAST_OF_LABEL: Final = 5

_STEPS: Final = 30
_CG_STEPS: Final = 40
#: The search ends where it is so much flatter than at its beginning.
_CLOSE: Final = 5e-3


@dataclass(frozen=True)
class Lesson:
    """One text and what it was about. `also`: what else, where it names several (a road under
    water): it is learned as each of them, and as none of them whole.
    """

    text: str
    label: str
    also: frozenset[str] = frozenset()

    @property
    def labels(self) -> frozenset[str]:
        """All that it was about."""
        return self.also | {self.label}


class TooLittle(ValueError):
    """There is nothing to learn from: fewer than two labels have texts enough."""


@dataclass(frozen=True)
class _Weights:
    """Weights on their way: as `Model`, not yet cut down to small numbers."""

    labels: tuple[str, ...]
    hashes: NDArray[np.uint32]
    weights: NDArray[np.float32]
    biases: NDArray[np.float32]

    def as_model(self, kept: int, sharpness: float = 1.0, threshold: float = LEAST_SURE) -> Model:
        """Keep the n-grams that say most, and of each number as much as eight bits hold."""
        hashes, weights = self.hashes, self.weights
        if len(hashes) > kept:
            loudness = np.abs(weights).max(axis=1)
            chosen = np.sort(np.argpartition(-loudness, kept)[:kept])
            hashes, weights = hashes[chosen], weights[chosen]
        scales = (np.abs(weights).max(axis=0) / 127).astype(np.float32)
        scales[scales == 0] = 1.0
        small = np.rint(weights / scales).astype(np.int8)
        return Model(self.labels, hashes, small, scales, self.biases, sharpness, threshold)


def learn(
    lessons: Sequence[Lesson],
    *,
    before: Model | None = None,
    only_named: bool = False,
    kept: int = KEPT,
    told: Callable[[str], None] = lambda _: None,
) -> Model:
    """Learn from `lessons`, beginning with what `before` knows. Raises `TooLittle`.

    `only_named`: labels that no lesson names stay as they were. The table of a city that has
    thirteen names for things does not say that there is nothing else; its own tickets do.
    The same lessons in the same order give the same model. How long it takes: docs/categories.md.
    """
    lessons = enough(lessons, before)
    read = _Texts.of([each.text for each in lessons])
    given = [each.labels for each in lessons]
    labels = tuple(sorted({*(before.labels if before else ())}.union(*given)))
    told(f"{len(lessons)} texts, {len(labels)} labels")
    taught = frozenset[str]().union(*given) if only_named else frozenset(labels)
    whole = _fit(read, given, labels, taught, before)
    # once more in parts: how sure it may be is learned from texts that it has not seen
    parts = np.array([_part(each.text) for each in lessons])
    margins = np.zeros((len(lessons), len(labels)), dtype=np.float32)
    for part in range(FOLDS):
        unseen = np.flatnonzero(parts == part)
        seen = np.flatnonzero(parts != part)
        if not len(unseen) or not len(seen):
            continue
        told(f"part {part + 1} of {FOLDS}")
        one = _fit(read.some(seen), [given[n] for n in seen], labels, taught, before)
        margins[unseen] = _margins(one.as_model(kept), read.some(unseen))
    right = _right(given, labels)
    sharpness = _sharpness(margins, right)
    threshold = _threshold(margins, right, sharpness)
    return whole.as_model(kept, sharpness, threshold).told(
        lessons=len(lessons), parts=FOLDS, precision=PRECISION
    )


def enough(lessons: Sequence[Lesson], before: Model | None = None) -> list[Lesson]:
    """Return the lessons of the labels that have enough of them; of one that names several, what
    it says of the labels that have. Raises `TooLittle`.
    """
    counts = Counter(label for each in lessons for label in each.labels)
    known = set(before.labels) if before else set()
    known |= {label for label, count in counts.items() if count >= LEAST_OF_LABEL}
    kept = [
        Lesson(each.text, min(labels), labels - {min(labels)})
        for each in lessons
        if (labels := each.labels & known)
    ]
    if len(known) < 2 or not kept:
        raise TooLittle
    return kept


@dataclass(frozen=True)
class Said:
    """What a model says of a text: the likeliest label ("": nothing), how likely, and how sure."""

    label: str
    share: float
    sure: bool


def judged(model: Model, many: Iterable[str]) -> list[Said]:
    """Return what a model says of each text, as the desk hears it."""
    found = []
    for each in many:
        judgement = model.judge(each, why=False)
        first = judgement.first
        found.append(
            Said("", 0.0, False)
            if first is None
            else Said(first.label, first.share, judgement.sure)
        )
    return found


# ------------------------------------------------------------------ texts as rows of numbers


@dataclass(frozen=True)
class _Texts:
    """Texts as counts: of each the numbers of its n-grams and how often each stands there."""

    hashes: list[NDArray[np.uint32]]
    counts: list[NDArray[Any]]

    @classmethod
    def of(cls, many: Sequence[str]) -> "_Texts":
        hashes, counts = [], []
        for each in many:
            found = texts.grams(texts.read(each).letters).hashes
            unique, count = np.unique(found, return_counts=True)
            hashes.append(unique)
            counts.append((1 + np.log(count)).astype(np.float32))
        return cls(hashes, counts)

    def some(self, which: NDArray[np.int64]) -> "_Texts":
        """Those of some rows."""
        return _Texts([self.hashes[n] for n in which], [self.counts[n] for n in which])

    def rows(self, known: NDArray[np.uint32]) -> Any:
        """As a sparse matrix over the n-grams `known` (sorted), each row of length one."""
        lengths = [len(each) for each in self.hashes]
        every = np.concatenate(self.hashes) if self.hashes else np.zeros(0, dtype=np.uint32)
        at = np.searchsorted(known, every)
        at[at == len(known)] = 0
        hit = known[at] == every if len(known) else np.zeros(len(at), dtype=bool)
        row = np.repeat(np.arange(len(lengths)), lengths)[hit]
        values = np.concatenate([*self.counts, np.zeros(0)])[hit]
        squares = np.bincount(row, weights=values**2, minlength=len(lengths))
        values = values / np.sqrt(squares[row])
        return sparse.csr_matrix((values, (row, at[hit])), shape=(len(lengths), len(known)))

    def known(self) -> NDArray[np.uint32]:
        """The n-grams that stand in texts enough, sorted."""
        if not self.hashes:
            return np.zeros(0, dtype=np.uint32)
        hashes, counts = np.unique(np.concatenate(self.hashes), return_counts=True)
        found: NDArray[np.uint32] = hashes[counts >= LEAST_TEXTS]
        return found


def _part(text: str) -> int:
    """Which part a text is in: the same words are always in the same."""
    return measuring.lot(text, salt="part") % FOLDS


def _margins(model: Model, read: _Texts) -> NDArray[np.float32]:
    found: NDArray[np.float32] = (
        read.rows(model.hashes).astype(np.float32) @ model.dense() + model.biases
    )
    return found


# ------------------------------------------------------------------ the search


def _right(given: Sequence[frozenset[str]], labels: tuple[str, ...]) -> NDArray[np.float64]:
    """What share of each text is each label's, a row a text: it is all one label's, or shared
    evenly among those that it names.
    """
    at = {label: k for k, label in enumerate(labels)}
    right = np.zeros((len(given), len(labels)))
    for row, named in zip(right, given, strict=True):
        row[[at[label] for label in named]] = 1 / len(named)
    return right


def _fit(
    read: _Texts,
    given: Sequence[frozenset[str]],
    labels: tuple[str, ...],
    taught: frozenset[str],
    before: Model | None,
) -> _Weights:
    hashes, weights, biases = _start(read, labels, before)
    rows = read.rows(hashes)
    said = rows @ weights + biases
    right = _right(given, labels)
    for k in (k for k, label in enumerate(labels) if label in taught):
        shares = right[:, k]
        signs = np.where(shares > 0, 1.0, -1.0)
        # who names two says half as much for each, and all against the rest
        costs = COST * np.where(shares > 0, shares, 1.0)
        moved, bias = _separate(rows, signs, said[:, k], costs)
        weights[:, k] += moved
        biases[k] += bias
    return _Weights(labels, hashes, weights.astype(np.float32), biases.astype(np.float32))


def _start(
    read: _Texts, labels: tuple[str, ...], before: Model | None
) -> tuple[NDArray[np.uint32], NDArray[np.float64], NDArray[np.float64]]:
    """The n-grams, and the weights and biases to begin with."""
    hashes = read.known()
    if before is None:
        return hashes, np.zeros((len(hashes), len(labels))), np.zeros(len(labels))
    every = np.union1d(hashes, before.hashes)
    weights = np.zeros((len(every), len(labels)))
    biases = np.full(len(labels), -1.0)  # what nobody has taught yet is nothing's label
    at, dense = np.searchsorted(every, before.hashes), before.dense()
    for k, label in enumerate(before.labels):
        weights[at, labels.index(label)] = dense[:, k]
        biases[labels.index(label)] = before.biases[k]
    return every, weights, biases


def _separate(
    rows: Any,
    signs: NDArray[np.float64],
    said: NDArray[np.float64],
    costs: NDArray[np.float64],
) -> tuple[NDArray[np.float64], float]:
    """Return by how much to move the weights and the bias of one label.

    Minimises |moved|²/2 + Σ cost · max(0, 1 - sign · margin)², `said` being the margins before, by
    Newton steps (Keerthi and DeCoste, 2005): each looks only at the texts that are short of a
    margin of one, and those become few.
    """
    moved, bias = np.zeros(rows.shape[1]), 0.0

    def cost_of(moved: NDArray[np.float64], bias: float) -> tuple[float, NDArray[np.float64]]:
        """The cost, and by how much each text is short of its margin."""
        short = np.maximum(0.0, 1.0 - signs * (said + rows @ moved + bias))
        return 0.5 * float(moved @ moved) + float(costs @ short**2), short

    cost, short = cost_of(moved, bias)
    first = 0.0
    for _ in range(_STEPS):
        active = np.flatnonzero(short > 0)
        part = rows[active]
        pull = -2.0 * costs[active] * signs[active] * short[active]
        slope, slope_bias = moved + part.T @ pull, float(pull.sum())
        steep = float(np.sqrt(slope @ slope + slope_bias**2))
        first = first or steep
        if steep <= _CLOSE * first:
            break
        way, way_bias = _newton(part, costs[active], slope, slope_bias)
        down = float(slope @ way) + slope_bias * way_bias
        size = 1.0
        while True:
            to, to_bias = moved + size * way, bias + size * way_bias
            new, shorter = cost_of(to, to_bias)
            if new <= cost + 1e-4 * size * down or size < 1e-3:
                break
            size /= 2
        if new >= cost:
            break
        moved, bias, cost, short = to, to_bias, new, shorter
    return moved, bias


def _newton(
    part: Any, costs: NDArray[np.float64], slope: NDArray[np.float64], slope_bias: float
) -> tuple[NDArray[np.float64], float]:
    """The Newton step, by conjugate gradients: (1 + 2 · partᵀ cost part) step = -slope."""
    across = part.T.tocsr()

    def curved(step: NDArray[np.float64]) -> NDArray[np.float64]:
        seen = 2.0 * costs * (part @ step[:-1] + step[-1])
        found = np.append(step[:-1], 0.0)
        found[:-1] += across @ seen
        found[-1] = seen.sum() + 1e-6 * step[-1]
        return found

    size = len(slope) + 1
    system = linalg.LinearOperator((size, size), matvec=curved, dtype=np.float64)
    step, _ = linalg.cg(system, -np.append(slope, slope_bias), rtol=0.1, maxiter=_CG_STEPS)
    return step[:-1], float(step[-1])


# ------------------------------------------------------------------ how sure


def _sharpness(margins: NDArray[np.float32], right: NDArray[np.float64]) -> float:
    """The factor with which the likelihoods are true: as many are right as they say."""

    def loss(logarithm: float) -> float:
        shares = likelihoods(margins, float(np.exp(logarithm)))
        return -float(np.mean((right * np.log(shares + 1e-9)).sum(axis=1)))

    found = optimize.minimize_scalar(loss, bounds=(-2.0, 4.0), method="bounded")
    return float(np.exp(found.x))


def _threshold(margins: NDArray[np.float32], right: NDArray[np.float64], sharpness: float) -> float:
    shares = likelihoods(margins, sharpness)
    every, best = np.arange(len(shares)), shares.argmax(axis=1)
    good = right[every, best] > 0  # of what it names, any is right
    found = measuring.answered(shares[every, best].tolist(), good.tolist(), PRECISION)
    # of all of them enough are right: then the least sure of them sets no limit
    return LEAST_SURE if found.share == 1.0 else max(LEAST_SURE, found.threshold)


def cut(model: Model, labels: Sequence[str]) -> Model:
    """Return the model without labels that are not in `labels`."""
    kept = [k for k, label in enumerate(model.labels) if label in set(labels)]
    return replace(
        model,
        labels=tuple(model.labels[k] for k in kept),
        weights=model.weights[:, kept],
        scales=model.scales[kept],
        biases=model.biases[kept],
    )
