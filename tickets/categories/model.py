"""The model: a linear judgement on n-grams of characters, in arrays and nothing else.

What it says of a text: up to three labels, how sure it is of each, whether that is sure enough, and
which words of the text spoke for the first. Only numpy is needed here, and only once somebody asks.
"""

import functools
import io
import json
import zipfile
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tickets.categories import text as texts
from tickets.categories.text import FOLLOWS, LEADS, Grams, Read

Floats = NDArray[np.float32]

#: So many are suggested at most.
SHOWN: Final = 3
#: So many words are named as the reason at most.
NAMED: Final = 3
#: What is less likely is not worth a key.
LEAST: Final = 0.02
#: Of fewer known n-grams of three letters nothing can be said; and where less than this share of
#: them is known, nothing for sure: another language, a matter that nobody has ever come with.
LEAST_KNOWN: Final = 2
LEAST_SHARE_KNOWN: Final = 0.3
#: A reason is no longer than so many letters.
_LONGEST_REASON: Final = 24
#: How much louder than the usual a letter has to be; and how much a further reason has to say.
_USUAL: Final = 0.5
_MUCH_LESS: Final = 0.25
_FORMAT: Final = 1


@dataclass(frozen=True)
class Candidate:
    """One label and how likely it is right, 0 to 1."""

    label: str
    share: float


@dataclass(frozen=True)
class Judgement:
    """What the model says: the likeliest first. `words` are pieces of the text as it was typed."""

    candidates: tuple[Candidate, ...] = ()
    sure: bool = False
    words: tuple[str, ...] = ()

    @property
    def first(self) -> Candidate | None:
        """The likeliest, None when there is nothing to say."""
        return self.candidates[0] if self.candidates else None


