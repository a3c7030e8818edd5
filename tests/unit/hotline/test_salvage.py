"""Every fault of a wrong file in one run, and no fault that only follows from another."""

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotline import city
from hotline.config import load_yaml
from hotline.errors import ConfigError

SHIPPED = load_yaml(Path(__file__).parents[3] / "config.yaml")


class Breakage(NamedTuple):
    """One thing done to the shipped file, and where `hotline check` has to find it."""

    path: str
    break_: Callable[[Any], None]
    #: What it cannot be mixed with, see `independent`.
    group: str = ""


def put(path: str, value: Any, *, told: str = "", group: str = "") -> Breakage:
    return Breakage(told or path, lambda content: _put(content, path, value), group)


def drop(path: str, *, told: str = "", group: str = "") -> Breakage:
    def break_(content: Any) -> None:
        holder, key = _find(content, path)
        del holder[key]

    return Breakage(told or path, break_, group)


def _put(content: Any, path: str, value: Any) -> None:
    holder, key = _find(content, path)
    holder[key] = value


def _find(content: Any, path: str) -> tuple[Any, Any]:
    *parents, last = path.split(".")
    for part in parents:
        content = content[_key(content, part)]
    return content, _key(content, last)


def _key(holder: Any, name: str) -> Any:
    if isinstance(holder, list):
        return int(name)
    return next((key for key in holder if str(key) == name), name)


