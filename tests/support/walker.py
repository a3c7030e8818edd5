"""A random walk over the rules of a machine: reproducible from its seed, and shrunk when it fails.

A story is a list of moves `(rule, a, b)`; the numbers choose among what there is at that moment, so
a story can be told again with moves left out: a rule that is not possible then is passed over. What
a failing walk prints is such a story, as short as could be found, to be kept as a test.
"""

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

Move = tuple[str, int, int]
Story = Sequence[Move]
#: Numbers that a move chooses by.
MOST = 1000
#: Seconds of the wall that shortening a story may take.
PATIENCE = 40.0


class Machine(Protocol):
    """What a walk drives: its rules are the methods marked with `rule`."""

    def check(self) -> None:
        """Raise when something is so that must never be so; called after each move."""

    def rest(self) -> None:
        """The end: everything that is left is done, and the whole is checked."""


M = TypeVar("M", bound=Machine)


@dataclass(frozen=True)
class Rule:
    """A thing that can happen: how often compared with others, and when it is possible."""

    name: str
    weight: int
    when: Callable[[Any], object]


def rule(
    weight: int = 1, when: Callable[[Any], object] = lambda _: True
) -> Callable[[Callable[[Any, int, int], None]], Callable[[Any, int, int], None]]:
    """Mark a method `(self, a, b)` as a rule. `when` says whether it is possible now."""

    def mark(method: Callable[[Any, int, int], None]) -> Callable[[Any, int, int], None]:
        method.rule = Rule(method.__name__, weight, when)  # type: ignore[attr-defined]
        return method

    return mark


class Broken(AssertionError):
    """A walk that found something; the message holds the story."""


class Walk(Generic[M]):
    """Walks of one kind of machine; `start` gives a context manager with a new one."""

    def __init__(self, start: Callable[[], Any], kind: type[M]) -> None:
        self._start = start
        self.rules = [method.rule for method in vars(kind).values() if hasattr(method, "rule")]
        #: How often each rule was taken: a rule that never is, tests nothing.
        self.taken: Counter[str] = Counter()

    def walk(self, seed: int, moves: int) -> None:
        """One walk of so many moves; raises `Broken` with the shortest story that fails."""
        chance = random.Random(seed)
        story: list[Move] = []
        try:
            self._run(self._chosen(chance, moves), story)
        except AssertionError as error:
            short = self._shorten(story)
            told = "\n".join(f"    {move!r}," for move in short)
            raise Broken(f"seed {seed}: {_last(error)}\n[\n{told}\n]") from error

    def tell(self, story: Story) -> None:
        """A story, told as it stands."""
        self._run(lambda _machine: iter(story), [])

    def _chosen(self, chance: random.Random, moves: int) -> Callable[[M], Iterator[Move]]:
        def choose(machine: M) -> Iterator[Move]:
            for _ in range(moves):
                possible = [rule for rule in self.rules if rule.when(machine)]
                (chosen,) = chance.choices(possible, [rule.weight for rule in possible])
                yield chosen.name, chance.randrange(MOST), chance.randrange(MOST)

        return choose

    def _run(self, moves: Callable[[M], Iterator[Move]], story: list[Move]) -> None:
        rules = {rule.name: rule for rule in self.rules}
        with self._start() as machine:
            for name, a, b in moves(machine):
                if not rules[name].when(machine):
                    continue
                story.append((name, a, b))
                self.taken[name] += 1
                getattr(machine, name)(a, b)
                machine.check()
            machine.rest()

    def _shorten(self, story: list[Move]) -> list[Move]:
        """Leave out what is not needed to fail: halves, quarters, …, single moves."""
        until = time.monotonic() + PATIENCE
        size = len(story) // 2
        while size and time.monotonic() < until:
            start = 0
            while start < len(story) and time.monotonic() < until:
                shorter = story[:start] + story[start + size :]
                if self._fails(shorter):
                    story = shorter
                else:
                    start += size
            size //= 2
        return story

    def _fails(self, story: Story) -> bool:
        try:
            self.tell(story)
        except AssertionError:
            return True
        return False


def _last(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"
