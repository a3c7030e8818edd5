"""Values as they are spoken: a table for people who speak the language; rules for all values."""

import re
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.speech.spoken import (
    Count,
    Day,
    Digits,
    Minutes,
    Moment,
    Ordinal,
    Telephone,
    Text,
    Value,
    say,
)
from ivr.speech.tongues import TONGUES
from tickets import numbers

LANGUAGES = tuple(TONGUES)
TODAY = date(2026, 11, 24)  # a Tuesday


def at(hour: int, minute: int = 0, *, days: int = 0) -> Moment:
    """A moment seen from TODAY."""
    moment = datetime(2026, 11, 24, hour, minute, tzinfo=UTC) + timedelta(days=days)
    return Moment(moment, TODAY)


# Read it aloud: each line has to sound like a person.
VECTORS: list[tuple[Value, str, str, str, str]] = [
    # ------------------------------------------------------------------------------- how many
    (Count(0), "ศูนย์", "zero", "零", "ноль"),
    (Count(1), "หนึ่ง", "one", "一", "один"),
    (Count(2), "สอง", "two", "两", "два"),
    (Count(3), "สาม", "three", "三", "три"),
    (Count(10), "สิบ", "ten", "十", "десять"),
    (Count(11), "สิบเอ็ด", "eleven", "十一", "одиннадцать"),
    (Count(12), "สิบสอง", "twelve", "十二", "двенадцать"),
    (Count(20), "ยี่สิบ", "twenty", "二十", "двадцать"),
    (Count(21), "ยี่สิบเอ็ด", "twenty-one", "二十一", "двадцать один"),
    (Count(40), "สี่สิบ", "forty", "四十", "сорок"),
    (Count(99), "เก้าสิบเก้า", "ninety-nine", "九十九", "девяносто девять"),
    (Count(101), "หนึ่งร้อยเอ็ด", "one hundred and one", "一百零一", "сто один"),
    (Count(110), "หนึ่งร้อยสิบ", "one hundred and ten", "一百一十", "сто десять"),
    (Count(1_002), "หนึ่งพันสอง", "one thousand and two", "一千零二", "одна тысяча два"),
    (Count(2_010), "สองพันสิบ", "two thousand and ten", "两千零一十", "две тысячи десять"),
    (Count(12_000), "หนึ่งหมื่นสองพัน", "twelve thousand", "一万两千", "двенадцать тысяч"),
    (
        Count(20_300),
        "สองหมื่นสามร้อย",
        "twenty thousand three hundred",
        "两万零三百",
        "двадцать тысяч триста",
    ),
    (
        Count(257_869),
        "สองแสนห้าหมื่นเจ็ดพันแปดร้อยหกสิบเก้า",
        "two hundred and fifty-seven thousand eight hundred and sixty-nine",
        "二十五万七千八百六十九",
        "двести пятьдесят семь тысяч восемьсот шестьдесят девять",
    ),
    (Count(1_000_001), "หนึ่งล้านเอ็ด", "one million and one", "一百万零一", "один миллион один"),
    # ------------------------------------------------------------------- which one in a row
    (Ordinal(1), "ที่หนึ่ง", "first", "第一", "первый"),
    (Ordinal(2), "ที่สอง", "second", "第二", "второй"),
    (Ordinal(3), "ที่สาม", "third", "第三", "третий"),
    (Ordinal(4), "ที่สี่", "fourth", "第四", "четвёртый"),
    (Ordinal(5), "ที่ห้า", "fifth", "第五", "пятый"),
    (Ordinal(8), "ที่แปด", "eighth", "第八", "восьмой"),
    (Ordinal(9), "ที่เก้า", "ninth", "第九", "девятый"),
    (Ordinal(11), "ที่สิบเอ็ด", "eleventh", "第十一", "одиннадцатый"),
    (Ordinal(12), "ที่สิบสอง", "twelfth", "第十二", "двенадцатый"),
    (Ordinal(20), "ที่ยี่สิบ", "twentieth", "第二十", "двадцатый"),
    (Ordinal(23), "ที่ยี่สิบสาม", "twenty-third", "第二十三", "двадцать третий"),
    (Ordinal(40), "ที่สี่สิบ", "fortieth", "第四十", "сороковой"),
    (Ordinal(50), "ที่ห้าสิบ", "fiftieth", "第五十", "пятидесятый"),
    (Ordinal(101), "ที่หนึ่งร้อยเอ็ด", "one hundred and first", "第一百零一", "сто первый"),
    # ------------------------------------------------------------------------------- how long
    (Minutes(0), "ไม่ถึงหนึ่งนาที", "less than a minute", "不到一分钟", "меньше минуты"),
    (Minutes(0, 1), "ไม่ถึงหนึ่งนาที", "less than a minute", "不到一分钟", "меньше минуты"),
    (Minutes(0, 2), "ไม่ถึงสองนาที", "less than two minutes", "不到两分钟", "меньше двух минут"),
    (Minutes(1), "ประมาณหนึ่งนาที", "about a minute", "大约一分钟", "около минуты"),
    (Minutes(2), "ประมาณสองนาที", "about two minutes", "大约两分钟", "около двух минут"),
    (Minutes(5), "ประมาณห้านาที", "about five minutes", "大约五分钟", "около пяти минут"),
    (Minutes(5, 5), "ประมาณห้านาที", "about five minutes", "大约五分钟", "около пяти минут"),
    (Minutes(8), "ประมาณแปดนาที", "about eight minutes", "大约八分钟", "около восьми минут"),
    (
        Minutes(1, 2),
        "ประมาณหนึ่งถึงสองนาที",
        "one to two minutes",
        "一到两分钟",
        "от одной до двух минут",
    ),
    (
        Minutes(5, 10),
        "ประมาณห้าถึงสิบนาที",
        "five to ten minutes",
        "五到十分钟",
        "от пяти до десяти минут",
    ),
    (
        Minutes(20, 21),
        "ประมาณยี่สิบถึงยี่สิบเอ็ดนาที",
        "twenty to twenty-one minutes",
        "二十到二十一分钟",
        "от двадцати до двадцати одной минуты",
    ),
    (Minutes(40), "ประมาณสี่สิบนาที", "about forty minutes", "大约四十分钟", "около сорока минут"),
    (
        Minutes(90),
        "ประมาณเก้าสิบนาที",
        "about ninety minutes",
        "大约九十分钟",
        "около девяноста минут",
    ),
    # ------------------------------------------------------------------------- digit by digit
    (
        Digits("1000019"),
        "หนึ่ง ศูนย์ ศูนย์, ศูนย์ ศูนย์ หนึ่ง เก้า",
        "one zero zero, zero zero one nine",
        "幺零零，零零幺九",
        "один ноль ноль, ноль ноль один девять",
    ),
    (
        Digits("12-3456-7"),
        "หนึ่ง สอง, สาม สี่ ห้า หก, เจ็ด",
        "one two, three four five six, seven",
        "幺二，三四五六，七",
        "один два, три четыре пять шесть, семь",
    ),
    (Digits("20"), "สอง ศูนย์", "two zero", "二零", "два ноль"),
    (
        Telephone("+66812223378"),
        "ศูนย์ แปด หนึ่ง, สอง สอง สอง, สาม สาม เจ็ด แปด",
        "zero eight one, two two two, three three seven eight",
        "零八幺，二二二，三三七八",
        "ноль восемь один, два два два, три три семь восемь",
    ),
    (
        Telephone("+79161234567", country="TH"),
        "บวก เจ็ด, เก้า หนึ่ง หก, หนึ่ง สอง สาม, สี่ ห้า, หก เจ็ด",
        "plus seven, nine one six, one two three, four five, six seven",
        "加七，九幺六，幺二三，四五，六七",
        "плюс семь, девять один шесть, один два три, четыре пять, шесть семь",
    ),
    (
        Telephone("1337"),
        "หนึ่ง สาม สาม เจ็ด",
        "one three three seven",
        "幺三三七",
        "один три три семь",
    ),
    # ----------------------------------------------------------------------------------- days
    (
        Day(date(2026, 11, 25)),
        "วันที่ยี่สิบห้า พฤศจิกายน พุทธศักราชสองพันห้าร้อยหกสิบเก้า",
        "the twenty-fifth of November, twenty twenty-six",
        "二零二六年十一月二十五日",
        "двадцать пятого ноября две тысячи двадцать шестого года",
    ),
    (
        Day(date(2000, 3, 3)),
        "วันที่สาม มีนาคม พุทธศักราชสองพันห้าร้อยสี่สิบสาม",
        "the third of March, two thousand",
        "二零零零年三月三日",
        "третьего марта двухтысячного года",
    ),
    (
        Day(date(1999, 12, 31)),
        "วันที่สามสิบเอ็ด ธันวาคม พุทธศักราชสองพันห้าร้อยสี่สิบสอง",
        "the thirty-first of December, nineteen ninety-nine",
        "一九九九年十二月三十一日",
        "тридцать первого декабря тысяча девятьсот девяносто девятого года",
    ),
    (
        Day(date(2008, 1, 2)),
        "วันที่สอง มกราคม พุทธศักราชสองพันห้าร้อยห้าสิบเอ็ด",
        "the second of January, two thousand and eight",
        "二零零八年一月二日",
        "второго января две тысячи восьмого года",
    ),
    # -------------------------------------------------------------------------------- moments
    (
        at(10, 30),
        "วันนี้ เวลาสิบนาฬิกาสามสิบนาที",
        "today at ten thirty in the morning",
        "今天上午十点三十分",
        "сегодня в десять часов тридцать минут",
    ),
    (
        at(9, days=1),
        "พรุ่งนี้ เวลาเก้านาฬิกา",
        "tomorrow at nine in the morning",
        "明天上午九点",
        "завтра в девять часов",
    ),
    (
        at(21, 21, days=-1),
        "เมื่อวานนี้ เวลายี่สิบเอ็ดนาฬิกายี่สิบเอ็ดนาที",
        "yesterday at nine twenty-one at night",
        "昨天晚上九点二十一分",
        "вчера в двадцать один час двадцать одну минуту",
    ),
    (
        at(10, days=3),
        "วันศุกร์ที่ยี่สิบเจ็ด พฤศจิกายน เวลาสิบนาฬิกา",
        "on Friday the twenty-seventh of November at ten in the morning",
        "十一月二十七日星期五上午十点",
        "в пятницу, двадцать седьмого ноября, в десять часов",
    ),
    (
        at(14, 5, days=7),
        "วันอังคารที่หนึ่ง ธันวาคม เวลาสิบสี่นาฬิกาห้านาที",
        "on Tuesday the first of December at two oh five in the afternoon",
        "十二月一日星期二下午两点零五分",
        "во вторник, первого декабря, в четырнадцать часов пять минут",
    ),
    (
        at(12),
        "วันนี้ เวลาสิบสองนาฬิกา",
        "today at noon",
        "今天中午十二点",
        "сегодня в двенадцать часов",
    ),
    (
        at(0, days=1),
        "พรุ่งนี้ เวลาศูนย์นาฬิกา",
        "tomorrow at midnight, as the day begins",
        "明天凌晨零点",
        "завтра в ноль часов",
    ),
    (
        at(1, 2, days=1),
        "พรุ่งนี้ เวลาหนึ่งนาฬิกาสองนาที",
        "tomorrow at one oh two in the morning",
        "明天凌晨一点零二分",
        "завтра в один час две минуты",
    ),
    (
        at(18, days=365),
        "วันพุธที่ยี่สิบสี่ พฤศจิกายน พุทธศักราชสองพันห้าร้อยเจ็ดสิบ เวลาสิบแปดนาฬิกา",
        "on Wednesday the twenty-fourth of November, twenty twenty-seven, at six in the evening",
        "二零二七年十一月二十四日星期三晚上六点",
        "в среду, двадцать четвёртого ноября две тысячи двадцать седьмого года,"
        " в восемнадцать часов",
    ),
]


