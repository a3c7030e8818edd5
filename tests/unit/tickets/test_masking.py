import pytest

from tickets.masking import masked


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("โทร 081-234-5678 ได้ตลอด", "โทร ····· ได้ตลอด"),
        ("+66 81 234 5678", "·····"),
        ("บัตร 1-2345-67890-12-3", "บัตร ·····"),
        ("๐๘๑๒๓๔๕๖๗๘", "·····"),
        ("call 0812345678.", "call ·····."),
    ],
)
def test_numbers_of_people_are_hidden(text: str, shown: str) -> None:
    assert masked(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "เรื่อง 100-0019",
        "ซ่อมวันที่ 20 พ.ย. 2569 14:05 น.",
        "ซอย 12 บ้าน 34/5 ราคา 12,500 บาท",
        "โทร 1337",
        "",
    ],
)
def test_everything_else_stays(text: str) -> None:
    assert masked(text) == text