@dataclass(frozen=True)
class Model:
    """What n-gram `hashes[i]` says for `labels[k]` is `weights[i, k]` times `scales[k]`."""

    labels: tuple[str, ...]
    hashes: NDArray[np.uint32]
    weights: NDArray[np.int8]
    scales: Floats
    biases: Floats
    #: Margins times this are the logits of the likelihoods.
    sharpness: float = 1.0
    #: From this likelihood on it is sure: then so many of a hundred are right as `precision` says.
    threshold: float = 0.5
    #: How it was made and measured; shown, never computed with.
    about: Mapping[str, Any] = field(default_factory=dict)

    def judge(
        self,
        text: str,
        among: Collection[str] | None = None,
        words: Collection[str] = (),
        *,
        why: bool = True,
    ) -> Judgement:
        """Say what `text` is about, of the labels in `among` (all), and `why`. Takes well under
        20 ms.

        `words` are words that a reason is not cut in the middle of, where they stand in the text.
        """
        read = texts.read(text)
        found = texts.grams(read.letters)
        of_three = np.unique(found.hashes[found.lengths == 3])
        familiar = int(self._find(of_three)[1].sum())
        if familiar < LEAST_KNOWN:
            return Judgement()
        known, values = self.values(found)
        margins = self._margins(known, values)
        allowed = [k for k, label in enumerate(self.labels) if among is None or label in among]
        if not allowed:
            return Judgement()
        shares = likelihoods(margins[None, :], self.sharpness)[0]
        order = sorted(allowed, key=lambda k: -shares[k])[:SHOWN]
        candidates = tuple(
            Candidate(self.labels[k], float(shares[k]))
            for n, k in enumerate(order)
            if n == 0 or shares[k] >= LEAST
        )
        reasons = self._reasons(read, found, order[0], words) if why else ()
        is_known = familiar >= LEAST_SHARE_KNOWN * len(of_three)
        return Judgement(candidates, is_known and candidates[0].share >= self.threshold, reasons)

    def values(self, found: Grams) -> tuple[NDArray[np.int64], Floats]:
        """Return which n-grams of a text are known (rows of `weights`) and how much each counts."""
        hashes, counts = np.unique(found.hashes, return_counts=True)
        at, hit = self._find(hashes)
        known = at[hit]
        values = (1 + np.log(counts[hit])).astype(np.float32)
        length = float(np.sqrt((values**2).sum()))
        return known, values / np.float32(length or 1.0)

    def _find(self, hashes: NDArray[np.uint32]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Return the row of each n-gram, and whether there is one."""
        at = np.searchsorted(self.hashes, hashes)
        at[at == len(self.hashes)] = 0
        hit = self.hashes[at] == hashes if len(self.hashes) else np.zeros(len(at), dtype=bool)
        return at, hit

    def _margins(self, known: NDArray[np.int64], values: Floats) -> Floats:
        said = values @ self.weights[known].astype(np.float32)
        margins: Floats = said * self.scales + self.biases
        return margins

    def _reasons(
        self, read: Read, found: Grams, which: int, words: Collection[str]
    ) -> tuple[str, ...]:
        """The pieces of the text that spoke for a label, the loudest first."""
        at, hit = self._find(found.hashes)
        starts, lengths, rows = found.starts[hit], found.lengths[hit], at[hit]
        # what speaks for all labels alike speaks for none
        rest = self.weights[rows].astype(np.float32) * self.scales
        said = rest[:, which] - rest.mean(axis=1)
        # each n-gram speaks evenly for its letters: up where it begins, down where it ends
        steps = np.zeros(len(read.letters) + 1, dtype=np.float64)
        np.add.at(steps, starts, said / lengths)
        np.add.at(steps, starts + lengths, -said / lengths)
        loud = np.cumsum(steps)[:-1].astype(np.float32)
        return tuple(_pieces(read, loud, _spans(read.letters, words)))

    def as_bytes(self) -> bytes:
        """Return the model as a file (npz): arrays of numbers, and the labels."""
        said = {
            "format": _FORMAT,
            "labels": self.labels,
            "sharpness": self.sharpness,
            "threshold": self.threshold,
            "about": dict(self.about),
        }
        written = io.BytesIO()
        np.savez_compressed(
            written,
            hashes=self.hashes,
            weights=self.weights,
            scales=self.scales,
            biases=self.biases,
            said=np.frombuffer(json.dumps(said, ensure_ascii=False).encode(), dtype=np.uint8),
        )
        return written.getvalue()

    @classmethod
    def of_bytes(cls, content: bytes) -> "Model":
        """Read a model; raises ValueError for what is none (nothing in it is ever executed)."""
        try:
            with np.load(io.BytesIO(content), allow_pickle=False) as file:
                said = json.loads(file["said"].tobytes())
                if said["format"] != _FORMAT:
                    raise ValueError(f"format {said['format']}")
                return cls(
                    labels=tuple(said["labels"]),
                    hashes=file["hashes"],
                    weights=file["weights"],
                    scales=file["scales"],
                    biases=file["biases"],
                    sharpness=float(said["sharpness"]),
                    threshold=float(said["threshold"]),
                    about=said["about"],
                )
        except (KeyError, OSError, EOFError, TypeError, zipfile.BadZipFile) as error:
            raise ValueError(f"no model: {error}") from error

    def told(self, **about: Any) -> "Model":
        """Return the same with more said of how it was made."""
        return replace(self, about={**self.about, **about})

    def dense(self) -> Floats:
        """Return the weights as numbers, a column a label."""
        weights: Floats = self.weights.astype(np.float32) * self.scales
        return weights

    @property
    def bytes_in_memory(self) -> int:
        """What its arrays take."""
        arrays = (self.hashes, self.weights, self.scales, self.biases)
        return sum(each.nbytes for each in arrays)


def likelihoods(margins: Floats, sharpness: float) -> Floats:
    """Return how likely each label is, a row a text; each row sums up to one."""
    logits = margins * np.float32(sharpness)
    logits = logits - logits.max(axis=1, keepdims=True)
    shares = np.exp(logits)
    found: Floats = shares / shares.sum(axis=1, keepdims=True)
    return found


# ------------------------------------------------------------------ why


def _spans(letters: str, words: Collection[str]) -> list[tuple[int, int]]:
    """Where words stand in a text: begin and end of each."""
    spans = []
    for word in words:
        plain = _plain(word)
        at = letters.find(plain) if len(plain) > 1 else -1
        while at >= 0:
            spans.append((at, at + len(plain)))
            at = letters.find(plain, at + 1)
    return spans


@functools.lru_cache(maxsize=1024)
def _plain(word: str) -> str:
    return texts.read(word).letters.strip()


def _pieces(read: Read, loud: Floats, spans: list[tuple[int, int]]) -> list[str]:
    """Cut the loudest stretches out of the text, whole letters with their marks."""
    loud = loud.copy()
    loud[[n for n, each in enumerate(read.letters) if each == " "]] = -np.inf
    spoken = loud[np.isfinite(loud)]
    if not len(spoken) or spoken.max() <= 0:
        return []
    # a stretch goes on as long as its letters are louder than the usual letter that speaks for it
    usual = float(np.mean(spoken[spoken > 0])) * _USUAL
    first, pieces = 0.0, list[str]()
    while len(pieces) < NAMED:
        begin, end, value = _loudest(loud - usual)
        first = first or value
        if value <= first * _MUCH_LESS:
            break
        begin, end = _whole(read.letters, *_over(begin, end, spans))
        loud[begin:end] = -np.inf
        piece = read.source[read.places[begin] : _end_place(read, end)].strip()
        if len(piece) > 1 and not any(piece in other for other in pieces):
            pieces.append(piece)
    return pieces


def _over(begin: int, end: int, spans: list[tuple[int, int]]) -> tuple[int, int]:
    """Widen a stretch so that it cuts none of the words that it touches."""
    touched = [each for each in spans if min(end, each[1]) - max(begin, each[0]) >= 2]
    return min([begin, *(a for a, _ in touched)]), max([end, *(b for _, b in touched)])


def _loudest(values: Floats) -> tuple[int, int, float]:
    """The stretch with the greatest sum (Kadane): where it begins, ends, and the sum."""
    best, best_at, total, begin = 0.0, (0, 0), 0.0, 0
    for n, value in enumerate(values.tolist()):
        if total <= 0 or n - begin >= _LONGEST_REASON:
            total, begin = 0.0, n
        total = max(total + value, 0.0)
        if total > best:
            best, best_at = total, (begin, n + 1)
    return (*best_at, best)


def _whole(letters: str, begin: int, end: int) -> tuple[int, int]:
    """Widen a stretch to whole syllable marks in Thai, to whole words elsewhere."""
    while begin > 0 and (
        letters[begin] in FOLLOWS or letters[begin - 1] in LEADS or _latin(letters, begin)
    ):
        begin -= 1
    while end < len(letters) and (
        letters[end] in FOLLOWS or letters[end - 1] in LEADS or _latin(letters, end)
    ):
        end += 1
    return begin, end


def _latin(letters: str, at: int) -> bool:
    """Say whether a cut here would go through a word of a script that has spaces."""
    return _spaced(letters[at - 1]) and _spaced(letters[at])


def _spaced(letter: str) -> bool:
    return letter != " " and not ("\u0e00" <= letter <= "\u0e7f" or "\u3400" <= letter <= "\u9fff")


def _end_place(read: Read, end: int) -> int:
    return read.places[end] if end < len(read.places) else len(read.source)
