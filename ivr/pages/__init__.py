"""The pages of the caller's side: the desk's part of it, the story of each call, the lists.

Each module registers its views with the one blueprint of the room.
"""

from ivr.pages import bulletins, calls, desk, nuisance
from ivr.pages.base import blueprint
from ivr.pages.calls import readable_calls

__all__ = ["blueprint", "bulletins", "calls", "desk", "nuisance", "readable_calls"]
