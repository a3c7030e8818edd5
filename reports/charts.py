"""The charts of the reports, as Vega-Lite specifications: the same in a page and on paper.

Pure: numbers and words in, a specification out. Colours are names (`ACCENT`, `PAPER`, `SERIES`)
that who draws it puts its own in place of (`coloured`), with a frame for axes and letters. Values
are None where there is nothing to show: a gap, not a zero. A table says the same as a chart.
"""

from collections.abc import Iterable, Mapping, Sequence
from math import ceil
from typing import Any, Final

from shapely.geometry import MultiPolygon, mapping
from shapely.geometry import shape as to_shape
from shapely.geometry.polygon import orient

SCHEMA: Final = "https://vega.github.io/schema/vega-lite/v6.json"
#: The city's own, and what everything stands on.
ACCENT: Final = "@accent"
PAPER: Final = "@paper"
#: Parts of a whole, in this order.
SERIES: Final = (ACCENT, "@second", "@third", "@fourth", "@fifth", "@sixth")
#: Points on paper; in a page the width is the page's.
WIDTH: Final = 460
HEIGHT: Final = 170
#: How numbers are written (d3-format): whole ones, shares.
COUNT: Final = ",d"
SHARE: Final = ".0%"
#: Between a bar's place and its name.
_NAMED: Final = "|"
Spec = dict[str, Any]


def _spec(values: Sequence[Mapping[str, Any]], height: int | Spec, **more: Any) -> Spec:
    return {
        "$schema": SCHEMA,
        "width": WIDTH,
        "height": height,
        "data": {"values": list(values)},
        **more,
    }


def _x(order: Sequence[str]) -> Spec:
    # the order is ours: the alphabet knows no months; of many labels every second goes, or more
    axis = {"labelAngle": 0, "labelOverlap": True, "title": None, "ticks": False}
    return {"field": "x", "type": "nominal", "sort": list(order), "axis": axis}


def _y(title: str, values: Iterable[float | None] = (), number: str = COUNT) -> Spec:
    axis: Spec = {"title": title, "format": number, "tickCount": 5, "domain": False}
    if number == COUNT:
        axis["tickMinStep"] = 1  # there is no half call
        # which not every drawing library keeps to
        axis["tickCount"] = min(5, max(1, ceil(max((y for y in values if y), default=5))))
    return {"field": "y", "type": "quantitative", "axis": axis}


def _hint(*fields: tuple[str, str | None]) -> list[Spec]:
    """What is told of a mark that is pointed at: fields, each with how its number is written."""
    return [{"field": name, **({"format": form} if form else {})} for name, form in fields]


def columns(
    values: Sequence[tuple[str, float | None]], *, title: str, height: int = HEIGHT
) -> Spec:
    """One column each, in the order given: months, hours."""
    rows = [{"x": x, "y": y} for x, y in values]
    return _spec(
        rows,
        height,
        mark={"type": "bar", "color": ACCENT, "cornerRadiusEnd": 2},
        encoding={
            "x": _x([x for x, _ in values]),
            "y": _y(title, (y for _, y in values)),
            "tooltip": _hint(("x", None), ("y", COUNT)),
        },
    )


def stacked(values: Sequence[tuple[str, Mapping[str, float | None]]], *, title: str) -> Spec:
    """Columns made of parts, in the order of the first column's: months by language."""
    parts = list(dict.fromkeys(part for _, each in values for part in each))
    rows = [
        {"x": x, "part": part, "y": each.get(part), "order": parts.index(part)}
        for x, each in values
        for part in parts
    ]
    scale = {"domain": parts, "range": [SERIES[i % len(SERIES)] for i in range(len(parts))]}
    return _spec(
        rows,
        HEIGHT,
        mark={"type": "bar"},
        encoding={
            "x": _x([x for x, _ in values]),
            "y": _y(title, (sum(y or 0 for y in each.values()) for _, each in values)),
            "color": {
                "field": "part",
                "type": "nominal",
                "scale": scale,
                "legend": {"title": None, "orient": "bottom"},
            },
            "order": {"field": "order", "type": "quantitative"},
            "tooltip": _hint(("x", None), ("part", None), ("y", COUNT)),
        },
    )


