"""The flow as a picture (SVG): boxes in columns by their distance from the start, and arrows.

A box is headed by its title or the first words that it says, as a caller knows it; what
config.yaml calls it stands small beneath. Lines are broken, and what a row says is never cut.

Pure and without a dependency. A node's ways out are the rows of its box, so the keys stand where
their arrow begins and no label floats. An arrow leads to the right; a way that does not (back, or
to the same column) names the box that it leads to instead, so that nothing crosses the whole page.
"""

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from itertools import pairwise

from ivr.config import Ivr
from ivr.picture import NO_CALENDARS, Box, Calendars, Say_, Way, called
from ivr.picture import boxes as boxes_of

#: Sizes, in px.
WIDTH, GAP_X, GAP_Y, ROW, PAD = 308, 112, 26, 25, 14
HEAD, LINE = 30, 21
#: Of a key's cap, of the space around the name in a frame, and between what stands in one line.
CAP, FRAME, APART = 22, 16, 10
MARGIN, TOP, BOTTOM = 40, 118, 92
_TEXT, _SMALL, _BOLD = 15.0, 13.0, 17.0
#: Lines of what a node says.
_LINES = 2
#: Space in which an arrow passes between boxes.
_LANE = 16
_SWEEPS = 24
#: Thai letters that never begin a line, and those that never end one.
_FOLLOWS = "ะัาำิีึืฺุูๅๆ็่้๊๋์ํ"
_LEADS = "เแโใไ"

#: (light, dark) of each family of nodes.
COLOURS = {
    "asks": ("#0b6e6e", "#7fd0c8"),
    "passes": ("#5b6670", "#a9b3bb"),
    "people": ("#17683a", "#7fd6a0"),
    "emergency": ("#b3141c", "#ff8a85"),
    "outside": ("#2a5db0", "#8fb7f5"),
    "ends": ("#8a5200", "#ffc063"),
}
STYLE = """
svg { color-scheme: light dark; font-family: "Sarabun", "Noto Sans Thai", "Noto Sans Thai Looped",
  "Noto Sans", "Noto Sans CJK SC", system-ui, sans-serif; font-size: 15px;
  --paper: #fbfaf8; --card: #fff; --ink: #1b2024; --soft: #555e66; --line: #c3c9ce; %(light)s }
@media (prefers-color-scheme: dark) {
  svg { --paper: #14181b; --card: #1d2327; --ink: #e8ebed; --soft: #a9b3bb; --line: #47525b;
    %(dark)s }
}
.paper { fill: var(--paper) } .card { fill: var(--card); stroke-width: 1.5 }
text { fill: var(--ink) } .soft { fill: var(--soft) } .small { font-size: 13px }
.title { font-size: 26px; font-weight: 600 } .kind { font-weight: 600; font-size: 13px }
.name { font-weight: 600; font-size: 16px } .on { fill: var(--card) }
.cap { fill: var(--card); stroke: var(--ink); stroke-width: 1.1 }
.key { font-size: 13px; font-weight: 600; text-anchor: middle }
.end { text-anchor: end } .rule { stroke: var(--line) }
.way { fill: none; stroke-width: 1.6 } .silent { stroke-dasharray: 5 4 }
.jump { fill: none; stroke-width: 1.1 }
""".strip()


@dataclass(frozen=True)
class Row:
    """A way out as its row shows it: lines of what leads there, then the name of the box where it
    leads (empty: nowhere), beside the last of them if it fits there.
    """

    way: Way
    lines: tuple[str, ...]
    target: str
    beside: bool

    @property
    def height(self) -> float:
        return ROW + (max(len(self.lines) + (bool(self.target) and not self.beside), 1) - 1) * LINE


