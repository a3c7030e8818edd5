"""How Thai, English, Chinese, Russian and, roughly, any other language say numbers and times.

`ivr/speech/spoken.py` says what is said and documents what each language makes of it; here are the
words.
Own tables: the library for it (num2words) has no Chinese and no Russian counting of nouns.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import ClassVar, Final

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_time
from babel.units import format_unit

BUDDHIST_ERA: Final = 543
#: Up to so many days from today the year of a moment goes without saying.
YEAR_IS_CLEAR: Final = 180


class Tongue:
    """How one language says things; this one is for any language: figures, and what Babel knows."""

    language: str
    #: 0 … 9 read one by one.
    DIGITS: Sequence[str] = tuple("0123456789")
    PLUS: str = "+"
    #: Between the digits of a group, and between groups (a pause).
    JOINT: str = " "
    PAUSE: str = ", "

    def __init__(self, language: str) -> None:
        self.language = language

    def count(self, n: int) -> str:
        return str(n)

    def ordinal(self, n: int) -> str:
        return str(n)

    def less_than(self, n: int) -> str:
        return self.about(n)

    def about(self, n: int) -> str:
        locale = self._locale()
        return f"{n} min" if locale is None else format_unit(n, "duration-minute", locale=locale)

    def between(self, low: int, high: int) -> str:
        return f"{low} – {self.about(high)}"

    def digits(self, groups: Sequence[str]) -> str:
        return self.PAUSE.join(self.JOINT.join(map(self._digit, group)) for group in groups)

    def day(self, day: date) -> str:
        locale = self._locale()
        return day.isoformat() if locale is None else format_date(day, "long", locale=locale)

    def moment(self, at: datetime, days: int) -> str:  # noqa: ARG002 - `days` from today
        locale = self._locale()
        if locale is None:
            return f"{at:%Y-%m-%d %H:%M}"
        hour = format_time(at.time(), "short", locale=locale)
        return f"{format_date(at.date(), 'full', locale=locale)}, {hour}"

    def _digit(self, sign: str) -> str:
        if sign == "+":
            return self.PLUS
        return self.DIGITS[int(sign)] if sign.isdecimal() else sign

    def _locale(self) -> Locale | None:
        try:
            return Locale.parse(self.language)
        except (UnknownLocaleError, ValueError):
            return None


def _year_is_said(days: int) -> bool:
    return abs(days) > YEAR_IS_CLEAR


def _table(text: str) -> Mapping[str, str]:
    return dict(pair.split(":") for pair in text.split())


# -------------------------------------------------------------------------------------------- Thai


class Thai(Tongue):
    """ภาษาไทย"""

    DIGITS = ("ศูนย์", "หนึ่ง", "สอง", "สาม", "สี่", "ห้า", "หก", "เจ็ด", "แปด", "เก้า")
    PLUS = "บวก"
    PLACES = ("", "สิบ", "ร้อย", "พัน", "หมื่น", "แสน")
    DAYS = ("จันทร์", "อังคาร", "พุธ", "พฤหัสบดี", "ศุกร์", "เสาร์", "อาทิตย์")
    MONTHS = (
        *("มกราคม", "กุมภาพันธ์", "มีนาคม", "เมษายน", "พฤษภาคม", "มิถุนายน"),
        *("กรกฎาคม", "สิงหาคม", "กันยายน", "ตุลาคม", "พฤศจิกายน", "ธันวาคม"),
    )
    NEAR: ClassVar[Mapping[int, str]] = {-1: "เมื่อวานนี้", 0: "วันนี้", 1: "พรุ่งนี้"}

    def count(self, n: int) -> str:
        millions, rest = divmod(n, 10**6)
        if not millions:
            return self._below_a_million(rest) or self.DIGITS[0]
        # after anything at all a one in the end is เอ็ด
        tail = "เอ็ด" if rest == 1 else self._below_a_million(rest)
        return f"{self.count(millions)}ล้าน{tail}"

    def _below_a_million(self, n: int) -> str:
        figures = str(n)
        last = len(figures) - 1
        return "".join(
            self._figure(int(figure), last - at, last) for at, figure in enumerate(figures)
        )

    def _figure(self, figure: int, place: int, last: int) -> str:
        if figure == 0:
            return ""
        if place == 1 and figure <= 2:  # สิบ, ยี่สิบ
            return "สิบ" if figure == 1 else "ยี่สิบ"
        if place == 0 and figure == 1 and last > 0:
            return "เอ็ด"
        return self.DIGITS[figure] + self.PLACES[place]

    def ordinal(self, n: int) -> str:
        return f"ที่{self.count(n)}"

    def less_than(self, n: int) -> str:
        return f"ไม่ถึง{self.count(n)}นาที"

    def about(self, n: int) -> str:
        return f"ประมาณ{self.count(n)}นาที"

    def between(self, low: int, high: int) -> str:
        return f"ประมาณ{self.count(low)}ถึง{self.count(high)}นาที"

    def day(self, day: date) -> str:
        return f"วัน{self._date(day)} {self._year(day)}"

    def moment(self, at: datetime, days: int) -> str:
        hour = f"เวลา{self.count(at.hour)}นาฬิกา"
        minute = f"{self.count(at.minute)}นาที" if at.minute else ""
        return f"{self._when(at.date(), days)} {hour}{minute}"

    def _when(self, day: date, days: int) -> str:
        if days in self.NEAR:
            return self.NEAR[days]
        year = f" {self._year(day)}" if _year_is_said(days) else ""
        return f"วัน{self.DAYS[day.weekday()]}{self._date(day)}{year}"

    def _date(self, day: date) -> str:
        return f"{self.ordinal(day.day)} {self.MONTHS[day.month - 1]}"

    def _year(self, day: date) -> str:
        return f"พุทธศักราช{self.count(day.year + BUDDHIST_ERA)}"


# ----------------------------------------------------------------------------------------- English


class English(Tongue):
    """English, as in Britain: one hundred and one; the day before the month."""

    DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
    PLUS = "plus"
    BELOW_TWENTY = (
        *DIGITS,
        *("ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen"),
        *("seventeen", "eighteen", "nineteen"),
    )
    TENS = (
        *("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"),
    )
    LARGE = ((10**9, "billion"), (10**6, "million"), (1000, "thousand"))
    IRREGULAR: ClassVar[Mapping[str, str]] = _table(
        """
        one:first two:second three:third five:fifth eight:eighth nine:ninth
        twelve:twelfth
        """
    )
    DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
    MONTHS = (
        *("January", "February", "March", "April", "May", "June", "July"),
        *("August", "September", "October", "November", "December"),
    )
    NEAR: ClassVar[Mapping[int, str]] = {-1: "yesterday", 0: "today", 1: "tomorrow"}

    def count(self, n: int) -> str:
        for size, name in self.LARGE:
            if n >= size:
                return self._with_rest(f"{self.count(n // size)} {name}", n % size)
        if n >= 100:
            return self._with_rest(f"{self.BELOW_TWENTY[n // 100]} hundred", n % 100)
        return self._below_a_hundred(n)

    def _with_rest(self, head: str, rest: int) -> str:
        if not rest:
            return head
        return f"{head} {'and ' if rest < 100 else ''}{self.count(rest)}"

    def _below_a_hundred(self, n: int) -> str:
        if n < 20:
            return self.BELOW_TWENTY[n]
        tens, ones = divmod(n, 10)
        return f"{self.TENS[tens]}-{self.DIGITS[ones]}" if ones else self.TENS[tens]

    def ordinal(self, n: int) -> str:
        words = self.count(n)
        cut = max(words.rfind(" "), words.rfind("-")) + 1
        head, last = words[:cut], words[cut:]
        if last in self.IRREGULAR:
            last = self.IRREGULAR[last]
        else:
            last = f"{last[:-1]}ieth" if last.endswith("y") else f"{last}th"
        return f"{head}{last}"

    def less_than(self, n: int) -> str:
        return f"less than {self._minutes(n)}"

    def about(self, n: int) -> str:
        return f"about {self._minutes(n)}"

    def between(self, low: int, high: int) -> str:
        return f"{self.count(low)} to {self.count(high)} minutes"

    def _minutes(self, n: int) -> str:
        return "a minute" if n == 1 else f"{self.count(n)} minutes"

    def day(self, day: date) -> str:
        return f"the {self._date(day)}, {self._year(day.year)}"

    def moment(self, at: datetime, days: int) -> str:
        return f"{self._when(at.date(), days)} at {self._hour(at.hour, at.minute)}"

    def _when(self, day: date, days: int) -> str:
        if days in self.NEAR:
            return self.NEAR[days]
        year = f", {self._year(day.year)}," if _year_is_said(days) else ""
        return f"on {self.DAYS[day.weekday()]} the {self._date(day)}{year}"

    def _date(self, day: date) -> str:
        return f"{self.ordinal(day.day)} of {self.MONTHS[day.month - 1]}"

    def _year(self, year: int) -> str:
        century, rest = divmod(year, 100)
        if (century % 10 == 0 and rest < 10) or not 10 <= century < 100:
            return self.count(year)
        if not rest:
            return f"{self.count(century)} hundred"
        return f"{self.count(century)} {'oh ' if rest < 10 else ''}{self.count(rest)}"

    def _hour(self, hour: int, minute: int) -> str:
        if minute == 0 and hour in (0, 12):
            # midnight alone could be either end of the day
            return "noon" if hour else "midnight, as the day begins"
        words = self.count((hour - 1) % 12 + 1)
        if minute:
            words += f" {'oh ' if minute < 10 else ''}{self.count(minute)}"
        return f"{words} {_part(hour, self.PARTS)}"

    #: From which hour on.
    PARTS = (
        *((0, "at night"), (1, "in the morning"), (12, "in the afternoon")),
        *((18, "in the evening"), (21, "at night")),
    )


def _part(hour: int, parts: Sequence[tuple[int, str]]) -> str:
    """The part of the day, of those given with their first hours."""
    return [name for first, name in parts if hour >= first][-1]


# ----------------------------------------------------------------------------------------- Chinese


class Chinese(Tongue):
    """普通话"""

    DIGITS = tuple("零幺二三四五六七八九")
    PLUS = "加"
    JOINT, PAUSE = "", "，"
    NUMERALS = tuple("零一二三四五六七八九")
    PLACES = ("", "十", "百", "千")
    SECTIONS = ("", "万", "亿")
    DAYS = tuple("一二三四五六日")
    NEAR: ClassVar[Mapping[int, str]] = {-1: "昨天", 0: "今天", 1: "明天"}
    #: From which hour on.
    PARTS = ((0, "凌晨"), (6, "上午"), (12, "中午"), (13, "下午"), (18, "晚上"))

    def count(self, n: int) -> str:
        return "两" if n == 2 else self._number(n)

    def _number(self, n: int) -> str:
        if n == 0:
            return self.NUMERALS[0]
        words = ""
        for power in (2, 1, 0):
            section = n // 10_000**power % 10_000
            if section:
                gap = words and section < 1000
                inside = self._section(section, first=not words, last=power == 0)
                words += ("零" if gap else "") + inside + self.SECTIONS[power]
        return words

    def _section(self, n: int, *, first: bool, last: bool) -> str:
        if n == 2 and not last:  # 两万
            return "两"
        words, gap = "", False
        for place in (3, 2, 1, 0):
            figure = n // 10**place % 10
            if figure:
                words += ("零" if gap and words else "") + self._figure(figure, place)
            gap = not figure
        return words.removeprefix("一") if first and 10 <= n < 20 else words

    def _figure(self, figure: int, place: int) -> str:
        if figure == 2 and place == 3:
            return "两千"
        return self.NUMERALS[figure] + self.PLACES[place]

    def ordinal(self, n: int) -> str:
        return f"第{self._number(n)}"

    def less_than(self, n: int) -> str:
        return f"不到{self.count(n)}分钟"

    def about(self, n: int) -> str:
        return f"大约{self.count(n)}分钟"

    def between(self, low: int, high: int) -> str:
        return f"{self.count(low)}到{self.count(high)}分钟"

    def day(self, day: date) -> str:
        year = "".join(self.NUMERALS[int(figure)] for figure in str(day.year))
        return f"{year}年{self._number(day.month)}月{self._number(day.day)}日"

    def moment(self, at: datetime, days: int) -> str:
        return f"{self._when(at.date(), days)}{_part(at.hour, self.PARTS)}{self._hour(at)}"

    def _when(self, day: date, days: int) -> str:
        if days in self.NEAR:
            return self.NEAR[days]
        full = self.day(day)
        said = full if _year_is_said(days) else full.partition("年")[2]
        return f"{said}星期{self.DAYS[day.weekday()]}"

    def _hour(self, at: datetime) -> str:
        hour = self.count(at.hour if at.hour <= 12 else at.hour - 12)
        if not at.minute:
            return f"{hour}点"
        return f"{hour}点{'零' if at.minute < 10 else ''}{self._number(at.minute)}分"


# ----------------------------------------------------------------------------------------- Russian


class Russian(Tongue):
    """Русский язык"""

    DIGITS = (
        *("ноль", "один", "два", "три", "четыре"),
        *("пять", "шесть", "семь", "восемь", "девять"),
    )
    PLUS = "плюс"
    BELOW_TWENTY = (
        *DIGITS,
        *("десять", "одиннадцать", "двенадцать", "тринадцать", "четырнадцать"),
        *("пятнадцать", "шестнадцать", "семнадцать", "восемнадцать", "девятнадцать"),
    )
    TENS = (
        *("", "", "двадцать", "тридцать", "сорок", "пятьдесят"),
        *("шестьдесят", "семьдесят", "восемьдесят", "девяносто"),
    )
    HUNDREDS = (
        *("", "сто", "двести", "триста", "четыреста"),
        *("пятьсот", "шестьсот", "семьсот", "восемьсот", "девятьсот"),
    )
    #: Size, whether the noun is feminine, and its forms after 1, after 2 to 4, and after others.
    LARGE = (
        (10**9, False, ("миллиард", "миллиарда", "миллиардов")),
        (10**6, False, ("миллион", "миллиона", "миллионов")),
        (1000, True, ("тысяча", "тысячи", "тысяч")),
    )
    #: What does not only change ь to и in the genitive.
    GENITIVE: ClassVar[Mapping[str, str]] = _table(
        """
        ноль:ноля один:одного одна:одной два:двух две:двух три:трёх четыре:четырёх
        восемь:восьми сорок:сорока пятьдесят:пятидесяти шестьдесят:шестидесяти
        семьдесят:семидесяти восемьдесят:восьмидесяти девяносто:девяноста сто:ста
        двести:двухсот триста:трёхсот четыреста:четырёхсот пятьсот:пятисот
        шестьсот:шестисот семьсот:семисот восемьсот:восьмисот девятьсот:девятисот
        тысяча:тысячи тысячи:тысяч тысяч:тысяч миллион:миллиона миллиона:миллионов
        миллионов:миллионов миллиард:миллиарда миллиарда:миллиардов
        миллиардов:миллиардов
        """
    )
    #: Ordinals that are not the genitive or the bare stem with -ый.
    ORDINALS: ClassVar[Mapping[str, str]] = _table(
        """
        ноль:нулевой один:первый два:второй три:третий четыре:четвёртый шесть:шестой
        семь:седьмой восемь:восьмой сорок:сороковой девяносто:девяностый сто:сотый
        """
    )
    MONTHS = (
        *("января", "февраля", "марта", "апреля", "мая", "июня"),
        *("июля", "августа", "сентября", "октября", "ноября", "декабря"),
    )
    #: When: with the preposition, in the accusative.
    DAYS = (
        *("в понедельник", "во вторник", "в среду", "в четверг"),
        *("в пятницу", "в субботу", "в воскресенье"),
    )
    NEAR: ClassVar[Mapping[int, str]] = {-1: "вчера", 0: "сегодня", 1: "завтра"}

    def count(self, n: int) -> str:
        return self._number(n)

    def _number(self, n: int, *, feminine: bool = False) -> str:
        if n == 0:
            return self.DIGITS[0]
        words = []
        for size, is_feminine, forms in self.LARGE:
            if many := n // size:
                words += [self._number(many, feminine=is_feminine), _counted(many, forms)]
                n %= size
        return " ".join([*words, *self._below_a_thousand(n, feminine)])

    def _below_a_thousand(self, n: int, feminine: bool) -> list[str]:
        words = [self.HUNDREDS[n // 100]]
        n %= 100
        if n >= 20:
            words.append(self.TENS[n // 10])
            n %= 10
        if n:
            last = self.BELOW_TWENTY[n]
            words.append({"один": "одна", "два": "две"}.get(last, last) if feminine else last)
        return [word for word in words if word]

    def _genitive(self, n: int, *, feminine: bool = False) -> str:
        words = self._number(n, feminine=feminine).split()
        return " ".join(self.GENITIVE.get(word) or f"{word[:-1]}и" for word in words)

    def ordinal(self, n: int) -> str:
        # одна тысяча is a count; in a row it is тысяча первый
        *head, last = self.count(n).removeprefix("одна ").split()
        if last not in self.BELOW_TWENTY + self.TENS + self.HUNDREDS:
            return self._of_thousands(n)
        return " ".join([*head, self._as_ordinal(last)])

    def _as_ordinal(self, word: str) -> str:
        if word in self.ORDINALS:
            return self.ORDINALS[word]
        # пятьдесят → пятидесятый, двести → двухсотый; пять → пятый
        stem = self.GENITIVE.get(word, word)
        return f"{stem.removesuffix('и').removesuffix('ь')}ый"

    def _of_thousands(self, n: int) -> str:
        """The ordinal of whole thousands: one word, and beyond ten of them nobody's word."""
        thousands, rest = divmod(n, 1000)
        if rest or thousands > 10:
            return f"номер {self.count(n)}"
        return f"{'' if thousands == 1 else self._genitive(thousands)}тысячный"

    def _ordinal_genitive(self, n: int) -> str:
        words = self.ordinal(n)
        if words.endswith("третий"):
            return f"{words[:-2]}ьего"
        return f"{words[:-2]}ого"

    def less_than(self, n: int) -> str:
        return f"меньше {self._of_minutes(n)}"

    def about(self, n: int) -> str:
        return f"около {self._of_minutes(n)}"

    def between(self, low: int, high: int) -> str:
        lower = self._genitive(low, feminine=True)
        return f"от {lower} до {self._genitive(high, feminine=True)} {_minutes_genitive(high)}"

    def _of_minutes(self, n: int) -> str:
        if n == 1:
            return "минуты"
        return f"{self._genitive(n, feminine=True)} {_minutes_genitive(n)}"

    def day(self, day: date) -> str:
        return f"{self._date(day)} {self._year(day.year)}"

    def moment(self, at: datetime, days: int) -> str:
        hours = f"{self.count(at.hour)} {_counted(at.hour, ('час', 'часа', 'часов'))}"
        minutes = f" {self._minutes(at.minute)}" if at.minute else ""
        return f"{self._when(at.date(), days)} в {hours}{minutes}"

    def _when(self, day: date, days: int) -> str:
        if days in self.NEAR:
            return self.NEAR[days]
        year = f" {self._year(day.year)}" if _year_is_said(days) else ""
        return f"{self.DAYS[day.weekday()]}, {self._date(day)}{year},"

    def _date(self, day: date) -> str:
        return f"{self._ordinal_genitive(day.day)} {self.MONTHS[day.month - 1]}"

    def _year(self, year: int) -> str:
        return f"{self._ordinal_genitive(year)} года"

    def _minutes(self, n: int) -> str:
        """In the accusative, which is how a time is told: в час двадцать одну минуту."""
        words = self._number(n, feminine=True)
        if words.endswith("одна"):
            words = f"{words[:-1]}у"
        return f"{words} {_counted(n, ('минуту', 'минуты', 'минут'))}"


def _counted(n: int, forms: tuple[str, str, str]) -> str:
    """The noun after n: the form after 1, after 2 to 4, or after all others (11 to 14 too)."""
    if n % 100 in range(11, 15):
        return forms[2]
    return forms[{1: 0, 2: 1, 3: 1, 4: 1}.get(n % 10, 2)]


def _minutes_genitive(n: int) -> str:
    return "минуты" if n % 10 == 1 and n % 100 != 11 else "минут"


TONGUES: Final[Mapping[str, Tongue]] = {
    "th": Thai("th"),
    "en": English("en"),
    "zh": Chinese("zh"),
    "ru": Russian("ru"),
}
