"""Tickets by what is written in them, the newest first, fast however many there are.

Steps, each only if the one before has not filled the page:

1. the newest `WALKED` tickets of the list are read one by one: a common word fills the page there;
   on PostgreSQL so are those after them, if the page is probably full within `FURTHER` ids;
2. the rest is asked of the trigrams, which are good at what is not common; on PostgreSQL it is read
   as well where that costs less than what they would name, and the page or the list ends there;
3. what trigrams cannot find (one or two signs, or a server without them) is asked of the blocks in
   which all its signs occur (PostgreSQL), or of the terms that begin with it (SQLite).

Whatever finds a ticket, it is compared word by word in the end, so that all ways find the same.
"""

import itertools
import sys
import unicodedata
from collections.abc import Callable, Iterator, Sequence
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
#: So many ids further are read as well, if the page is probably full then: a microsecond each.
#: What the index names costs seven; of a million it names ten thousand for a word not very rare.
FURTHER = 100_000
#: What is asked of the index is looked for in so many tickets first, to know how much it will name:
#: it names two to seven for each that has it, and each costs as much as reading on by `_DEARER`.
SAMPLED, _NAMES, _DEARER = 1000, 4, 7
#: Of so many words the trigrams are asked: each doubles the questions, and all are compared anyway.
#: A word that so many of `SAMPLED` tickets have is no question beside one in the other column.
_MOST_ASKED, _COMMON = 3, 50
#: More terms that begin with what is wanted are not put into one question; who reads on finds it.
_MOST_TERMS = 400
#: So many of what the trigrams name are compared at once.
_AT_ONCE = 2000
_QUOTE = '"'
#: Marks that are letters to PostgreSQL: the vowels above and below a Thai consonant.
_VOWELS = frozenset("\u0e31\u0e34\u0e35\u0e36\u0e37\u0e38\u0e39\u0e3a\u0e4d")
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
    found = list(session.scalars(_walk(asked, before, min(FIRST, WALKED)).limit(limit)))
    if len(found) == limit:
        return found
    top, edge = _edges(session, asked, before)
    sqlite = session.get_bind().dialect.name == "sqlite"
    walk = _walk(asked, before, WALKED) if edge is None or sqlite else _down_to(asked, edge, before)
    found = list(session.scalars(walk.limit(limit)))
    if edge is None or len(found) == limit:
        return found
    left = limit - len(found)
    reach = _reach(len(found), top - edge, edge, left)
    return found + _older(session, asked, edge, reach, left)


def _reach(found: int, ids: int, before: int, limit: int) -> int:
    """In how many ids before `before` the next `limit` are, half as many again as if they were as
    many there as in the `ids` above, where `found` were; in all, if none was.
    """
    return min(before, int(1.5 * limit * ids / found)) if found else before


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


def _edges(session: Session, asked: Asked, before: int | None) -> tuple[int, int | None]:
    """The ids of the first and the last that are walked by; None when the list is no longer."""
    newest = _listed(asked, before).limit(WALKED).subquery("newest")
    id_ = newest.c.id
    first, last, many = session.execute(
        sa.select(sa.func.max(id_), sa.func.min(id_), sa.func.count())
    ).one()
    return first or 0, last if many == WALKED else None


def _down_to(asked: Asked, edge: int, before: int | None) -> sa.Select[int]:
    """All ids from `edge` on, each compared. PostgreSQL reads both tables side by side, in place of
    looking up one row for each of the other: a twentieth of the blocks.
    """
    id_ = TicketSearch.ticket_id
    among = [id_ >= edge, Ticket.id >= edge]
    if before is not None:
        among.append(id_ < before)
    return _matching(asked, before).where(*among)


