"""Tickets by what is written in them, the newest first, fast however many there are.

Three steps, each only if the one before has not filled the page:

1. the newest `WALKED` tickets of the list are read one by one: a common word fills the page there;
2. the rest is asked of the trigrams, which are good at what is not common;
3. what trigrams cannot find (one or two signs, or a server without them) is asked of the blocks in
   which all its signs occur (PostgreSQL), or of the terms that begin with it (SQLite).

Whatever finds a ticket, it is compared word by word in the end, so that all ways find the same.
"""

import itertools
import sys
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session

from tickets.inbox import index
from tickets.inbox.wanted import Wanted, hides_numbers
from tickets.models import Ticket, TicketGram, TicketSearch

#: How many of a list are read before the index is asked; SQLite reads them all before it compares
#: the first, so that it is asked for few of them at first.
FIRST, WALKED = 200, 3000
TRIGRAM = 3
#: Of so many of the newest ids at most, and at least, the trigrams are asked first.
WINDOW, NARROW = 128_000, 4_096
#: Of so many words the trigrams are asked: each doubles the questions, and all are compared anyway.
_MOST_ASKED = 3
#: More terms that begin with what is wanted are not put into one question; who reads on finds it.
_MOST_TERMS = 400
#: So many of what the trigrams name are compared at once.
_AT_ONCE = 2000
_QUOTE = '"'
#: Blocks that are read at once, at first and at most.
_BLOCKS, _MOST_BLOCKS = 8, 32

Condition = sa.ColumnElement[bool]


@dataclass(frozen=True)
class Asked:
    """What is looked for, and in which tickets: `where` are conditions on `Ticket`, `sees` whose
    caller the reader may see.
    """

    wanted: Wanted
    where: Sequence[Condition]
    sees: Condition

    @property
    def callers(self) -> bool:
        """Whether the reader sees anybody's caller."""
        return not isinstance(self.sees, sa.False_)


def newest(session: Session, asked: Asked, *, before: int | None, limit: int) -> list[int]:
    """Return the ids of the newest tickets that have all the words, older than `before`."""
    found: list[int] = []
    for many in (FIRST, WALKED):
        found = list(session.scalars(_walk(asked, before, min(many, WALKED)).limit(limit)))
        if len(found) == limit:
            return found
    edge = _edge(session, asked, before)
    if edge is None:
        return found
    return found + _older(session, asked, edge, _reach(found, edge, limit), limit - len(found))


def _reach(found: Sequence[int], edge: int, limit: int) -> int:
    """In how many ids before `edge` the rest of the page probably is: thrice as many as it would be
    in if they were as many there as among the newest.
    """
    if not found:
        return WINDOW
    ids_for_each = (found[0] - edge) / len(found)
    return min(WINDOW, max(NARROW, int(3 * ids_for_each * (limit - len(found)))))


def _listed(asked: Asked, before: int | None) -> sa.Select[int, bool]:
    query = sa.select(Ticket.id, asked.sees.label("sees")).where(*asked.where)
    query = query.order_by(Ticket.id.desc())
    return query if before is None else query.where(Ticket.id < before)


def _walk(asked: Asked, before: int | None, many: int) -> sa.Select[int]:
    """The ids of the newest `many` of a list, of which each is compared until there are enough."""
    newest = _listed(asked, before).limit(many).subquery("newest")
    return (
        sa.select(newest.c.id)
        .join(TicketSearch, TicketSearch.ticket_id == newest.c.id)
        .where(*_all_words(asked, newest.c.sees))
        .order_by(newest.c.id.desc())
    )


def _edge(session: Session, asked: Asked, before: int | None) -> int | None:
    """The id of the last that was walked by; None when the list is no longer than that."""
    last: int | None = session.scalar(_listed(asked, before).offset(WALKED - 1).limit(1))
    return last


def _matching(asked: Asked, before: int) -> sa.Select[int]:
    """All ids before `before`, of which each is compared."""
    return (
        sa.select(Ticket.id)
        .join(TicketSearch, TicketSearch.ticket_id == Ticket.id)
        .where(Ticket.id < before, *asked.where, *_all_words(asked, asked.sees))
        .order_by(Ticket.id.desc())
    )


def _all_words(asked: Asked, sees: Condition) -> Iterator[Condition]:
    for word, of_caller in zip(asked.wanted.words, asked.wanted.callers, strict=True):
        said = _has(TicketSearch.words, word)
        if hides_numbers(word):
            # a telephone number that somebody reads masked is not to be found out figure by figure
            said = sa.and_(sees, said)
        known = sa.and_(sees, _has(TicketSearch.who, of_caller))
        yield sa.or_(said, known) if asked.callers else said


