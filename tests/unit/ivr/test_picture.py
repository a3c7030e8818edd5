"""The flow in lines and as a picture: everything is told, and nothing lies over anything else."""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import combinations
from pathlib import Path
from xml.etree import ElementTree

import pytest

from hotline.config import load_yaml
from hotline.i18n import Texts
from ivr import drawing, picture
from ivr.config import Ivr
from ivr.drawing import GAP_X, WIDTH, Cell

ROOT = Path(__file__).parents[3]
SHIPPED: Ivr = Ivr.model_validate(load_yaml(ROOT / "config.yaml")["ivr"])
TEXTS = Texts.load([ROOT / "ivr" / "texts.yaml"])
SVG = "{http://www.w3.org/2000/svg}"


def t(language: str) -> Callable[..., str]:
    return partial(TEXTS.get, language=language)


@pytest.fixture(params=["th", "en", "zh", "ru"])
def boxes(request: pytest.FixtureRequest) -> dict[str, picture.Box]:
    return picture.boxes(SHIPPED, request.param, t("en"))


STARTS = ["language", "promised", "refused", "survey"]


def test_every_way_of_the_flow_is_in_a_box(boxes: dict[str, picture.Box]) -> None:
    for name in SHIPPED.flow:
        leads = {way.to for way in SHIPPED.graph.ways(name) if way.path != "0"}
        leads |= {*SHIPPED.graph.silent_ways(name)}
        assert {way.to for way in boxes[name].ways if way.to} == leads


def test_each_way_says_what_leads_there(boxes: dict[str, picture.Box]) -> None:
    main = {way.to: way for way in boxes["main"].ways}
    assert main["emergency"].keys == ("3", "9")
    assert (main["agent"].words, main["agent"].silent) == (("silence",), True)
    desk = {way.to: way.words for way in boxes["city_hall_desk"].ways}
    assert desk["message"] == ("busy", "no answer")
    queue = {way.to: way.words for way in boxes["information"].ways}
    assert queue["callback"] == ("waited 30 min",)
    for box in boxes.values():
        for way in box.ways:
            assert way.to is None or way.keys or way.words or box.family == "passes"


def test_the_lines_tell_each_node_once() -> None:
    lines = picture.text(SHIPPED, "en", t("en")).splitlines()
    for name in picture.known_as(picture.boxes(SHIPPED, "en", t("en"))).values():
        told = f"{name.upper()} – "
        assert len([line for line in lines if line.strip().startswith(told)]) == 1


def test_lines_and_picture_are_the_same_each_time() -> None:
    assert picture.text(SHIPPED, "th", t("th")) == picture.text(SHIPPED, "th", t("th"))
    once, twice = (drawing.svg(SHIPPED, "th", "x", t("th")) for _ in range(2))
    assert once == twice


# ---------------------------------------------------------------- what it is called


UNTITLED = SHIPPED.model_copy(
    update={
        "flow": {
            name: node if node.kind == "bulletin" else node.model_copy(update={"title": None})
            for name, node in SHIPPED.flow.items()
        }
    }
)


def labels(config: Ivr) -> dict[str, str]:
    found = picture.boxes(config, "en", t("en"))
    return {name: drawing.label(box) for name, box in found.items()}


def test_a_box_has_its_title_or_else_what_a_caller_hears_there_first() -> None:
    assert labels(SHIPPED)["police"] == "Police"
    untitled = labels(UNTITLED)
    assert untitled["information"] == "Information"  # of its queue
    assert untitled["main"].startswith("For information")
    assert untitled["callback"] == "Callback"  # says nothing of its own
    names = {picture.called(name) for name in SHIPPED.flow}
    assert names.isdisjoint(untitled.values())


def test_two_boxes_of_one_title_are_told_apart_in_the_lines() -> None:
    names = picture.known_as(picture.boxes(UNTITLED, "en", t("en")))
    assert (names["information"], names["agent"]) == ("information", "agent")
    assert names["complaint"] == "Complaints"


