"""The rows of the caller's side: calls, stories, drafts, who waits, who is offered whom."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from hotline.db import Base, BigId, Json


def _where(condition: str) -> dict[str, Any]:
    """The same condition of a partial index for both databases."""
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}


class Call(Base):
    """One call: who, and whether it is over. What happened stands in its events."""

    __tablename__ = "calls"
    __table_args__ = (
        sa.Index("ix_calls_open", "checked_at", **_where("ended_at IS NULL")),
        # the calls of a number, of some time or the last: who has called for ten years has called
        # a thousand times
        sa.Index("ix_calls_from_number_arrived", "from_number", "arrived_at"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    #: The carrier's name of the call. One that an agent makes has one of ours (`calls.OUTGOING`):
    #: at the carrier it is two, to the agent and to the citizen.
    sid: Mapped[str] = mapped_column(sa.String(64), unique=True)
    #: Whose call it is, E.164 (who called, or whom an agent calls), or what the carrier sent for a
    #: hidden number.
    from_number: Mapped[str] = mapped_column(sa.String(64))
    to_number: Mapped[str] = mapped_column(sa.String(64))
    #: The language last chosen or, until one is, the one spoken.
    language: Mapped[str] = mapped_column(sa.String(8))
    #: The carrier's word, and how far that is (`events.RANK`).
    status: Mapped[str] = mapped_column(sa.String(16))
    rank: Mapped[int]
    arrived_at: Mapped[datetime] = mapped_column(index=True)
    ended_at: Mapped[datetime | None]
    #: When the carrier was last asked whether the call still lives.
    checked_at: Mapped[datetime]
    #: What they said to being recorded.
    consent: Mapped[str | None] = mapped_column(sa.String(8))
    #: The caller's mark in the survey.
    mark: Mapped[int | None]
    #: The number of the ticket that they asked about, or that an agent follows up.
    ticket: Mapped[str | None] = mapped_column(sa.String(12))
    #: When its caller was forgotten (`ivr.keeping`): nothing that comes late brings them back.
    forgotten_at: Mapped[datetime | None]


class CallEvent(Base):
    """Something that happened to a call; kinds and data: `ivr.events`. Append-only, but for what a
    caller said to the menu (`speech`), which is masked when they are forgotten.
    """

    __tablename__ = "call_events"
    __table_args__ = (
        # a step that comes twice is written once; other events have no number
        sa.UniqueConstraint("call_id", "n"),
        sa.Index("ix_call_events_kind_at", "kind", "at"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    call_id: Mapped[int] = mapped_column(sa.ForeignKey("calls.id"))
    #: The number of a step within its call, from 0; NULL for what is not a step.
    n: Mapped[int | None]
    at: Mapped[datetime]
    kind: Mapped[str] = mapped_column(sa.String(16))
    data: Mapped[dict[str, Any]]


class Waiting(Base):
    """One stay of one caller in the waiting room (`events.Waits`)."""

    __tablename__ = "waiting"
    __table_args__ = (
        sa.UniqueConstraint("call_id", "visit"),
        # the head of a line is the first entry of this index, however long the line is
        sa.Index(
            "ix_waiting_line",
            "queue",
            "language",
            "precedence",
            "ranked_at",
            "id",
            **_where("state = 'waiting'"),
        ),
        # who has waited longest in it, whatever the rank
        sa.Index(
            "ix_waiting_oldest",
            "queue",
            "language",
            "entered_at",
            "id",
            **_where("state = 'waiting'"),
        ),
        # a caller who waits for a callback has no wait loop to be heard of
        sa.Index(
            "ix_waiting_seen",
            "last_seen_at",
            **_where("state = 'waiting' AND callback_id IS NULL"),
        ),
        sa.Index(
            "ix_waiting_departed", "queue", "language", "left_at", **_where("left_at IS NOT NULL")
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    call_id: Mapped[int] = mapped_column(sa.ForeignKey("calls.id"))
    #: The number of the step that led here: the same step twice is the same stay.
    visit: Mapped[int]
    queue: Mapped[str] = mapped_column(sa.String(64))
    language: Mapped[str] = mapped_column(sa.String(8))
    #: The node of the flow that led here.
    node: Mapped[str] = mapped_column(sa.String(64))
    #: The place in the line, smaller first (`agents.routing.rank`): kept as long as the stay lasts,
    #: through offers that come to nothing, so that the index is read forwards.
    precedence: Mapped[int]
    ranked_at: Mapped[datetime]
    #: Since when they wait. Earlier than the row for who came back to an old place.
    entered_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(sa.String(12))
    #: When the wait loop was last heard of.
    last_seen_at: Mapped[datetime]
    #: When and how this stay ended (`events.Departed`); NULL while it lasts.
    left_at: Mapped[datetime | None]
    left_by: Mapped[str | None] = mapped_column(sa.String(12))
    #: The callback that keeps this place: it outlives the call.
    callback_id: Mapped[int | None] = mapped_column(sa.BigInteger)
    #: The node that the caller leaves the wait loop for; NULL for who never left it, or came back.
    wants: Mapped[str | None] = mapped_column(sa.String(64))
    #: Why: `key`, or the limit of the queue (`ivr.room.waiting`).
    wants_why: Mapped[str | None] = mapped_column(sa.String(12))
    #: The limits of the queue that have sent this caller on: each does so once.
    sent_on: Mapped[list[str]] = mapped_column(Json, server_default="[]")


class Offer(Base):
    """A caller offered to an agent (`events.OfferState`, `events.Result`)."""

    __tablename__ = "offers"
    __table_args__ = (
        # what must never be: an agent in two, a caller offered twice
        sa.Index(
            "uq_offers_live_agent",
            "agent_id",
            unique=True,
            **_where("state IN ('offered', 'accepted', 'connected')"),
        ),
        sa.Index(
            "uq_offers_live_call",
            "call_id",
            unique=True,
            **_where("state IN ('offered', 'accepted', 'connected') AND consults IS NULL"),
        ),
        # a colleague who is asked for a word, beside the one who asks: one at a time
        sa.Index(
            "uq_offers_live_consults",
            "consults",
            unique=True,
            **_where("state IN ('offered', 'accepted', 'connected') AND consults IS NOT NULL"),
        ),
        sa.Index("ix_offers_expires", "expires_at", **_where("state IN ('offered', 'accepted')")),
        sa.Index(
            "ix_offers_to_wrap_up",
            "wrap_up_until",
            **_where("result = 'done' AND wrapped_up_at IS NULL"),
        ),
        sa.Index("ix_offers_agent_made", "agent_id", "made_at"),
        sa.Index("ix_offers_call", "call_id", "id"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    call_id: Mapped[int] = mapped_column(sa.ForeignKey("calls.id"))
    waiting_id: Mapped[int] = mapped_column(sa.ForeignKey("waiting.id"))
    agent_id: Mapped[int] = mapped_column(sa.ForeignKey("agents.id"))
    queue: Mapped[str] = mapped_column(sa.String(64))
    language: Mapped[str] = mapped_column(sa.String(8))
    state: Mapped[str] = mapped_column(sa.String(12))
    result: Mapped[str | None] = mapped_column(sa.String(12))
    made_at: Mapped[datetime]
    #: Offered: for the agent to accept. Accepted: for the two to meet.
    expires_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]
    #: The carrier's name of the call to the agent's telephone, and when that answered.
    leg_sid: Mapped[str | None] = mapped_column(sa.String(64))
    answered_at: Mapped[datetime | None]
    connected_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    #: Done: when the default outcome is written instead of the agent's.
    wrap_up_until: Mapped[datetime | None]
    #: Done: how it is written up (`ivr.room.wrapping.Mode`), by when it should be, and whether the
    #: agent has asked for more time.
    wrap_up: Mapped[str | None] = mapped_column(sa.String(12))
    wrap_up_due: Mapped[datetime | None]
    wrap_up_extended_at: Mapped[datetime | None]
    wrapped_up_at: Mapped[datetime | None]
    #: Since when the caller is held, and the recording paused; NULL while they are not.
    held_at: Mapped[datetime | None]
    paused_at: Mapped[datetime | None]
    #: Since when the recording has silence because the caller is held; counts while they are.
    hushed_at: Mapped[datetime | None]
    #: How the agent left a caller who went on from here (`ivr.talk`); NULL for everybody else.
    passed_to: Mapped[str | None] = mapped_column(sa.String(12))
    #: The offer whose agent asks this one's for a word (`ivr.talk.consults`); NULL for one of the
    #: caller, also when it began as the other.
    consults: Mapped[int | None] = mapped_column(sa.BigInteger)
    #: The offer in whose conference they talk; NULL: its own.
    talk_of: Mapped[int | None] = mapped_column(sa.BigInteger)
    #: The caller's mark for this conversation.
    mark: Mapped[int | None]
    #: By which skill the agent was chosen (queue and language are the caller's), and in which of
    #: the caller's circles that lies: 0 the caller's own, from 1 a wider one.
    skill: Mapped[str | None] = mapped_column(sa.String(80))
    circle: Mapped[int] = mapped_column(server_default="0")


class Party(Base):
    """A third party of a conversation (`ivr.talk.parties`)."""

    __tablename__ = "parties"
    __table_args__ = (
        # one at a time
        sa.Index(
            "uq_parties_present",
            "offer_id",
            unique=True,
            **_where("state IN ('dialling', 'talking', 'handed_over')"),
        ),
        sa.Index(
            "ix_parties_checked",
            "checked_at",
            **_where("state IN ('dialling', 'talking', 'handed_over')"),
        ),
        sa.Index(
            "uq_parties_consult", "consult_id", unique=True, **_where("consult_id IS NOT NULL")
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    offer_id: Mapped[int] = mapped_column(sa.ForeignKey("offers.id"))
    #: What the agent chose: a division's name, an entry of the directory, or a masked number.
    title: Mapped[str] = mapped_column(sa.String(120))
    number: Mapped[str] = mapped_column(sa.String(64))
    #: The offer by which a colleague was asked in; NULL for a telephone outside.
    consult_id: Mapped[int | None] = mapped_column(sa.BigInteger)
    state: Mapped[str] = mapped_column(sa.String(12))
    #: The carrier's name of the call to them; NULL until it is known.
    leg_sid: Mapped[str | None] = mapped_column(sa.String(64))
    asked_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    #: Why it ended: the carrier's word, or one of `ivr.talk.parties`.
    result: Mapped[str | None] = mapped_column(sa.String(16))
    #: When the carrier was last asked whether it lives.
    checked_at: Mapped[datetime]


class Monitor(Base):
    """A supervisor in the conversation of somebody else (`ivr.talk.monitors`)."""

    __tablename__ = "monitors"
    __table_args__ = (
        # a supervisor is in one at a time
        sa.Index(
            "uq_monitors_live_agent",
            "agent_id",
            unique=True,
            **_where("state IN ('ringing', 'on')"),
        ),
        sa.Index("ix_monitors_live_offer", "offer_id", **_where("state IN ('ringing', 'on')")),
        sa.Index("ix_monitors_checked", "checked_at", **_where("state IN ('ringing', 'on')")),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    #: Whose conversation it is: another's, once it is handed over to a colleague.
    offer_id: Mapped[int] = mapped_column(sa.ForeignKey("offers.id"))
    #: The supervisor, whose telephone is in it.
    agent_id: Mapped[int] = mapped_column(sa.ForeignKey("agents.id"))
    account_id: Mapped[int] = mapped_column(sa.ForeignKey("accounts.id"))
    #: What the supervisor wants to do; the carrier is made to follow.
    mode: Mapped[str] = mapped_column(sa.String(12))
    state: Mapped[str] = mapped_column(sa.String(12))
    #: The carrier's name of the call to the supervisor; NULL until it is known.
    leg_sid: Mapped[str | None] = mapped_column(sa.String(64))
    started_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    #: Why it ended: the carrier's word, or one of `ivr.talk.monitors`.
    result: Mapped[str | None] = mapped_column(sa.String(16))
    #: When the carrier was last asked whether it lives.
    checked_at: Mapped[datetime]


class Absence(Base):
    """An agent's telephone that left in mid-conversation, and is rung again (`ivr.room.lost`)."""

    __tablename__ = "absences"
    __table_args__ = (
        # a telephone leaves once, whoever tells of it
        sa.UniqueConstraint("offer_id", "left_leg"),
        sa.Index("uq_absences_open", "offer_id", unique=True, **_where("ended_at IS NULL")),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    offer_id: Mapped[int] = mapped_column(sa.ForeignKey("offers.id"))
    #: The carrier's name of the call that left.
    left_leg: Mapped[str] = mapped_column(sa.String(64))
    lost_at: Mapped[datetime]
    #: For the agent to answer; then for the two to meet.
    back_before: Mapped[datetime]
    #: How often the agent was rung, and since when it is being tried; NULL between two tries.
    tries: Mapped[int]
    rung_at: Mapped[datetime | None]
    #: The carrier's name of the call that rings, and when that was answered.
    leg_sid: Mapped[str | None] = mapped_column(sa.String(64))
    answered_at: Mapped[datetime | None]
    #: When and how it ended (`ivr.room.absences.Ended`); NULL while it lasts.
    ended_at: Mapped[datetime | None]
    result: Mapped[str | None] = mapped_column(sa.String(12))


class Draft(Base):
    """What an agent has typed about a call and not finished (`ivr.drafts`): a copy of the form.

    A caller who is passed on has two of them, when the first agent still writes.
    """

    __tablename__ = "drafts"

    call_id: Mapped[int] = mapped_column(
        BigId, sa.ForeignKey("calls.id"), primary_key=True, autoincrement=False
    )
    agent_id: Mapped[int] = mapped_column(
        BigId, sa.ForeignKey("agents.id"), primary_key=True, autoincrement=False
    )
    outcome: Mapped[str] = mapped_column(sa.String(64))
    #: As typed, of any length, and so is the number: a slip in one field must not lose the other.
    note: Mapped[str] = mapped_column(sa.Text)
    category: Mapped[str] = mapped_column(sa.String(64))
    ticket_number: Mapped[str] = mapped_column(sa.Text)
    #: The caller's name.
    who: Mapped[str] = mapped_column(sa.Text, server_default="")
    #: The caller wishes to be hidden.
    hide_name: Mapped[bool] = mapped_column(server_default=sa.false())
    #: The fields of the place by name, as typed; NULL: none.
    place: Mapped[dict[str, Any] | None]
    saved_at: Mapped[datetime] = mapped_column(index=True)


class Recording(Base):
    """A message that a caller left, or a conversation (`ivr.recordings`)."""

    __tablename__ = "recordings"
    __table_args__ = (
        sa.Index("ix_recordings_late", "tried_at", **_where("file IS NULL")),
        sa.Index("ix_recordings_made_at", "made_at"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    call_id: Mapped[int] = mapped_column(sa.ForeignKey("calls.id"), index=True)
    #: The conversation; None for a message.
    offer_id: Mapped[int | None] = mapped_column(sa.ForeignKey("offers.id"))
    kind: Mapped[str] = mapped_column(sa.String(16))
    #: The carrier's name of it, and where its sound is there.
    sid: Mapped[str] = mapped_column(sa.String(64), unique=True)
    url: Mapped[str] = mapped_column(sa.Text)
    seconds: Mapped[int]
    #: Where its sound is in our folder; None while it is still at the carrier.
    file: Mapped[str | None] = mapped_column(sa.String(120))
    made_at: Mapped[datetime]
    #: When the sweep last took it up; before, when it was made.
    tried_at: Mapped[datetime]
    #: When its sound was deleted for good, here and at the carrier.
    forgotten_at: Mapped[datetime | None]


# ---------------------------------------------------------------- bulletins and blocks


class Bulletin(Base):
    """What the city tells its callers for a while (`ivr.bulletins`), as it stands now."""

    __tablename__ = "bulletins"
    __table_args__ = (
        # asked in every call that comes to a bulletin node: few rows, whatever has been said before
        sa.Index("ix_bulletins_on_air", "ends_at", **_where("withdrawn_at IS NULL")),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    #: Language → what is said; Thai and English at least.
    texts: Mapped[dict[str, Any]]
    #: Names of the flow's nodes where it is heard.
    places: Mapped[list[str]] = mapped_column(Json)
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    #: The username of who wrote it first.
    author: Mapped[str] = mapped_column(sa.String(64))
    written_at: Mapped[datetime]
    #: Counts its changes: who changes it says which one they saw.
    version: Mapped[int]
    withdrawn_at: Mapped[datetime | None]
    #: The incident that it tells of (an id in the room `tickets`).
    incident_id: Mapped[int | None] = mapped_column(sa.BigInteger)
    #: What `call_events` say of its hearers, kept once nothing can be added to it.
    heard: Mapped[int | None]
    satisfied: Mapped[int | None]


class BulletinEvent(Base):
    """What was done to a bulletin, `n` counting from 1. Append-only.

    Kinds: `written`, `changed`, `withdrawn`. The latter two carry the whole bulletin as it stood
    before under `before`: `texts`, `places`, `starts_at` and `ends_at` (ISO 8601, UTC).
    """

    __tablename__ = "bulletin_events"
    __table_args__ = (sa.UniqueConstraint("bulletin_id", "n"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    bulletin_id: Mapped[int] = mapped_column(sa.ForeignKey("bulletins.id"))
    n: Mapped[int]
    at: Mapped[datetime]
    by: Mapped[str] = mapped_column(sa.String(64))
    kind: Mapped[str] = mapped_column(sa.String(16))
    data: Mapped[dict[str, Any]]


class Block(Base):
    """A number that the hotline does not serve for a while (`ivr.nuisance`)."""

    __tablename__ = "blocks"
    __table_args__ = (
        # asked at every arrival; and a number has at most one
        sa.Index("uq_blocks_open", "number", unique=True, **_where("ended_at IS NULL")),
        sa.Index("ix_blocks_made", "made_at"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    #: E.164.
    number: Mapped[str] = mapped_column(sa.String(64))
    reason: Mapped[str] = mapped_column(sa.Text)
    author: Mapped[str] = mapped_column(sa.String(64))
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    #: When it was lifted; or, of one that ran out, its end, noted when the number is blocked anew.
    ended_at: Mapped[datetime | None]
    #: Who lifted it; NULL for one that ran out.
    ended_by: Mapped[str | None] = mapped_column(sa.String(64))


class BlockEvent(Base):
    """What was done to a block: `blocked`, `lifted`, `ran_out`. Append-only, but for a name and a
    number in a reason, which go when their owner is forgotten.
    """

    __tablename__ = "block_events"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    block_id: Mapped[int] = mapped_column(sa.ForeignKey("blocks.id"), index=True)
    at: Mapped[datetime]
    by: Mapped[str] = mapped_column(sa.String(64))
    kind: Mapped[str] = mapped_column(sa.String(16))
    data: Mapped[dict[str, Any]]


class Dismissal(Base):
    """A supervisor has looked: this number is no nuisance, for a while. Append-only."""

    __tablename__ = "nuisance_dismissals"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    #: E.164.
    number: Mapped[str] = mapped_column(sa.String(64))
    by: Mapped[str] = mapped_column(sa.String(64))
    at: Mapped[datetime]
    until: Mapped[datetime] = mapped_column(index=True)


class Callback(Base):
    """A promise to call somebody back (`ivr.callbacks.service`, `ivr.callbacks.rules`).

    It stands in the story of one call: the one in which it was asked for, or that was abandoned. A
    call that an agent makes to follow up a ticket (`ivr.callbacks.outgoing`) is a row of it, too:
    that of nobody else (`agent_id`), which ends with this one try, and no promise.
    """

    __tablename__ = "callbacks"
    __table_args__ = (
        # one request is one callback, and nobody is called back twice
        sa.Index(
            "uq_callbacks_pending_number",
            "number",
            unique=True,
            **_where(
                "state IN ('scheduled', 'in_line', 'dialling', 'paused') AND agent_id IS NULL"
            ),
        ),
        # two agents do not call the same number at once
        sa.Index(
            "uq_callbacks_called_number",
            "number",
            unique=True,
            **_where("state IN ('in_line', 'dialling') AND agent_id IS NOT NULL"),
        ),
        sa.Index(
            "uq_callbacks_pending_call",
            "call_id",
            unique=True,
            **_where("state IN ('scheduled', 'in_line', 'dialling', 'paused')"),
        ),
        sa.Index("ix_callbacks_due", "due_at", **_where("state IN ('scheduled', 'paused')")),
        sa.Index("ix_callbacks_open", "state", **_where("ended_at IS NULL")),
        sa.Index("ix_callbacks_promised_at", "promised_at"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    call_id: Mapped[int] = mapped_column(sa.ForeignKey("calls.id"), index=True)
    #: The place in the line; NULL only for somebody struck off the list without a callback.
    waiting_id: Mapped[int | None] = mapped_column(sa.ForeignKey("waiting.id"))
    #: The agent who calls, and no other; NULL for a promise, which is offered to whoever is free.
    agent_id: Mapped[int | None] = mapped_column(sa.BigInteger)
    #: Whom to ring, E.164.
    number: Mapped[str] = mapped_column(sa.String(64))
    queue: Mapped[str] = mapped_column(sa.String(64))
    language: Mapped[str] = mapped_column(sa.String(8))
    state: Mapped[str] = mapped_column(sa.String(12))
    promised_at: Mapped[datetime]
    #: The hour that was asked for; NULL for as soon as possible.
    wanted_at: Mapped[datetime | None]
    #: When the citizen was awake, as far as we know: the hour that they asked for, or when they
    #: were last heard. Near it they may be rung at any hour.
    awake_at: Mapped[datetime]
    #: Scheduled or paused: when it comes into the line.
    due_at: Mapped[datetime | None]
    #: Tries in vain so far.
    tries: Mapped[int]
    #: Who asked for it: an agent's username; NULL: the citizen.
    asked_by: Mapped[str | None] = mapped_column(sa.String(64))
    #: When it came to its end (reached, cancelled, taken over, done); by whom, and their word.
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str | None] = mapped_column(sa.String(64))
    word: Mapped[str | None] = mapped_column(sa.String(200))


class CallbackAttempt(Base):
    """One time that the citizen of a callback was rung, for an agent who waits on the line."""

    __tablename__ = "callback_attempts"
    __table_args__ = (
        # nobody is rung twice at once
        sa.Index(
            "uq_callback_attempts_open",
            "callback_id",
            unique=True,
            **_where("ended_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    callback_id: Mapped[int] = mapped_column(sa.ForeignKey("callbacks.id"))
    #: One offer rings the citizen once, however often its effect is carried out.
    offer_id: Mapped[int] = mapped_column(sa.ForeignKey("offers.id"), unique=True)
    begun_at: Mapped[datetime]
    #: The carrier's name of the call to the citizen; NULL until it is known.
    leg_sid: Mapped[str | None] = mapped_column(sa.String(64))
    answered_at: Mapped[datetime | None]
    #: Whether the conversation is recorded, and who answers is told so first.
    recorded: Mapped[bool] = mapped_column(server_default=sa.false())
    #: When the carrier was last asked whether it lives.
    checked_at: Mapped[datetime]
    #: When this call ended; and, of one that was not answered, why (`callback_rules.Missed`).
    ended_at: Mapped[datetime | None]
    result: Mapped[str | None] = mapped_column(sa.String(12))


# ---------------------------------------------------------------- quality


class QualityMark(Base):
    """A conversation (a call, and the agent who had it) as a supervisor marked it.

    A mark that is corrected is another row, `version` one more; the old one stays.
    """

    __tablename__ = "quality_marks"
    __table_args__ = (
        sa.UniqueConstraint("call_id", "agent_id", "version"),
        sa.Index("ix_quality_marks_agent_id", "agent_id", "published_at"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    call_id: Mapped[int] = mapped_column(sa.ForeignKey("calls.id"))
    agent_id: Mapped[int] = mapped_column(sa.ForeignKey("agents.id"))
    version: Mapped[int]
    #: `draft`, `published`; `replaced` by the next version.
    state: Mapped[str] = mapped_column(sa.String(12))
    #: The form with its texts and weights, as it was (`ivr.quality.rules.Form`).
    form: Mapped[dict[str, Any]]
    answers: Mapped[dict[str, Any]]
    note: Mapped[str] = mapped_column(sa.Text)
    #: Why the version before was corrected.
    reason: Mapped[str] = mapped_column(sa.String(500))
    #: Counts the changes of a draft.
    n: Mapped[int]
    marked_by: Mapped[int] = mapped_column(sa.ForeignKey("accounts.id"))
    made_at: Mapped[datetime]
    published_at: Mapped[datetime | None]


class QualityComment(Base):
    """What an agent says to a mark, and what is answered; append-only."""

    __tablename__ = "quality_comments"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    mark_id: Mapped[int] = mapped_column(sa.ForeignKey("quality_marks.id"), index=True)
    account_id: Mapped[int] = mapped_column(sa.ForeignKey("accounts.id"))
    at: Mapped[datetime]
    text: Mapped[str] = mapped_column(sa.Text)
