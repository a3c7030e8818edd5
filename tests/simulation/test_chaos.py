"""A whole hotline of real processes is broken under two calls a second: short runs.

`hotline chaos` runs the same scenarios longer (docs/reliability.md). Outages between two webhooks,
on either database and to the letter, are in test_outages.py.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from hotline import clock, fallback
from hotline.chaos.hotline import Hotline
from hotline.chaos.scenarios import SCENARIOS
from hotline.chaos.verdict import Verdict
from hotline.city import CityConfig
from hotline.clock import ScaledClock
from ivr.speech import prompts
from tests.support import exchanges, outages
from tests.support.floors import CONFIG

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

#: Speech, waiting and ringing go so much faster than the wall; the two calls a second do not.
SPEED = 4.0
#: What is waited for in the wall's time stays as long there as in a real day.
WAITING = {"loop": 36, "music": None}
OFFERS = {"timeout": 80, "ring": 60}


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped file, with times for a short run."""
    file = tmp_path_factory.mktemp("chaos") / "config.yaml"
    content = yaml.safe_load(CONFIG.read_text(encoding="utf-8"))
    content["ivr"]["waiting"] |= WAITING
    content["ivr"]["offers"] |= OFFERS
    file.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def hotline(config: Path) -> Iterator[Hotline]:
    """One hotline, which each scenario finds whole and leaves whole."""
    with Hotline(config.parent / "var", config, speed=SPEED) as running:
        yield running


@pytest.mark.parametrize(
    ("name", "seconds"),
    [("web", 6.0), ("redis", 10.0), ("database", 6.0), ("restart", 5.0), ("wiped", 5.0)],
)
def test_it_holds(hotline: Hotline, name: str, seconds: float) -> None:
    """Whatever breaks, callers hear the flow, or the apology with the transfer; nobody is lost."""
    verdict = SCENARIOS[name](hotline, seconds)
    assert verdict.violations == [], str(verdict)
    _something_was_tried(verdict)


def test_it_holds_when_postgresql_is_stopped(config: Path, tmp_path: Path) -> None:
    """The same as with a locked SQLite file, where the server is shut down and comes back."""
    with outages.private_postgres() as cluster:
        told = {"database_url": cluster.url, "away": outages.Stopped(cluster)}
        with Hotline(tmp_path / "var", config, speed=SPEED, **told) as hotline:
            verdict = SCENARIOS["database"](hotline, 5.0)
    assert verdict.violations == [], str(verdict)
    _something_was_tried(verdict)


def _something_was_tried(verdict: Verdict) -> None:
    assert verdict.figures["calls"] >= 10, str(verdict)
    assert verdict.figures["answered"] >= 2, str(verdict)
    if verdict.name == "web":
        assert verdict.figures["processes killed"] >= 3, str(verdict)


# ---------------------------------------------------------------- everything of ours is down


@pytest.mark.parametrize("somebody_answers", [True, False])
def test_the_document_kept_elsewhere_answers_when_everything_of_ours_is_down(
    city_config: CityConfig, somebody_answers: bool
) -> None:
    """No web, no worker, no clock, no Redis, no database: the carrier and its document alone."""
    document = fallback.document(city_config)
    number, fast = city_config.city.fallback_number, ScaledClock.starting(clock.now(), 20.0)
    with exchanges.exchange(fallback=document, clock=fast) as exchange:
        exchange.station(number, outcome="answer" if somebody_answers else "no-answer")
        script = {"hang_up": {"in": "dial", "after": 60 if somebody_answers else 600}}
        (call,) = exchange.ended(exchange.dial("+66812345678", script))
    told = [(line["kind"], line["text"], line["language"]) for line in call["transcript"]]
    languages = city_config.ivr.languages

    def says(prompt: str) -> list[tuple[str, str, str]]:
        texts = city_config.ivr.prompts[prompt]
        return [("say", texts[name], languages[name].tag) for name in ("th", "en")]

    heard = [line for line in told if line[0] in ("say", "error")]
    expected = says(prompts.APOLOGY)
    assert heard == (expected if somebody_answers else expected + says(prompts.TRY_AGAIN))
    dialled = [text for kind, text, _ in told if kind == "dial"]
    assert dialled[0] == number
    assert (f"connected to {number}" in dialled) == somebody_answers
