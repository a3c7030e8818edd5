"""Words that are offered for a message, by category, state and language: a row that may change, and
a row per change that may not. One that is withdrawn is offered no more.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.orm import Session

from tickets import facts
from tickets.config import Tickets
from tickets.errors import FaultyTemplate, NoSuchTemplate, TemplateChanged
from tickets.facts import Actor, TicketFacts
from tickets.life import messages, placeholders
from tickets.models import MessageTemplate, MessageTemplateEvent
from tickets.workflow import Role, State

LONGEST_TITLE: Final = 120
#: Who writes them: these all of them, a division's people those of its own categories.
WRITES_ALL: Final = frozenset({Role.SUPERVISOR, Role.ADMINISTRATOR})
#: A key of the words, and what they are filled with.
Words = tuple[str, dict[str, object]]


@dataclass(frozen=True)
class TemplateDraft:
    """A template as somebody writes it; no category, no state: for any."""

    category: str | None
    state: str | None
    language: str
    title: str
    text: str


@dataclass(frozen=True)
class TemplateFacts:
    """A template as it stands; `used` counts the messages that began with it."""

    id: int
    category: str | None
    state: State | None
    language: str
    title: str
    text: str
    used: int
    version: int
    author: str
    written_at: datetime
    withdrawn_at: datetime | None

    @property
    def draft(self) -> TemplateDraft:
        """What can be changed of it."""
        return TemplateDraft(self.category, self.state, self.language, self.title, self.text)


@dataclass(frozen=True)
class Change:
    """What was done to a template, by whom and when; `before` as `TemplateDraft`."""

    at: datetime
    by: str
    kind: str
    before: Mapping[str, Any]


def may_change(actor: Actor, config: Tickets, category: str | None) -> bool:
    """Say whether the actor writes the templates of a category (None: of any)."""
    if actor.role in WRITES_ALL:
        return True
    theirs = category is not None and config.division_of(category) in actor.divisions
    return actor.role is Role.DIVISION and theirs


def listing(session: Session) -> Sequence[TemplateFacts]:
    """Return those that are offered: by category and state, those for any first."""
    rows = session.scalars(
        sa.select(MessageTemplate)
        .where(MessageTemplate.withdrawn_at.is_(None))
        .order_by(
            sa.func.coalesce(MessageTemplate.category, ""),
            sa.func.coalesce(MessageTemplate.state, ""),
            MessageTemplate.language,
            MessageTemplate.id,
        )
    )
    return [_of(row) for row in rows]


def find(session: Session, template_id: int) -> TemplateFacts:
    """Return one, also one that is withdrawn; raises `NoSuchTemplate`."""
    row = session.get(MessageTemplate, template_id, populate_existing=True)
    if row is None:
        raise NoSuchTemplate
    return _of(row)


def history(session: Session, template_id: int) -> list[Change]:
    """Return what was done to one, the latest first."""
    rows = session.scalars(
        sa.select(MessageTemplateEvent)
        .where(MessageTemplateEvent.template_id == template_id)
        .order_by(MessageTemplateEvent.id.desc())
    )
    return [Change(row.at, row.by, row.kind, row.data.get("before", {})) for row in rows]


def offered(session: Session, ticket: TicketFacts, language: str) -> list[TemplateFacts]:
    """Return what is offered for a message about a ticket: what was written for its category and
    its state first, then for its category, for its state, for any; of those the most used first.
    """
    row = MessageTemplate
    found = session.scalars(
        sa.select(row).where(
            row.withdrawn_at.is_(None),
            row.language == language,
            sa.or_(row.category.is_(None), row.category == (ticket.category or "")),
            sa.or_(row.state.is_(None), row.state == ticket.state.value),
        )
    )
    return sorted((_of(each) for each in found), key=_rank)


def _rank(template: TemplateFacts) -> tuple[bool, bool, int, str, int]:
    return (
        template.category is None,
        template.state is None,
        -template.used,
        template.title,
        template.id,
    )


def faults(config: Tickets, draft: TemplateDraft) -> dict[str, list[Words]]:
    """Return what is wrong with a draft, by field: the words for it and, in its text, where."""
    found: dict[str, list[Words]] = {}
    if draft.category is not None and draft.category not in config.categories:
        found["category"] = [("tickets.error.unknown_category", {})]
    if draft.state is not None and draft.state not in list(State):
        found["state"] = [("tickets.template.no_state", {})]
    if not draft.title:
        found["title"] = [("tickets.template.no_title", {})]
    elif len(draft.title) > LONGEST_TITLE:
        found["title"] = [("tickets.template.long_title", {"longest": LONGEST_TITLE})]
    wrong: list[Words] = [
        (
            f"tickets.template.wrong.{each.wrong}",
            {"found": each.found, "line": each.line, "column": each.column},
        )
        for each in placeholders.faults(draft.text)
    ]
    if not draft.text:
        wrong = [("tickets.template.no_text", {})]
    elif len(draft.text) > messages.LONGEST:
        length = len(draft.text)
        wrong.append(("tickets.error.too_long", {"length": length, "longest": messages.LONGEST}))
    return found | ({"text": wrong} if wrong else {})


def write(
    session: Session, config: Tickets, draft: TemplateDraft, *, actor: Actor, now: datetime
) -> TemplateFacts:
    """Write a new one; raises `FaultyTemplate`, `NoSuchTemplate` for who may not."""
    draft = _checked(config, draft, actor)
    row = MessageTemplate(**asdict(draft), used=0, version=1, author=actor.username, written_at=now)
    session.add(row)
    session.flush()
    _note(session, row.id, "written", {}, actor, now)
    return _of(row)


def change(
    session: Session,
    config: Tickets,
    template_id: int,
    draft: TemplateDraft,
    *,
    version: int,
    actor: Actor,
    now: datetime,
) -> TemplateFacts:
    """Change one in the version that was seen; raises as `write`, and `TemplateChanged`."""
    before = _may(session, config, template_id, actor)
    draft = _checked(config, draft, actor)
    row = _set(session, template_id, version, asdict(draft))
    _note(session, template_id, "changed", {"before": asdict(before.draft)}, actor, now)
    return _of(row)


def withdraw(
    session: Session,
    config: Tickets,
    template_id: int,
    *,
    version: int,
    actor: Actor,
    now: datetime,
) -> None:
    """Have it offered no more; raises `NoSuchTemplate`, `TemplateChanged`."""
    before = _may(session, config, template_id, actor)
    _set(session, template_id, version, {"withdrawn_at": now})
    _note(session, template_id, "withdrawn", {"before": asdict(before.draft)}, actor, now)


def _may(session: Session, config: Tickets, template_id: int, actor: Actor) -> TemplateFacts:
    known = find(session, template_id)
    if not may_change(actor, config, known.category):
        raise NoSuchTemplate
    return known


def _checked(config: Tickets, draft: TemplateDraft, actor: Actor) -> TemplateDraft:
    draft = TemplateDraft(
        draft.category or None,
        draft.state or None,
        draft.language,
        facts.clean(draft.title),
        messages.as_read(draft.text),
    )
    wrong = faults(config, draft)
    if wrong:
        raise FaultyTemplate(wrong)
    if not may_change(actor, config, draft.category):
        raise FaultyTemplate({"category": [("tickets.template.not_your_category", {})]})
    return draft


def _set(
    session: Session, template_id: int, version: int, values: dict[str, Any]
) -> MessageTemplate:
    row = session.scalars(
        sa.update(MessageTemplate)
        .where(
            MessageTemplate.id == template_id,
            MessageTemplate.version == version,
            MessageTemplate.withdrawn_at.is_(None),
        )
        .values(**values, version=MessageTemplate.version + 1)
        .returning(MessageTemplate)
        .execution_options(synchronize_session=False, populate_existing=True)
    ).one_or_none()
    if row is None:
        raise TemplateChanged
    return row


def _note(
    session: Session, template_id: int, kind: str, data: dict[str, Any], actor: Actor, now: datetime
) -> None:
    session.add(
        MessageTemplateEvent(
            template_id=template_id, at=now, by=actor.username, kind=kind, data=data
        )
    )
    session.flush()


def _of(row: MessageTemplate) -> TemplateFacts:
    return TemplateFacts(
        id=row.id,
        category=row.category,
        state=None if row.state is None else State(row.state),
        language=row.language,
        title=row.title,
        text=row.text,
        used=row.used,
        version=row.version,
        author=row.author,
        written_at=row.written_at,
        withdrawn_at=row.withdrawn_at,
    )
