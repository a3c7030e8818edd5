"""To be called back instead of waiting: at this number or another, in turn or at an hour.

Who holds a place in the waiting room keeps it; who changes their mind goes back to it. While they
choose, an agent who gets free still gets them.
"""

from datetime import datetime, time, timedelta
from typing import ClassVar, Literal

from hotline.config import Identifier
from ivr.nodes.base import (
    AskCallback,
    Back,
    BackToPlace,
    Base,
    Exit,
    Given,
    Go,
    HangUp,
    Here,
    Listen,
    NodeName,
    Outcome,
    Seconds,
    Stop,
    Tries,
    Words,
    again,
)
from ivr.speech import prompts
from ivr.speech.prompts import NOTHING, Places
from ivr.speech.spoken import Moment, Telephone

#: The parts: which number, is it right, at what hour, is that right.
NUMBER, CHECK, HOUR, AGREE = "number", "check", "hour", "agree"

THIS_NUMBER, WHICH_NUMBER, BAD_NUMBER, NUMBER_IS = (
    "callback_this_number",
    "callback_which_number",
    "callback_bad_number",
    "callback_number_is",
)
WHICH_HOUR, BAD_HOUR, HOUR_IS, PROMISED, PROMISED_AT, PROMISED_LATE = (
    "callback_which_hour",
    "callback_bad_hour",
    "callback_hour_is",
    "callback_promised",
    "callback_promised_at",
    "callback_promised_late",
)
#: Keys at the first question.
HERE_NOW, OTHER_NUMBER, AT_HOUR = "1", "2", "3"
_MARK = "at"


