"""What happens to a call, as it is written down: the only source of every statistic.

| kind | written when | data |
| --- | --- | --- |
| `arrived` | the call reached us (its step 0) | `at` the node it was led to; `chosen`, `by` |
| `step` | a key, words, silence | `at`, `heard`, `digits`, `speech`, `language`, `to`; `chosen` |
| `bulletin` | bulletins were spoken; after the step that led there | `bulletins` (ids), `at` |
| `refused` | the caller's number is blocked | `block` (its id) |
| `turned_away` | it could not join a line | `queue`, `language`, `why` (`nobody`, `full`) |
| `queued` | it took a place to wait | `visit`, `queue`, `language`, `priority`, `since` |
| `returned` | a place given up, or lost, was taken again | `visit`, `queue`, `language` |
| `reordered` | a supervisor gave the caller another place | see below |
| `offered` | it was offered to an agent | `offer`, `agent`, `circle`, `skill` |
| `accepted` | the agent took the offer; their telephone rings | `offer`, `agent` |
| `offer_ended` | an offer came to nothing | `offer`, `agent`, `result` (see `Result`) |
| `connected` | caller and agent met in the conference | `offer`, `agent`, `queue`, `language` |
| `held` | the caller hears music | `offer`, `agent` |
| `resumed` | the caller is back in the conversation | `offer`, `agent` |
| `recording_paused` | something private is said; the caller is held | `offer`, `agent`; `why` |
| `recording_again` | it is recorded again | `offer`, `agent`; `why` |
| `party_asked` | a third party's telephone is rung | `offer`, `agent`, `party`, `title` |
| `party_joined` | a third party has answered | `offer`, `agent`, `party`, `title` |
| `party_left` | a third party has gone, or was not reached | as above, and `result` |
| `handed_over` | the agent left caller and third party to each other | as `party_asked` |
| `monitored` | a supervisor is in it | `monitor`, `offer`, `agent`, `who`, `mode` |
| `taken_over` | another agent has it | `offer`, `agent`, `queue`, `language`; `who`, `why` |
| `passed_on` | the agent passed the caller on | `offer`, `agent`, `to`; `colleague` |
| `agent_lost` | the agent's browser was cut off; the caller hears music | `offer`, `agent` |
| `agent_back` | it answered again, and the two talk on | `offer`, `agent` |
| `talk_ended` | one of them left | `offer`, `agent`, `by` (`caller`, `agent`, `lost`, `unknown`) |
| `wrap_up_extended` | the agent took more time to write it up | `offer`, `agent` |
| `wrapped_up` | the outcome is written | `offer`, `agent`, `outcome`, `ticket`, `by` |
| `abandoned` | the caller hung up in the waiting room | `queue`, `language` |
| `left` | the caller left the waiting room otherwise | `queue`, `language`, `why` |
| `transferring` | it was put through to a number outside | `number`, `emergency` |
| `transferred` | the carrier told how that ended | `number`, `result`, `gone` (hung up by then) |
| `callback` | a callback was promised | `callback`, `queue`, `language`, `at` or null |
| `callback_queued` | it came into the line | `callback`, `queue`, `language` |
| `callback_tried` | the citizen was rung | `callback`, `offer`, `attempt`, `result` |
| `callback_ended` | a callback came to nothing | `callback`, `result`, `by` |
| `called_out` | an agent calls somebody: how such a call begins | `agent`, `ticket`, `language` |
| `not_reached` | nobody was reached by that | `agent`, `result` |
| `consent` | the caller was told that the conversation is recorded | `to` (`given`, `refused`) |
| `asked_ticket` | the caller keyed a ticket's number | `ticket`, `proven` |
| `recorded` | a message was left, or a conversation recorded | `recording`, `kind`, `seconds` |
| `listened` | somebody of ours hears a recording | `recording`, `who` (a username) |
| `answer` | an answer of the city was used | `answer` (its id), `version`, `how`, `agent` |
| `sms` | an SMS to the caller | `message` (a key), `answer`, `language`, `agent`, `result` |
| `rated` | the caller gave a mark after the conversation | `offer`, `agent`, `mark` |
| `fault` | ours failed; the caller was put through to the fallback | `where`, `error`; `by` |
| `ended` | the call is over | `status` (the carrier's word); `by` |

`heard` of `step` is what the caller did: `key`, `speech`, `number` (several digits: personal, so
`digits` is empty), `wrong`, `silence`, `person` (0), `back` (*), `repeat` (#), or why they came out
of the waiting room (`key`, `overflow`, `nobody`), or back to it (`agent_lost`: the agent was cut
off and did not come back in time). `language` is the one spoken afterwards; `chosen`
is there when it was settled by this: pressed, or known from the last call or the number dialled.

Of a caller who hangs up first the carrier need not tell how the transfer ended: `transferring`
counts, and `transferred` only takes back those whom nobody took there. `result` is the carrier's
word. `since` of `queued` is there when the place is older than the event: the caller came back to
one that they had. `circle` of `offered` is 0 for an agent of the caller's own queue and language,
else the number of the wider circle of the agent, and `skill` that by which they were found. `by` of
`talk_ended` is whose side ended it, as far as the carrier told: it ends a call that it drops in the
same words as one that is hung up; `lost`: the agent was cut off and did not come back. `by` of
`wrapped_up` is the agent's username, `limit`, or `unasked` (nobody had to write it). `by` of
`arrived`, `fault`, `transferred` and `ended` stands there only when the carrier's list told later
what we had missed (`reconcile`); the `at` of a call that never reached us is empty.

A moment is that of writing, or the carrier's for what its list told. So: wait = `connected` (or
`abandoned`) minus `queued`; talk = `talk_ended` minus `connected`; wrap-up = `wrapped_up` minus
`talk_ended`. Telephone numbers of people stand in the call's row (and that of its callback) only.

A callback stands in the story of the call that it was asked for in, or that was abandoned, after
the end of that call too: `callback` ends the caller's wait on the line, `callback_queued` begins
another visit to the queue, whose wait ends when an agent has `accepted` it. `how` of
`answer` is `told`, `note` (written into it) or `sms`. `result` of `sms` is `queued`, then `sent` or
`failed`. `result` of
`callback_tried` is `answered`, the carrier's word, or `agent_gone`, `withdrawn` (no try of the
citizen's); of `callback_ended` a state of `callback_rules.State`.

`reordered` says who (`who`, a name) and why (`why`), how (`how`), and the place in the line
afterwards (`queue`, `language`, `precedence`, `ranked_at`): `front` of its line; another `priority`
(which stands beside it); another `queue` (`was`: the one before), in which the visit is counted
from then on; or an `agent` (an id) to whom the caller is offered next, whatever the order.

`mode` of `monitored` is what the supervisor (`who`, a name) does from now on: `listening`
(heard by nobody), `whispering` (by the `agent` alone), `barging` (by all), or `left`. A supervisor
who takes the call over is an agent who has it (`taken_over`, with `who` and `why`), and the agent
before has nothing to write (`wrapped_up` with the outcome `passed_on`).

A call that an agent makes to follow up a ticket is a call of its own, which never `arrived`:
`called_out`, then what an offer has from `accepted` on, `callback_tried` when the citizen was rung,
and `connected` or `not_reached`. `result` of `not_reached` is the carrier's word, `agent` (the
agent's telephone was not reached, or hung up), `declined`, or `stopped` (by the agent, while it
rang). Somebody who is called back (a missed call that an agent returns) stands in the story of the
call that was missed.

A call that is passed on to a queue or a colleague has another visit and another conversation: what
is told of one is of the `offer` named. `to` of `passed_on` is `queue`, `colleague` (an agent's id
stands beside it) or `outside`. `result` of `party_left` is the carrier's word, or `dropped` (by the
agent), `over` (with the conversation), `unseen`; a `title` is what the agent chose, and a number
that was keyed is masked in it.
"""