def versus(
    values: Sequence[tuple[str, float | None, float | None]],
    *,
    names: tuple[str, str],
    title: str,
) -> Spec:
    """Columns of what is, and beside each a mark of what was: (x, is, was) of each."""
    rows: list[Spec] = [
        {"x": x, "part": name, "y": y}
        for x, *both in values
        for name, y in zip(names, both, strict=True)
    ]
    scale = {"domain": list(names), "range": [ACCENT, SERIES[1]]}
    legend = {"title": None, "orient": "bottom", "symbolType": "square"}
    colour = {"field": "part", "type": "nominal", "scale": scale, "legend": legend}
    encoding: Spec = {
        "x": _x([x for x, *_ in values]),
        "y": _y(title, (y for _, *both in values for y in both)),
    }
    encoding["color"] = colour
    encoding["tooltip"] = _hint(("x", None), ("part", None), ("y", COUNT))
    marks: tuple[Spec, Spec] = (
        {"type": "bar", "cornerRadiusEnd": 2, "opacity": 1},
        {"type": "tick", "thickness": 3, "opacity": 1},
    )
    layers = [
        {"transform": [{"filter": {"field": "part", "equal": name}}], "mark": mark}
        for name, mark in zip(names, marks, strict=True)
    ]
    return _spec(rows, HEIGHT, encoding=encoding, layer=layers)


def line(values: Sequence[tuple[str, float | None]], *, title: str, number: str = COUNT) -> Spec:
    """A number in the course of time, from zero on."""
    rows = [{"x": x, "y": y} for x, y in values]
    return _spec(
        rows,
        150,
        mark={"type": "line", "color": ACCENT, "strokeWidth": 2.5, "point": {"color": ACCENT}},
        encoding={
            "x": _x([x for x, _ in values]),
            "y": _y(title, (y for _, y in values), number),
            "tooltip": _hint(("x", None), ("y", number)),
        },
    )


def share_line(
    values: Sequence[tuple[str, float | None]],
    *,
    title: str,
    target: float | None = None,
) -> Spec:
    """A share (0 to 1) in the course of time, and what was promised as a dashed line."""
    rows = [{"x": x, "y": y} for x, y in values]
    y = _y(title, number=SHARE) | {"scale": {"domain": [0, 1]}}
    mark = {"type": "line", "color": ACCENT, "strokeWidth": 2.5, "point": {"color": ACCENT}}
    encoding: Spec = {"x": _x([x for x, _ in values]), "y": y}
    encoding["tooltip"] = _hint(("x", None), ("y", ".1%"))
    layers: list[Spec] = [{"mark": mark, "encoding": encoding}]
    if target is not None:
        rule = {"type": "rule", "strokeDash": [5, 4], "strokeWidth": 1.2}
        layers.append({"mark": rule, "encoding": {"y": {"datum": target}}})
    return _spec(rows, 150, layer=layers)


def ranked(
    values: Sequence[tuple[str, float | None]],
    *,
    number: str = COUNT,
    step: int = 22,
    rest: bool = False,
) -> Spec:
    """Bars from the largest down, each with its number: topics, divisions; `step` from one to the
    next. `rest`: the last is many together, and drawn as none of the others.
    """
    # two of one name are two bars: each has its place before its name, which is not shown
    named = [(f"{place}{_NAMED}{name}", y) for place, (name, y) in enumerate(values)]
    rows: list[Spec] = [{"what": what, "y": y} for what, y in named]
    if rest:
        rows[-1]["rest"] = True
    shown = f"slice(datum.label, indexof(datum.label, '{_NAMED}') + 1)"
    axis = {"title": None, "labelLimit": 220, "ticks": False, "domain": False, "labelExpr": shown}
    what = {"field": "what", "type": "nominal", "sort": [each for each, _ in named], "axis": axis}
    bars: Spec = {"mark": {"type": "bar", "color": ACCENT, "cornerRadiusEnd": 2}}
    if rest:
        apart = {"test": "datum.rest", "value": SERIES[-1]}
        bars["encoding"] = {"color": {"condition": apart, "value": ACCENT}}
    text: Spec = {
        "mark": {"type": "text", "align": "left", "dx": 4},
        "encoding": {"text": {"field": "y", "format": number}},
    }
    return _spec(
        rows,
        {"step": step},
        encoding={"y": what, "x": {"field": "y", "type": "quantitative", "axis": None}},
        layer=[bars, text],
    )