class Callback(Base):
    """`kind: callback`"""

    kind: Literal["callback"]
    #: Where somebody is led who wants none and holds no place in the waiting room.
    declined: NodeName
    #: The queue whose people call back somebody who holds no place.
    queue: Identifier
    tries: Tries = 3
    timeout: Seconds = 6

    asks = True
    ends = True
    cared_for = True
    speaks: ClassVar[Places] = {
        THIS_NUMBER: frozenset({"number"}),
        WHICH_NUMBER: NOTHING,
        BAD_NUMBER: NOTHING,
        NUMBER_IS: frozenset({"number"}),
        WHICH_HOUR: NOTHING,
        BAD_HOUR: NOTHING,
        HOUR_IS: frozenset({"at"}),
        PROMISED: NOTHING,
        PROMISED_AT: frozenset({"at"}),
        PROMISED_LATE: frozenset({"at"}),
    }

    def exits(self) -> list[Exit]:
        return [Exit("declined", self.declined)]

    def silent(self) -> tuple[str, ...]:
        return (self.declined,)

    def own_keys(self, part: str) -> str:
        return {"": "123*", CHECK: "123*", AGREE: "12*"}.get(part, "*")

    def enter(self, here: Here) -> Outcome:
        return self.ask(here)

    def ask(self, here: Here) -> Stop:
        part, held = here.position.part, here.position.held
        match part:
            case "check":
                return self._question(here, NUMBER_IS, CHECK, held, number=Telephone(held))
            case "hour":
                return self._question(here, WHICH_HOUR, HOUR, held)
            case "agree":
                number, at = _unpack(held, here)
                return self._question(
                    here, HOUR_IS, AGREE, _pack(number, at), at=Moment(at, here.world.now.date())
                )
            case _ if part == NUMBER or not _own(here):
                return self._question(here, WHICH_NUMBER, NUMBER, "")
        return self._question(here, THIS_NUMBER, "", "", number=Telephone(_own(here)))

    def answer(self, here: Here, given: Given) -> Outcome | Back:
        if given.digits == "*":
            return Stop((BackToPlace(),)) if here.world.holds_place() else Back(self.declined)
        if not given.digits:
            return self._missed(here, here.speak(prompts.SILENCE))
        parts = {
            NUMBER: self._number,
            CHECK: self._checked,
            HOUR: self._hour,
            AGREE: self._agreed,
        }
        return parts.get(here.position.part, self._chosen)(here, given.digits)

    def _chosen(self, here: Here, key: str) -> Outcome:
        own = _own(here)
        match key:
            case "1" if own:
                return self._promise(here, own, None)
            case "2":
                return self._question(here, WHICH_NUMBER, NUMBER, "")
            case "3" if own:
                return self._question(here, WHICH_HOUR, HOUR, own)
        return self._missed(here, here.speak(prompts.WRONG_KEY))

    def _number(self, here: Here, digits: str) -> Outcome:
        number = here.world.telephone(digits)
        if number is None:
            return self._missed(here, here.speak(BAD_NUMBER))
        return self._question(here, NUMBER_IS, CHECK, number, number=Telephone(number))

    def _checked(self, here: Here, key: str) -> Outcome:
        number = here.position.held
        match key:
            case "1":
                return self._promise(here, number, None)
            case "2":
                return self._question(here, WHICH_NUMBER, NUMBER, "")
            case "3":
                return self._question(here, WHICH_HOUR, HOUR, number)
        return self._missed(here, here.speak(prompts.WRONG_KEY))

    def _hour(self, here: Here, digits: str) -> Outcome:
        at = next_time(digits, here.world.now)
        if at is None:
            return self._missed(here, here.speak(BAD_HOUR))
        said = Moment(at, here.world.now.date())
        return self._question(here, HOUR_IS, AGREE, _pack(here.position.held, at), at=said)

    def _agreed(self, here: Here, key: str) -> Outcome:
        number, at = _unpack(here.position.held, here)
        match key:
            case "1":
                return self._promise(here, number, at)
            case "2":
                return self._question(here, WHICH_HOUR, HOUR, number)
        return self._missed(here, here.speak(prompts.WRONG_KEY))

    def _promise(self, here: Here, number: str, at: datetime | None) -> Stop:
        return Stop((self._promised(here, at), HangUp()), acts=(AskCallback(number, at),))

    def _promised(self, here: Here, at: datetime | None) -> Words:
        """What is promised is kept: late in the evening not "in your turn" alone."""
        late = here.world.calls_from() if at is None else None
        if late is not None:
            return here.speak(PROMISED_LATE, at=Moment(late, here.world.now.date()))
        if at is None:
            return here.speak(PROMISED)
        return here.speak(PROMISED_AT, at=Moment(at, here.world.now.date()))

    def _missed(self, here: Here, told: Words) -> Outcome:
        attempt = here.position.attempt + 1
        if attempt >= self.tries:
            return self._no(here)
        return again(self, here, told, attempt=attempt)

    def _no(self, here: Here) -> Outcome:
        """No callback: back to the place that was kept, if there is one."""
        if here.world.holds_place():
            return Stop((BackToPlace(),))
        return Go(self.declined)

    def _question(self, here: Here, prompt: str, part: str, held: str, **values: object) -> Stop:
        listen = Listen(
            (here.speak(prompt, **values),),  # type: ignore[arg-type]
            self.timeout,
            number=part in (NUMBER, HOUR),
        )
        return Stop((listen,), part, held)


def _own(here: Here) -> str:
    """The number that the caller calls from, if the city can call it back; else empty."""
    number = here.world.caller()
    return (here.world.telephone(number) or "") if number else ""


def next_time(digits: str, now: datetime) -> datetime | None:
    """The next moment (aware, in the zone of `now`) at an hour that was keyed as 930, 0930 or 9;
    None for what is no hour.
    """
    if not digits.isdecimal() or len(digits) > len("hhmm"):
        return None
    hour, minute = (int(digits), 0) if len(digits) <= 2 else (int(digits[:-2]), int(digits[-2:]))
    if hour > 23 or minute > 59:
        return None
    at = datetime.combine(now.date(), time(hour, minute), now.tzinfo)
    return (
        at if at > now else datetime.combine(now.date() + timedelta(days=1), at.time(), now.tzinfo)
    )


def _pack(number: str, at: datetime) -> str:
    return f"{number}{_MARK}{at.isoformat(timespec='minutes')}"


def _unpack(held: str, here: Here) -> tuple[str, datetime]:
    number, _, at = held.partition(_MARK)
    return number, datetime.fromisoformat(at).astimezone(here.world.now.tzinfo)