def _matching(asked: Asked, before: int | None) -> sa.Select[int]:
    """All ids before `before`, of which each is compared."""
    return (
        sa.select(Ticket.id)
        .join(TicketSearch, TicketSearch.ticket_id == Ticket.id)
        .where(*([] if before is None else [Ticket.id < before]))
        .where(*asked.where, *_all_words(asked, asked.sees))
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
    return all(
        _in_a_row(word, lambda sign: unicodedata.category(sign)[0] in "LNM") for word in needles
    )


def _has_whole_trigrams(needles: Sequence[str]) -> bool:
    """Whether three of its signs in a row are letters to PostgreSQL too, to which a tone mark ends
    a word: of "ล้ม" it knows no more than that something ends with ล and something begins with ม.
    """
    return all(_in_a_row(word, _is_letter) for word in needles)


def _in_a_row(word: str, counts: Callable[[str], bool]) -> bool:
    runs = itertools.groupby(map(counts, word))
    return any(good and len(list(run)) >= TRIGRAM for good, run in runs)


def _is_letter(sign: str) -> bool:
    return unicodedata.category(sign)[0] in "LN" or sign in _VOWELS


def _of_trigrams(session: Session, asked: Asked, before: int, reach: int, limit: int) -> list[int]:
    """Those of PostgreSQL's trigram index, which is asked once, and of all that there is: it reads
    its lists from end to end also for a part of the ids. So what is found by reading on for less is
    not its business: a page that is full within `reach`, a list that ends not far from here. How
    much it names is a guess: of Thai words with marks up to forty times as many as have them.
    """
    near = before - reach
    if reach > FURTHER:
        if _is_few(session, asked, before):
            return _walked(session, asked, before, limit)
        ways, named = _questions(session, asked, before)
        # to read as far costs what the index does, or little, where anything was found at all
        worth = max(0, before - max(FURTHER if near else 0, _DEARER * named))
        if near < worth and not _is_few(session, asked, worth):
            return _hits(session, asked, before, ways, limit)
        near = max(near, worth)
    found = list(session.scalars(_down_to(asked, near, before).limit(limit)))
    if len(found) == limit or not near:
        return found
    limit -= len(found)
    # a list of what is open has few that are older
    if _is_few(session, asked, near):
        return found + _walked(session, asked, near, limit)
    # a page that was almost full is so a little further on
    further = _reach(len(found), before - near, near, limit)
    return found + _of_trigrams(session, asked, near, further, limit)


def _is_few(session: Session, asked: Asked, before: int) -> bool:
    """Whether what is left of the list can be read one by one."""
    rest = _listed(asked, before).limit(WALKED + 1).subquery("rest")
    return (session.scalar(sa.select(sa.func.count()).select_from(rest)) or 0) <= WALKED


def _walked(session: Session, asked: Asked, before: int, limit: int) -> list[int]:
    return list(session.scalars(_walk(asked, before, WALKED).limit(limit)))


def _hits(
    session: Session, asked: Asked, before: int, ways: Sequence[Sequence[Condition]], limit: int
) -> list[int]:
    """Those before `before` that the trigrams find, of which each is compared."""
    id_ = TicketSearch.ticket_id
    # what the index names is read to be compared with its word, and so with all of them
    all_ = [sa.or_(*_somewhere(asked, needles)) for needles in _needles(asked)]
    each = [sa.select(id_).where(*likes, id_ < before, *all_) for likes in ways]
    named = each[0] if len(each) == 1 else sa.union(*each)
    with _only_bitmaps(session):
        hits = sorted(session.scalars(named), reverse=True)
    found: list[int] = []
    for start in range(0, len(hits), _AT_ONCE):
        some = _among(asked, hits[start : start + _AT_ONCE], before).limit(limit - len(found))
        found += session.scalars(some)
        if len(found) == limit:
            break
    return found


@dataclass(frozen=True)
class _Like:
    """A word in a column, as the index is asked for it; which of the sampled tickets have it."""

    column: str
    condition: Condition
    having: frozenset[int]

    @property
    def times(self) -> int:
        return len(self.having)


def _questions(session: Session, asked: Asked, before: int) -> tuple[list[list[Condition]], int]:
    """Each way in which the longest words with trigrams may stand in the two columns, and how many
    tickets the index will name for them, going by the newest.

    Where all stand in one, the index looks for them at once, and names none of the many that have
    only the commonest. Of two columns it would name all of those first: so it is not asked for a
    common word beside a rare one in the other.
    """
    helping = [needles for needles in _needles(asked) if _has_trigrams(needles)]
    # beside one that it knows whole it is not asked for one of which it would name ten thousands
    helping = list(filter(_has_whole_trigrams, helping)) or helping
    helping = sorted(helping, key=lambda each: -len(each[0]))[:_MOST_ASKED]
    ways, named = [], 0
    for way in itertools.product(*_likes(session, asked, helping, before)):
        least = min(like.times for like in way)
        one_column = len({like.column for like in way}) == 1
        put = [like for like in way if one_column or like.times < _COMMON or like.times == least]
        ways.append([like.condition for like in put])
        named += len(frozenset.intersection(*(like.having for like in put)))
    return ways, _NAMES * max(named, 1) * before // SAMPLED


def _likes(
    session: Session, asked: Asked, helping: Sequence[Sequence[str]], before: int
) -> list[list[_Like]]:
    """Of each word where it may stand: in the words, or in who it is."""
    newest = sa.select(TicketSearch).where(TicketSearch.ticket_id < before)
    newest = newest.order_by(TicketSearch.ticket_id.desc()).limit(SAMPLED)
    row = sa.orm.aliased(TicketSearch, newest.subquery("newest"))
    places = [place for needles in helping for place in _somewhere(asked, needles, row)]
    rows = session.execute(sa.select(*places).select_from(row)).all()
    columns = [[each[n] for each in rows] for n in range(len(places))]
    having = (frozenset(at for at, has in enumerate(column) if has) for column in columns)
    likes = []
    for needles in helping:
        words, who = TicketSearch.words, TicketSearch.who
        of = [_Like("words", words.contains(needles[0], autoescape=True), next(having))]
        if asked.callers:
            of.append(_Like("who", who.contains(needles[-1], autoescape=True), next(having)))
        likes.append(of)
    return likes


def _somewhere(
    asked: Asked, needles: Sequence[str], row: type[TicketSearch] = TicketSearch
) -> Iterator[Condition]:
    """The same, not to be taken by an index."""
    yield _has(row.words, needles[0])
    if asked.callers:
        yield _has(row.who, needles[-1])


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
