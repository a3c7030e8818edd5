"""Wider circles: to whose agents a caller is offered who has waited for long.

A caller's own circle is their queue in their language. Each step of a queue's `widen` adds
languages or queues after so many seconds of waiting, and what was added stays: who speaks to whom
is every queue so far in every language so far. Pure; which agent goes first: `agents.routing`.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from agents.routing import skill
from hotline.config import Identifier, Language, Section
from hotline.errors import Fault

#: A line: callers of one queue in one language.
Line = tuple[str, str]


class Widening(Section):
    """One step: after so many seconds of waiting, agents of these languages and queues, too."""

    after: Annotated[int, Field(ge=1, le=3600)]
    languages: tuple[Language, ...] = ()
    queues: tuple[Identifier, ...] = ()


@dataclass(frozen=True, slots=True)
class Circle:
    """What one step adds for one line: maybe nothing, for who speaks the added language anyway."""

    after: int
    skills: frozenset[str]


@dataclass(frozen=True)
class Circles:
    """All circles of all lines, the narrower first; a line that never widens has none."""

    wider: Mapping[Line, tuple[Circle, ...]]

    def reached(self, line: Line, waited_seconds: float) -> tuple[frozenset[str], ...]:
        """The wider circles that are open by then, each with what it adds."""
        return tuple(
            circle.skills for circle in self.wider.get(line, ()) if circle.after <= waited_seconds
        )

    def within(self, line: Line, waited_seconds: float = float("inf")) -> frozenset[str]:
        """All skills by which a caller may be answered by then, their own included."""
        return frozenset({skill(*line)}).union(*self.reached(line, waited_seconds))

    def lines_into(self, skills: Collection[str]) -> set[Line]:
        """The lines of other skills that sooner or later widen into any of these."""
        wanted = frozenset(skills)
        return {line for line in self.wider if wanted & self.within(line)}


def circles(widenings: Mapping[str, Sequence[Widening]], languages: Collection[str]) -> Circles:
    """The circles of every line, from each queue's steps."""
    wider = {
        (queue, language): tuple(_steps(queue, language, steps))
        for queue, steps in widenings.items()
        for language in languages
    }
    return Circles({line: each for line, each in wider.items() if any(one.skills for one in each)})


def _steps(queue: str, language: str, steps: Sequence[Widening]) -> Iterator[Circle]:
    queues, languages = {queue}, {language}
    known = {skill(queue, language)}
    for step in steps:
        queues.update(step.queues)
        languages.update(step.languages)
        everything = {skill(one, other) for one in queues for other in languages}
        yield Circle(step.after, frozenset(everything - known))
        known |= everything


def faults(
    queue: str, steps: Sequence[Widening], queues: Collection[str], languages: Collection[str]
) -> Iterator[Fault]:
    """What is wrong with a queue's steps; paths from the section's beginning."""
    before = 0
    for number, step in enumerate(steps):
        path = f"queues.{queue}.widen.{number}"
        if step.after <= before:
            yield Fault(f"{path}.after", f"not later than the step before, which is at {before} s")
        before = step.after
        wrong = [*_wrong_names(path, queue, step, queues, languages)]
        yield from wrong
        if not wrong and not _adds(queue, steps[: number + 1], languages):
            yield Fault(path, "adds nobody who was not asked before", path)


def _wrong_names(
    path: str, queue: str, step: Widening, queues: Collection[str], languages: Collection[str]
) -> Iterator[Fault]:
    for name in step.languages:
        if name not in languages:
            yield Fault(f"{path}.languages", f'no such language "{name}"', f"languages.{name}")
    for name in step.queues:
        if name not in queues:
            yield Fault(f"{path}.queues", f'no such queue "{name}"', f"queues.{name}")
    if queue in step.queues:
        yield Fault(f"{path}.queues", "a queue's own agents are asked from the first")


def _adds(queue: str, steps: Sequence[Widening], languages: Collection[str]) -> bool:
    """Whether the last of these steps adds anybody for callers of any language."""
    return any([*_steps(queue, language, steps)][-1].skills for language in languages)
