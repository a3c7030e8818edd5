"""The pages of the caller's side: the desk's part of it, the story of each call, the lists.

Each module registers its views with the one blueprint of the room.
"""

from ivr.pages import (
    answers,
    bulletins,
    call_list,
    callbacks,
    callers,
    callouts,
    calls,
    desk,
    floor,
    looks,
    matters,
    nuisance,
    quality,
    recordings,
    talk,
    wrapping,
)
from ivr.pages.base import blueprint
from ivr.pages.bulletins import bulletins_of_incident
from ivr.pages.callers import number_at_hand
from ivr.pages.callouts import to_call_out
from ivr.pages.calls import readable_calls
from ivr.pages.floor import skill_titles
from ivr.pages.recordings import hearable

__all__ = [
    "answers",
    "blueprint",
    "bulletins",
    "bulletins_of_incident",
    "call_list",
    "callbacks",
    "callers",
    "callouts",
    "calls",
    "desk",
    "floor",
    "hearable",
    "looks",
    "matters",
    "nuisance",
    "number_at_hand",
    "quality",
    "readable_calls",
    "recordings",
    "skill_titles",
    "talk",
    "to_call_out",
    "wrapping",
]
