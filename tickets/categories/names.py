"""What a matter is called: ids, titles and aliases, in config.yaml and in other cities' files."""

import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

from hotline.errors import Invalid

#: A cell may name several.
_SEPARATORS = re.compile(r"[,;|{}\[\]'\"]+")
#: Of shorter names nobody knows whether they are a word or a part of one. In Chinese two signs are
#: a word, and in Russian three letters with which one begins.
_SHORTEST_WORD, _SHORTEST_HAN, _SHORTEST_CYRILLIC = 4, 2, 3
_HAN: Final = re.compile("[\u3400-\u9fff]+")
_CYRILLIC: Final = re.compile("[\u0400-\u04ff\\s-]+")


class _Title(Protocol):
    root: dict[str, str]


class Named(Protocol):
    """A category as config.yaml has it."""

    @property
    def title(self) -> _Title: ...
    @property
    def aliases(self) -> tuple[str, ...]: ...


@dataclass(frozen=True)
class Names:
    """The names of every category."""

    by_name: Mapping[str, str]
    #: Names in somebody's file that mean several categories, and nobody has said which of them.
    wide: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, categories: Mapping[str, Named]) -> "Names":
        """Gather ids, titles and aliases; config.yaml holds that none is two categories'."""
        found: dict[str, str] = {}
        for id_, category in categories.items():
            for name in (id_, *category.aliases, *category.title.root.values()):
                found.setdefault(_plain(name), id_)
        return cls(found)

    def widened(self, means: Iterable[str]) -> "Names":
        """Return the same where names mean several categories: `NAME=CATEGORY,CATEGORY`, each.

        Raises `Invalid` for what is not written so, and for a category that there is not.
        """
        wide = dict(self.wide)
        for each in means:
            name, _, meant = each.partition("=")
            known, unknown = self.categories(meant)
            if not name.strip() or not known or unknown:
                what = f'no such category "{min(unknown)}"' if unknown else "NAME=CATEGORY,CATEGORY"
                raise Invalid(f"--means {each}: {what}")
            wide[_plain(name)] = frozenset(known)
        return replace(self, wide=wide)

    def category(self, name: str) -> str | None:
        """Return the category that is called so, or None."""
        return self.by_name.get(_plain(name))

    def categories(self, cell: str) -> tuple[set[str], set[str]]:
        """Return the categories that a cell of a table names, and the names that are nobody's."""
        whole = self._meant(cell)
        if whole:
            return set(whole), set()
        names = {part.strip() for part in _SEPARATORS.split(cell)} - {""}
        found = {name: self._meant(name) for name in names}
        known = {category for meant in found.values() for category in meant}
        return known, {name for name, meant in found.items() if not meant}

    def _meant(self, name: str) -> frozenset[str]:
        category = self.category(name)
        return self.wide.get(_plain(name), frozenset(() if category is None else {category}))

    def said_in(self, text: str, among: Collection[str]) -> Iterator[tuple[str, str]]:
        """Yield (category, the name as it stands in the text) for what the text calls by name, of
        the categories in `among`; the longest name first, each category once.
        """
        plain = unicodedata.normalize("NFC", text).casefold()
        seen: set[str] = set()
        for name in sorted(self.by_name, key=lambda each: (-len(each), each)):
            category = self.by_name[name]
            if category in among and category not in seen and _stands_in(name, plain):
                seen.add(category)
                yield category, name


def _plain(name: str) -> str:
    return " ".join(unicodedata.normalize("NFC", name).casefold().split())


def _stands_in(name: str, text: str) -> bool:
    if _HAN.fullmatch(name):
        return len(name) >= _SHORTEST_HAN and name in text
    if _CYRILLIC.fullmatch(name):  # words have endings, and begin where they begin
        begins = rf"(?<!\w){re.escape(name)}"
        return len(name) >= _SHORTEST_CYRILLIC and re.search(begins, text) is not None
    if len(name) < _SHORTEST_WORD:
        return False
    if name.isascii():  # a script with spaces: "car" is not in "scare"
        return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) is not None
    return name in text
