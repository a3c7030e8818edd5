"""A hotline on the shipped configuration, to be walked through: real webhooks, a database of its
own, a clock that stands still, and a carrier of lists (`tests.service.ivr.world`).
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

from hotline import city, clock
from hotline.city import CityConfig
from hotline.settings import Settings
from ivr.config import Ivr
from ivr.nodes import Node
from tests.service.ivr.world import Agent, World
from tests.support.applications import application
from tests.support.floors import AUTH_TOKEN, CONFIG, NOBODY, PUBLIC_URL

#: A Friday at noon in Pattaya: the city's offices are open.
NOON = datetime(2026, 11, 20, 5, 0, tzinfo=UTC)
LANGUAGES = ("th", "en", "zh", "ru")
#: The key that chooses each.
KEY = {"th": "1", "en": "2", "zh": "3", "ru": "4"}


def shipped(**queues: Any) -> CityConfig:
    """The shipped configuration; `queues` are fields of every queue to be changed."""
    config = city.load(CONFIG)
    if not queues:
        return config
    changed = {
        name: queue.model_copy(update=queues if name != "emergency" else {})
        for name, queue in config.ivr.queues.items()
    }
    ivr = config.ivr.model_copy(update={"queues": changed})
    for worked_out in ("graph", "wider"):
        ivr.__dict__.pop(worked_out, None)
    return CityConfig({**config.sections, Ivr: ivr})


@contextmanager
def opened(migrated: Path, folder: Path, redis_url: str, config: CityConfig) -> Iterator[World]:
    """A new hotline. `migrated` is an empty database at the schema of today, to be copied."""
    from hotline.app import build_floor, create_app

    folder.mkdir(parents=True)
    shutil.copyfile(migrated, folder / "hotline.sqlite")
    settings = Settings(
        data=folder / "data",
        config=CONFIG,
        database_url=f"sqlite:///{folder / 'hotline.sqlite'}",
        redis_url=redis_url,
        public_url=PUBLIC_URL,
        carrier_base_url=NOBODY,
        carrier_account_sid="AC" + "0" * 32,
        carrier_auth_token=AUTH_TOKEN,
        secret_key="a secret of the tests",
    )
    floor = build_floor(settings, config)
    try:
        with clock.driven(NOON) as driven:
            yield World(floor, application(floor, create_app).test_client(), driven)
    finally:
        floor.close()


def staffed(world: World) -> Agent:
    """Somebody for every queue and language, who is on a break: callers wait, and are not lost."""
    return world.agent(languages=LANGUAGES).rests()


class Footsteps:
    """Which ways of the flow were gone: (from, what came in, to), as the nodes themselves tell."""

    def __init__(self) -> None:
        self.gone: set[tuple[str, str, str]] = set()
        self._entered: list[str] = []

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Every node tells when somebody comes to it."""
        kinds: list[type[Node]] = _kinds()
        before = {kind: kind.enter for kind in kinds}
        for kind, enter in before.items():
            kind.enter = self._telling(enter)  # type: ignore[method-assign]
        try:
            yield
        finally:
            for kind, enter in before.items():
                kind.enter = enter  # type: ignore[method-assign]

    def _telling(self, enter: Any) -> Any:
        def told(node: Node, here: Any) -> Any:
            self._entered.append(here.name)
            return enter(node, here)

        return told

    def step(self, from_: str, what: str) -> None:
        """One webhook is over that began at a node (empty: a call that arrives)."""
        trail = [from_, *self._entered]
        self._entered.clear()
        for n, (one, other) in enumerate(pairwise(trail)):
            self.gone.add((one, what if n == 0 else "", other))


def _kinds() -> list[type[Node]]:
    """The classes that define `enter` themselves."""
    from tests.unit.ivr.nodes.test_every_kind import KINDS

    return [kind for kind in KINDS.values() if "enter" in vars(kind)]
