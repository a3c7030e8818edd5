"""Generated logs of old exchanges, for tests of what is imported."""

import random
from datetime import date, timedelta

BANK_HEAD = (
    "vru+line\tcall_id\tcustomer_id\tpriority\ttype\tdate\tvru_entry\tvru_exit\tvru_time\t"
    "q_start\tq_exit\tq_time\toutcome\tser_start\tser_exit\tser_time\tserver"
)
_NONE = "0:00:00"


def bank(calls: int, seed: int = 1, first: date = date(2010, 8, 1), days: int = 31) -> list[str]:
    """Rows in the form of the bank's log, of every kind: served at once and after a wait, hung up
    in the menu, in the queue and at its first second, phantoms, negative durations, and calls that
    cross midnight at each of their steps.
    """
    chance = random.Random(seed)
    rows = []
    for number in range(calls):
        day = first + timedelta(days=chance.randrange(days))
        # one in four stands just before midnight
        entered = chance.choice((chance.randrange(86_400), 86_399 - chance.randrange(90)))
        if chance.random() < 0.75:
            entered = chance.randrange(86_400)
        menu = chance.randrange(1, 40)
        wait, talk = chance.choice((0, 5, 20, 21, chance.randrange(300))), chance.randrange(600)
        outcome = chance.choice(["AGENT"] * 6 + ["HANG"] * 3 + ["PHANTOM"])
        queued = wait > 0 or (outcome == "HANG" and chance.random() < 0.3)
        if chance.random() < 0.03:
            menu = -menu
        left = entered + menu
        served = outcome == "AGENT"
        rows.append(
            "\t".join(
                [
                    f"AA{number % 65:04}",
                    str(number),
                    "0",
                    "0",
                    chance.choice(["PS", "PE", "IN", "NE", "NW", "TT"]),
                    day.isoformat(),
                    _clock(entered),
                    _clock(left),
                    str(menu),
                    _clock(left) if queued else _NONE,
                    _clock(left + wait) if queued else _NONE,
                    str(wait if queued else 0),
                    outcome,
                    _clock(left + wait) if served else _NONE,
                    _clock(left + wait + talk) if served else _NONE,
                    str(talk if served else 0),
                    "ANONG" if served else "NO_SERVER",
                ]
            )
        )
    return rows


def _clock(second: int) -> str:
    """A time of day; `0:00:00` stands for none, so nothing happens at that second."""
    second = second % 86_400 or 1
    return f"{second // 3600}:{second % 3600 // 60:02}:{second % 60:02}"
