"""The verbs of answers.

An answer is a row that may change and a row per change that may not, as a bulletin is; one that is
withdrawn stays withdrawn. It is found in a process by an index in memory (`matching`), which is
brought up to date when the rows have changed: the same on either database, and a question costs
them one look at an index.
"""

import re
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from weakref import WeakKeyDictionary

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hotline.config import READER_LANGUAGES
from hotline.db import Database, database_of, insert_ignore
from tickets import facts
from tickets.answers.matching import Document, Index
from tickets.config import Tickets
from tickets.errors import AnswerChanged, FaultyAnswer, NoSuchAnswer
from tickets.models import Answer, AnswerEvent, AnswerUse

#: Languages that no answer can do without; any other falls back to the last of them.
REQUIRED = READER_LANGUAGES
FALLBACK = "en"
LONGEST_TITLE, LONGEST_TEXT, LONGEST_KEYWORDS = 150, 3000, 500
#: Answers that a search gives on the desk and on the list, and days in which uses are counted.
FOUND, LISTED, COUNTED_DAYS = 8, 50, 30
_LANGUAGE = re.compile(r"[a-z]{2,3}")


@dataclass(frozen=True, slots=True)
class AnswerDraft:
    """An answer as somebody writes it; `valid_until` is aware, None: until it is changed."""

    titles: Mapping[str, str]
    texts: Mapping[str, str]
    keywords: str = ""
    category: str | None = None
    valid_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class AnswerFacts:
    """An answer as it stands."""

    id: int
    titles: Mapping[str, str]
    texts: Mapping[str, str]
    keywords: str
    category: str | None
    valid_until: datetime | None
    author: str
    written_at: datetime
    version: int
    withdrawn_at: datetime | None

    def language_for(self, language: str) -> str:
        """In which language it is given to who speaks `language`."""
        return language if self.texts.get(language) else FALLBACK

    def title_for(self, language: str) -> str:
        """The title in `language`, else in English."""
        return self.titles.get(language) or self.titles[FALLBACK]

    def text_for(self, language: str) -> str:
        """The text in `language`, else in English."""
        return self.texts.get(language) or self.texts[FALLBACK]

    def state(self, now: datetime) -> str:
        """`valid`, `over` or `withdrawn`."""
        if self.withdrawn_at is not None:
            return "withdrawn"
        return "over" if self.valid_until is not None and self.valid_until <= now else "valid"


@dataclass(frozen=True, slots=True)
class ChangeFacts:
    """Something that was done to an answer: see `models.AnswerEvent`."""

    n: int
    at: datetime
    by: str
    kind: str
    data: Mapping[str, Any]


# ------------------------------------------------------------------ the verbs


def write(session: Session, config: Tickets, draft: AnswerDraft, *, by: str, now: datetime) -> int:
    """A new answer, found from now on; its id. Raises `FaultyAnswer`."""
    values = _checked(config, draft, now)
    row = Answer(**values, author=by, written_at=now, version=1, withdrawn_at=None)
    session.add(row)
    session.flush()
    _note(session, row.id, 1, "written", {}, by, now)
    return row.id


def change(
    session: Session,
    config: Tickets,
    answer_id: int,
    draft: AnswerDraft,
    *,
    version: int,
    by: str,
    now: datetime,
) -> None:
    """Say it otherwise. `version` is the one that was seen.

    Raises `FaultyAnswer`, `NoSuchAnswer`, and `AnswerChanged` when somebody was first or it is
    withdrawn.
    """
    values = _checked(config, draft, now)
    before = find(session, answer_id)
    _win(session, answer_id, version, **values)
    _note(session, answer_id, version + 1, "changed", _kept(before), by, now)


def withdraw(session: Session, answer_id: int, *, version: int, by: str, now: datetime) -> None:
    """Have it found no more. Raises as `change` does."""
    before = find(session, answer_id)
    _win(session, answer_id, version, withdrawn_at=now)
    _note(session, answer_id, version + 1, "withdrawn", _kept(before), by, now)