@dataclass(frozen=True)
class Face:
    """A box with its lines broken. `beside` its kind stands how calls come into the flow here, or
    `below` where that is too long.
    """

    beside: str
    below: tuple[str, ...]
    heading: tuple[str, ...]
    says: tuple[str, ...]
    rows: tuple[Row, ...]

    @property
    def head(self) -> float:
        """The height of the coloured head."""
        return HEAD + len(self.below) * LINE

    @property
    def height(self) -> float:
        text = len(self.heading) * LINE + LINE + len(self.says) * LINE
        return self.head + 7 + text + 8 + sum(row.height for row in self.rows) + 6


@dataclass
class Cell:
    """A place in a column: a box, or the lane of an arrow that passes. `y`: its upper edge."""

    box: Box | None
    column: int
    height: float
    y: float = 0.0
    face: Face = field(default_factory=lambda: Face("", (), (), (), ()))
    #: The cells that an arrow comes from or goes to, each with where in its box (0 to 1).
    before: list[tuple["Cell", float]] = field(default_factory=list)
    after: list[tuple["Cell", float]] = field(default_factory=list)

    @property
    def x(self) -> float:
        return MARGIN + self.column * (WIDTH + GAP_X)

    @property
    def middle(self) -> float:
        return self.y + self.height / 2


@dataclass(frozen=True)
class Arrow:
    """A way that is drawn: from row `row` of a box, through lanes, to a box."""

    way: Way
    row: int
    cells: tuple[Cell, ...]


# ---------------------------------------------------------------- columns


def columns(boxes: Mapping[str, Box], starts: Sequence[str]) -> dict[str, int]:
    """The column of each box: its distance from the start, then moved while that lets more ways
    lead to the right. Ends stand where the last way to them comes from.
    """
    found = _distances(boxes, starts)
    most = max(found.values()) + 1
    best, better = _cost(boxes, found), True
    while better:
        better = False
        for name in found:
            if name in starts:
                continue
            for column in range(1, most + 1):
                tried = {**found, name: column}
                if (cost := _cost(boxes, tried)) < best:
                    found, best, better = tried, cost, True
    return found


def _distances(boxes: Mapping[str, Box], starts: Sequence[str]) -> dict[str, int]:
    found = dict.fromkeys(starts, 0)
    todo = [*starts]
    for name in todo:
        for way in boxes[name].ways:
            if way.to is not None and way.to not in found:
                found[way.to] = found[name] + 1
                todo.append(way.to)
    # only keys of the waiting room lead there
    return found | {name: max(found.values()) for name in boxes if name not in found}


#: What a way costs that does not lead to the right, beside one column of an arrow's length.
_BACKWARDS = 3


def _cost(boxes: Mapping[str, Box], found: Mapping[str, int]) -> int:
    spans = (
        found[way.to] - found[name]
        for name, box in boxes.items()
        for way in box.ways
        if way.to is not None
    )
    return sum(span if span > 0 else _BACKWARDS for span in spans)


# ---------------------------------------------------------------- rows and places


def layout(boxes: Mapping[str, Box], starts: Sequence[str]) -> tuple[list[list[Cell]], list[Arrow]]:
    """All cells by column from the top, placed, and the arrows between them."""
    column = columns(boxes, starts)
    faces = {name: _face(box, boxes) for name, box in boxes.items()}
    cells = {
        name: Cell(box, column[name], faces[name].height, face=faces[name])
        for name, box in sorted(boxes.items(), key=lambda each: column[each[0]])
    }
    rows: list[list[Cell]] = [[] for _ in range(max(column.values()) + 1)]
    for cell in cells.values():
        rows[cell.column].append(cell)
    arrows = []
    for name, cell in cells.items():
        for n, way in enumerate(boxes[name].ways):
            if way.to is not None and column[way.to] > cell.column:
                path = _path(cell, cells[way.to], rows, (n + 1) / (len(boxes[name].ways) + 1))
                arrows.append(Arrow(way, n, path))
    _order(rows)
    _place(rows)
    return rows, arrows


