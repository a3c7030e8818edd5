"""What a matter is called, here and in other cities' files."""

from pathlib import Path

import pytest

from hotline import city
from hotline.errors import Invalid
from tests.support.floors import CONFIG
from tests.unit.tickets.test_config import GOOD
from tickets.categories import tables
from tickets.categories.names import Names
from tickets.config import Tickets


@pytest.fixture
def names() -> Names:
    return Names.of(Tickets.model_validate(GOOD).categories)


def table(folder: Path, *lines: str) -> Path:
    file = folder / "city.csv"
    file.write_text("\n".join(["words,kind", *lines]) + "\n", encoding="utf-8")
    return file


@pytest.mark.parametrize(
    ("cell", "known", "unknown"),
    [
        ("ถนน", {"road"}, set()),
        (" ถนน ", {"road"}, set()),
        ("road", {"road"}, set()),
        ("{ถนน}", {"road"}, set()),
        ("ถนน,ท่อ", {"road", "drain"}, set()),
        ("['ถนน', 'ทะเล']", {"road"}, {"ทะเล"}),
        ("", set(), set()),
    ],
)
def test_what_a_cell_names(names: Names, cell: str, known: set[str], unknown: set[str]) -> None:
    assert names.categories(cell) == (known, unknown)


def test_what_a_text_calls_by_name(names: Names) -> None:
    assert list(names.said_in("มีหลุมบน ROAD ใหญ่", {"road", "drain"})) == [("road", "road")]
    assert list(names.said_in("broad", {"road"})) == []  # a word, and not a part of one
    assert list(names.said_in("road", set())) == []


@pytest.mark.parametrize(
    ("text", "category"),
    [
        ("我家门口积水很深", "flood"),
        ("路灯坏了", "street_light"),  # two signs are a word
        ("垃圾没人收", "rubbish"),
        ("Сильный шум ночью", "noise"),  # three letters are one
        ("Мусора много", "rubbish"),  # words have endings
        ("Не работает светофор", "traffic_signal"),
        ("решумация", None),  # a part of a word is none
        ("水", None),
    ],
)
def test_what_is_said_in_chinese_and_russian(text: str, category: str | None) -> None:
    shipped = Names.of(city.load(CONFIG).tickets.categories)
    said = shipped.said_in(text, set(shipped.by_name.values()))
    assert next((found for found, _ in said), None) == category


def test_a_file_of_another_city(names: Names, tmp_path: Path) -> None:
    file = table(
        tmp_path,
        "ถนนเป็นหลุม,ถนน",
        "ถนน เป็นหลุม!,ถนน",  # the same once more
        "ท่อตัน,ท่อ",
        'ท่อตันและถนนทรุด,"ท่อ,ถนน"',
        "หาดสกปรก,ทะเล",
        ",ถนน",
        "ฝาท่อหาย,ท่อ",
        "ฝาท่อ หาย,ถนน",  # said to be two things
        "ฝาท่อแตก,ท่อ",
        'ฝาท่อแตก,"ถนน,ท่อ"',  # what both name
    )
    found = tables.read([file], "text,words", "kind", names)
    assert [(each.text, each.label) for each in found.lessons] == [
        ("ถนนเป็นหลุม", "road"),
        ("ท่อตัน", "drain"),
        ("ท่อตันและถนนทรุด", "drain"),
        ("ฝาท่อแตก", "drain"),
    ]
    assert [each.also for each in found.lessons[2:]] == [{"road"}, frozenset()]
    assert len(found.repeated) == 8
    assert (found.several, found.empty, found.contradicted) == (2, 1, 2)
    assert dict(found.unknown) == {"ทะเล": 1}


def test_a_category_can_be_left_out(names: Names, tmp_path: Path) -> None:
    file = table(tmp_path, "ถนนเป็นหลุม,ถนน", "ท่อตัน,ท่อ")
    assert len(tables.read([file], "words", "kind", names, without=["road"]).lessons) == 1
    file = table(tmp_path, 'ท่อตันและถนนทรุด,"ท่อ,ถนน"')
    [left] = tables.read([file], "words", "kind", names, without=["road"]).lessons
    assert left.labels == {"drain"}


def test_a_name_can_be_wider_than_a_category(names: Names, tmp_path: Path) -> None:
    """Another city's "works" are ours on roads and on drains: nobody has said which."""
    wide = names.widened(["โยธา=ถนน,drain"])
    assert wide.categories("โยธา") == ({"road", "drain"}, set())
    assert wide.categories("ถนน,ทะเล") == ({"road"}, {"ทะเล"})
    # an alias of one category, too, can mean more in somebody else's file
    assert names.widened(["ท่อ=road,drain"]).categories("{ท่อ}") == ({"road", "drain"}, set())
    [found] = tables.read([table(tmp_path, "ขุดแล้วไม่กลบ,โยธา")], "words", "kind", wide).lessons
    assert found.labels == {"road", "drain"}
    for wrong in ("โยธา", "=ถนน", "โยธา=", "โยธา=ถนน,ทะเล"):
        with pytest.raises(Invalid, match=rf"--means {wrong}: "):
            names.widened([wrong])


def test_a_file_without_that_column_is_told_of(names: Names, tmp_path: Path) -> None:
    with pytest.raises(Invalid, match=r'no column "other" \(there are words, kind\)'):
        tables.read([table(tmp_path)], "other", "kind", names)


def test_a_file_that_is_no_text_is_told_of(names: Names, tmp_path: Path) -> None:
    file = tmp_path / "bad.csv"
    file.write_bytes(b"words,kind\n\xff\xfe\xfa,x\n")
    with pytest.raises(Invalid, match=r"bad\.csv"):
        tables.read([file], "words", "kind", names)
