"""What can be refused of a matter that several people come with."""

from hotline.errors import Conflict, Invalid, NotFound


class MatterClosed(Conflict):
    """A caller is added to what is open. `number`: the ticket's, as people read it."""

    code = "matter-closed"

    def __init__(self, number: str) -> None:
        super().__init__(f"ticket {number} is closed", text="tickets.matters.closed", number=number)


class NoSuchCaller(NotFound):
    """There is no such caller of this ticket, or not any more."""

    code, text = "no-such-caller", "tickets.matters.no_such_caller"


class NotAdded(Invalid):
    """This call was added to no ticket, or it is written up."""

    code, text = "not-added", "tickets.matters.not_added"
