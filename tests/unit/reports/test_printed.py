"""A document on its way to paper."""

from dataclasses import replace
from datetime import date
from io import BytesIO
from pathlib import Path

import pypdfium2
import pytest

from reports import charts
from reports.printed import press
from reports.printed.document import (
    Beside,
    Chapter,
    Chart,
    Definitions,
    Document,
    Heading,
    Number,
    Numbers,
    Table,
    Words,
)
from reports.printed.matters import runs_of_nights

MONTHS = ["ต.ค.", "พ.ย.", "ธ.ค."]
SEAL = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><circle cx="4" cy="4" r="4"/></svg>'
)


def document(rows: int = 3) -> Document:
    """One of every kind of block, in words that are hard to set."""
    return Document(
        language="th",
        title="รายงานประจำปีงบประมาณ 2567",
        subtitle="1 ตุลาคม 2566 – 30 กันยายน 2567",
        city="เมืองพัทยา",
        made="จัดทำเมื่อ 29 พฤศจิกายน 2569",
        labels={"contents": "สารบัญ", "page": "หน้า"},
        chapters=[
            Chapter(
                "ปีนี้ในหนึ่งหน้า",
                [
                    Words("สายเรียกเข้า 257,869 สาย #1 *ไม่ใช่ตัวหนา* $x$ <b> @ที่อยู่"),
                    Numbers([Number("สายเรียกเข้า", "257,869", "มากกว่าปีก่อน")]),
                    Chart("รายเดือน", charts.columns([(m, 5) for m in MONTHS], title="สาย"), "กราฟ"),
                    Heading("น้ำท่วม"),
                    Words("นำเข้าจากระบบเดิม", aside=True),
                ],
            ),
            Chapter(
                "รายละเอียด",
                [
                    Table(
                        "แต่ละวัน",
                        ["วัน", "สาย"],
                        [[f"{n}", "1,234"] for n in range(rows)],
                        ["รวม", "9"],
                    ),
                    Beside((Table("ก", ["ก"], [["1"]]), Table("ข", ["ข"], [["2"], ["3"]]))),
                    Words("**หนา** แล้วก็บาง", marked=True),
                    Definitions([("ระดับบริการ", "สัดส่วนของสายที่ได้รับภายในกำหนด")]),
                ],
            ),
        ],
    )


def pages(made: bytes) -> int:
    with pypdfium2.PdfDocument(BytesIO(made)) as book:
        return len(book)


def test_every_kind_of_block_is_set_and_a_long_table_goes_on_over_the_page(tmp_path: Path) -> None:
    seal = tmp_path / "seal.SVG"
    seal.write_text(SEAL)
    told: list[tuple[int, int]] = []
    made = press.pdf(document(), seal=seal, progress=lambda done, of: told.append((done, of)))
    assert made.startswith(b"%PDF")
    assert pages(made) == 4, "cover, contents, two chapters"
    assert told == [(1, 2), (2, 2)]
    assert pages(press.pdf(document(rows=120), thai_numerals=True)) > 5


def test_a_mark_is_of_what_is_said_and_not_of_when_it_was_made(tmp_path: Path) -> None:
    first = press.mark(document())
    assert press.mark(replace(document(), made="another day")) == first
    seal = tmp_path / "seal.svg"
    seal.write_text("<svg/>")
    others = {
        press.mark(document(rows=4)),
        press.mark(replace(document(), title="Another")),
        press.mark(document(), thai_numerals=True),
        press.mark(document(), seal=seal),
    }
    seal.write_text("<svg></svg>")
    others.add(press.mark(document(), seal=seal))
    assert len(others - {first}) == 5


def test_figures_are_thai_where_the_city_wants_it_and_colours_stay_what_they_are() -> None:
    data = document().as_data(thai_numerals=True)
    assert data["title"] == "รายงานประจำปีงบประมาณ ๒๕๖๗"
    assert data["chapters"][0]["blocks"][1]["numbers"][0]["value"] == "๒๕๗,๘๖๙"
    assert data["accent"] == "#0b6e6e"
    assert document().as_data()["title"] == "รายงานประจำปีงบประมาณ 2567"


def test_a_chart_is_written_in_thai_figures_and_keeps_its_colours_and_numbers() -> None:
    spec = charts.heat({("จันทร์", "09"): 12.0}, days=["จันทร์"], hours=["09"], title="สายใน 20 วินาที")
    found = press.with_thai_figures(charts.coloured(spec, {charts.ACCENT: "#0b6e6e"}))
    assert found["data"]["values"] == [{"day": "จันทร์", "hour": "๐๙", "y": 12.0}]
    assert found["encoding"]["x"]["sort"] == ["๐๙"]
    assert found["encoding"]["color"]["legend"]["title"] == "สายใน ๒๐ วินาที"
    assert found["encoding"]["color"]["scale"]["range"] == [charts.PAPER, "#0b6e6e"]
    assert found["$schema"] == charts.SCHEMA


def test_nights_are_told_by_how_many_there_were_in_a_row() -> None:
    nights = [date(2026, 10, 30), date(2026, 11, 1), date(2026, 10, 31), date(2026, 11, 9)]
    assert runs_of_nights(nights) == [
        [date(2026, 10, 30), date(2026, 10, 31), date(2026, 11, 1)],
        [date(2026, 11, 9)],
    ]
    assert runs_of_nights([]) == []


def test_charts_are_numbered_in_the_order_in_which_they_stand() -> None:
    blocks = document().as_data()["chapters"][0]["blocks"]
    assert [each["number"] for each in blocks if each["kind"] == "chart"] == [0]
    assert all("spec" not in each for each in blocks)


def test_a_row_that_does_not_fit_its_head_is_refused() -> None:
    with pytest.raises(ValueError, match="does not fit"):
        Table("แต่ละวัน", ["วัน", "สาย"], [["1"]])


def test_a_seal_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"nowhere\.png"):
        press.pdf(document(), seal=tmp_path / "nowhere.png")
