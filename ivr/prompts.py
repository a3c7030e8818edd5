"""What is spoken: the prompts that the engine itself needs, and how a prompt is filled in."""

from collections.abc import Mapping

from ivr import steps

#: Read on when something of ours has failed, before the caller is put through.
APOLOGY = "apology"
#: Heard when not even the fallback number answers.
TRY_AGAIN = "try_again"
#: Heard in the waiting room.
POSITION, NEXT_IN_LINE, STILL_WAITING = "position", "next_in_line", "still_waiting"

_NOTHING: frozenset[str] = frozenset()

#: Each prompt that the engine speaks by itself, with the `{places}` that it fills in.
SPOKEN_BY_THE_ENGINE: Mapping[str, frozenset[str]] = {
    steps.WRONG_KEY: _NOTHING,
    steps.SILENCE: _NOTHING,
    steps.LET_US_HELP: _NOTHING,
    steps.TRANSFER_FAILED: _NOTHING,
    steps.GOODBYE: _NOTHING,
    APOLOGY: _NOTHING,
    TRY_AGAIN: _NOTHING,
    NEXT_IN_LINE: _NOTHING,
    STILL_WAITING: _NOTHING,
    POSITION: frozenset({"position"}),
}
