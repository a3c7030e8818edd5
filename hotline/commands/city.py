"""`hotline check` and `hotline flow`: the city's file, looked at."""

import argparse
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from hotline.commands.base import add as add_command
from hotline.commands.base import add_config, check_skills

if TYPE_CHECKING:
    from tickets.config import Tickets


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the commands."""
    check = add_command(
        commands, "check", _check, "every fault of a configuration file, with its path"
    )
    add_config(check, "config", nargs="?")
    flow = add_command(
        commands, "flow", _flow, "the flow of a configuration, in lines or as a picture"
    )
    add_config(flow, "config", nargs="?")
    form = flow.add_mutually_exclusive_group()
    form.add_argument("--text", action="store_true", help="lines to be read aloud (the default)")
    form.add_argument("--svg", type=Path, metavar="FILE", help="a picture, written to FILE")
    flow.add_argument("--lang", help="the language of the prompts (the city's first)")


def _check(arguments: argparse.Namespace) -> int:
    from hotline import city

    config = city.load(arguments.config)
    for warning in city.warnings(config):
        print(f"warning: {warning}")
    for line in _sms_lengths(config.tickets):
        print(line)
    print(f"{arguments.config}: no faults ({len(config.ivr.flow)} nodes in the flow)")
    return 0


def _sms_lengths(tickets: "Tickets") -> Iterator[str]:
    """How many segments each SMS to citizens takes with the longest that it may name."""
    if tickets.sms is None:
        return
    by_moment: dict[str, list[str]] = {}
    for moment, language, length in tickets.sms.lengths():
        by_moment.setdefault(moment.value, []).append(f"{language} {length}")
    for told, lengths in by_moment.items():
        yield f"SMS {told}: segments {', '.join(lengths)} (at most {tickets.sms.segments})"


def _flow(arguments: argparse.Namespace) -> int:
    from hotline import city
    from hotline.app import text_files
    from hotline.config import READER_LANGUAGES
    from hotline.i18n import Texts
    from ivr import drawing, picture

    config = city.load(arguments.config)
    language = arguments.lang or next(iter(config.ivr.languages))
    check_skills(config, [], [language])
    # prompts are there in every language of the hotline, the words around them in two
    reads = language if language in READER_LANGUAGES else "en"
    t = partial(Texts.load(text_files()).get, language=reads)
    if arguments.svg is None:
        print(picture.text(config.ivr, language, t, config.city.calendars))
        return 0
    title = t("ivr.flow.title", hotline=config.city.hotline_name.for_(reads))
    drawn = drawing.svg(config.ivr, language, title, t, config.city.calendars)
    arguments.svg.write_text(drawn, encoding="utf-8")
    print(arguments.svg)
    return 0
