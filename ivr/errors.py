"""What can be refused on the caller's side, with the words for it.

```
HotlineError
├── NotFound
│   ├── NoSuchCall, NoSuchOffer, NoSuchCallback, NoSuchParty, NoSuchMonitor
│   └── NoSuchBulletin, NoSuchBlock
├── Conflict
│   ├── OfferGone       the caller hung up, or the offer ran out
│   ├── CallbackMoved   the callback is no longer where that could be done
│   ├── NotTalking      hang up, without a conversation
│   ├── NotNow          what this conversation does not allow just now
│   ├── ColleagueBusy   passed on to somebody who is not free
│   ├── NobodyFree      a word with a queue of which nobody is
│   ├── StillTalking    an outcome before the conversation is over
│   ├── CannotCall      who an agent wants to call is not called, or not now
│   ├── CannotText      no SMS: the number gets none, or the city sends none
│   ├── StillPromised   forget a number that is to be called back
│   ├── Lost            somebody else was first
│   ├── PlaceMoved      a waiting caller is no longer where a supervisor saw them
│   ├── InFront         and is the first of the line already
│   ├── SupervisorBusy  something holds the supervisor who wants to listen
│   ├── NotListening    what a supervisor does in a conversation that they are not in
│   ├── NothingToFinish an outcome for a call that the agent has not talked in
│   ├── NoMoreTime      to write up a conversation, where none is allowed (any more)
│   ├── OutcomeNeeded   a conversation left unwritten that must be written up
│   ├── BulletinChanged somebody changed or withdrew it first
│   ├── AlreadyBlocked
│   └── BlockOver       lifted or run out before
├── Invalid
│   ├── Unsayable       a bulletin with something missing; `faults` says what
│   ├── NotANumber      what was typed is no telephone number
│   ├── NobodyThere     passed on, or asked in, to a place that is not there
│   ├── NumberWithheld  a caller without a number
│   ├── NeverBlocked    emergency and short numbers, and our own
│   └── NoReason, BadLength
└── Forbidden
    └── NotYours        another agent's call or offer
```
"""

from collections.abc import Mapping

from hotline.errors import Conflict, Forbidden, Invalid, NotFound


class NoSuchOffer(NotFound):
    """No offer has this number."""

    code, text = "no-such-offer", "ivr.no_such_offer"


class NoSuchCall(NotFound):
    """No call has this number."""

    code, text = "no-such-call", "ivr.no_such_call"


class NoSuchCallback(NotFound):
    """No callback has this number."""

    code, text = "no-such-callback", "ivr.no_such_callback"


class NoSuchParty(NotFound):
    """No third party has this number."""

    code, text = "no-such-party", "ivr.no_such_party"


class NoSuchMonitor(NotFound):
    """No supervisor's part in a conversation has this number."""

    code, text = "no-such-monitor", "ivr.floor.no_such_monitor"


class PlaceMoved(Conflict):
    """A waiting caller is no longer in the place that the supervisor saw; `text` says why."""

    code, text = "place-moved", "ivr.floor.moved_meanwhile"


class InFront(Conflict):
    """Nobody is ahead of this caller."""

    code, text = "in-front", "ivr.floor.in_front"


class NotListening(Conflict):
    """The supervisor is not in this conversation (any more)."""

    code, text = "not-listening", "ivr.floor.not_listening"


class SupervisorBusy(Conflict):
    """Something holds the supervisor already: a call, a conversation to write up, another talk."""

    code, text = "supervisor-busy", "ivr.floor.you_are_busy"


class NotNow(Conflict):
    """The conversation is not in a state that allows this (`ivr.talk.rules`)."""

    code, text = "not-now", "ivr.talk.not_now"


class ColleagueBusy(Conflict):
    """The colleague to whom the call was to be passed on is not free."""

    code, text = "colleague-busy", "ivr.talk.colleague_busy"


