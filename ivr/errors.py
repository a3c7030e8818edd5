"""What can be refused on the caller's side, with the words for it.

```
HotlineError
├── NotFound
│   └── NoSuchCall, NoSuchOffer, NoSuchCallback
├── Conflict
│   ├── OfferGone       the caller hung up, or the offer ran out
│   ├── CallbackMoved   the callback is no longer where that could be done
│   ├── NotTalking      hang up, without a conversation
│   ├── StillTalking    an outcome before the conversation is over
│   ├── Lost            somebody else was first
│   └── NothingToFinish an outcome for a call that the agent has not talked in
└── Forbidden
    └── NotYours        another agent's call or offer
```
"""

from hotline.errors import Conflict, Forbidden, NotFound


class NoSuchOffer(NotFound):
    """No offer has this number."""

    code, text = "no-such-offer", "ivr.no_such_offer"


class NoSuchCall(NotFound):
    """No call has this number."""

    code, text = "no-such-call", "ivr.no_such_call"


class NoSuchCallback(NotFound):
    """No callback has this number."""

    code, text = "no-such-callback", "ivr.no_such_callback"


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


class NothingToFinish(Conflict):
    """The agent had no conversation in this call."""

    code, text = "nothing-to-finish", "ivr.nothing_to_finish"


class NotYours(Forbidden):
    """Another agent's call or offer."""

    code, text = "not-yours", "ivr.not_yours"


class Lost(Conflict):
    """Somebody else was first. Raised to take back what the unit of work has won so far."""
