"""Records of a file: none is lost, and each keeps its bytes."""

import io

from hypothesis import given
from hypothesis import strategies as st

from reports.history.files import LONGEST_LINE, Form, Record, hints, records

COMMAS = Form()


def read(data: bytes, form: Form = COMMAS, skip: int = 0) -> list[Record]:
    return list(records(io.BytesIO(data), form, lambda _: None, skip=skip))


def test_thai_in_the_encoding_of_the_old_exchange() -> None:
    data = "สาย,รับแล้ว\n".encode("cp874")
    assert read(data, Form("cp874"))[0].fields == ("สาย", "รับแล้ว")
    assert read(data, Form("tis_620"))[0].fields == ("สาย", "รับแล้ว")
    (bad,) = read(data)
    assert bad.bad.startswith("field 1 is not utf-8: byte 0x")
    assert bad.raw == data


def test_a_mark_of_byte_order_belongs_to_no_column() -> None:
    assert read(b"\xef\xbb\xbfa,b\r\n")[0].fields == ("a", "b")


def test_a_line_break_in_quotes_and_where_a_record_begins() -> None:
    found = read(b'title\na,"b\nc"\nd,e\n', skip=1)
    assert [(each.line, each.fields) for each in found] == [(2, ("a", "b\nc")), (4, ("d", "e"))]


def test_a_quote_that_is_never_closed_spoils_one_line() -> None:
    found = read(b'a,"b\nc,d\ne,f\n')
    assert found[0].bad == "a quote that is never closed"
    assert [each.fields for each in found[1:]] == [("c", "d"), ("e", "f")]
    many = read(b'a,"b\n' + b"c,d\n" * 500)
    assert [bool(each.bad) for each in many] == [True] + [False] * 500


def test_a_line_without_end_is_bad_and_what_follows_is_not() -> None:
    found = read(b"x" * (LONGEST_LINE + 10) + b"\na,b\n", Form(quote=None))
    assert [bool(each.bad) for each in found] == [True, True, False]
    assert [each.line for each in found] == [1, 1, 2]


@given(st.binary(max_size=400), st.sampled_from(["utf-8", "cp874", "ascii"]), st.booleans())
def test_every_byte_is_in_one_record(data: bytes, encoding: str, quotes: bool) -> None:
    found = read(data, Form(encoding, ",", '"' if quotes else None))
    assert b"".join(each.raw for each in found) == data.removeprefix(b"\xef\xbb\xbf")


def test_a_header_that_is_not_what_was_said_says_what_it_looks_like() -> None:
    def said(data: bytes, form: Form) -> list[str]:
        return [str(each) for each in hints(read(data, form)[0], form)]

    header = "วันที่;เวลา\n"
    assert said(header.encode("tis-620"), Form("utf-8", ";")) == [
        "file.encoding: the header may be tis-620"
    ]
    assert said(header.encode(), Form("tis_620", ";")) == [
        "file.encoding: the header looks like utf-8"
    ]
    assert said(header.encode(), COMMAS) == ["file.delimiter: the header has ';' in it"]
    assert said(header.encode(), Form("utf-8", ";")) == []
    assert said(b"only\n", COMMAS) == []