def _has(column: sa.orm.InstrumentedAttribute[str], word: str) -> Condition:
    """LIKE '%word%' without its special signs, and not to be taken by an index."""
    return _Instr(column, sa.literal(word, sa.Text)) > 0


class _Instr(sa.sql.functions.GenericFunction[int]):
    """Where one text begins in another, from 1; 0: nowhere."""

    type = sa.Integer()
    name = "strpos"
    inherit_cache = True
    _register = False


@compiles(_Instr, "sqlite")
def _instr(element: _Instr, compiler: sa.sql.compiler.SQLCompiler, **options: object) -> str:
    return f"instr({compiler.process(element.clauses, **options)})"


# ------------------------------------------------------------------ what is older


def _older(session: Session, asked: Asked, before: int, reach: int, limit: int) -> list[int]:
    connection = session.connection()
    trigrams = index.ways(connection).trigrams
    if connection.dialect.name == "sqlite":
        return (
            _of_fts(session, asked, before, limit)
            if trigrams
            else _read_on(session, asked, before, limit)
        )
    if trigrams and any(map(_has_trigrams, _needles(asked))):
        return _of_trigrams(session, asked, before, reach, limit)
    return _of_blocks(session, asked, before, limit)


def _read_on(session: Session, asked: Asked, before: int, limit: int) -> list[int]:
    return list(session.scalars(_matching(asked, before).limit(limit)))


def _needles(asked: Asked) -> Iterator[Sequence[str]]:
    """Each word in the spellings in which it may stand."""
    for word, of_caller in zip(asked.wanted.words, asked.wanted.callers, strict=True):
        yield tuple(dict.fromkeys((word, of_caller))) if asked.callers else (word,)


def _has_trigrams(needles: Sequence[str]) -> bool:
    """Whether PostgreSQL's trigrams help with a word: three letters or figures in a row."""

    def helps(word: str) -> bool:
        run = 0
        for sign in word:
            run = run + 1 if unicodedata.category(sign)[0] in "LNM" else 0
            if run >= TRIGRAM:
                return True
        return False

    return all(map(helps, needles))


def _of_trigrams(session: Session, asked: Asked, before: int, reach: int, limit: int) -> list[int]:
    """Those of PostgreSQL's trigram index: of the newest `reach` ids, of the newest `WINDOW`, and
    of the rest only if these do not fill the page. What the index names must be read to be
    compared, which for a word that is neither common nor rare is most of the time; and the newest
    are enough of it.
    """
    found: list[int] = []
    edge = before
    for many in sorted({reach, WINDOW}):
        last, edge = edge, max(0, before - many)
        found += _hits(session, asked, edge, last, limit - len(found))
        if len(found) == limit or not edge:
            return found
    # a list of what is open has few that are older
    rest = _listed(asked, edge).limit(WALKED + 1).subquery("rest")
    few = session.scalar(sa.select(sa.func.count()).select_from(rest)) or 0
    if few <= WALKED:
        walk = _walk(asked, edge, WALKED).limit(limit - len(found)) if few else None
        return found if walk is None else found + list(session.scalars(walk))
    return found + _hits(session, asked, 0, edge, limit - len(found))


def _hits(session: Session, asked: Asked, first: int, before: int, limit: int) -> list[int]:
    """Those from `first` up to `before` that the trigrams find, of which each is compared."""
    id_ = TicketSearch.ticket_id
    among = [id_ < before, *([id_ >= first] if first else [])]
    # each way by itself, in which all words stand in one column: so the index looks for them at
    # once, and does not name the many that have the commonest of them
    ways = [sa.select(id_).where(*each, *among) for each in itertools.product(*_likes(asked))]
    named = ways[0] if len(ways) == 1 else sa.union(*ways)
    with _only_bitmaps(session):
        hits = sorted(session.scalars(named), reverse=True)
    found: list[int] = []
    for start in range(0, len(hits), _AT_ONCE):
        some = _among(asked, hits[start : start + _AT_ONCE], before).limit(limit - len(found))
        found += session.scalars(some)
        if len(found) == limit:
            break
    return found


def _likes(asked: Asked) -> Iterator[list[Condition]]:
    """Of the longest words with trigrams, where each may stand: in the words, or in who it is."""
    helping = [needles for needles in _needles(asked) if _has_trigrams(needles)]
    for word, *rest in sorted(helping, key=lambda each: -len(each[0]))[:_MOST_ASKED]:
        of_words = TicketSearch.words.contains(word, autoescape=True)
        of_who = TicketSearch.who.contains(rest[0] if rest else word, autoescape=True)
        yield [of_words, of_who] if asked.callers else [of_words]


