"""What an agent chose (status) and what the engine does with the agent (state): two tables.

A status is a human's word and survives calls: who takes a break while talking keeps talking and is
on a break afterwards. A state is the engine's: which offer or call holds the agent. An agent gets
an offer only when both agree: `READY` and `IDLE`. (mod_callcenter keeps the same two apart.)

Beside them stands a `Trouble`, which neither a human nor the engine chose: the page of the desk has
no microphone to answer with, or no line. It leaves both fields as they are, and while it lasts
nothing is offered.

Everything here is pure: no row, no clock. `docs/presence.md` is generated from these tables.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final


class Status(StrEnum):
    """What the human chose; `MISSED` is set for who let an offer ring, until they choose again."""

    READY = "ready"
    BREAK = "break"
    MISSED = "missed"
    SIGNED_OUT = "signed_out"


class State(StrEnum):
    """What the engine does with the agent."""

    IDLE = "idle"
    OFFERED = "offered"
    ON_CALL = "on_call"
    WRAP_UP = "wrap_up"
    MONITORING = "monitoring"


class Trouble(StrEnum):
    """Why the telephone in an agent's page cannot be answered, as the page says."""

    REFUSED = "refused"  # the browser does not allow the microphone
    ASKED = "asked"  # the browser asks whether it may, and nobody has said
    NONE = "none"  # there is no microphone
    INSECURE = "insecure"  # not opened by https, so that there is none
    OFF = "off"  # the telephone could not start
    AWAY = "away"  # the page does not reach the telephone system


class Move(StrEnum):
    """What happens to an agent. The first three are a human's choice, the last two their page's,
    the rest the engine's.
    """

    READY = "ready"
    BREAK = "break"
    SIGN_OUT = "sign_out"

    OFFER = "offer"
    ACCEPT = "accept"
    WITHDRAW = "withdraw"  # the caller is gone, or somebody else's turn: no fault of the agent's
    DECLINE = "decline"
    MISS = "miss"  # the offer rang out, or the agent's telephone could not be reached
    END = "end"  # the conversation is over
    LOSE = "lose"  # the agent's telephone went in mid-call and did not come back
    CALL_OUT = "call_out"  # the agent calls somebody: nothing rings, and nothing is to be answered
    FINISH = "finish"  # the outcome is written, or the wrap-up limit is over
    FORGET = "forget"  # nobody has been at this desk for longer than the configuration allows
    MONITOR = "monitor"  # a supervisor listens to a conversation of somebody else's
    LEAVE = "leave"  # and has left it
    TAKE_OVER = "take_over"  # and has it now
    REPAIR = "repair"  # a sweep found no offer and no call behind the state

    FAIL = "fail"  # the telephone in the page cannot be answered
    WORK = "work"  # and works (again)


HUMAN: Final = frozenset({Move.READY, Move.BREAK, Move.SIGN_OUT})
#: Moves of the page: they leave status and state as they are.
OF_PAGE: Final = frozenset({Move.FAIL, Move.WORK})

# What a decline writes as the reason of the break; no configured reason may take this name.
DECLINED: Final = "declined"

_CHOICES = {
    Move.READY: Status.READY,
    Move.BREAK: Status.BREAK,
    Move.SIGN_OUT: Status.SIGNED_OUT,
}

# A move that is absent leaves the status as it is, so that the engine never overrules a human:
# who has signed out while an offer rang stays signed out when it rings out.
STATUS_TRANSITIONS: Final[dict[Status, dict[Move, Status]]] = {
    Status.READY: {
        **_CHOICES,
        Move.MISS: Status.MISSED,
        Move.LOSE: Status.MISSED,
        Move.DECLINE: Status.BREAK,
        Move.FORGET: Status.SIGNED_OUT,
    },
    Status.BREAK: {**_CHOICES, Move.FORGET: Status.SIGNED_OUT},
    Status.MISSED: {**_CHOICES, Move.FORGET: Status.SIGNED_OUT},
    Status.SIGNED_OUT: {**_CHOICES},
}

# A move that is absent is illegal, unless a human may always make it (`HUMAN`: the state stays).
STATE_TRANSITIONS: Final[dict[State, dict[Move, State]]] = {
    State.IDLE: {
        Move.OFFER: State.OFFERED,
        Move.CALL_OUT: State.ON_CALL,
        Move.MONITOR: State.MONITORING,
        Move.FORGET: State.IDLE,
    },
    State.OFFERED: {
        Move.ACCEPT: State.ON_CALL,
        Move.DECLINE: State.IDLE,
        Move.MISS: State.IDLE,
        Move.WITHDRAW: State.IDLE,
        Move.REPAIR: State.IDLE,
    },
    State.ON_CALL: {
        Move.END: State.WRAP_UP,
        Move.LOSE: State.WRAP_UP,
        Move.MISS: State.IDLE,  # accepted, but the agent's telephone never answered
        Move.WITHDRAW: State.IDLE,  # accepted, but the caller was gone before they met
        Move.REPAIR: State.IDLE,
    },
    State.WRAP_UP: {
        Move.FINISH: State.IDLE,
        Move.REPAIR: State.IDLE,
    },
    State.MONITORING: {
        Move.LEAVE: State.IDLE,
        Move.TAKE_OVER: State.ON_CALL,
        Move.REPAIR: State.IDLE,
    },
}


