"""What may be done in a conversation, by what it is like just now. Pure."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class PartyState(StrEnum):
    """A third party: somebody whom the agent has asked into the conversation."""

    DIALLING = "dialling"  # their telephone is rung
    TALKING = "talking"
    HANDED_OVER = "handed_over"  # the agent has left them with the caller
    ENDED = "ended"


#: A conversation has at most one such party: the database holds that.
PRESENT: Final = (PartyState.DIALLING, PartyState.TALKING, PartyState.HANDED_OVER)


class Verb(StrEnum):
    """What an agent can do."""

    HOLD = "hold"  # the caller hears music
    RESUME = "resume"  # and is back; with a third party there, all three talk
    PAUSE_RECORDING = "pause_recording"
    RESUME_RECORDING = "resume_recording"
    CALL_IN = "call_in"  # the caller is held, and another telephone rung
    DROP = "drop"  # the third party goes, and the caller is back
    HAND_OVER = "hand_over"  # the agent goes, and leaves the two to each other
    TRANSFER = "transfer"  # to a queue, a colleague or a telephone outside, at once


@dataclass(frozen=True, slots=True)
class Talk:
    """What a conversation is like. `recorded`: the caller agreed to it; `called_back`: the city
    called the citizen, not the other way round.
    """

    held: bool = False
    recorded: bool = False
    paused: bool = False
    party: PartyState | None = None
    called_back: bool = False
    #: The agent's telephone is away (`ivr.room.lost`): there is nobody to talk, hold or pass on to.
    cut_off: bool = False
    #: The recording has silence because the caller is held.
    hushed: bool = False


def possible(talk: Talk) -> frozenset[Verb]:
    """What the agent may do now.

    Who was called back has no call of their own that could wait in a queue: they are handed over.
    """
    if talk.cut_off:
        return frozenset()
    verbs = {Verb.RESUME if talk.held else Verb.HOLD}
    if talk.recorded and talk.paused:
        verbs.add(Verb.RESUME_RECORDING)
    elif talk.recorded and not talk.hushed:
        verbs.add(Verb.PAUSE_RECORDING)
    if talk.party is None:
        verbs.add(Verb.CALL_IN)
        if not talk.called_back:
            verbs.add(Verb.TRANSFER)
    else:
        verbs.add(Verb.DROP)
    if talk.party is PartyState.TALKING:
        verbs.add(Verb.HAND_OVER)
    return frozenset(verbs)
