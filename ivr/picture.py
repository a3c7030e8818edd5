"""The flow for the people who decide about it: what each node is, what it says first, and where
each key, silence and each failure leads. `ivr.drawing` makes a picture of it; here it is also
written as a tree of lines that can be read aloud.

Pure: the configuration and the words of the reader's language go in, text comes out.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from hotline.config import Calendar
from ivr.config import Ivr
from ivr.nodes import (
    Bulletin,
    Callback,
    Emergency,
    Goto,
    Hangup,
    Hours,
    LanguageChoice,
    Menu,
    Node,
    Recall,
    Refusal,
    Say,
    Survey,
    TicketStatus,
    ToQueue,
    Transfer,
    Voicemail,
)
from ivr.nodes.base import PERSON, Exit
from ivr.speech import prompts
from ivr.speech.prompts import Clip

#: The words of the reader's language, by their key: `t("ivr.flow.silence")`.
Say_ = Callable[..., str]

#: The city's calendars by name, whose titles are shown.
Calendars = Mapping[str, Calendar]
NO_CALENDARS: Calendars = MappingProxyType({})

#: What a node is to somebody who looks from afar: the colour of its box.
FAMILIES: dict[type[Node], str] = {
    **dict.fromkeys((LanguageChoice, Menu, Recall, TicketStatus, Callback, Survey), "asks"),
    **dict.fromkeys((Say, Goto, Hours, Bulletin), "passes"),
    ToQueue: "people",
    Emergency: "emergency",
    Transfer: "outside",
    **dict.fromkeys((Voicemail, Refusal, Hangup), "ends"),
}
#: How the call ends, or goes on, where no key decides.
_ENDINGS: dict[type[Node], str] = {
    TicketStatus: "ticket_told",
    Voicemail: "kept",
    ToQueue: "answered",
    Transfer: "reached",
    Emergency: "reached",
    Hangup: "ends_call",
}
#: Exits that need no word: the call simply goes on.
_ONWARDS = "next"
_MINUTE = 60
_PLACE = re.compile(r"\{\w+\}")


@dataclass(frozen=True, slots=True)
class Way:
    """A way out of a node: the keys that lead there and what else does; `to`: None where the call
    stays or ends, which `says` then tells.
    """

    keys: tuple[str, ...]
    words: tuple[str, ...]
    to: str | None
    silent: bool = False
    says: str = ""


@dataclass(frozen=True, slots=True)
class Box:
    """A node. `name`: what config.yaml calls it; `title`: what people do, where it has one;
    `detail`: the queue, the number or the calendar that it is about. `entries`: how a call comes
    here that was at no node before.
    """

    name: str
    family: str
    kind: str
    title: str
    detail: str
    says: str
    entries: tuple[str, ...]
    ways: tuple[Way, ...]


def boxes(
    config: Ivr, language: str, t: Say_, calendars: Calendars = NO_CALENDARS
) -> dict[str, Box]:
    """All nodes of the flow by name, in the order of the file. `language`: of the prompts."""
    entries = _entries(config, t)
    return {
        name: Box(
            name,
            FAMILIES[type(node)],
            t(f"ivr.flow.kind_{node.kind}"),
            "" if (title := config.title_of(name)) is None else title.for_(t("ivr.flow.reads")),
            _detail(config, node, calendars, t),
            _says(config, node, language),
            tuple(entries.get(name, ())),
            tuple(_ways(config, name, t)),
        )
        for name, node in config.flow.items()
    }


def called(name: str) -> str:
    """A node's name as people say it."""
    return name.replace("_", " ")


# ---------------------------------------------------------------- what a node is


def _detail(config: Ivr, node: Node, calendars: Calendars, t: Say_) -> str:
    match node:
        case ToQueue() if node.title is not None:
            return config.queues[node.queue].title.for_(t("ivr.flow.reads"))
        case Transfer():
            return node.number
        case Hours() if node.calendar in calendars:
            return calendars[node.calendar].title.for_(t("ivr.flow.reads"))
        case Hours():
            return node.calendar
    return ""


def _says(config: Ivr, node: Node, language: str) -> str:
    """What the node says, without the values of its places."""
    named = next(iter(node.prompts()), None)
    if named is None:
        return ""
    said = [
        f"♪ {part.play}" if isinstance(part, Clip) else part
        for part in prompts.parts(config.prompts[named[1]][language])
    ]
    return _PLACE.sub("…", " ".join(said))


def _entries(config: Ivr, t: Say_) -> dict[str, list[str]]:
    """How calls begin, and how they come out of the waiting room: node → words."""
    found: dict[str, list[str]] = {}
    for name in ("start", "refusal", "recall"):
        if to := getattr(config, name):
            found.setdefault(to, []).append(t(f"ivr.flow.enters_{name}"))
    if config.after_call is not None:
        found.setdefault(config.after_call.node, []).append(t("ivr.flow.enters_after_call"))
    for key, way in config.waiting.keys.items():
        found.setdefault(way.to, []).append(t("ivr.flow.enters_waiting", digit=key))
    return found


