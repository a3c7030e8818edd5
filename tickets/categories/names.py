"""What a matter is called: ids, titles and aliases, in config.yaml and in other cities' files."""

import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

#: A cell may name several.
_SEPARATORS = re.compile(r"[,;|{}\[\]'\"]+")
#: Of shorter names nobody knows whether they are a word or a part of one.
_SHORTEST_WORD: Final = 4


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

    @classmethod
    def of(cls, categories: Mapping[str, Named]) -> "Names":
        """Gather ids, titles and aliases; config.yaml holds that none is two categories'."""
        found: dict[str, str] = {}
        for id_, category in categories.items():
            for name in (id_, *category.aliases, *category.title.root.values()):
                found.setdefault(_plain(name), id_)
        return cls(found)

    def category(self, name: str) -> str | None:
        """Return the category that is called so, or None."""
        return self.by_name.get(_plain(name))

    def categories(self, cell: str) -> tuple[set[str], set[str]]:
        """Return the categories that a cell of a table names, and the names that are nobody's."""
        whole = self.category(cell)
        if whole is not None:
            return {whole}, set()
        names = {part.strip() for part in _SEPARATORS.split(cell)} - {""}
        found = {name: self.category(name) for name in names}
        known = {category for category in found.values() if category is not None}
        return known, {name for name, category in found.items() if category is None}

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
    if len(name) < _SHORTEST_WORD:
        return False
    if name.isascii():  # a script with spaces: "car" is not in "scare"
        return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) is not None
    return name in text