def note_use(session: Session, answer_id: int, call_id: int, *, now: datetime) -> bool:
    """Count that an answer was used in a call; False when that was counted already. Raises
    `NoSuchAnswer`.
    """
    find(session, answer_id)
    row = {"call_id": call_id, "answer_id": answer_id, "at": now}
    return insert_ignore(session, AnswerUse, row) is not None


def _win(session: Session, answer_id: int, version: int, **values: Any) -> None:
    row = session.execute(
        sa.update(Answer)
        .where(Answer.id == answer_id, Answer.version == version, Answer.withdrawn_at.is_(None))
        .values(version=version + 1, **values)
        .returning(Answer.id)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    if row is None:
        raise AnswerChanged


def _note(
    session: Session,
    answer_id: int,
    n: int,
    kind: str,
    data: Mapping[str, Any],
    by: str,
    now: datetime,
) -> None:
    session.execute(
        sa.insert(AnswerEvent).values(
            answer_id=answer_id, n=n, at=now, by=by, kind=kind, data=dict(data)
        )
    )


def _kept(before: AnswerFacts) -> dict[str, Any]:
    until = before.valid_until
    return {
        "before": {
            "titles": dict(before.titles),
            "texts": dict(before.texts),
            "keywords": before.keywords,
            "category": before.category,
            "valid_until": until.isoformat() if until else None,
        }
    }


# ------------------------------------------------------------------ what can be said


def faults(config: Tickets, draft: AnswerDraft, now: datetime) -> dict[str, str]:
    """What is wrong with a draft: field (`title.th`, `category`) → key of the words."""
    found: dict[str, str] = {}
    for language in dict.fromkeys((*REQUIRED, *draft.titles, *draft.texts)):
        found |= _wrong_words(language, draft)
    if len(draft.keywords) > LONGEST_KEYWORDS:
        found["keywords"] = "tickets.answer.too_long"
    if draft.category and draft.category not in config.categories:
        found["category"] = "tickets.answer.no_such_category"
    if draft.valid_until is not None and draft.valid_until <= now:
        found["valid_until"] = "tickets.answer.is_over"
    return found


def _wrong_words(language: str, draft: AnswerDraft) -> dict[str, str]:
    """A language that is not needed has title and text, or neither."""
    given = {
        "title": (facts.clean(draft.titles.get(language)), LONGEST_TITLE),
        "text": (facts.clean(draft.texts.get(language)), LONGEST_TEXT),
    }
    if language not in REQUIRED and not any(words for words, _ in given.values()):
        return {}
    found = {}
    for name, (words, longest) in given.items():
        if not words:
            found[f"{name}.{language}"] = "tickets.answer.missing"
        elif len(words) > longest:
            found[f"{name}.{language}"] = "tickets.answer.too_long"
    if not _LANGUAGE.fullmatch(language):
        found[f"title.{language}"] = "tickets.answer.no_such_language"
    return found


def _checked(config: Tickets, draft: AnswerDraft, now: datetime) -> dict[str, Any]:
    """The columns as they are kept; raises `FaultyAnswer`."""
    found = faults(config, draft, now)
    if found:
        raise FaultyAnswer(found)
    titles = {code: " ".join(facts.clean(text).split()) for code, text in draft.titles.items()}
    texts = {code: facts.clean(text) for code, text in draft.texts.items()}
    return {
        "titles": {code: text for code, text in titles.items() if text},
        "texts": {code: text for code, text in texts.items() if text},
        "keywords": facts.clean(draft.keywords),
        "category": draft.category or None,
        "valid_until": draft.valid_until,
    }


# ------------------------------------------------------------------ what there is


def find(session: Session, answer_id: int) -> AnswerFacts:
    """One answer; raises `NoSuchAnswer`."""
    row = session.execute(_ALL.where(Answer.id == answer_id)).one_or_none()
    if row is None:
        raise NoSuchAnswer(f"answer {answer_id}")
    return AnswerFacts(*row)


def listing(session: Session) -> list[AnswerFacts]:
    """Every answer that is not withdrawn, by its id."""
    rows = session.execute(_ALL.where(Answer.withdrawn_at.is_(None)).order_by(Answer.id))
    return [AnswerFacts(*row) for row in rows]


def history(session: Session, answer_id: int) -> list[ChangeFacts]:
    """What was done to an answer, in order."""
    rows = session.execute(
        sa.select(AnswerEvent.n, AnswerEvent.at, AnswerEvent.by, AnswerEvent.kind, AnswerEvent.data)
        .where(AnswerEvent.answer_id == answer_id)
        .order_by(AnswerEvent.n)
    )
    return [ChangeFacts(*row) for row in rows]


def uses(session: Session, now: datetime) -> dict[int, int]:
    """In how many calls of the last thirty days each answer was used."""
    since = now - timedelta(days=COUNTED_DAYS)
    rows = session.execute(
        sa.select(AnswerUse.answer_id, sa.func.count())
        .where(AnswerUse.at >= since)
        .group_by(AnswerUse.answer_id)
    )
    return {row.answer_id: row[1] for row in rows}


def most_used(
    session: Session, start: datetime, end: datetime, limit: int
) -> list[tuple[Mapping[str, str], int]]:
    """The titles (by language) of the answers that were used in most calls of [start, end) (aware),
    and in how many; also of those that are withdrawn by now.
    """
    number = sa.func.count()
    rows = session.execute(
        sa.select(Answer.titles, number)
        .join(AnswerUse, AnswerUse.answer_id == Answer.id)
        .where(AnswerUse.at >= start, AnswerUse.at < end)
        .group_by(Answer.id)
        .order_by(number.desc(), Answer.id)
        .limit(limit)
    )
    return [(row[0], row[1]) for row in rows]


def search(
    session: Session, question: str, now: datetime, *, limit: int = FOUND
) -> list[AnswerFacts]:
    """What answers the question, the best first; nothing that is over or withdrawn."""
    found = _known(session).search(session, question, now)[:limit]
    rows = session.execute(_ALL.where(Answer.id.in_(found)))
    by_id = {row.id: AnswerFacts(*row) for row in rows}
    return [by_id[each] for each in found if each in by_id]


_COLUMNS = (
    Answer.id,
    Answer.titles,
    Answer.texts,
    Answer.keywords,
    Answer.category,
    Answer.valid_until,
    Answer.author,
    Answer.written_at,
    Answer.version,
    Answer.withdrawn_at,
)
_ALL = sa.select(*_COLUMNS)


# ------------------------------------------------------------------ the index


@dataclass
class _Known:
    """The index of one database's answers, as far as this process has read them."""

    index: Index = field(default_factory=Index)
    versions: dict[int, int] = field(default_factory=dict)
    ends: dict[int, datetime] = field(default_factory=dict)
    stamp: tuple[int, int] = (0, 0)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def search(self, session: Session, question: str, now: datetime) -> Sequence[int]:
        with self.lock:
            self._read(session)
            found = self.index.search(question, limit=len(self.index))
        return [each for each in found if each not in self.ends or self.ends[each] > now]

    def _read(self, session: Session) -> None:
        # Versions only grow: whatever was written, in whatever order it was committed, the sum is
        # another one.
        count, total = session.execute(_STAMP).one()
        if (count, total) == self.stamp:
            return
        now_there = {row.id: row.version for row in session.execute(_VERSIONS)}
        changed = [each for each, n in now_there.items() if self.versions.get(each) != n]
        for begin in range(0, len(changed), 500):
            rows = session.execute(_ALL.where(Answer.id.in_(changed[begin : begin + 500])))
            for row in rows:
                self._take(AnswerFacts(*row))
        self.versions, self.stamp = now_there, (count, total)

    def _take(self, answer: AnswerFacts) -> None:
        self.ends.pop(answer.id, None)
        if answer.withdrawn_at is not None:
            self.index.remove(answer.id)
            return
        if answer.valid_until is not None:
            self.ends[answer.id] = answer.valid_until
        titles, texts = " ".join(answer.titles.values()), " ".join(answer.texts.values())
        self.index.add([Document(answer.id, titles, answer.keywords, texts)])


_STAMP = sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(Answer.version), 0))
_VERSIONS = sa.select(Answer.id, Answer.version)
_every: "WeakKeyDictionary[Database, _Known]" = WeakKeyDictionary()
_every_lock = threading.Lock()


def _known(session: Session) -> _Known:
    with _every_lock:
        return _every.setdefault(database_of(session), _Known())