# ---------------------------------------------------------------- where it leads


def _ways(config: Ivr, name: str, t: Say_) -> Iterator[Way]:
    """The ways out, those to one node together; then what ends the call or keeps it here."""
    node = config.flow[name]
    silence = config.graph.silent_ways(name) if node.asks else ()
    by_target: dict[str, tuple[list[str], list[str]]] = {}
    for way in config.graph.ways(name):
        if way.path == PERSON:  # 0 is the same everywhere: the legend tells it
            continue
        keys, words = by_target.setdefault(way.to, ([], []))
        found = _keys(node, way)
        keys += [each for each in found if each not in keys]
        word = _word(config, node, way, t)
        if word and word not in words:
            words.append(word)
    for to in silence:
        by_target.setdefault(to, ([], []))[1].append(t("ivr.flow.silence"))
    for to, (keys, words) in by_target.items():
        yield Way(tuple(keys), tuple(words), to, silent=to in silence)
    yield from _ends(node, t)


def _keys(node: Node, way: Exit) -> list[str]:
    """The keys that lead this way."""
    where, _, key = way.path.rpartition(".")
    match node:
        case LanguageChoice() if way.path == _ONWARDS:
            return [*node.keys]
        case TicketStatus():
            return ["1"]
        case Callback():
            return ["*"]
        case Refusal():
            return [node.key]
    return [key] if where in ("keys", "goto") else []


def _word(config: Ivr, node: Node, way: Exit, t: Say_) -> str:
    """What leads this way besides keys."""
    what = way.path.rpartition(".")[2]
    match node:
        case LanguageChoice() if what == _ONWARDS:
            return " · ".join(config.languages[each].title for each in node.keys.values())
        case Recall() if what == _ONWARDS:
            return t("ivr.flow.anything_else")
        case ToQueue() if what == "overflow":
            most = config.queues[node.queue].max_wait or 0
            return t("ivr.flow.overflow", minutes=most // _MINUTE)
        case ToQueue() | Transfer() | Hours():
            return t(f"ivr.flow.{what}")
    return ""  # a key; or `otherwise`, which is where silence leads


def _ends(node: Node, t: Say_) -> Iterator[Way]:
    """What a node does besides leading on: "press 1, and we call this number"."""
    match node:
        case Recall():
            yield Way((node.key,), (), None, says=t("ivr.flow.back_to_place"))
        case Callback():
            for key, what in (("1", "this_number"), ("2", "other_number"), ("3", "at_hour")):
                yield Way((key,), (), None, says=t(f"ivr.flow.{what}"))
        case Survey():
            yield Way(tuple(node.marks), (), None, says=t("ivr.flow.marks"))
        case Refusal():
            yield Way((), (t("ivr.flow.silence"),), None, says=t("ivr.flow.ends_call"))
        case _ if type(node) in _ENDINGS:
            yield Way((), (), None, says=t(f"ivr.flow.{_ENDINGS[type(node)]}"))


# ---------------------------------------------------------------- the flow in lines


def known_as(all_: Mapping[str, Box]) -> dict[str, str]:
    """What each box is called in the lines: its title, or its name where two have that title."""
    times = Counter(box.title for box in all_.values())
    return {
        name: box.title if box.title and times[box.title] == 1 else called(name)
        for name, box in all_.items()
    }


def text(config: Ivr, language: str, t: Say_, calendars: Calendars = NO_CALENDARS) -> str:
    """The flow as an indented tree: each node is told once, where a caller comes to it first."""
    all_ = boxes(config, language, t, calendars)
    names = known_as(all_)
    told: set[str] = set()
    lines = [t("ivr.flow.everywhere", person=names[config.person]), ""]
    for box in sorted(all_.values(), key=lambda each: each.name != config.start):
        if not box.entries:
            continue
        heading = " / ".join(box.entries)
        if box.name in told:
            lines += [f"{heading} → {names[box.name]}", ""]
        else:
            lines += [f"{heading}:", *_told(all_, names, box.name, told, 1, t), ""]
    return "\n".join(lines)


def _told(
    all_: Mapping[str, Box],
    names: Mapping[str, str],
    name: str,
    told: set[str],
    depth: int,
    t: Say_,
) -> Iterator[str]:
    box, indent = all_[name], "   " * depth
    about = f" {box.detail}" if box.detail else ""
    said = f": “{box.says}”" if box.says else ""
    yield f"{indent}{names[name].upper()} – {box.kind}{about}{said}"
    told.add(name)
    for way in box.ways:
        how = ", ".join([*(t("ivr.flow.key", digit=key) for key in way.keys), *way.words])
        if way.to is None:
            yield f"{indent} · {how}: {way.says}" if how else f"{indent} · {way.says}"
        elif way.to in told:
            yield f"{indent} · {how or t('ivr.flow.then')} → {names[way.to]}"
        else:
            yield f"{indent} · {how or t('ivr.flow.then')}:"
            yield from _told(all_, names, way.to, told, depth + 1, t)
