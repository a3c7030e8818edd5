"""An agent without a browser telephone, on a whole hotline with its exchange: nobody touches a desk
but to say that they are there.
"""

import json
import urllib.request
from typing import Any
from urllib.parse import quote

import pytest

from hotline.auth import Role
from tests.browser.conftest import Hotline, Open
from tests.browser.telephones import write_outcome

NUMBER = "+66898765432"


@pytest.fixture
def agent(hotline: Hotline) -> str:
    """Somebody for Chinese, whose telephone is a number; the agents of the demo are not ready."""
    return hotline.employ("plain", Role.AGENT, address=NUMBER)


def presses(hotline: Hotline, *keys: str) -> None:
    """How the agent's telephone behaves: lifted after a second, these keys, one a question."""
    station = {"outcome": "answer", "answer_after": 1, "script": {"keys": list(keys), "think": 0.5}}
    _put(f"{hotline.exchange}/handset/stations/{quote(NUMBER)}", station)


def _put(url: str, body: Any) -> None:
    request = urllib.request.Request(
        url, json.dumps(body).encode(), {"Content-Type": "application/json"}, method="PUT"
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.status < 300


def test_a_key_on_the_telephone_takes_the_call(
    hotline: Hotline, agent: str, open_page: Open
) -> None:
    presses(hotline, "1")
    desk = open_page(agent, "/desk", language="en")
    assert desk.locator("#softphone").count() == 0
    desk.keyboard.press("r")
    desk.wait_for_selector("#state[data-status=ready]")
    call = hotline.ring("3", "1", "")
    desk.wait_for_selector("#state[data-state=on_call]", timeout=60_000)
    desk.wait_for_selector("text=Talking")
    hotline.hang_up(call)
    write_outcome(desk)
    desk.wait_for_selector("#state[data-state=idle]")
    presses(hotline, "2")
    call = hotline.ring("3", "1", "")
    desk.wait_for_selector("#state[data-status=break]", timeout=60_000)
    assert "Declined" in desk.inner_text("#state")
    hotline.hang_up(call)