def heat(
    values: Mapping[tuple[str, str], float | None],
    *,
    days: Sequence[str],
    hours: Sequence[str],
    title: str,
) -> Spec:
    """A week by the hour: the darker, the more. Keys are (day, hour) in the words of `days` and
    `hours`.
    """
    rows = [{"day": day, "hour": hour, "y": y} for (day, hour), y in values.items()]
    axis = {"title": None, "ticks": False, "domain": False, "labelAngle": 0, "labelOverlap": True}
    return _spec(
        rows,
        {"step": 18},
        mark={"type": "rect"},
        encoding={
            "x": _all("hour", hours, axis),
            "y": _all("day", days, axis),
            "color": {
                "field": "y",
                "type": "quantitative",
                "scale": {"range": [PAPER, ACCENT], "interpolate": "rgb"},
                "legend": {"title": title, "orient": "bottom", "format": COUNT},
            },
            "tooltip": _hint(("day", None), ("hour", None), ("y", COUNT)),
        },
    )


def _all(field: str, names: Sequence[str], axis: Spec) -> Spec:
    """All of them in their order, also those of which there is nothing."""
    names = list(names)
    scale = {"domain": names}
    return {"field": field, "type": "nominal", "sort": names, "scale": scale, "axis": axis}


def areas(
    shapes: Mapping[str, Mapping[str, Any]],
    values: Mapping[str, float | None],
    names: Mapping[str, str],
    *,
    title: str,
) -> Spec:
    """Sub-districts by how many there were: `shapes` are GeoJSON geometries (degrees, WGS 84)."""
    features = [
        {"type": "Feature", "geometry": _wound(shape), "name": names[code], "y": values.get(code)}
        for code, shape in shapes.items()
    ]
    # from nothing on: an area with few is not one without any
    colour = {
        "field": "y",
        "type": "quantitative",
        "scale": {"range": [PAPER, ACCENT], "interpolate": "rgb", "zero": True},
        "legend": {"title": title, "orient": "bottom", "format": COUNT},
    }
    hint = _hint(("name", None), ("y", COUNT))
    shaded: Spec = {
        "mark": {"type": "geoshape", "stroke": "#8a959c", "strokeWidth": 0.8},
        "encoding": {"color": colour, "tooltip": hint},
    }
    where: Spec = {
        "longitude": {"field": "middle[0]", "type": "quantitative"},
        "latitude": {"field": "middle[1]", "type": "quantitative"},
        "text": {"field": "name"},
    }
    middle = [{"calculate": "geoCentroid(null, datum)", "as": "middle"}]
    # on a dark area as on a light one
    around = {"type": "text", "stroke": PAPER, "strokeWidth": 3, "strokeJoin": "round"}
    labels = [
        {"transform": middle, "mark": mark, "encoding": where}
        for mark in (around, {"type": "text"})
    ]
    return _spec(features, 300, projection={"type": "mercator"}, layer=[shaded, *labels])


def coloured(spec: Any, colours: Mapping[str, str]) -> Any:
    """The same with colours ("#rrggbb") for their names."""
    match spec:
        case str():
            return colours.get(spec, spec)
        case Mapping():
            return {name: coloured(each, colours) for name, each in spec.items()}
        case list() | tuple():
            return [coloured(each, colours) for each in spec]
        case _:
            return spec


def _wound(shape: Mapping[str, Any]) -> Mapping[str, Any]:
    """The drawing library takes what lies to the right of a ring for its inside, GeoJSON what lies
    to the left: a district would be the whole world without it.
    """
    polygons = MultiPolygon(getattr(geometry := to_shape(shape), "geoms", [geometry]))
    turned: Mapping[str, Any] = mapping(MultiPolygon([orient(each, -1) for each in polygons.geoms]))
    return turned