class NobodyFree(Conflict):
    """Of the queue that was to be spoken to first nobody else is free."""

    code, text = "nobody-free", "ivr.talk.nobody_free"


class NobodyThere(Invalid):
    """There is no such queue, colleague, division with a telephone, or number."""

    code, text = "nobody-there", "ivr.talk.nobody_there"


class CallbackMoved(Conflict):
    """Somebody else was first, or the callback is in a state that does not allow this."""

    code, text = "callback-moved", "ivr.callback_moved"


class OfferGone(Conflict):
    """The caller hung up, the offer ran out, or somebody answered it already."""

    code, text = "offer-gone", "ivr.offer_gone"


class NotTalking(Conflict):
    """There is no conversation to end."""

    code, text = "not-talking", "ivr.not_talking"


class StillTalking(Conflict):
    """The outcome is written when the conversation is over."""

    code, text = "still-talking", "ivr.still_talking"


class NoMoreTime(Conflict):
    """The wrap-up of this conversation cannot be extended."""

    code, text = "no-more-time", "ivr.wrap.no_more_time"


class OutcomeNeeded(Conflict):
    """This conversation is written up by its agent: it cannot be skipped."""

    code, text = "outcome-needed", "ivr.wrap.outcome_needed"


class NothingToFinish(Conflict):
    """The agent had no conversation in this call."""

    code, text = "nothing-to-finish", "ivr.nothing_to_finish"


class NotYours(Forbidden):
    """Another agent's call or offer."""

    code, text = "not-yours", "ivr.not_yours"


class CannotText(Conflict):
    """The city sends no SMS, or this number receives none."""

    code, text = "cannot-text", "ivr.cannot_text"


class CannotCall(Conflict):
    """An agent cannot call this number, or not now; `text` says why."""

    code, text = "cannot-call", "ivr.number_not_called"


class StillPromised(Conflict):
    """A number that the city has promised to call cannot be forgotten yet."""

    code, text = "still-promised", "ivr.still_promised"


class Lost(Conflict):
    """Somebody else was first. Raised to take back what the unit of work has won so far."""


# ---------------------------------------------------------------- bulletins and blocks


class NoSuchBulletin(NotFound):
    """No bulletin has this number."""

    code, text = "no-such-bulletin", "ivr.bulletin.no_such"


class BulletinChanged(Conflict):
    """Somebody changed or withdrew it after the page was shown."""

    code, text = "bulletin-changed", "ivr.bulletin.changed_meanwhile"


class Unsayable(Invalid):
    """A bulletin that cannot be said; `faults` are fields with the keys of the words for each."""

    code, text = "unsayable", "ivr.bulletin.faulty"

    def __init__(self, faults: Mapping[str, str]) -> None:
        super().__init__(", ".join(sorted(faults)))
        self.faults = faults


class NoSuchBlock(NotFound):
    """No block has this number."""

    code, text = "no-such-block", "ivr.nuisance.no_such"


class AlreadyBlocked(Conflict):
    """The number is blocked."""

    code, text = "already-blocked", "ivr.nuisance.already"


class BlockOver(Conflict):
    """The block was lifted, or ran out."""

    code, text = "block-over", "ivr.nuisance.over"


class NotANumber(Invalid):
    """What was typed is no telephone number."""

    code, text = "not-a-number", "ivr.nuisance.not_a_number"


class NumberWithheld(Invalid):
    """Who withholds their number has none that could be blocked."""

    code, text = "number-withheld", "ivr.nuisance.withheld"


class NeverBlocked(Invalid):
    """An emergency or short number, or one of the hotline itself."""

    code, text = "never-blocked", "ivr.nuisance.never"


class NoReason(Invalid):
    """A block says why."""

    code, text = "no-reason", "ivr.nuisance.no_reason"


class BadLength(Invalid):
    """A block lasts some days, a year at most."""

    code, text = "bad-length", "ivr.nuisance.bad_length"
