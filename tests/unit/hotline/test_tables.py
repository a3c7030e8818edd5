"""Tables as other people's programs write them."""

from pathlib import Path

import pytest

from hotline import tables
from hotline.errors import Invalid

ROWS = [["ข้อความ", "หมวด"], ["น้ำท่วม ซอยบัวขาว", "น้ำท่วม"], ["ไฟดับ, 3 ต้น", "แสงสว่าง"]]


def written(between: str = ",", end: str = "\n") -> str:
    return "".join(between.join(f'"{each}"' for each in row) + end for row in ROWS)


def read(file: Path) -> list[list[str]]:
    with tables.rows(file) as reader:
        names = tables.columns(file, reader, {"text": "ข้อความ", "label": "label,หมวด"})
        return [[row[names["text"]], row[names["label"]]] for row in reader]


@pytest.mark.parametrize(
    "content",
    [
        written().encode(),
        written(end="\r\n").encode("utf-8-sig"),
        written(end="\r").encode(),
        written("\t").encode("utf-16"),
        written("\t").encode("utf-16-be"),
        written(";", "\r\n").encode("cp874"),
        ("\n\r\n" + written()).encode("tis-620"),
        written("|").encode("utf-16-le"),
    ],
)
def test_it_is_read_however_it_is_written(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "table.csv"
    file.write_bytes(content)
    assert read(file) == ROWS[1:]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b" \r\n\n", "is empty"),
        (b"PK\x03\x04\x14\x00", "save it as CSV"),
        (b"a,b\n\x00\x01\x02\n", "no text in"),
        ("größe,tür\n".encode("latin-1"), "no text in"),
        (b"text,label\n", 'no column "ข้อความ" (there are text, label)'),
        ("ข้อความ,ข้อความ,หมวด\n".encode(), 'two columns are called "ข้อความ"'),
        (
            (written() + "ถนนพัง,ถนน\n" * 20_000).encode() + "ทางเท้า,ถนน\n".encode("cp874"),
            "it is not utf-8",
        ),
    ],
)
def test_what_is_no_such_table_is_said(tmp_path: Path, content: bytes, said: str) -> None:
    file = tmp_path / "table.csv"
    file.write_bytes(content)
    with pytest.raises(Invalid) as error:
        read(file)
    assert said in str(error.value) and str(file) in str(error.value)


def test_a_letter_that_the_beginning_cuts_is_no_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "table.csv"
    file.write_bytes(written().encode())
    for length in range(20, 60):
        monkeypatch.setattr(tables, "_BEGINNING", length)
        assert tables.form_of(file).encoding == "utf-8"
