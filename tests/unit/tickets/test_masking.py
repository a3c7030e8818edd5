"""Numbers of people go, everything else stays."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickets.masking import MASK, is_thai_id, masked, without_names, without_numbers

THAI = str.maketrans("0123456789", "๐๑๒๓๔๕๖๗๘๙")
MOBILE = "0812345678"
ID = "1101700230708"

TELEPHONES = [
    "0812345678",
    "081-234-5678",
    "081 234 5678",
    "081 - 234 - 5678",
    "081-2345678",
    "081-2345-678",
    "08-1234-5678",
    "08 1234 5678",
    "0-8123-4567-8",
    "081.234.5678",
    "(081) 234-5678",
    "081–234–5678",
    "08 12 34 56 78",
    "0 8 1 2 3 4 5 6 7 8",
    "0612345678",
    "0912345678",
    "038253241",
    "038-253-241",
    "038-253241",
    "038 25 3241",
    "02-123-4567",
    "0-2123-4567",
    "0 38 253 241",
    "+66812345678",
    "+66 81 234 5678",
    "+66-81-234-5678",
    "+66 (0) 81 234 5678",
    "+66(0)812345678",
    "+6638253241",
    "66812345678",
    "66-81-234-5678",
    "0066812345678",
    "+79161234567",
    "+7 916 123-45-67",
    "+86 138 0013 8000",
    "+44 20 7946 0958",
]


@pytest.mark.parametrize("number", TELEPHONES)
@pytest.mark.parametrize("figures", [None, THAI], ids=["arabic", "thai"])
@pytest.mark.parametrize("around", ["{}", "โทร{}ด่วน", "call {}, please", "เบอร์ {} ครับ", "({})"])
def test_a_telephone_number_goes_however_it_is_written(
    number: str, figures: dict[int, str] | None, around: str
) -> None:
    written = number.translate(figures) if figures else number
    said = masked(around.format(written))
    assert not any(each.isdecimal() for each in said), said
    assert said.replace("(", "").replace(")", "") == around.format(MASK).replace("(", "").replace(
        ")", ""
    )


@pytest.mark.parametrize(
    "written",
    [ID, "1-1017-00230-70-8", "1 1017 00230 70 8", "11017 00230 708", "1 1 0 1 7 0 0 2 3 0 7 0 8"],
)
@pytest.mark.parametrize("figures", [None, THAI], ids=["arabic", "thai"])
def test_an_id_number_goes(written: str, figures: dict[int, str] | None) -> None:
    written = written.translate(figures) if figures else written
    assert masked(f"บัตรประชาชน {written} ค่ะ") == f"บัตรประชาชน {MASK} ค่ะ"


def test_a_check_digit_that_is_wrong_is_no_id_unless_it_is_written_as_on_a_card() -> None:
    assert is_thai_id(ID)
    wrong = ID[:-1] + "9"
    assert not is_thai_id(wrong)
    assert masked(wrong) == wrong
    assert masked("1-1017-00230-70-9") == MASK


@pytest.mark.parametrize(
    "address", ["somchai@example.com", "a.b+c@mail.city.example.th", "SOMCHAI_J@EXAMPLE.CO.TH"]
)
def test_an_address_goes(address: str) -> None:
    assert masked(f"เขียนมาที่{address}.") == f"เขียนมาที่{MASK}."


STAYS = [
    "08/12/2567",
    "08-12-2567",
    "8 ธ.ค. 2567",
    "08-12-2567 14:05",
    "2026-11-28 14:05:31",
    "2026-11-28T14:05:31",
    "28.11.2026 08.30",
    "08.30-16.30 น.",
    "08.30-16.30 25",
    "08:30-16:30",
    "0830 - 1630",
    "06.00 น. - 18.00 น.",
    "081/234",
    "1,234,567.00 บาท",
    "1 234 567 บาท",
    "฿0.50",
    "99/123 หมู่ 9 ซอย 12",
    "บ้านเลขที่ 381/45-46",
    "ซอยนาเกลือ 16/2",
    "20150",
    "เรื่อง 100-0019",
    "100-0019 และ 100-0027",
    "เรื่อง 1000019",
    "12.927608, 100.877083",
    "12.927608 100.877083",
    "12.0812345678",
    "1337",
    "191 และ 1669",
    "กข 1234 ชลบุรี",
    "1กก 5678",
    "รถ 12-3456",
    "มาตรา 157",
    "10.5 กม. 3 ครั้ง 2 วัน",
    "ปี 2567 2568 2569",
    "เสาไฟ 0123456789",
    "8 1 2 3",
    "5 x 10",
    "192.168.1.1",
    "มิเตอร์ 12345678",
    "น้ำท่วม 20 ซม.",
    "",
]


@pytest.mark.parametrize("text", STAYS)
@pytest.mark.parametrize("figures", [None, THAI], ids=["arabic", "thai"])
def test_what_is_no_number_of_somebody_stays(text: str, figures: dict[int, str] | None) -> None:
    text = text.translate(figures) if figures else text
    assert masked(text) == text


def test_several_go_and_what_is_between_them_stays() -> None:
    said = "โทร 081-234-5678, 0898765432 หรือ 038 253 241 ต่อ 12 วันที่ 08-12-2567 บ้าน 99/1"
    kept = f"โทร {MASK}, {MASK} หรือ {MASK} ต่อ 12 วันที่ 08-12-2567 บ้าน 99/1"
    assert masked(said) == kept
    assert masked("0812345678 0898765432") == f"{MASK} {MASK}"
    assert masked("0812345678 / 0898765432") == f"{MASK} / {MASK}"
    assert masked("0812345678/0898765432") == f"{MASK}/{MASK}"
    assert masked("เรื่อง 100-0019 โทร 0812345678") == f"เรื่อง 100-0019 โทร {MASK}"
    assert masked("038-253241-4") == f"{MASK}-4"


@given(st.text(alphabet="0123456789๐๑๕๘ -./()+:,@abก·", max_size=60))
def test_it_ends_and_a_second_time_changes_nothing(text: str) -> None:
    once = masked(text)
    assert masked(once) == once


@given(
    st.from_regex(r"0[689][0-9]{8}", fullmatch=True),
    st.text(alphabet="กขคงมา ", max_size=20),
    st.text(alphabet="กขคงมา ", max_size=20),
)
def test_no_mobile_number_stays(number: str, before: str, after: str) -> None:
    assert masked(before + number + after) == before + MASK + after


def test_names_go_whole_and_in_parts() -> None:
    said = "คุณสมชาย ใจดี บอกว่าบ้านคุณสมชายน้ำไม่ไหล SOMCHAI ก็ว่า"
    assert without_names(said, ["สมชาย ใจดี", "Somchai"]) == (
        f"คุณ{MASK} บอกว่าบ้านคุณ{MASK}น้ำไม่ไหล {MASK} ก็ว่า"
    )
    assert without_names("นา", ["", "ก"]) == "นา"


def test_one_number_goes_in_every_form_and_others_stay() -> None:
    said = "โทร 081-234-5678, ๐๘๑ ๒๓๔ ๕๖๗๘, +66 81 234 5678, +66 (0)81 234 5678 หรือ 0066812345678"
    kept = f"โทร {MASK}, {MASK}, {MASK}, {MASK} หรือ {MASK}"
    assert without_numbers(said, ["+66812345678"]) == kept
    others = "โทร 038-253-241 หรือ 0812345679 บ้าน 81/2345678 เรื่อง 081-2345"
    assert without_numbers(others, ["+66812345678"]) == others
    assert without_numbers(said, []) == said
    assert without_numbers("+44 20 7946 0958", ["+442079460958"]) == MASK
