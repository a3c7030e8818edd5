"""The pages of the caller's side: the desk's part of it, the story of each call, the lists.

Each module registers its views with the one blueprint of the room.
"""

from ivr.pages import callbacks, calls, desk
from ivr.pages.base import blueprint
from ivr.pages.calls import readable_calls

__all__ = ["blueprint", "callbacks", "calls", "desk", "readable_calls"]