@pytest.mark.parametrize(
    ("value", "th", "en", "zh", "ru"), VECTORS, ids=lambda each: str(each)[:40]
)
def test_what_is_said(value: Value, th: str, en: str, zh: str, ru: str) -> None:
    said = {language: say(value, language) for language in ("th", "en", "zh", "ru")}
    assert said == {"th": th, "en": en, "zh": zh, "ru": ru}


# ---------------------------------------------------------------------------- rules for all values

days = st.dates(date(1900, 1, 1), date(2199, 12, 31))
moments = st.builds(
    Moment, st.builds(datetime.combine, days, st.times(timezones=st.just(UTC))), days
)
large = st.integers(0, 10**13)
values = st.one_of(
    st.builds(Count, large),
    st.builds(Ordinal, st.integers(1, 10**13)),
    st.builds(Minutes, st.integers(-5, 5000), st.integers(-5, 5000)),
    st.builds(Day, days),
    moments,
    st.from_regex(r"[0-9]{1,15}(-[0-9]{1,4})?", fullmatch=True).map(Digits),
    st.from_regex(r"\+[1-9][0-9]{6,14}|[1-9][0-9]{2,5}", fullmatch=True).map(Telephone),
)
#: What may stand in words of a language.
ALPHABET = {
    "th": r"[ก-๙ ,]+",
    "en": r"[A-Za-z ,-]+",
    "zh": r"[一-鿿，]+",
    "ru": r"[А-Яа-яёЁ ,]+",
}


