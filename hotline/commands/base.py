"""What the commands of `hotline` share: their words, and what each stands on.

Each command, or a few that belong together, is a module of this package with a function
`add(commands)`, which `hotline/cli.py` calls; what it does is the room's, and what it needs it
imports when it runs, so that `hotline --help` answers at once.
"""

import argparse
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hotline.errors import HotlineError, Invalid

if TYPE_CHECKING:
    from hotline.city import CityConfig
    from hotline.db import Database
    from hotline.floor import Floor
    from hotline.settings import Store


def add(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    command: Callable[[argparse.Namespace], int],
    help_text: str,
) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=help_text, description=help_text)
    parser.set_defaults(command=command)
    return parser


def add_verbs(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, words: str
) -> "argparse._SubParsersAction[argparse.ArgumentParser]":
    """A command of several verbs, to which they are added."""
    parser = commands.add_parser(name, help=words, description=words)
    return parser.add_subparsers(required=True, metavar="VERB")


def add_place(parser: argparse.ArgumentParser) -> None:
    """`--data` and `--config`, as the environment has them where they are not said."""
    data = Path(os.environ.get("HOTLINE_DATA") or "var")
    parser.add_argument(
        "--data", type=Path, default=data, help="its folder ($HOTLINE_DATA, or var)"
    )
    add_config(parser, "--config")


def add_config(parser: argparse.ArgumentParser, name: str, **more: Any) -> None:
    default = Path(os.environ.get("HOTLINE_CONFIG") or "config.yaml")
    words = "the city's file ($HOTLINE_CONFIG, or config.yaml)"
    parser.add_argument(name, type=Path, default=default, help=words, **more)


def store(arguments: argparse.Namespace) -> "Store":
    """Where the hotline beside which a tool is used keeps what it knows."""
    from hotline import settings

    place = {"HOTLINE_DATA": str(arguments.data), "HOTLINE_CONFIG": str(arguments.config)}
    return settings.store_from_environment({**os.environ, **place})


@contextmanager
def opened(arguments: argparse.Namespace) -> Iterator[tuple["CityConfig", "Database"]]:
    """The city's file and the database, for a tool that needs nothing else of the hotline."""
    from hotline import city
    from hotline.db import Database, file_of

    place = store(arguments)
    config = city.load(place.config)
    file = file_of(place.database_url)
    if file and not file.exists():
        raise FileNotFoundError(f"there is no hotline in {file.parent}: {file.name} is missing")
    database = Database(place.database_url, pool_size=1)
    try:
        yield config, database
    finally:
        database.dispose()


@contextmanager
def beside(arguments: argparse.Namespace) -> Iterator["Floor"]:
    """The floor of the hotline beside which this is used: needs its database and its carrier."""
    from hotline import beside, settings
    from hotline.app import build_floor
    from hotline.db import file_of

    place = {"HOTLINE_DATA": str(arguments.data), "HOTLINE_CONFIG": str(arguments.config)}
    given = beside.environment(
        {**os.environ, **place}, arguments.data, exchange_port=arguments.exchange_port
    )
    the_settings = settings.from_environment(given)
    file = file_of(the_settings.database_url)
    if file and not file.exists():
        raise FileNotFoundError(f"there is no hotline in {file.parent}: {file.name} is missing")
    floor = build_floor(the_settings)
    try:
        yield floor
    finally:
        floor.close()


def in_words(error: HotlineError) -> str:
    from hotline.app import text_files
    from hotline.i18n import Texts

    words = Texts.load(text_files()).get(error.text_key, "en", **error.values)
    return f"{words} {error.detail}".strip()


def check_skills(config: "CityConfig", queues: list[str], languages: list[str]) -> None:
    """An agent for a queue that no caller waits in would sit there for ever."""
    known = config.ivr
    for given, there in ((queues, known.queues), (languages, known.languages)):
        if unknown := [each for each in given if each not in there]:
            raise Invalid(f"no such: {', '.join(unknown)} (there are {', '.join(there)})")
