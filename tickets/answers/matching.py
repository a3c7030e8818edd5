"""Searching answers as somebody types, in scripts with and without spaces between words.

Thai has no spaces, and who types in a hurry leaves out tone marks; a dictionary of words would know
neither the city's names nor foreign ones. So texts are compared by trigrams, their overlapping runs
of three letters: an answer ranks by how many of the question's trigrams it has, those of its title
and keywords counting more than those of its text, and higher still where the question stands in it
as it was typed. Of a whole sentence no answer has enough: then those count that are named in it, by
a run of letters from their title or keywords. (The idea is that of PostgreSQL's pg_trgm; here it
serves SQLite alike.)

Everything is pure: an index is built from documents and asked.
"""

import math
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from operator import itemgetter

GRAM = 3
#: What is typed beyond this many letters finds nothing more.
LONGEST_QUESTION = 60
#: How much of the question an answer must have, in title, keywords and text together.
ENOUGH = 0.55
#: How many trigrams in a row (five letters) name an answer in a sentence.
NAMED = 3
#: What one trigram counts in the title, the keywords, the text.
WEIGHTS = (4.0, 3.0, 1.0)
#: What the whole of what was typed counts, where it stands there.
WHOLE = 2.0

# Tone marks, and the mark of a silent letter: left out in haste, and where they stand differs. And
# what nobody sees.
_DROPPED = dict.fromkeys(
    map(ord, "\u0e47\u0e48\u0e49\u0e4a\u0e4b\u0e4c\u0e4e\u200b\u200c\u200d\u2060\ufeff\u00ad")
)
_FIGURES = {ord("๐") + n: str(n) for n in range(10)}
#: The same to the eye: sara am may be written as two, sara ae as two times sara e.
_SAME = (("\u0e4d\u0e32", "\u0e33"), ("\u0e4d", ""), ("\u0e40\u0e40", "\u0e41"))
_BETWEEN = re.compile(r"[^\w\u0e30-\u0e4e]+")


def normalised(text: str) -> str:
    """A text as it is compared: one spelling, small letters, Arabic figures, no tone marks, and one
    space between what is no letter.
    """
    text = unicodedata.normalize("NFC", text.translate(_DROPPED)).casefold().translate(_FIGURES)
    for written, meant in _SAME:
        text = text.replace(written, meant)
    return _BETWEEN.sub(" ", text).strip()


def grams(text: str) -> set[str]:
    """The trigrams of a normalised text, word by word; a shorter word is its own."""
    found = set()
    for word in text.split():
        if len(word) < GRAM:
            found.add(word)
        found.update(word[at : at + GRAM] for at in range(len(word) - GRAM + 1))
    return found


@dataclass(frozen=True, slots=True)
class Document:
    """Something to be found: its title, its keywords and its text, of all languages together."""

    id: int
    title: str
    keywords: str
    text: str