@given(values, st.sampled_from(LANGUAGES))
def test_every_value_is_said_in_words_of_the_language_and_always_the_same(
    value: Value, language: str
) -> None:
    said = say(value, language)
    assert re.fullmatch(ALPHABET[language], said)
    assert "  " not in said
    assert not re.search(r"[0-9๐-๙]", said)
    assert say(value, language) == said
    assert hash(value) == hash(value)


@given(values, st.sampled_from(("de", "ko", "fil", "tlh", "xx", "")))
def test_any_other_language_gets_something(value: Value, language: str) -> None:
    assert say(value, language).strip()


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_two_numbers_sound_alike(language: str) -> None:
    counts = {say(Count(n), language) for n in range(20_000)}
    ordinals = {say(Ordinal(n), language) for n in range(1, 20_001)}
    assert len(counts) == len(ordinals) == 20_000
    assert not counts & ordinals


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_two_waits_sound_alike(language: str) -> None:
    waits = [Minutes(low, high) for low in range(1, 61) for high in (0, *range(low + 1, 61))]
    assert len({say(wait, language) for wait in waits}) == len(waits)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_minute_of_a_day_sounds_different(language: str) -> None:
    spoken = {say(at(hour, minute), language) for hour in range(24) for minute in range(60)}
    assert len(spoken) == 24 * 60