#: Questions about paths are asked only of a flow that could be read whole and whose gotos land.
PATHS = "paths"
CATALOGUE = [
    # refused by their own value
    put("city.time_zone", "Asia/Pattaya"),
    drop("city.number"),
    put("city.name.th", " ", told="city.name"),
    put("ivr.waiting.loop", 1),
    put("ivr.waiting.music", "nowhere"),
    put("ivr.waiting.colour", "green"),
    put("ivr.offers.ring", "soon"),
    put("ivr.languages.ru.tag", "russian"),
    drop("ivr.languages.th.title"),
    put("ivr.queues.emergency.priority", 1000, group=PATHS),
    drop("ivr.queues.complaint.title.en", told="ivr.queues.complaint.title"),
    put("ivr.queues.information", 5, group=PATHS),
    put("ivr.waiting.keys.1.after", "soon", group=PATHS),
    put("ivr.arrivals.resume_within", -1),
    put("ivr.after_call.share", 2, group=PATHS),
    put("ivr.numbers.one", {"language": "en"}),
    put("ivr.flow.city_hall.closed", 5, group=PATHS),
    put("ivr.flow.survey.marks.1", "good", group=PATHS),
    put("ivr.flow.refused.key", "99", group=PATHS),
    put("ivr.flow.news.title.en", "", told="ivr.flow.news.title", group=PATHS),
    put("ivr.flow.main.words.1.th", 5, group=PATHS),
    put(
        "ivr.prompts.full_menu.zh",
        {"play": "../../a.wav"},
        told="ivr.prompts.full_menu.zh.play",
    ),
    put("ivr.prompts.to_night.ru", ["a", 5], told="ivr.prompts.to_night.ru.1"),
    put("city.calendars.office.weekly.mon-fri", 5),
    put("ivr.flow.main.tries", 99, group=PATHS),
    put("ivr.flow.main.keys.12", "agent", group=PATHS),
    put("ivr.flow.emergency.keys.1", 77, group=PATHS),
    put("ivr.flow.police.kind", "teleport", told="ivr.flow.police", group=PATHS),
    put("ivr.flow.ambulance.number", "one", group=PATHS),
    drop("ivr.flow.fire.failed", group=PATHS),
    put("ivr.flow.tourist_police.timeout", 600, group=PATHS),
    put("ivr.flow.complaint.queue", 5, group=PATHS),
    put("ivr.prompts.welcome.th", 5),
    put("ivr.prompts.to_agent", "words"),
    put("ivr.prompts.goodbye", None),
    put("agents.breaks.rest", {"th": "พัก"}),
    put("agents.routing.across", "rank"),
    put("tickets.divisions.treasury.title", 5),
    put("tickets.divisions.tourism.chief", "noi"),
    put("tickets.divisions.traffic", None),
    put("tickets.categories.noise.resolve_hours", -1),
    put("tickets.categories.rubbish.priority", "high"),
    drop("tickets.categories.flood.title"),
    drop("tickets.categories.beach.division"),
    put("tickets.resolve_hours.praise", 0),
    put("tickets.outcomes.2.makes", "nothing"),
    put("tickets.outcomes.4.title.th", 5),
    put("tickets.outcomes.0.default", "perhaps"),
    put("reports.window_days", 0),
    # refused by cross-checks
    put("ivr.flow.main.keys.2", "nowhere", group=PATHS),
    put("ivr.flow.emergency.otherwise", "nowhere", group=PATHS),
    put("ivr.flow.information.queue", "nothing", group=PATHS),
    put("ivr.flow.agent.prompt", "nothing", group=PATHS),
    put("ivr.flow.language.default", "fr", group=PATHS),
    put("ivr.flow.city_hall.calendar", "nowhere", group=PATHS),
    put("ivr.flow.language.goto.1", "emergency", group=PATHS),
    put("ivr.flow.promised.goto.1", "emergency", group=PATHS),
    put("ivr.numbers.+6638111344.language", "fr"),
    put("ivr.waiting.keys.2.prompt", "nothing"),
    put("ivr.after_call.queues.0", "nothing"),
    put("ivr.queues.complaint.max_wait", 100, told="ivr.queues.complaint.widen.1.after"),
    drop("ivr.queues.complaint.nobody"),
    put("ivr.prompts.callback_hour_is.ru", "Да?"),
    put("ivr.flow.alone", {"kind": "hangup"}, group="unreachable"),
    drop("ivr.prompts.main_menu.zh"),
    put("ivr.prompts.silence.fr", "rien"),
    drop("ivr.prompts.apology", told="ivr.prompts"),
    put("ivr.prompts.position.en", "soon"),
    put("agents.breaks.declined", {"th": "ก", "en": "a"}),
    put("tickets.central_desk", "nobody"),
    put("tickets.categories.signs.division", "nobody"),
    put("tickets.categories.trees.aliases", ["pothole"]),
    drop("tickets.resolve_hours.inquiry"),
    put("tickets.outcomes.7.result", "done"),
    put("tickets.outcomes.8.kind", None),
    put("tickets.outcomes.6.key", "6", told="tickets.outcomes"),
    put("reports.short_abandon_seconds", 30),
    put("weather", {}),
]


def listed(content: Any) -> list[str]:
    try:
        city.parse(content)
    except ConfigError as error:
        return sorted(fault.path for fault in error.faults)
    return []


def broken(breakages: list[Breakage]) -> Any:
    content = deepcopy(SHIPPED)
    for each in breakages:
        each.break_(content)
    return content


def independent(breakages: list[Breakage]) -> bool:
    groups = {each.group for each in breakages}
    # of a flow that was not read whole, and of one with a lost goto, nobody asks what is reached
    return "unreachable" not in groups or PATHS not in groups


@pytest.mark.parametrize("breakage", CATALOGUE, ids=lambda each: each.path)
def test_each_breakage_is_one_fault(breakage: Breakage) -> None:
    assert listed(broken([breakage])) == [breakage.path]


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.sampled_from(CATALOGUE), min_size=2, max_size=14, unique_by=id).filter(independent)
)
def test_any_breakages_are_all_listed_at_once_and_nothing_else(breakages: list[Breakage]) -> None:
    assert listed(broken(breakages)) == sorted(each.path for each in breakages)


def test_all_of_them_are_listed_at_once() -> None:
    breakages = [each for each in CATALOGUE if each.group != "unreachable"]
    assert listed(broken(breakages)) == sorted(each.path for each in breakages)