@dataclass
class Index:
    """Documents by their trigrams. Adding one that is there replaces it."""

    _fields: dict[int, tuple[str, str, str]] = field(default_factory=dict)
    #: For each of the three fields: trigram → who has it.
    _having: tuple[dict[str, set[int]], ...] = field(
        default_factory=lambda: tuple(defaultdict(set) for _ in WEIGHTS)
    )

    def __len__(self) -> int:
        return len(self._fields)

    def add(self, documents: Iterable[Document]) -> None:
        """Make these documents found as they are now."""
        for each in documents:
            self.remove(each.id)
            texts = (normalised(each.title), normalised(each.keywords), normalised(each.text))
            self._fields[each.id] = texts
            for having, text in zip(self._having, texts, strict=True):
                for gram in grams(text):
                    having[gram].add(each.id)

    def remove(self, document_id: int) -> None:
        """Have it found no more."""
        for having, text in zip(self._having, self._fields.pop(document_id, ()), strict=False):
            for gram in grams(text):
                having[gram].discard(document_id)

    def search(self, question: str, limit: int = 10) -> list[int]:
        """The ids of the documents that answer what was typed, the best first."""
        asked = normalised(question[:LONGEST_QUESTION])
        scores = self._scores(asked, grams(asked)) if len(asked) >= GRAM else self._short(asked)
        return best(scores or self._named(asked), limit)

    def _named(self, asked: str) -> dict[int, float]:
        """Of whom a title or a keyword is spoken of: as much of it in a row as there is, or a whole
        keyword, what few have counting more; and nobody who is named by far less than another.
        """
        found = self._keywords_in(asked)
        runs: dict[int, tuple[int, float]] = {}
        for at in range(len(asked) - GRAM + 1):
            gram = asked[at : at + GRAM]
            worth, before, runs = self._rare(gram), runs, {}
            for id_ in self._in_name(gram):
                count, sum_ = before.get(id_, (0, 0.0))
                runs[id_] = (count + 1, sum_ + worth)
                if count + 1 >= NAMED:
                    found[id_] = max(found.get(id_, 0.0), sum_ + worth)
        most = max(found.values(), default=0.0)
        return {id_: score for id_, score in found.items() if score >= most / 2}

    def _keywords_in(self, asked: str) -> dict[int, float]:
        """Whose keyword stands in a question: in scripts with spaces as a word of its own."""
        words, found = set(asked.split()), {}
        for id_, (_, keywords, _) in self._fields.items():
            named = (
                each
                for each in keywords.split()
                if len(each) >= GRAM and (each in words if each.isascii() else each in asked)
            )
            worth = [sum(map(self._rare, grams(each))) for each in named]
            if worth:
                found[id_] = max(worth)
        return found

    def _rare(self, gram: str) -> float:
        here = self._in_name(gram)
        return math.log(1 + len(self) / len(here)) if here else 0.0

    def _in_name(self, gram: str) -> Set[int]:
        title, keywords, _ = (having.get(gram, _NOBODY) for having in self._having)
        return title | keywords

    def _scores(self, asked: str, wanted: set[str]) -> dict[int, float]:
        # what of the question a document has at all, wherever; then what that is worth
        had: Counter[int] = Counter()
        for gram in wanted:
            had.update(self._anywhere(gram))
        enough = {id_ for id_, count in had.items() if count >= ENOUGH * len(wanted)}
        found = dict.fromkeys(enough, 0.0)
        for weight, having in zip(WEIGHTS, self._having, strict=True):
            for gram in wanted:
                for id_ in having.get(gram, _NOBODY) & enough:
                    found[id_] += weight / len(wanted)
        for id_ in enough:
            found[id_] += self._whole(id_, asked)
        return found

    def _anywhere(self, gram: str) -> Set[int]:
        title, keywords, text = (having.get(gram, _NOBODY) for having in self._having)
        return title | keywords | text

    def _whole(self, id_: int, asked: str) -> float:
        """What it is worth that the very words stand there; a title that begins so, some more."""
        texts = self._fields[id_]
        worth = sum(
            WHOLE * weight for weight, text in zip(WEIGHTS, texts, strict=True) if asked in text
        )
        return worth + (0.5 if texts[0].startswith(asked) else 0.0)

    def _short(self, asked: str) -> dict[int, float]:
        """One or two letters: only where a title or a keyword begins with them, or has them."""
        if not asked:
            return {}
        return {
            id_: self._whole(id_, asked)
            for id_, (title, keywords, _) in self._fields.items()
            if asked in title or asked in keywords
        }


_NOBODY: Set[int] = frozenset()


def best(scores: Mapping[int, float], limit: int) -> list[int]:
    """The ids with the highest scores; of two alike the one that is older."""
    ranked: Sequence[tuple[int, float]] = sorted(scores.items(), key=itemgetter(0))
    return [id_ for id_, _ in sorted(ranked, key=itemgetter(1), reverse=True)[:limit]]