@given(st.integers(1, 99_999_999_999 - numbers.FIRST).map(numbers.make), st.sampled_from(LANGUAGES))
def test_a_ticket_is_said_digit_by_digit_in_the_groups_it_is_printed_in(
    number: str, language: str
) -> None:
    tongue = TONGUES[language]
    said = say(Digits(number), language)
    assert said == say(Digits(numbers.display(number)), language)
    groups = said.split(tongue.PAUSE)
    back = [
        "".join(
            str(tongue.DIGITS.index(word))
            for word in (group.split(tongue.JOINT) if tongue.JOINT else group)
        )
        for group in groups
    ]
    assert back == numbers.groups(number)


@pytest.mark.parametrize("language", LANGUAGES)
def test_digits_are_heard_apart(language: str) -> None:
    assert len(set(TONGUES[language].DIGITS)) == 10


def test_thai_digits_are_digits() -> None:
    assert say(Digits("๑๒๓"), "en") == "one two three"


@pytest.mark.parametrize("value", [Count, Ordinal])
def test_there_is_no_number_below_zero(value: type[Count] | type[Ordinal]) -> None:
    with pytest.raises(ValueError, match="below"):
        value(-1)


def test_there_is_no_position_before_the_first() -> None:
    with pytest.raises(ValueError, match="below 1"):
        Ordinal(0)


def test_a_text_is_said_as_it_is_in_the_language_or_english_or_any() -> None:
    text = Text((("th", "น้ำไม่ไหล"), ("en", "no water")))
    assert say(text, "th") == "น้ำไม่ไหล"
    assert say(text, "en") == say(text, "ru") == say(text, "de") == "no water"
    assert say(Text((("th", "น้ำไม่ไหล"),)), "zh") == "น้ำไม่ไหล"
    assert say(Text(()), "zh") == ""


@pytest.mark.parametrize(
    ("language", "value", "said"),
    [
        ("de", Count(3), "3"),
        ("de", Minutes(5, 10), "5 – 10 Minuten"),
        ("de", Day(date(2026, 11, 26)), "26. November 2026"),
        ("de", at(10, days=3), "Freitag, 27. November 2026, 10:00"),
        ("de", Digits("1000019"), "1 0 0, 0 0 1 9"),
        ("tlh", Day(date(2026, 11, 26)), "2026-11-26"),
        ("tlh", at(10, days=3), "2026-11-27 10:00"),
    ],
)
def test_another_language_gets_figures_and_what_is_known_of_it(
    language: str, value: Value, said: str
) -> None:
    assert say(value, language) == said
