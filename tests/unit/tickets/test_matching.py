"""What is found by what is typed: Thai without spaces, in haste, and other scripts."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickets.answers.matching import LONGEST_QUESTION, Document, Index, grams, normalised

WATER = Document(1, "แจ้งน้ำประปาไม่ไหล Water cut", "ประปา PWA น้ำไม่ไหล", "โทรการประปา 1662")
FLOOD = Document(2, "น้ำท่วมขัง Flooding", "น้ำรอระบาย ฝนตก", "แจ้งจุดน้ำท่วมที่ 1337 ทันที")
WASTE = Document(3, "เวลาเก็บขยะ Rubbish collection", "ขยะ ถังขยะ", "รถเก็บขยะมาเวลา 20:00 น.")
BEACH = Document(4, "เวลาเปิดชายหาด Beach hours", "หาดพัทยา จอมเทียน", "อย่าทิ้งขยะบนชายหาด")


@pytest.mark.parametrize(
    ("sentence", "first"),
    [
        ("อยากรู้ว่ารถขยะมาวันไหนครับ", 3),  # a keyword of three letters
        ("อยากสอบถามเรื่องเวลาเปิดชายหาดหน่อยค่ะ", 4),
        ("ที่บ้านน้ำประปาไม่ไหลมาสองวันแล้ว", 1),
        ("hello, since when is there no pwa at my house", 1),  # as a word of its own
        ("hello, what about spwash", None),
        ("สวัสดีครับผมมีเรื่องจะสอบถาม", None),
    ],
)
def test_a_sentence_without_spaces_finds_what_it_names(
    index: Index, sentence: str, first: int | None
) -> None:
    assert index.search(sentence)[:1] == ([] if first is None else [first])


@pytest.fixture
def index() -> Index:
    made = Index()
    made.add([WATER, FLOOD, WASTE, BEACH])
    return made


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("น้ำ", "นา".replace("า", "ำ")),
        ("น้ํา", "นำ"),
        ("นํ้า", "นำ"),
        ("เเจ้ง", "แจง"),
        ("๑๖๖๒", "1662"),
        ("  Beach,  HOURS! ", "beach hours"),
        ("20:00", "20 00"),
        ("ก\u200bข", "กข"),
        ("Café", "café"),
        ("ศุกร์", "ศุกร"),
        ("", ""),
        ("...", ""),
    ],
)
def test_one_spelling_of_each(typed: str, meant: str) -> None:
    assert normalised(typed) == meant
    assert normalised(unicodedata.normalize("NFD", typed)) == meant


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("น้ำไม่ไหล", 1),
        ("นำไมไหล", 1),  # without its tone marks
        ("ประปา", 1),
        ("pwa", 1),
        ("๑๖๖๒", 1),
        ("water", 1),
        ("น้ำท่วม", 2),
        ("ฝนตกน้ำท่วม", 2),
        ("floding", 2),  # a letter is missing
        ("ขยะ", 3),
        ("collection rubbish", 3),
        ("จอมเทียน", 4),
        ("หาด", 4),
        ("pw", 1),
    ],
)
def test_the_right_one_comes_first(index: Index, typed: str, first: int) -> None:
    assert index.search(typed)[0] == first


def test_a_title_weighs_more_than_a_text(index: Index) -> None:
    assert index.search("ขยะ") == [3, 4]


@pytest.mark.parametrize("typed", ["", " ", "...", "\u0e48", "passport", "หนังสือเดินทาง", "x" * 5000])
def test_nothing_is_found_where_nothing_is(index: Index, typed: str) -> None:
    assert index.search(typed) == []


def test_what_is_changed_is_found_as_it_is_now(index: Index) -> None:
    index.add([Document(1, "ไฟฟ้าดับ", "", "")])
    assert index.search("ประปา") == []
    assert index.search("ไฟฟาดับ") == [1]
    index.remove(1)
    index.remove(99)
    assert index.search("ไฟฟ้า") == []
    assert len(index) == 3


def test_so_many_and_no_more(index: Index) -> None:
    index.add(Document(n, "ขยะ", "", "") for n in range(10, 30))
    assert index.search("ขยะ", limit=5) == [3, 10, 11, 12, 13]


texts = st.text(st.sampled_from("กขคงจาำแเ้่์๑2aB é."), max_size=80)


@given(texts)
def test_normalising_twice_changes_nothing(text: str) -> None:
    assert normalised(normalised(text)) == normalised(text)


@given(texts, texts)
def test_a_whole_title_finds_its_document(title: str, other: str) -> None:
    made = Index()
    made.add([Document(1, other, "", title), Document(2, title, "", other)])
    if normalised(title[:LONGEST_QUESTION]):
        assert 2 in made.search(title)


@given(texts)
def test_trigrams_are_of_the_text(text: str) -> None:
    once = normalised(text)
    assert all(gram in once and " " not in gram for gram in grams(once))
