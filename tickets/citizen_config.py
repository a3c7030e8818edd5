"""The `tickets.citizens:` and `tickets.sms:` parts of config.yaml: what citizens can do by
themselves, and what they are told.
"""

from collections.abc import Iterator, Mapping
from functools import cached_property
from string import Formatter
from typing import Annotated

from pydantic import AfterValidator, Field

from hotline import calendars
from hotline.config import LocalText, Section
from hotline.errors import Fault
from tickets import texting
from tickets.segments import segments
from tickets.texting import Moment

#: Twilio takes 1600 characters in one message: ten segments of the dearest alphabet are a third.
MOST_SEGMENTS = 10


class Citizens(Section):
    """What a citizen can do on the page of their ticket (`/t`), and for how long."""

    #: Days for which the link in an SMS opens the ticket; each further SMS gives as many again.
    link_days: Annotated[int, Field(ge=1, le=366)] = 60
    #: Days after the closing in which they can reopen it, and change their mark.
    reopen_days: Annotated[int, Field(ge=1, le=366)] = 30
    #: How long the page stays open in a browser without another proof.
    session_minutes: Annotated[int, Field(ge=5, le=24 * 60)] = 30
    #: Hours after which what a citizen wrote and nobody answered needs attention.
    answer_hours: Annotated[float, Field(gt=0, le=24 * 31)] = 24
    #: Wrong proofs that a ticket bears before it is locked for a while, and an address.
    attempts: Annotated[int, Field(ge=3, le=20)] = 5
    attempts_of_address: Annotated[int, Field(ge=3, le=1000)] = 20


def _read_span(text: str) -> str:
    calendars.span(text)
    return text


class Sms(Section):
    """At which moments a citizen is told by SMS, when not, and in which words."""

    #: On or off; what is not named is on.
    moments: dict[Moment, bool] = Field(default_factory=dict)
    #: Hours of the night in the city's time in which nobody is woken, such as 21:00-08:00.
    quiet: Annotated[str, AfterValidator(_read_span)] | None = None
    #: So many segments one may take: each is paid for.
    segments: Annotated[int, Field(ge=1, le=MOST_SEGMENTS)] = 3
    #: After so many hours one that the carrier does not take is given up, and needs attention.
    give_up_hours: Annotated[float, Field(gt=0, le=72)] = 12
    #: By moment and language, with {number}, {link}, {due} or {result} in braces.
    texts: dict[Moment, LocalText]

    def is_on(self, moment: Moment) -> bool:
        """Say whether citizens are told of this moment; of units, where there are words for it."""
        return self.moments.get(moment, moment in self.texts or moment is not Moment.UNIT)

    @cached_property
    def quiet_span(self) -> calendars.Span | None:
        """The quiet hours as the rules read them."""
        return calendars.span(self.quiet) if self.quiet else None

    def lengths(self) -> Iterator[tuple[Moment, str, int]]:
        """Yield (moment, language, segments) of each text, with the longest that it may name."""
        for moment, text in self.texts.items():
            for language, words in text.root.items():
                if not strange_places(moment, words):
                    filled = words.format(**texting.longest(language))
                    yield moment, language, segments(filled)

    def faults(self) -> Iterator[Fault]:
        for moment in Moment:
            if self.is_on(moment) and moment not in self.texts:
                yield Fault(f"texts.{moment}", "is not there, and this moment is not off")
        for moment, text in self.texts.items():
            for language, words in text.root.items():
                for fault in strange_places(moment, words):
                    yield Fault(f"texts.{moment}.{language}", fault)
        for moment, language, length in self.lengths():
            if length > self.segments:
                yield Fault(
                    f"texts.{moment}.{language}",
                    f"takes {length} segments with its longest values, of {self.segments} at most",
                    "segments",
                )


def strange_places(moment: Moment, words: str) -> list[str]:
    """Return what is wrong with the names in braces of a text, in words."""
    try:
        named = {name for _, name, _, _ in Formatter().parse(words) if name is not None}
    except ValueError as error:
        return [f"cannot be read: {error}"]
    places: Mapping[Moment, frozenset[str]] = texting.PLACES
    strange = [f"{{{name}}} is not known here" for name in sorted(named - places[moment])]
    return strange if "number" in named else [*strange, "does not name the ticket: {number}"]