def _path(from_: Cell, to: Cell, rows: list[list[Cell]], port: float) -> tuple[Cell, ...]:
    """The cells that an arrow passes, joined. `port`: where in its box it begins, 0 to 1."""
    lanes = [Cell(None, column, _LANE) for column in range(from_.column + 1, to.column)]
    for lane in lanes:
        rows[lane.column].append(lane)
    path = (from_, *lanes, to)
    for one, other in pairwise(path):
        one.after.append((other, 0.5))
        other.before.append((one, port if one is from_ else 0.5))
    return path


def _order(rows: list[list[Cell]]) -> None:
    """Each column in the order of the middle of its neighbours, to and fro."""
    for sweep in range(_SWEEPS):
        forwards = sweep % 2 == 0
        for row in rows if forwards else reversed(rows):
            rank = {id(cell): n for each in rows for n, cell in enumerate(each)}
            size = {id(cell): len(each) for each in rows for cell in each}
            middle = {}
            for cell in row:
                beside = (cell.before if forwards else cell.after) or [(cell, 0.5)]
                places = [(rank[id(each)] + port) / size[id(each)] for each, port in beside]
                middle[id(cell)] = sum(places) / len(places)
            row.sort(key=lambda cell, middle=middle: middle[id(cell)])  # type: ignore[misc]


def _place(rows: list[list[Cell]]) -> None:
    """Heights: each cell beside its neighbours, none over another."""
    for row in rows:
        _settle(row, [0.0] * len(row))
    for sweep in range(_SWEEPS):
        forwards = sweep % 2 == 0
        for row in rows if forwards else reversed(rows):
            _settle(row, [*_wanted(row, forwards=forwards)])
    top = min(cell.y for row in rows for cell in row)
    for cell in (cell for row in rows for cell in row):
        cell.y += TOP - top


def _wanted(row: list[Cell], *, forwards: bool) -> Iterator[float]:
    """Where each cell of a column would be: at the mean of its neighbours; with none, as it is."""
    below = 0.0
    for cell in row:
        beside = cell.before if forwards else cell.after
        if beside:
            wanted = _mean([each.middle for each, _ in beside]) - cell.height / 2
        else:
            wanted = cell.y if cell.before or cell.after else below
        yield wanted
        below = wanted + cell.height + _space(cell)


def _settle(row: list[Cell], wanted: list[float]) -> None:
    """Place the cells of a column as near to where they are wanted as their order allows: blocks
    that would overlap are joined and stand at their common mean.
    """
    blocks: list[tuple[list[Cell], list[float]]] = []  # cells, and where each wants the block's top
    for cell, y in zip(row, wanted, strict=True):
        cells, tops = [cell], [y]
        while blocks and _mean(blocks[-1][1]) + _depth(blocks[-1][0]) > _mean(tops):
            above, above_tops = blocks.pop()
            offset = _depth(above)
            cells, tops = [*above, *cells], [*above_tops, *(top - offset for top in tops)]
        blocks.append((cells, tops))
    for cells, tops in blocks:
        y = _mean(tops)
        for cell in cells:
            cell.y, y = y, y + cell.height + _space(cell)


def _space(cell: Cell) -> float:
    return GAP_Y if cell.box else GAP_Y / 2


def _depth(cells: list[Cell]) -> float:
    return sum(cell.height + _space(cell) for cell in cells)


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)


# ---------------------------------------------------------------- text


def width(text: str, size: float = _TEXT) -> float:
    """About how wide a text is; on the safe side for the fonts of the pages."""
    return sum(_width(each) for each in text) * size


def _width(character: str) -> float:
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0.0  # a mark stands over or under its letter
    if unicodedata.east_asian_width(character) in "WF":
        return 1.0
    if character in " .,:;'ilj|!·":
        return 0.3
    if character in "mwMW":
        return 0.95
    if "\u0e01" <= character <= "\u0e5b":
        return 0.6
    return 0.68 if character.isupper() else 0.58


