"""The verbs of the caller's side: the only door for other rooms.

Each takes the unit of work (and the floor, where an effect follows) first and `now` (aware) by
keyword, flushes and never commits. What is behind the door: see `ivr/__init__.py`.
"""

from ivr.calls import Arrival, CallFacts, arrive
from ivr.calls import facts as call_facts
from ivr.closing import Outcome, end_call, finish, finish_by_default, put_through
from ivr.room.offers import (
    OfferFacts,
    accept,
    decline,
    hang_up,
    join,
    leg_answered,
    leg_over,
    look,
    look_for_agent,
)
from ivr.room.waiting import Line, Place, Stay, enter, lines, seen
from ivr.story import (
    AtHand,
    EventFacts,
    Visit,
    at_hand,
    calls_within,
    events_since,
    newest_event,
    touched_since,
    visits,
    visits_of_calls,
)

__all__ = [
    "Arrival",
    "AtHand",
    "CallFacts",
    "EventFacts",
    "Line",
    "OfferFacts",
    "Outcome",
    "Place",
    "Stay",
    "Visit",
    "accept",
    "arrive",
    "at_hand",
    "call_facts",
    "calls_within",
    "decline",
    "end_call",
    "enter",
    "events_since",
    "finish",
    "finish_by_default",
    "hang_up",
    "join",
    "leg_answered",
    "leg_over",
    "lines",
    "look",
    "look_for_agent",
    "newest_event",
    "put_through",
    "seen",
    "touched_since",
    "visits",
    "visits_of_calls",
]