@contextmanager
def _only_bitmaps(session: Session) -> Iterator[None]:
    """The planner must not read all rows instead, or all of a range of ids: that a word is not
    common is known here, and not there.
    """
    for scan in ("seqscan", "indexscan"):
        session.execute(sa.text(f"SET LOCAL enable_{scan} = off"))
    try:
        yield
    finally:
        for scan in ("seqscan", "indexscan"):
            session.execute(sa.text(f"SET LOCAL enable_{scan} = on"))


def _of_blocks(session: Session, asked: Asked, before: int, limit: int) -> list[int]:
    """Those of the blocks in which every two signs of a word occur, the newest block first."""
    found: list[int] = []
    step, next_block = _BLOCKS, before // index.BLOCK
    while len(found) < limit:
        blocks = list(
            session.scalars(_blocks(asked, next_block).order_by(sa.desc("block")).limit(step))
        )
        if blocks:
            found += session.scalars(_in_blocks(asked, blocks, before).limit(limit - len(found)))
        if len(blocks) < step:
            break
        next_block, step = blocks[-1] - 1, min(2 * step, _MOST_BLOCKS)
    return found


def _blocks(asked: Asked, last: int) -> sa.Select[int]:
    """The blocks up to `last` that may have all the words."""
    of_words = [
        sa.union(*(sa.intersect(*map(_blocks_with, grams)) for grams in map(_grams, needles)))
        for needles in _needles(asked)
    ]
    both = sa.intersect(*of_words).subquery("blocks")
    return sa.select(both.c.block).where(both.c.block <= last).distinct()


def _grams(word: str) -> list[str]:
    return [word] if len(word) == 1 else list(dict.fromkeys(map(str.__add__, word, word[1:])))


def _blocks_with(gram: str) -> sa.Select[int]:
    return sa.select(TicketGram.block).where(TicketGram.gram == gram)


def _in_blocks(asked: Asked, blocks: Sequence[int], before: int) -> sa.Select[int]:
    # every id by itself: of ranges the planner expects a tenth of the table each
    ids = [id_ for b in blocks for id_ in range(b * index.BLOCK, (b + 1) * index.BLOCK)]
    return _among(asked, ids, before)


def _among(asked: Asked, ids: Sequence[int], before: int) -> sa.Select[int]:
    """Those of some ids, of which each is compared, the newest first."""
    each = sa.literal(list(ids), sa.ARRAY(sa.BigInteger))
    return (
        sa.select(Ticket.id)
        .join(TicketSearch, TicketSearch.ticket_id == Ticket.id)
        .where(TicketSearch.ticket_id == sa.func.any(each))
        .where(Ticket.id < before, *asked.where, *_all_words(asked, asked.sees))
        .order_by(Ticket.id.desc())
    )


def _of_fts(session: Session, asked: Asked, before: int, limit: int) -> list[int]:
    """Those of SQLite's trigram index, which are in the order of their ids."""
    question = _question(session, asked)
    if question is None:
        return _read_on(session, asked, before, limit)
    fts = sa.table("ticket_search_fts", sa.column("rowid", sa.Integer))
    id_ = fts.c.rowid
    has_all = sa.exists().where(
        Ticket.id == id_,
        TicketSearch.ticket_id == id_,
        *asked.where,
        *_all_words(asked, asked.sees),
    )
    query = (
        sa.select(id_)
        .where(sa.literal_column("ticket_search_fts").op("MATCH")(question), id_ < before, has_all)
        .order_by(id_.desc())
        .limit(limit)
    )
    return list(session.scalars(query)) if question else []


def _question(session: Session, asked: Asked) -> str | None:
    """What FTS5 is asked: empty when no ticket can have it, None when reading on is as good."""
    column = "" if asked.callers else "words : "
    parts = []
    for needles in _needles(asked):
        terms = [term for needle in needles for term in _terms(session, needle)]
        if not terms:
            return ""
        if len(terms) <= _MOST_TERMS:
            quoted = (f'"{term.replace(_QUOTE, _QUOTE * 2)}"' for term in terms)
            parts.append(f"{column}({' OR '.join(quoted)})")
    return " AND ".join(parts) or None


def _terms(session: Session, needle: str) -> list[str]:
    """The word itself, or the terms of the index that begin with one or two signs."""
    if len(needle) >= TRIGRAM:
        return [needle]
    term = sa.table("ticket_search_terms", sa.column("term", sa.Text)).c.term
    query = sa.select(term).where(term >= needle).order_by(term).limit(_MOST_TERMS + 1)
    if (above := _next_sign(needle[-1])) is not None:
        query = query.where(term < needle[:-1] + above)
    return list(session.scalars(query))


def _next_sign(sign: str) -> str | None:
    """The sign after another; those between are halves of others, and stand in no text."""
    code = ord(sign) + 1
    if code > sys.maxunicode:
        return None
    return chr(0xE000) if 0xD800 <= code < 0xE000 else chr(code)
