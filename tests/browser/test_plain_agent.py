"""An agent without a browser telephone, on a whole hotline with its exchange: nobody touches a desk
but to say that they are there.
"""

import json
import urllib.request
from typing import Any
from urllib.parse import quote

import pytest

from agents import demo
from agents import service as agents
from hotline import auth, clock
from hotline.auth import Role
from tests.browser.conftest import Hotline, Open

NUMBER = "+66898765432"
USERNAME = "plain"


@pytest.fixture
def agent(hotline: Hotline) -> str:
    """Somebody for Chinese, whose telephone is a number; the agents of the demo are not ready."""
    with hotline.floor() as floor, floor.db.write() as session:
        now = clock.now()
        account_id = auth.create_account(
            session,
            username=USERNAME,
            name="Plain",
            role=Role.AGENT,
            password=demo.PASSWORD,
            now=now,
        )
        agents.create_agent(
            session,
            account_id=account_id,
            name="Plain",
            queues=["information"],
            languages=["zh"],
            address=NUMBER,
            now=now,
        )
    return USERNAME


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
    desk.wait_for_selector("#state[data-state=wrap_up]")
    desk.check("input[name=outcome][value=information]", force=True)
    desk.keyboard.press("Control+Enter")
    desk.wait_for_selector("#state[data-state=idle]")
    presses(hotline, "2")
    call = hotline.ring("3", "1", "")
    desk.wait_for_selector("#state[data-status=break]", timeout=60_000)
    assert "Declined" in desk.inner_text("#state")
    hotline.hang_up(call)