@dataclass(frozen=True, slots=True)
class Leave:
    """The two ways out of a status or a state: what a human does, and what time does."""

    by_hand: Move
    by_time: Move
    after: str  # which limit, in the words of the documentation


STATUS_WAYS_OUT: Final[dict[Status, Leave]] = {
    Status.READY: Leave(Move.BREAK, Move.FORGET, "agents.sign_out_after.ready"),
    Status.BREAK: Leave(Move.READY, Move.FORGET, "agents.sign_out_after.break"),
    Status.MISSED: Leave(Move.READY, Move.FORGET, "agents.sign_out_after.missed"),
}
"""`SIGNED_OUT` is where time leads; only a human leaves it, by `Move.READY` or `Move.BREAK`."""

STATE_WAYS_OUT: Final[dict[State, Leave]] = {
    State.OFFERED: Leave(Move.DECLINE, Move.MISS, "the offer's time-out"),
    State.ON_CALL: Leave(Move.END, Move.REPAIR, "the end of the call, asked at the carrier"),
    State.WRAP_UP: Leave(Move.FINISH, Move.FINISH, "the wrap-up limit"),
    State.MONITORING: Leave(Move.LEAVE, Move.REPAIR, "the end of the call, asked at the carrier"),
}
"""`IDLE` is where the others lead."""


class IllegalMove(Exception):
    """A move that the table does not have, such as an offer to somebody who is talking."""

    def __init__(self, move: Move, status: Status, state: State) -> None:
        self.move, self.status, self.state = move, status, state
        super().__init__(f"no move {move} for an agent who is {status} and {state}")


@dataclass(frozen=True, slots=True)
class Presence:
    """Both fields of one agent. `reason` is that of the break, and None otherwise; so is `trouble`
    while their telephone can be answered, as far as anybody has said.
    """

    status: Status
    state: State
    reason: str | None = None
    trouble: Trouble | None = None

    @property
    def available(self) -> bool:
        """Whether this agent may get an offer now."""
        return self.takes_calls and self.state is State.IDLE

    @property
    def takes_calls(self) -> bool:
        """Whether this agent may get an offer now, or once what holds them is over."""
        return self.status is Status.READY and self.trouble is None

    @property
    def may_call_out(self) -> bool:
        """Whether this agent may call somebody now."""
        there = self.status is not Status.SIGNED_OUT and self.trouble is None
        return there and self.state is State.IDLE


def moved(
    presence: Presence, move: Move, reason: str | None = None, trouble: Trouble | None = None
) -> Presence:
    """What the agent is after a move; the same presence when the move changes nothing.

    `reason` belongs to `Move.BREAK`, `trouble` to `Move.FAIL`; they are ignored elsewhere. Raises
    `IllegalMove`.
    """
    state = STATE_TRANSITIONS[presence.state].get(move)
    if state is None and move in HUMAN | OF_PAGE:
        state = presence.state
    if state is None or not _may(presence, move):
        raise IllegalMove(move, presence.status, presence.state)
    status = STATUS_TRANSITIONS[presence.status].get(move, presence.status)
    return replace(
        presence,
        status=status,
        state=state,
        reason=_reason(presence, move, status, reason),
        trouble=_trouble(presence, move, status, trouble),
    )


def _may(presence: Presence, move: Move) -> bool:
    """What a move asks of the status: offers go to who is ready; who calls out may be on a break
    (paperwork, say, so that nothing rings in between), but must be there.
    """
    if move is Move.OFFER:
        return presence.available
    return move is not Move.CALL_OUT or presence.may_call_out


def _reason(presence: Presence, move: Move, status: Status, reason: str | None) -> str | None:
    if status is not Status.BREAK:
        return None
    if move is Move.BREAK:
        return reason
    if move is Move.DECLINE and presence.status is not Status.BREAK:
        return DECLINED
    return presence.reason


def _trouble(
    presence: Presence, move: Move, status: Status, trouble: Trouble | None
) -> Trouble | None:
    """Who is not there has none: the next shift may begin at another desk, whose page will say."""
    if status is Status.SIGNED_OUT or move is Move.WORK:
        return None
    return trouble if move is Move.FAIL else presence.trouble
