"""What the header offers: a row of pages, and under it the pages of the group that one is in.

Pure. A role sees what it may call; a group of which it sees one page is that page.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from hotline.roles import Role


@dataclass(frozen=True)
class Entry:
    """A page of the header; `text` and `group` are keys of texts, no group: it stands by itself."""

    text: str
    address: str
    roles: Collection[Role]
    group: str = ""

    def leads_to(self, path: str) -> bool:
        """Whether the page at `path` is this one, or one below it."""
        return path == self.address or path.startswith(f"{self.address}/")


@dataclass(frozen=True)
class Menu:
    """One reader's header on one page: the row, what is current in it, and the row below. `every`:
    all pages that there are for them, where the row does not fit (a telephone).
    """

    row: Sequence[Entry]
    current: Entry | None
    below: Sequence[Entry] = ()
    current_below: Entry | None = None
    every: Sequence[Entry] = ()


def menu(entries: Sequence[Entry], role: Role, path: str) -> Menu:
    """What `role` is offered on the page at `path`."""
    seen = [each for each in entries if role in each.roles]
    here = max((each for each in seen if each.leads_to(path)), key=_length, default=None)
    row: list[Entry] = []
    for each in seen:
        of_group = _group(seen, each)
        if of_group[0] is each:
            row.append(each if len(of_group) == 1 else replace(each, text=each.group))
    if here is None:
        return Menu(row, None, every=tuple(seen))
    mine = _group(seen, here)
    current = row[[each.address for each in row].index(mine[0].address)]
    below = mine if len(mine) > 1 else ()
    return Menu(row, current, below, here, every=tuple(seen))


def _group(seen: Sequence[Entry], entry: Entry) -> Sequence[Entry]:
    if not entry.group:
        return [entry]
    return [each for each in seen if each.group == entry.group]


def _length(entry: Entry) -> int:
    """Of two that lead to a page, the longer address says it better."""
    return len(entry.address)
