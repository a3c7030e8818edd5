"""Answers from a YAML file: a city's first ones, or those of another city.

```yaml
- title: {th: เวลาเก็บขยะ, en: Rubbish collection}
  text: {th: ..., en: ...}
  keywords: ขยะ ถังขยะ bin      # optional, as the rest
  category: garbage
  valid_until: 2027-09-30       # the last day on which it is given
```
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hotline import clock
from hotline.config import load_yaml
from hotline.errors import ConfigError, Fault
from hotline.floor import Floor
from tickets.answers import service
from tickets.answers.service import AnswerDraft
from tickets.config import Tickets
from tickets.models import Answer

#: What `hotline run` begins with on its embedded defaults.
PATTAYA = Path(__file__).parent / "pattaya.yaml"
#: Who wrote what came from a file.
BY = "import"
_KEYS = {"title", "text", "keywords", "category", "valid_until"}


def read(path: Path, config: Tickets, zone: ZoneInfo, now: datetime) -> list[AnswerDraft]:
    """The answers of a file; raises ConfigError with every fault in it."""
    content = load_yaml(path)
    if not isinstance(content, list) or not all(isinstance(each, dict) for each in content):
        raise ConfigError([Fault(str(path), "is not a list of answers")])
    drafts, faults = [], []
    for number, each in enumerate(content):
        draft, wrong = _draft(each, zone)
        found = service.faults(config, draft, now) if not wrong else {}
        wrong |= {name: text.rpartition(".")[2].replace("_", " ") for name, text in found.items()}
        faults += [Fault(f"{path}: {number}.{name}", text) for name, text in wrong.items()]
        drafts.append(draft)
    if faults:
        raise ConfigError(faults)
    return drafts


def _draft(content: Mapping[str, Any], zone: ZoneInfo) -> tuple[AnswerDraft, dict[str, str]]:
    wrong = {str(name): "no such key" for name in content if name not in _KEYS}
    words: dict[str, dict[str, str]] = {}
    for name in ("title", "text"):
        given = content.get(name)
        if not isinstance(given, dict):
            wrong[name] = "is not a text by language"
            given = {}
        words[name] = {str(code): str(text) for code, text in given.items()}
    until = content.get("valid_until")
    try:
        ends = clock.day_bounds(date.fromisoformat(str(until)), zone)[1] if until else None
    except ValueError:
        wrong["valid_until"], ends = f"{until} is not a date such as 2026-12-31", None
    keywords, category = str(content.get("keywords") or ""), content.get("category")
    draft = AnswerDraft(words["title"], words["text"], keywords, category and str(category), ends)
    return draft, wrong


def bring(
    session: Session,
    config: Tickets,
    drafts: list[AnswerDraft],
    *,
    now: datetime,
    dry: bool = False,
) -> tuple[int, int]:
    """Write those whose titles are not there yet; how many, and how many were there. `dry`: count
    only.
    """
    there = set(_titles(session))
    new = [each for each in drafts if not there & set(each.titles.items())]
    for draft in () if dry else new:
        service.write(session, config, draft, by=BY, now=now)
    return len(new), len(drafts) - len(new)


def _titles(session: Session) -> Iterator[tuple[str, str]]:
    for titles in session.scalars(sa.select(Answer.titles).where(Answer.withdrawn_at.is_(None))):
        yield from titles.items()


def seed(floor: Floor) -> None:
    """Begin with the shipped answers where nobody has written any, under a category that this city
    has.
    """
    config, now = floor.section(Tickets), clock.now()
    with floor.db.read() as session:
        if session.execute(sa.select(Answer.id).limit(1)).one_or_none() is not None:
            return
    known = {*config.categories, None}
    drafts = [_draft(each, floor.city.zone)[0] for each in load_yaml(PATTAYA)]
    fitting = [each if each.category in known else replace(each, category=None) for each in drafts]
    with floor.db.write() as session:
        bring(session, config, fitting, now=now)
