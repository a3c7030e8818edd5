"""Who may see who called. Pure: it can be read aloud.

Staff who call people back see a caller; the division that has the matter sees them where its
category says so and the caller has not wished to be hidden; of a fully anonymous matter nobody
does. What may be seen is hidden all the same until somebody asks for it, and that is written down.
"""

from collections.abc import Collection
from enum import StrEnum
from typing import Final

from tickets.workflow import Role


class Contact(StrEnum):
    """Who may see the caller of a ticket, as its category says."""

    #: The division that has it, and who calls people back.
    DIVISION = "division"
    #: Who calls people back, and no division.
    CENTRAL = "central"
    #: Nobody: the ticket keeps neither number nor name.
    NOBODY = "nobody"


#: Roles that call people back.
SEES_CALLER: Final = frozenset({Role.AGENT, Role.SUPERVISOR, Role.ADMINISTRATOR})
#: Who decides that nothing of a ticket may be forgotten.
HOLDS: Final = frozenset({Role.SUPERVISOR, Role.ADMINISTRATOR})


def may_see(
    contact: Contact, *, hide_name: bool, role: Role, division: str, divisions: Collection[str]
) -> bool:
    """Say whether somebody of `role`, who acts for `divisions`, may see the caller of a ticket that
    `division` has.
    """
    if contact is Contact.NOBODY:
        return False
    if role in SEES_CALLER:
        return True
    return contact is Contact.DIVISION and not hide_name and division in divisions
