"""What came of a scenario: everything that every caller heard, and what stands in the database."""

from dataclasses import dataclass, field
from datetime import timedelta

from hotline import clock
from hotline.chaos import books, heard
from hotline.chaos.crowd import Crowd
from hotline.chaos.hotline import Hotline
from ivr import reconcile

#: Moments of events are taken before their transactions: closer ones do not tell who was first.
CLOSE = 2.0


@dataclass
class Verdict:
    """What came of one scenario."""

    name: str
    violations: list[str] = field(default_factory=list)
    figures: dict[str, int | float] = field(default_factory=dict)

    def __str__(self) -> str:
        figures = ", ".join(f"{value:g} {name}" for name, value in self.figures.items())
        return f"{'ok  ' if not self.violations else 'FAIL'}  {self.name:<10} {figures}"


def judge(hotline: Hotline, name: str, crowd: Crowd, since: int) -> Verdict:
    """Look at everything that came of it; `since` is the last event before it."""
    verdict = Verdict(name)
    calls = [hotline.call(sid) for sid in crowd.placed]
    for call in calls:
        found = heard.faults(call, hotline.sentences, speed=hotline.clock.speed)
        verdict.violations += [f"{call['sid']}: {fault}" for fault in found]
        if call["ended_at"] is None:
            verdict.violations.append(f"{call['sid']}: never ended, {call['where']}")
    told = sum(heard.apologies(call, hotline.sentences) > 0 for call in calls)
    missed = _reconciled(hotline, verdict, crowd)
    with hotline.floor.db.read() as session:
        close = timedelta(seconds=CLOSE * hotline.clock.speed)
        verdict.violations += books.overtaken(session, since, close)
        answered = books.answered(session, since)
        if owed := books.open_effects(session):
            verdict.violations.append(f"{owed} effects were never delivered")
        if left := books.in_the_room(session):
            verdict.violations.append(f"{left} stays in the waiting room are nobody's")
    verdict.figures = {
        "calls": len(calls),
        "answered": answered,
        "finished": crowd.finished,
        "heard the apology": told,
        "never reached us": missed,
    }
    return verdict


def _reconciled(hotline: Hotline, verdict: Verdict, crowd: Crowd) -> int:
    """Every call stands in the story once the carrier's list is read; how many did not."""
    missed, now = 0, hotline.clock.now()
    zone = hotline.floor.city.zone
    for day in {clock.local_day(at, zone) for at in (hotline.began, now)}:
        found = reconcile.run(hotline.floor, day, now=now, on_its_way=0.0)
        missed += len(found.missed)
        verdict.violations += [f"{sid}: could not be reconciled" for sid in found.failed]
    ended = hotline.read(books.ended, crowd.placed)
    lost = [sid for sid in crowd.placed if sid not in ended]
    verdict.violations += [f"{sid}: its story has no end" for sid in lost]
    return missed
