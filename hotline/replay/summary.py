"""What a replay came to, in words."""

from collections.abc import Iterable, Iterator, Sequence
from math import ceil
from statistics import fmean

from hotline.replay.drive import Played
from hotline.replay.plan import Plan
from hotline.replay.verify import Findings


def lines(plan: Plan, played: Played, found: Findings) -> Iterator[str]:
    """The summary, line by line; the equalities last."""
    totals = found.totals
    yield f"{plan.day}: {len(plan.callers)} calls in {played.wall_seconds:.0f} s of the wall"
    yield f"  placed            {len(played.placed):>6}"
    yield f"  answered          {totals['answered']:>6}"
    yield f"  abandoned         {totals['abandoned']:>6}"
    yield f"  never queued      {found.never_queued:>6}"
    yield f"  left otherwise    {totals['left_queue']:>6}"
    yield f"  called back       {totals['callbacks_reached']:>6}"
    yield _reached_again(found)
    yield f"  tickets           {found.tickets:>6}"
    yield from (f"  skipped rows      {count:>6}  {why}" for why, count in _sorted(plan.skipped))
    yield from (f"  note: {note}" for note in plan.notes)
    yield from _waits(played, found)
    yield from _how_it_went(played)
    yield from _equalities(found)


def _reached_again(found: Findings) -> str:
    share = 100 * found.reached_again / found.hung_up if found.hung_up else 0.0
    return (
        f"  spoken to after hanging up while waiting: {found.reached_again} of {found.hung_up} "
        f"numbers ({share:.1f} %)"
    )


def _sorted(skipped: dict[str, int]) -> list[tuple[str, int]]:
    return sorted(skipped.items(), key=lambda each: (-each[1], each[0]))


def _waits(played: Played, found: Findings) -> Iterator[str]:
    """Our waits beside the log's, over the callers who were served in both."""
    pairs = [
        (found.waits[sid], caller.logged_wait)
        for sid, caller in played.placed.items()
        if caller.logged_wait is not None and sid in found.waits
    ]
    if not pairs:
        yield f"  waits (s)         {_spread(list(found.waits.values()))}"
        return
    ours, logged = ([pair[side] for pair in pairs] for side in (0, 1))
    yield f"  waits (s), ours   {_spread(ours)}, {len(pairs)} callers served in both"
    yield f"  waits (s), log's  {_spread(logged)}"


def _spread(values: Sequence[float]) -> str:
    if not values:
        return "none"
    return (
        f"mean {fmean(values):.1f}, median {quantile(values, 0.5):.1f}, "
        f"90 % {quantile(values, 0.9):.1f}, longest {max(values):.1f}"
    )


def quantile(values: Iterable[float], share: float) -> float:
    """The smallest value that at least `share` of the values do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, ceil(share * len(ordered)) - 1)]


def _how_it_went(played: Played) -> Iterator[str]:
    hooks = [seconds * 1000 for seconds in played.webhook_seconds]
    if hooks:
        yield (
            f"  webhooks          {len(hooks):>6}  median {quantile(hooks, 0.5):.0f} ms, "
            f"99 % {quantile(hooks, 0.99):.0f} ms, longest {max(hooks):.0f} ms of the wall; "
            f"{len(played.failed_webhooks)} failed"
        )
    if played.lateness:
        late = quantile(played.lateness, 0.99)
        most = max(played.lateness)
        yield f"  calls were placed late by (s): 99 % {late:.1f}, at most {most:.1f}"
    yield (
        f"  offers lost to callers who had gone {played.lost_races}, rang out {played.rang_out}, "
        f"outcomes left to the limit {len(played.unfinished)}"
    )
    yield from (f"  failed webhook: {each}" for each in played.failed_webhooks[:5])


def _equalities(found: Findings) -> Iterator[str]:
    if not found.failures:
        yield f"OK  every call placed is in the database with an end ({found.ended})"
        yield f"OK  every answered call has a ticket ({found.answered})"
        yield f"OK  the night's {found.cells} rows equal what the events say"
    yield from (f"FAILED  {failure}" for failure in found.failures)
