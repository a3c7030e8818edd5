"""The pages of tickets, the fragments that the desk composes by address, and their JSON.

=========== ======================================================================
shared      the blueprint, who acts, and what other rooms are asked
listing     the inbox: its list, a row of it, all of it as CSV
ticket      the page of one ticket, and what it offers its reader
acts        what is done on that page: each form is one change in one unit of work
fragments   what the desk shows of tickets
api         tickets as JSON
=========== ======================================================================

Every look and every change goes through `tickets.service` with the signed-in account as actor. The
pages of the room's packages stand in those packages (`tickets.life.web` and so on).
"""

# the routes come with their modules
from tickets.web import api, fragments, listing
from tickets.web.acts import as_seen, changed, last_moment
from tickets.web.shared import (
    ALARMED,
    ANSWERS,
    CALLS_OUT,
    LARGEST_ID,
    MOVERS,
    NUMBER_AT_HAND,
    OWNERS,
    READABLE_CALLS,
    RECORDINGS,
    SPOKEN,
    WATCHERS,
    acting,
    blueprint,
    number_at_hand,
    spoken_languages,
)
from tickets.web.ticket import page, refused

__all__ = [
    "ALARMED",
    "ANSWERS",
    "CALLS_OUT",
    "LARGEST_ID",
    "MOVERS",
    "NUMBER_AT_HAND",
    "OWNERS",
    "READABLE_CALLS",
    "RECORDINGS",
    "SPOKEN",
    "WATCHERS",
    "acting",
    "api",
    "as_seen",
    "blueprint",
    "changed",
    "fragments",
    "last_moment",
    "listing",
    "number_at_hand",
    "page",
    "refused",
    "spoken_languages",
]
