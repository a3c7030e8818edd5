"""Learning from the city's own tickets, and from files: a better model replaces a worse one, and
never the other way round.
"""

import re
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from hotline.db import Database
from tickets.categories import measuring, service, versions
from tickets.categories.measuring import Verdict
from tickets.categories.versions import FILES, TICKETS, Use
from tickets.config import Tickets

if TYPE_CHECKING:
    from tickets.categories.learning import Lesson
    from tickets.categories.model import Model

#: The name of the job that does so each night (`tickets.jobs`).
NIGHTLY: Final = "categories.retrain"
#: With fewer of the city's own tickets, or fewer that are held out, nothing can be said of a model.
LEAST_LESSONS: Final = 200
LEAST_HELD_OUT: Final = 40
TOO_FEW, UNCHANGED = "too_few", "unchanged"


@dataclass(frozen=True)
class Done:
    """What came of it: `used`, `refused`, `late` (another model was put in use meanwhile),
    `too_few`, `unchanged` (there is nothing new since the last time).
    """

    outcome: str
    lessons: int
    model_id: int | None = None
    verdict: Verdict | None = None

    @staticmethod
    def read(text: str) -> tuple[str, int | None]:
        """Return the outcome and the number of lessons of what `str` has written down of one."""
        outcome = re.match(r"\w*", text)
        count = re.search(r"(\d+) lessons", text)
        return outcome.group() if outcome else "", int(count.group(1)) if count else None

    def __str__(self) -> str:
        if self.verdict is None:
            return f"{self.outcome} ({self.lessons} lessons)"
        new, old = self.verdict.new, self.verdict.old
        return (
            f"{self.outcome}: model {self.model_id} of {self.lessons} lessons; on {new.count} held "
            f"out: accuracy {new.accuracy:.3f} (was {old.accuracy:.3f}), macro F1 "
            f"{new.macro_f1:.3f} (was {old.macro_f1:.3f})"
        )


def retrain(database: Database, config: Tickets, *, by: str, now: datetime) -> Done:
    """Learn from the city's own tickets, on top of what others' texts have taught.

    Two at once: both learn, and the model of one is put in use; the other's is `late`. Nothing is
    locked while it learns.
    """
    from tickets.categories.learning import Lesson

    with database.read() as session:
        found = [Lesson(text, label) for text, label in service.lessons(session, config)]
        use, base = versions.current(session), versions.base(session)
        before, old = versions.weights(session, base), versions.weights(session, use.model_id)
        last = next((v for v in versions.history(session) if v.source == TICKETS), None)
    held_out = sum(measuring.is_held_out(each.text) for each in found)
    if len(found) < LEAST_LESSONS or held_out < LEAST_HELD_OUT:
        return Done(TOO_FEW, len(found))
    digest = _digest(found, base)
    if last is not None and last.figures.get("digest") == digest and last.outcome != versions.LATE:
        return Done(UNCHANGED, len(found))
    taught = _Taught(TICKETS, found, before, old, base, use, {"digest": digest})
    return _learn(database, config, taught, by=by, now=now)


def train(
    database: Database,
    config: Tickets,
    lessons: Sequence["Lesson"],
    *,
    onto: bool = True,
    every: bool = False,
    force: bool = False,
    by: str,
    now: datetime,
    told: Callable[[str], None] = lambda _: None,
) -> Done:
    """Learn from files. `onto`: on top of the model that others' texts made before. `every`: also
    from the part that is otherwise held out, so that it is compared with nothing and used as it is.
    `force`: use it also when it is worse. Raises `TooLittle`.
    """
    with database.read() as session:
        use, base = versions.current(session), versions.base(session)
        before, old = versions.weights(session, base), versions.weights(session, use.model_id)
    taught = _Taught(FILES, lessons, before if onto else None, old, base, use, {})
    return _learn(database, config, taught, every=every, force=force, by=by, now=now, told=told)


@dataclass(frozen=True)
class _Taught:
    source: str
    lessons: Sequence["Lesson"]
    before: "Model | None"
    old: "Model"
    base: int
    use: Use
    also: dict[str, Any]


def _learn(
    database: Database,
    config: Tickets,
    taught: _Taught,
    *,
    every: bool = False,
    force: bool = False,
    by: str,
    now: datetime,
    told: Callable[[str], None] = lambda _: None,
) -> Done:
    from tickets.categories import learning

    seen = [e for e in taught.lessons if every or not measuring.is_held_out(e.text)]
    unseen = [e for e in taught.lessons if not every and measuring.is_held_out(e.text)]
    # what another city's table never names it may have no name for; the city's own tickets have
    only_named = taught.source == FILES
    new = learning.learn(seen, before=taught.before, only_named=only_named, told=told)
    verdict = compared(config, unseen, new, taught.old) if unseen else None
    wanted = force or verdict is None or verdict.better
    figures = {"lessons": len(seen), "held_out": len(unseen), **taught.also}
    if verdict is not None:
        figures |= {"new": verdict.new.as_json(), "old": verdict.old.as_json()}
        figures |= {"won": verdict.won, "lost": verdict.lost}
    with database.write() as session:
        model_id = versions.add(
            session,
            source=taught.source,
            before=taught.base if taught.before is not None else -1,
            against=taught.use.model_id,
            figures=figures,
            model=new if wanted else None,
            by=by,
            now=now,
        )
        if not wanted:
            return Done(versions.REFUSED, len(seen), model_id, verdict)
        follows = taught.use.id
        won = versions.put_in_use(session, model_id, follows=follows, by=by, now=now)
    return Done(versions.USED if won else versions.LATE, len(seen), model_id, verdict)


def compared(config: Tickets, unseen: Sequence["Lesson"], new: "Model", old: "Model") -> Verdict:
    """Compare two models on texts that neither has learned from, among the city's categories."""
    from tickets.categories import learning

    said = []
    for model in (new, old):
        own = learning.cut(model, list(config.categories))
        found = learning.judged(own, (each.text for each in unseen))
        said.append(([each.label for each in found], [each.share for each in found]))
    return measuring.compare([each.labels for each in unseen], said[0], said[1])


def _digest(found: Sequence["Lesson"], base: int) -> str:
    """Which lessons these are: the same ones need not be learned again."""
    digest = zlib.crc32(str(base).encode())
    for each in found:
        digest = zlib.crc32(f"{each.label}\0{each.text}\0".encode(), digest)
    return f"{digest:08x}-{len(found)}"