from enum import StrEnum


class Kind(StrEnum):
    """Kinds of rows in `call_events`; the table above says what each carries."""

    ARRIVED = "arrived"
    STEP = "step"
    BULLETIN = "bulletin"
    REFUSED = "refused"
    TURNED_AWAY = "turned_away"
    QUEUED = "queued"
    RETURNED = "returned"
    REORDERED = "reordered"
    OFFERED = "offered"
    ACCEPTED = "accepted"
    OFFER_ENDED = "offer_ended"
    CONNECTED = "connected"
    HELD = "held"
    RESUMED = "resumed"
    RECORDING_PAUSED = "recording_paused"
    RECORDING_RESUMED = "recording_again"
    PARTY_ASKED = "party_asked"
    PARTY_JOINED = "party_joined"
    PARTY_LEFT = "party_left"
    HANDED_OVER = "handed_over"
    MONITORED = "monitored"
    TAKEN_OVER = "taken_over"
    PASSED_ON = "passed_on"
    AGENT_LOST = "agent_lost"
    AGENT_BACK = "agent_back"
    TALK_ENDED = "talk_ended"
    WRAP_UP_EXTENDED = "wrap_up_extended"
    WRAPPED_UP = "wrapped_up"
    ABANDONED = "abandoned"
    LEFT = "left"
    CALLBACK = "callback"
    CALLBACK_QUEUED = "callback_queued"
    CALLBACK_TRIED = "callback_tried"
    CALLBACK_ENDED = "callback_ended"
    CALLED_OUT = "called_out"
    NOT_REACHED = "not_reached"
    TRANSFERRING = "transferring"
    TRANSFERRED = "transferred"
    CONSENT = "consent"
    ASKED_TICKET = "asked_ticket"
    RECORDED = "recorded"
    LISTENED = "listened"
    ANSWER = "answer"
    SMS = "sms"
    RATED = "rated"
    FAULT = "fault"
    ENDED = "ended"