def _wrapped(text: str, room: float, lines: int, size: float = _TEXT) -> list[str]:
    """The first words of a text in so many lines; the last ends in … when there is more."""
    found: list[str] = []
    rest = text
    while rest and len(found) < lines:
        line = _fitting(rest, room, size)
        found.append(line.strip())
        rest = rest[len(line) :].lstrip()
    if rest:
        found[-1] = _fitting(found[-1], room - width("…", size), size).rstrip(" ,.;:，。、") + "…"
    return found


def _whole(text: str, room: float, size: float) -> tuple[str, ...]:
    """All of a text, in as many lines as it needs."""
    return tuple(_wrapped(text, room, len(text), size))


def _fitting(text: str, room: float, size: float = _TEXT) -> str:
    """As much of the beginning as fits, cut between words where they are told apart.

    Thai has spaces between phrases only: a line ends with one unless it would be nearly empty, else
    before a vowel that is written before its letter, since a syllable begins there.
    """
    used, cut, space, syllable = 0.0, len(text), 0, 0
    for n, character in enumerate(text):
        used += _width(character) * size
        if used > room:
            cut = n
            break
        if character == " ":
            space = n + 1
        elif character in _LEADS and n:
            syllable = n
    else:
        return text
    if space > cut / 3:
        return text[:space]
    if syllable > cut / 2:
        return text[:syllable]
    while cut > 1 and (text[cut] in _FOLLOWS or text[cut - 1] in _LEADS):
        cut -= 1
    return text[:cut]


# ---------------------------------------------------------------- what stands in a box


def label(box: Box) -> str:
    """What a box is called where others lead to it: its title, the first words that it says, or
    what it is.
    """
    return box.title or " ".join(_wrapped(box.says, _NAMED, 1, _SMALL)) or box.kind


#: Room for the name of a box that has no title.
_NAMED = 170.0
_INSIDE = WIDTH - 2 * PAD


def _face(box: Box, boxes: Mapping[str, Box]) -> Face:
    entry = [f"▸ {each}" for each in box.entries]
    beside = " / ".join(entry)
    if width(box.kind, _BOLD) + APART + width(beside, _SMALL) > _INSIDE:
        below = tuple(line for each in entry for line in _whole(each, _INSIDE, _SMALL))
        beside = ""
    else:
        below = ()
    heading, said = _whole(box.title or box.kind, _INSIDE, _BOLD), box.says
    if said and not box.title:
        first = _fitting(said, _INSIDE, _BOLD)
        heading, said = (first.strip(),), said[len(first) :].lstrip()
    rows = tuple(_row_of(way, boxes) for way in box.ways)
    return Face(beside, below, heading, tuple(_wrapped(said, _INSIDE, _LINES)), rows)


def _row_of(way: Way, boxes: Mapping[str, Box]) -> Row:
    room = _INSIDE - CAP * len(way.keys) - (4 if way.keys else 0)
    said = " · ".join(each for each in (*way.words, way.says) if each)
    lines = _whole(said, room, _SMALL)
    if way.to is None:
        return Row(way, lines, "", beside=True)
    target = label(boxes[way.to])
    last = width(lines[-1], _SMALL) + APART if lines else 0.0
    return Row(way, lines, target, beside=last + width(target, _SMALL) + FRAME <= room)


# ---------------------------------------------------------------- the picture


