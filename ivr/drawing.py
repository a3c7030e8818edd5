"""The flow as a picture (SVG): boxes in columns by their distance from the start, and arrows.

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
from ivr.picture import Box, Say_, Way, called
from ivr.picture import boxes as boxes_of

#: Sizes, in px.
WIDTH, GAP_X, GAP_Y, ROW, PAD = 292, 118, 26, 25, 14
HEAD, LINE = 30, 21
MARGIN, TOP, BOTTOM = 40, 118, 92
_TEXT, _SMALL = 15.0, 13.0
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


@dataclass
class Cell:
    """A place in a column: a box, or the lane of an arrow that passes. `y`: its upper edge."""

    box: Box | None
    column: int
    height: float
    y: float = 0.0
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
    cells = {
        name: Cell(box, column[name], _height(box))
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


def _height(box: Box) -> float:
    lines = len(_wrapped(box.says, WIDTH - 2 * PAD, _LINES)) if box.says else 0
    return HEAD + 30 + lines * LINE + 8 + len(box.ways) * ROW + 6


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
    if unicodedata.combining(character) or unicodedata.category(character) == "Mn":
        return 0.0
    if unicodedata.east_asian_width(character) in "WF":
        return 1.0
    if character in " .,:;'ilj|!·":
        return 0.3
    if "\u0e01" <= character <= "\u0e5b":
        return 0.54
    return 0.68 if character.isupper() else 0.58


def _wrapped(text: str, room: float, lines: int) -> list[str]:
    """The first words of a text in so many lines; the last ends in … when there is more."""
    found: list[str] = []
    rest = text
    while rest and len(found) < lines:
        line = _fitting(rest, room)
        found.append(line.strip())
        rest = rest[len(line) :].lstrip()
    if rest:
        found[-1] = _fitting(found[-1], room - width("…")).rstrip(" ,.;:，。、") + "…"
    return found


def _fitting(text: str, room: float) -> str:
    """As much of the beginning as fits, cut between words where there are words."""
    used, cut, space = 0.0, len(text), 0
    for n, character in enumerate(text):
        used += _width(character) * _TEXT
        if used > room:
            cut = n
            break
        if character == " ":
            space = n + 1
    else:
        return text
    if space > cut / 2:
        return text[:space]
    while cut > 1 and (text[cut] in _FOLLOWS or text[cut - 1] in _LEADS):
        cut -= 1
    return text[:cut]


# ---------------------------------------------------------------- the picture


def svg(config: Ivr, language: str, title: str, t: Say_) -> str:
    """The picture, with prompts in `language` and all else in the words that `t` gives."""
    boxes = boxes_of(config, language, t)
    after = None if config.after_call is None else config.after_call.node
    starts = [each for each in (config.start, config.recall, config.refusal, after) if each]
    rows, arrows = layout(boxes, starts)
    right = MARGIN * 2 + len(rows) * WIDTH + (len(rows) - 1) * GAP_X
    low = max(cell.y + cell.height for row in rows for cell in row) + BOTTOM
    inside = [
        f'<rect class="paper" width="{right:.0f}" height="{low:.0f}"/>',
        _text(MARGIN, 46, title, "title"),
        _text(MARGIN, 74, t("ivr.flow.everywhere", person=called(config.person)), "soft"),
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
    assert cell.box is not None
    return cell.y + cell.height - 6 - (len(cell.box.ways) - n - 0.5) * ROW


def _arrow(arrow: Arrow) -> str:
    first, *lanes, last = arrow.cells
    assert last.box is not None
    here = (first.x + WIDTH, _row_y(first, arrow.row))
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
    box, x, y = cell.box, cell.x, cell.y
    assert box is not None
    family = box.family
    yield (
        f'<rect class="card {family}-line" x="{x}" y="{y:.1f}" width="{WIDTH}" '
        f'height="{cell.height:.1f}" rx="9"/>'
    )
    yield (
        f'<path class="{family}-fill" d="M{x} {y + HEAD:.1f} V{y + 9:.1f} a9 9 0 0 1 9 -9 '
        f'H{x + WIDTH - 9} a9 9 0 0 1 9 9 V{y + HEAD:.1f} z"/>'
    )
    yield _text(x + PAD, y + HEAD - 9, box.kind, "kind on")
    entry = " / ".join(box.entries)
    room = WIDTH - 2 * PAD - width(box.kind, _SMALL) - 14
    if entry:
        yield _text(x + WIDTH - PAD, y + HEAD - 9, _cut(f"▸ {entry}", room), "small on end")
    yield _text(x + PAD, y + HEAD + 22, called(box.name), "name")
    if box.title:
        room = WIDTH - 2 * PAD - width(called(box.name), 17) - 10
        yield _text(x + WIDTH - PAD, y + HEAD + 22, _cut(box.title, room), "soft small end")
    low = y + HEAD + 30
    for line in _wrapped(box.says, WIDTH - 2 * PAD, _LINES) if box.says else ():
        low += LINE
        yield _text(x + PAD, low - 5, line, "soft")
    for n, way in enumerate(box.ways):
        yield from _row(cell, n, way, boxes, arrow=n in drawn)


def _cut(text: str, room: float) -> str:
    if width(text, _SMALL) <= room:
        return text
    while text and width(text + "…", _SMALL) > room:
        text = text[:-1]
    return text.rstrip() + "…"


def _row(cell: Cell, n: int, way: Way, boxes: Mapping[str, Box], *, arrow: bool) -> Iterator[str]:
    y = _row_y(cell, n)
    x, right = cell.x + PAD, cell.x + WIDTH - PAD
    yield (
        f'<line class="rule" x1="{cell.x + 1}" x2="{cell.x + WIDTH - 1}" '
        f'y1="{y - ROW / 2:.1f}" y2="{y - ROW / 2:.1f}"/>'
    )
    for key in way.keys:
        yield f'<rect class="cap" x="{x:.1f}" y="{y - 9:.1f}" width="18" height="18" rx="4"/>'
        yield _text(x + 9, y + 4.5, key, "key")
        x += 22
    if way.to is None:
        said = " · ".join([*way.words, way.says])
        yield _text(x + (4 if way.keys else 0), y + 5, _cut(said, right - x), "small soft")
        return
    target = boxes[way.to]
    name = called(way.to)
    wide = width(name, _SMALL) + 16
    words = " · ".join(way.words)
    tight = width(words, _SMALL) > right - x - wide - 10
    if words:
        room = right - x - (0 if arrow and tight else wide + 10)
        yield _text(x + (4 if way.keys else 0), y + 5, _cut(words, room), "small")
    if arrow and tight:  # the arrow says where
        return
    if arrow:
        yield _text(right, y + 5, name, f"small end {target.family}-fill")
    else:
        yield _pill(right - wide + 4, y - 9.5, wide, target.family)
        yield _text(right - 4, y + 5, name, f"small end {target.family}-fill")


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