@pytest.mark.parametrize("config", [SHIPPED, UNTITLED], ids=["titled", "untitled"])
@pytest.mark.parametrize("language", ["th", "en"])
def test_what_a_row_says_is_whole(config: Ivr, language: str) -> None:
    root = ElementTree.fromstring(drawing.svg(config, language, "title", t(language)))
    shown = " ".join("".join(each.itertext()) for each in root.iter(f"{SVG}text"))
    for box in picture.boxes(config, language, t(language)).values():
        for words in (box.kind, box.detail, *box.entries):
            assert words in shown
        for way in box.ways:
            for word in " · ".join(each for each in (*way.words, way.says) if each).split():
                assert word in shown


# ---------------------------------------------------------------- nothing over anything


def test_no_box_and_no_lane_lies_over_another(boxes: dict[str, picture.Box]) -> None:
    rows, _ = drawing.layout(boxes, STARTS)
    for row in rows:
        for one, other in combinations(row, 2):
            above, below = sorted((one, other), key=lambda cell: cell.y)
            assert above.y + above.height + 10 <= below.y


def test_arrows_lead_to_the_right_and_through_no_box(boxes: dict[str, picture.Box]) -> None:
    rows, arrows = drawing.layout(boxes, STARTS)
    for arrow in arrows:
        columns = [cell.column for cell in arrow.cells]
        assert columns == [*range(columns[0], columns[-1] + 1)]
        assert all(cell.box is None for cell in arrow.cells[1:-1])
    drawn = {(arrow.cells[0].box.name, arrow.way.to) for arrow in arrows if arrow.cells[0].box}
    assert len(drawn) > len(SHIPPED.flow)
    # every box but the starts has an arrow that leads to it
    assert {to for _, to in drawn} == {*SHIPPED.flow} - {*STARTS}
    assert len(rows) <= 6


def test_every_text_stays_in_its_box() -> None:
    for language in SHIPPED.languages:
        reads = language if language in ("th", "en") else "en"
        root = ElementTree.fromstring(drawing.svg(SHIPPED, language, "title", t(reads)))
        boxes = [each for each in root.iter(f"{SVG}rect") if "card" in each.get("class", "")]
        assert len(boxes) == len(SHIPPED.flow)
        for text, left, right in texts(root):
            column = (left - drawing.MARGIN) // (WIDTH + GAP_X)
            if any(inside(each, text) for each in boxes):
                edge = drawing.MARGIN + column * (WIDTH + GAP_X)
                assert edge < left, text.text
                assert right < edge + WIDTH, text.text


def texts(root: ElementTree.Element) -> Iterator[tuple[ElementTree.Element, float, float]]:
    for text in root.iter(f"{SVG}text"):
        kind, x = text.get("class", ""), float(text.get("x", 0))
        size = 13 if "small" in kind or "kind" in kind else 16 if "name" in kind else 15
        wide = drawing.width(text.text or "", size)
        if "end" in kind.split():
            yield text, x - wide, x
        elif "key" in kind:
            yield text, x - wide / 2, x + wide / 2
        else:
            yield text, x, x + wide


def inside(box: ElementTree.Element, text: ElementTree.Element) -> bool:
    x, y = float(text.get("x", 0)), float(text.get("y", 0))
    left, top = float(box.get("x", 0)), float(box.get("y", 0))
    high = float(box.get("height", 0))
    return left <= x <= left + WIDTH and top <= y <= top + high


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("short", ["short"]),
        ("", []),
        ("one two three four", ["one two", "three four"]),
        ("one two three four five", ["one two", "three…"]),
        # a Thai vowel that follows is not torn from its letter
        ("กำกำกำกำกำกำกำ", ["กำกำกำกำกำ", "กำกำ"]),
    ],
)
def test_texts_are_cut_between_words(text: str, lines: list[str]) -> None:
    assert drawing._wrapped(text, 90, 2) == lines


def test_a_cell_knows_its_middle() -> None:
    assert Cell(None, 1, 20, y=10).middle == 20