def svg(
    config: Ivr, language: str, title: str, t: Say_, calendars: Calendars = NO_CALENDARS
) -> str:
    """The picture, with prompts in `language` and all else in the words that `t` gives."""
    boxes = boxes_of(config, language, t, calendars)
    after = None if config.after_call is None else config.after_call.node
    starts = [each for each in (config.start, config.recall, config.refusal, after) if each]
    rows, arrows = layout(boxes, starts)
    right = MARGIN * 2 + len(rows) * WIDTH + (len(rows) - 1) * GAP_X
    low = max(cell.y + cell.height for row in rows for cell in row) + BOTTOM
    inside = [
        f'<rect class="paper" width="{right:.0f}" height="{low:.0f}"/>',
        _text(MARGIN, 46, title, "title"),
        _text(MARGIN, 74, t("ivr.flow.everywhere", person=label(boxes[config.person])), "soft"),
    ]
    inside += (_arrow(each) for each in arrows)
    drawn = {(id(arrow.cells[0]), arrow.row) for arrow in arrows}
    for row in rows:
        for cell in row:
            if cell.box is not None:
                inside += _box(cell, boxes, {n for which, n in drawn if which == id(cell)})
    inside += _legend(low - BOTTOM + 52, t)
    body = "\n".join(inside)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {right:.0f} {low:.0f}" role="img">\n'
        f"<title>{escape(title)}</title>\n<style>\n{_style()}\n</style>\n{_heads()}\n{body}\n</svg>\n"
    )


def _style() -> str:
    light = " ".join(f"--{name}: {colour};" for name, (colour, _) in COLOURS.items())
    dark = " ".join(f"--{name}: {colour};" for name, (_, colour) in COLOURS.items())
    families = " ".join(
        f".{name}-line {{ stroke: var(--{name}) }} .{name}-fill {{ fill: var(--{name}) }}"
        for name in COLOURS
    )
    return STYLE % {"light": light, "dark": dark} + "\n" + families


def _heads() -> str:
    marks = "".join(
        f'<marker id="to-{name}" viewBox="0 0 8 8" refX="7.5" refY="4" markerWidth="8" '
        f'markerHeight="8" markerUnits="userSpaceOnUse" orient="auto">'
        f'<path class="{name}-fill" d="M0 0 8 4 0 8z"/></marker>'
        for name in COLOURS
    )
    return f"<defs>{marks}</defs>"


def _text(x: float, y: float, text: str, kind: str = "") -> str:
    of = f' class="{kind}"' if kind else ""
    return f'<text x="{x:.1f}" y="{y:.1f}"{of}>{escape(text)}</text>'


def _row_y(cell: Cell, n: int) -> float:
    """The middle of the first line of row `n`."""
    return cell.y + cell.height - 6 - sum(row.height for row in cell.face.rows[n:]) + ROW / 2


def _target_y(cell: Cell, n: int) -> float:
    """The middle of the line in which row `n` names where it leads: there its arrow begins."""
    row = cell.face.rows[n]
    lines = len(row.lines) - 1 if row.beside else len(row.lines)
    return _row_y(cell, n) + max(lines, 0) * LINE


def _arrow(arrow: Arrow) -> str:
    first, *lanes, last = arrow.cells
    assert last.box is not None
    here = (first.x + WIDTH, _target_y(first, arrow.row))
    path = [f"M{here[0]:.1f} {here[1]:.1f}"]
    for lane in lanes:
        path.append(_curve(here, (lane.x - GAP_X * 0.25, lane.middle)))
        here = (lane.x + WIDTH + GAP_X * 0.25, lane.middle)
        path.append(f"H{here[0]:.1f}")
    path.append(_curve(here, (last.x, last.y + HEAD / 2)))
    family = last.box.family
    silent = " silent" if arrow.way.silent and not arrow.way.keys else ""
    return (
        f'<path class="way {family}-line{silent}" marker-end="url(#to-{family})" '
        f'd="{" ".join(path)}"/>'
    )


def _curve(from_: tuple[float, float], to: tuple[float, float]) -> str:
    middle = (from_[0] + to[0]) / 2
    return f"C{middle:.1f} {from_[1]:.1f} {middle:.1f} {to[1]:.1f} {to[0]:.1f} {to[1]:.1f}"


