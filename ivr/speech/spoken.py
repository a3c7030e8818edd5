"""Values as a telephone voice says them, in Thai, English, Chinese and Russian.

Everything is spelled out in words, so that no voice has to guess a case ending or whether 1000019
is an amount, and so that the same text can be read in by a person. Another language gets figures
and what Babel knows of it (ISO dates where Babel knows nothing): a voice of that language reads
those passably.

What a place in a prompt becomes, and so how the sentence around it has to be built:

| value     | th                    | en                       | zh         | ru                  |
| --------- | --------------------- | ------------------------ | ---------- | ------------------- |
| Count     | สาม                   | three                    | 三, 两     | три                 |
| Ordinal   | ที่สาม                  | third                    | 第三       | третий              |
| Minutes   | ประมาณห้านาที          | about five minutes       | 大约五分钟 | около пяти минут    |
| Digits    | หนึ่ง ศูนย์ ศูนย์         | one zero zero            | 幺零零     | один ноль ноль      |
| Day       | วันที่ยี่สิบหก …         | the twenty-sixth of …    | 二零二六年… | двадцать шестого …  |
| Moment    | พรุ่งนี้ เวลาเก้านาฬิกา   | tomorrow at nine in the … | 明天上午九点 | завтра в девять … |

- An ordinal brings its own marker: ลำดับ{position}, 排在{position}位, "You are {position} in the
  queue", «Ваш номер в очереди - {position}».
- A Chinese count is the one before a measure word (两位), which is where counts stand. Read digit
  by digit, 1 is 幺 (yāo), as mainland speakers say on the telephone because 一 (yī) and 七 (qī)
  are taken for each other there; in counts, dates and times it is 一.
- An English 0 is "zero": "oh" is a letter to many who call. Thai 2 is สอง, never โท.
- Russian counts and ordinals are masculine nominative. A Russian day stands in the genitive, which
  answers "when" and follows до, после and с.
- Thai and Russian times run over 24 hours; English and Chinese ones name the part of the day.

Pure: no clock, no configuration. Times are the city's: aware and already local.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, Protocol

import phonenumbers

from ivr.speech.tongues import TONGUES, Tongue
from tickets import numbers

#: Larger numbers are read digit by digit.
_LARGEST: Final = 10**12 - 1


class Value(Protocol):
    """What can stand in a place of a prompt."""

    def by(self, tongue: Tongue) -> str:
        """The value in the words of `tongue`."""
        ...


@dataclass(frozen=True, slots=True)
class Count:
    """How many; 0 or more."""

    n: int

    def __post_init__(self) -> None:
        if self.n < 0:
            raise ValueError(f"a count below 0: {self.n}")

    def by(self, tongue: Tongue) -> str:
        return tongue.count(self.n) if self.n <= _LARGEST else tongue.digits([str(self.n)])


@dataclass(frozen=True, slots=True)
class Ordinal:
    """Which one in a row, from 1."""

    n: int

    def __post_init__(self) -> None:
        if self.n < 1:
            raise ValueError(f"a position below 1: {self.n}")

    def by(self, tongue: Tongue) -> str:
        return tongue.ordinal(self.n) if self.n <= _LARGEST else tongue.digits([str(self.n)])


@dataclass(frozen=True, slots=True)
class Minutes:
    """About `low` minutes; with a higher `high`, from `low` to `high`. 0 is less than one."""

    low: int
    high: int = 0

    def by(self, tongue: Tongue) -> str:
        low, high = max(0, self.low), max(0, self.high)
        if low == 0:
            return tongue.less_than(max(1, high))
        return tongue.between(low, high) if high > low else tongue.about(low)


@dataclass(frozen=True, slots=True)
class Digits:
    """A number that is a name, read digit by digit.

    "-" or a space marks the groups; without a mark they are those of ticket numbers, three and
    four digits each: 1000019 is read as 100-0019.
    """

    text: str

    def by(self, tongue: Tongue) -> str:
        return tongue.digits(_groups(self.text))


@dataclass(frozen=True, slots=True)
class Telephone:
    """A telephone number (E.164 or a short one), digit by digit, in the groups of its country.

    The national form; with the ISO code of the city's own country, the numbers of other countries
    in the international form.
    """

    e164: str
    country: str = ""

    def by(self, tongue: Tongue) -> str:
        return tongue.digits(_telephone_groups(self.e164, self.country))


@dataclass(frozen=True, slots=True)
class Day:
    """A day with its year, which is Buddhist in Thai."""

    day: date

    def by(self, tongue: Tongue) -> str:
        return tongue.day(self.day)


@dataclass(frozen=True, slots=True)
class Moment:
    """A day and the time on it; `at` is aware and in the city's time zone, `today` a day there."""

    at: datetime
    today: date

    def by(self, tongue: Tongue) -> str:
        return tongue.moment(self.at, (self.at.date() - self.today).days)


@dataclass(frozen=True, slots=True)
class Text:
    """Words as they are, by language; English stands in for a missing one, then the first."""

    texts: tuple[tuple[str, str], ...]

    def by(self, tongue: Tongue) -> str:
        known = dict(self.texts)
        others = (known.get("en"), *known.values())
        return known.get(tongue.language) or next(filter(None, others), "")


def say(value: Value, language: str) -> str:
    """The value in the words of `language` (a code such as th)."""
    return value.by(TONGUES.get(language) or Tongue(language))


# ------------------------------------------------------------------------------------------ groups


def _groups(text: str) -> Sequence[str]:
    marked = text.replace("-", " ").split()
    if len(marked) != 1:
        return marked
    # what cannot be cut into threes and fours
    return marked if len(marked[0]) in (1, 2, 5) else numbers.groups(marked[0])


def _telephone_groups(number: str, country: str) -> Sequence[str]:
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:  # a short number, or none at all
        return [re.sub(r"[^\d+]", "", number)]
    own = not country or phonenumbers.region_code_for_number(parsed) == country
    form = phonenumbers.PhoneNumberFormat
    shown = phonenumbers.format_number(parsed, form.NATIONAL if own else form.INTERNATIONAL)
    return re.findall(r"\+?\d+", shown)
