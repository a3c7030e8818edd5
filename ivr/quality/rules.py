"""What a filled form scores, and which conversations are to be marked. Pure.

A form that is filled in keeps its texts and weights: what the city changes later in its file
changes no mark that was given.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

#: Points of each question by its id; None: not applicable. What is missing is not answered yet.
Answers = Mapping[str, int | None]
#: A text by language.
Words = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Question:
    """`points` at most. `fatal`: no point at all here makes the whole nothing."""

    id: str
    text: Words
    points: int
    not_applicable: bool = False
    fatal: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """A section of a form."""

    title: Words
    questions: tuple[Question, ...]


@dataclass(frozen=True, slots=True)
class Form:
    """A form as it was when it was filled in. `version` is the city's own count."""

    name: str
    version: int
    title: Words
    parts: tuple[Part, ...]

    @property
    def questions(self) -> Iterator[Question]:
        """All of them, in order."""
        for part in self.parts:
            yield from part.questions

    def as_json(self) -> dict[str, Any]:
        """The form as it is kept."""
        return {
            "name": self.name,
            "version": self.version,
            "title": dict(self.title),
            "parts": [
                {
                    "title": dict(part.title),
                    "questions": [
                        {
                            "id": each.id,
                            "text": dict(each.text),
                            "points": each.points,
                            "not_applicable": each.not_applicable,
                            "fatal": each.fatal,
                        }
                        for each in part.questions
                    ],
                }
                for part in self.parts
            ],
        }

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> "Form":
        """The contrary of `as_json`."""
        parts = tuple(
            Part(part["title"], tuple(Question(**each) for each in part["questions"]))
            for part in kept["parts"]
        )
        return cls(kept["name"], kept["version"], kept["title"], parts)


@dataclass(frozen=True, slots=True)
class Score:
    """`share` of the possible points, 0 to 1; 0 where a fatal question failed (`fatal`: their
    ids); None where no question applies. `missing`: questions that are not answered.
    """

    points: int
    possible: int
    share: float | None
    fatal: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


def score(form: Form, answers: Answers) -> Score:
    """What the answers come to. Questions that do not apply count neither way; those that are not
    answered are missing and count as not applicable until they are.
    """
    given = {each.id: answers[each.id] for each in form.questions if each.id in answers}
    counted = [each for each in form.questions if given.get(each.id) is not None]
    points, possible = sum(given[each.id] or 0 for each in counted), sum(q.points for q in counted)
    fatal = tuple(each.id for each in counted if each.fatal and given[each.id] == 0)
    missing = tuple(each.id for each in form.questions if each.id not in given)
    share = points / possible if possible else None
    return Score(points, possible, 0.0 if fatal else share, fatal, missing)


def wrong(form: Form, answers: Answers) -> list[str]:
    """The questions whose answer is none that the form allows, and names of no question."""
    known = {each.id: each for each in form.questions}
    return [
        name
        for name, points in answers.items()
        if (question := known.get(name)) is None
        or (not question.not_applicable if points is None else not 0 <= points <= question.points)
    ]


# ---------------------------------------------------------------- averages


def averages(filled: Iterable[tuple[Form, Answers]]) -> dict[tuple[str, str], tuple[float, int]]:
    """For each question (form, id) the mean share of its points, and of how many marks; where it
    did not apply it does not count.
    """
    shares: dict[tuple[str, str], list[float]] = {}
    for form, answers in filled:
        for each in form.questions:
            points = answers.get(each.id)
            if points is not None:
                shares.setdefault((form.name, each.id), []).append(points / each.points)
    return {key: (sum(found) / len(found), len(found)) for key, found in shares.items()}


# ---------------------------------------------------------------- whom to mark


def picked(
    conversations: Iterable[tuple[int, int]], week: date, count: int
) -> list[tuple[int, int]]:
    """Of the conversations (call, agent) of a week `count` of each agent, by lot.

    The lot is a hash of week, call and agent: nobody chooses, and who asks again gets the same.
    """
    by_agent: dict[int, list[tuple[int, int]]] = {}
    for call, agent in sorted(set(conversations)):
        by_agent.setdefault(agent, []).append((call, agent))
    return [
        each
        for agent in sorted(by_agent)
        for each in sorted(by_agent[agent], key=lambda pair: _lot(pair, week))[:count]
    ]


def _lot(conversation: Sequence[int], week: date) -> str:
    call, agent = conversation
    return hashlib.sha256(f"{week.isoformat()}:{call}:{agent}".encode()).hexdigest()