def _box(cell: Cell, boxes: Mapping[str, Box], drawn: set[int]) -> Iterator[str]:
    box, face, x, y = cell.box, cell.face, cell.x, cell.y
    assert box is not None
    family, left, right = box.family, cell.x + PAD, cell.x + WIDTH - PAD
    yield (
        f'<rect class="card {family}-line" x="{x}" y="{y:.1f}" width="{WIDTH}" '
        f'height="{cell.height:.1f}" rx="9"/>'
    )
    yield (
        f'<path class="{family}-fill" d="M{x} {y + face.head:.1f} V{y + 9:.1f} a9 9 0 0 1 9 -9 '
        f'H{x + WIDTH - 9} a9 9 0 0 1 9 9 V{y + face.head:.1f} z"/>'
    )
    yield _text(left, y + HEAD - 9, box.kind, "kind on")
    if face.beside:
        yield _text(right, y + HEAD - 9, face.beside, "small on end")
    for n, line in enumerate(face.below, start=1):
        yield _text(left, y + HEAD - 9 + n * LINE, line, "small on")
    low = y + face.head + 7
    for line in face.heading:
        low += LINE
        yield _text(left, low - 5, line, "name")
    for line in face.says:
        low += LINE
        yield _text(left, low - 5, line, "soft")
    low += LINE
    yield _text(left, low - 5, called(box.name), "soft small")
    if box.detail:
        yield _text(right, low - 5, box.detail, "soft small end")
    for n in range(len(face.rows)):
        yield from _row(cell, n, boxes, arrow=n in drawn)


def _row(cell: Cell, n: int, boxes: Mapping[str, Box], *, arrow: bool) -> Iterator[str]:
    row, y = cell.face.rows[n], _row_y(cell, n)
    x, right = cell.x + PAD, cell.x + WIDTH - PAD
    yield (
        f'<line class="rule" x1="{cell.x + 1}" x2="{cell.x + WIDTH - 1}" '
        f'y1="{y - ROW / 2:.1f}" y2="{y - ROW / 2:.1f}"/>'
    )
    for key in row.way.keys:
        yield f'<rect class="cap" x="{x:.1f}" y="{y - 9:.1f}" width="18" height="18" rx="4"/>'
        yield _text(x + 9, y + 4.5, key, "key")
        x += CAP
    x += 4 if row.way.keys else 0
    for line, words in enumerate(row.lines):
        yield _text(x, y + 5 + line * LINE, words, "small" if row.target else "small soft")
    if row.way.to is None:
        return
    low, family = _target_y(cell, n), boxes[row.way.to].family
    if not arrow:
        wide = width(row.target, _SMALL) + FRAME
        yield _pill(right - wide + 4, low - 9.5, wide, family)
    yield _text(right - 4, low + 5, row.target, f"small end {family}-fill")


def _legend(y: float, t: Say_) -> Iterator[str]:
    x = float(MARGIN)
    for family in COLOURS:
        yield _square(x, y, family)
        words = t(f"ivr.flow.family_{family}")
        yield _text(x + 23, y + 1, words)
        x += 23 + width(words) + 30
    line = f"M{x:.1f} {y - 4:.1f} h44"
    yield f'<path class="way silent asks-line" marker-end="url(#to-asks)" d="{line}"/>'
    words = t("ivr.flow.arrow_silent")
    yield _text(x + 54, y + 1, words)
    x += 54 + width(words) + 30
    yield _pill(x, y - 14, 52, "asks")
    yield _text(x + 16, y, "···", "small asks-fill")
    yield _text(x + 62, y + 1, t("ivr.flow.arrow_jump"))


def _square(x: float, y: float, family: str) -> str:
    return (
        f'<rect class="{family}-fill" x="{x:.1f}" y="{y - 12:.1f}" width="16" height="16" rx="4"/>'
    )


def _pill(x: float, y: float, wide: float, family: str) -> str:
    return (
        f'<rect class="jump {family}-line" x="{x:.1f}" y="{y:.1f}" width="{wide:.1f}" '
        'height="19" rx="9.5"/>'
    )