#: Those by which the day's figures of a queue change (`reports.metrics`).
COUNTED = frozenset(
    {
        Kind.QUEUED,
        Kind.RETURNED,
        Kind.CONNECTED,
        Kind.TAKEN_OVER,
        Kind.PASSED_ON,
        Kind.ABANDONED,
        Kind.LEFT,
        Kind.CALLBACK,
        Kind.CALLBACK_QUEUED,
        Kind.CALLBACK_ENDED,
    }
)


class Waits(StrEnum):
    """Where a caller in the waiting room stands."""

    WAITING = "waiting"
    OFFERED = "offered"
    CONNECTING = "connecting"
    CONNECTED = "connected"
    PAUSED = "paused"  # kept by a callback whose hour has not come, or that waits to be tried again
    UNSEEN = "unseen"  # the wait loop fell silent though the call lives
    LEFT = "left"


class Departed(StrEnum):
    """How a stay in the waiting room ended."""

    CONNECTED = "connected"  # answered by an agent
    ABANDONED = "abandoned"  # hung up, or was cut off
    RESUMED = "resumed"  # the same, and has taken the place again with another call
    UNSEEN = "unseen"  # given up: nothing was heard of them any more
    FAULT = "fault"  # ours failed; put through to the fallback number
    LEFT = "left"  # went another way of the flow


#: Still in the waiting room.
STILL_WAITS = (Waits.WAITING, Waits.OFFERED, Waits.CONNECTING)
#: The place is still theirs.
HOLDS_PLACE = (*STILL_WAITS, Waits.UNSEEN)


class OfferState(StrEnum):
    """The life of an offer; `offered` may also end at once, `accepted` too."""

    OFFERED = "offered"
    ACCEPTED = "accepted"
    CONNECTED = "connected"
    ENDED = "ended"


#: An agent and a call each have at most one such offer: the database holds that.
LIVE = (OfferState.OFFERED, OfferState.ACCEPTED, OfferState.CONNECTED)


class Result(StrEnum):
    """How an offer ended."""

    DECLINED = "declined"  # the agent said no
    NO_ANSWER = "no_answer"  # the agent said nothing
    WITHDRAWN = "withdrawn"  # the caller was gone
    FAILED = "failed"  # accepted, but the two did not meet
    UNREACHED = "unreached"  # accepted, but the citizen who was called back did not answer
    DONE = "done"  # they met; the conversation is over
    CONSULTED = "consulted"  # a colleague's, who was asked for a word and has given it


#: The carrier's words for a call's state, by how far it has come. A word that is not further than
#: the one before it changes nothing: callbacks come twice and out of order.
RANK = {
    "queued": 0,
    "initiated": 0,
    "ringing": 1,
    "in-progress": 2,
    "answered": 2,
    "completed": 3,
    "busy": 3,
    "failed": 3,
    "no-answer": 3,
    "canceled": 3,
}
OVER = 3
