"""What may be wrong with what somebody asks of a unit; each carries its own answer."""

from hotline.errors import Conflict, Forbidden, Invalid, NotFound


class NoSuchUnit(NotFound):
    """There is no unit of that code."""

    code, text = "no-such-unit", "tickets.unit.error.no_such_unit"


class NoSuchDispatch(NotFound):
    """There is no such job."""

    code, text = "no-such-dispatch", "tickets.unit.error.no_such_dispatch"


class UnitChanged(Conflict):
    """Somebody else changed it first, or there is one of that code already."""

    code, text = "unit-changed", "tickets.unit.error.changed"


class AlreadySent(Conflict):
    """Another unit has been sent to this ticket, perhaps a moment ago."""

    code, text = "already-sent", "tickets.unit.error.already_sent"


class OffDuty(Conflict):
    """Nobody is on that unit, or it is out of use."""

    code, text = "unit-off-duty", "tickets.unit.error.off_duty"


class OnAnotherUnit(Conflict):
    """Who is to be put on a unit is on another one."""

    code, text = "on-another-unit", "tickets.unit.error.on_another"


class StillHasJobs(Conflict):
    """The last of a crew leaves, and there are jobs left."""

    code, text = "unit-has-jobs", "tickets.unit.error.has_jobs"


class TicketClosed(Conflict):
    """Nobody is sent to what is closed."""

    code, text = "ticket-closed", "tickets.unit.error.closed"


class JobsChanged(Conflict):
    """The jobs that were put in order are not those that the unit has."""

    code, text = "jobs-changed", "tickets.unit.error.jobs_changed"


class KeyUsed(Conflict):
    """The same key was sent with something else."""

    code, text = "key-used", "tickets.unit.error.key_used"


class NotYourUnit(Forbidden):
    """Another unit's job, or another's position."""

    code, text = "not-your-unit", "tickets.unit.error.not_yours"


class BadStep(Invalid):
    """A job that stands so cannot go on like that."""

    code, text = "bad-step", "tickets.unit.error.step"


class BadUnit(Invalid):
    """A unit without a name or call sign, or with something that the city does not have."""

    code, text = "bad-unit", "tickets.unit.error.bad_unit"


class NotACrew(Invalid):
    """An account that is no crew's."""

    code, text = "not-a-crew", "tickets.unit.error.not_a_crew"
