"""What may be wrong with what a crew's telephone says; each carries its own answer."""

from hotline.errors import Conflict, Forbidden, Invalid, NotFound


class NoSuchJob(NotFound):
    """There is none, or it is another crew's."""

    code, text = "no-such-job", "tickets.field.error.no_such_job"


class JobOver(Conflict):
    """The job has been taken back, or has ended otherwise, meanwhile."""

    code, text = "job-over", "tickets.field.error.over"


class PhotoMissing(Invalid):
    """A photo was announced and did not come along."""

    code, text = "photo-missing", "tickets.field.error.photo_missing"


class WhyNeeded(Invalid):
    """Who cannot take a job, or makes a note, says something."""

    code, text = "words-needed", "tickets.field.error.words"


class OtherAccount(Forbidden):
    """What waits on a telephone is sent by whose it is, and by nobody else."""

    code, text = "other-account", "tickets.field.error.other_account"


class Unreadable(Invalid):
    """What was sent says nothing that can be done."""

    code, text = "unreadable", "tickets.field.error.unreadable"
