"""Whatever goes wrong inside, the caller hears words and is put through; never an error."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa
import sqlalchemy.exc
from flask.testing import FlaskClient

from hotline import clock
from hotline.floor import Floor
from ivr import calls
from ivr.config import Ivr
from ivr.room import waiting
from tests.service.ivr.world import Caller, World
from tests.support.floors import PUBLIC_URL, SignedPost, signature


@pytest.fixture
def world(floor: Floor, client: FlaskClient) -> Iterator[World]:
    with clock.driven(datetime(2026, 11, 20, 5, 0, tzinfo=UTC)) as driven:
        yield World(floor, client, driven)


def is_put_through(world: World, caller: Caller, language: str) -> None:
    config = world.floor.section(Ivr)
    number = caller.xml.find("Dial/Number")
    assert number is not None, caller.heard
    assert number.text == world.floor.city.fallback_number
    assert caller.says == [
        config.prompts["apology"][language],
        config.prompts["try_again"][language],
    ]
    assert caller.xml[-1].tag == "Hangup"


class Away:
    """A database that is not there."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, floor: Floor) -> None:
        self.asked = 0
        monkeypatch.setattr(floor.db, "write", self.fail)
        monkeypatch.setattr(floor.db, "read", self.fail)
        monkeypatch.setattr(floor.db, "write_alone", self.fail)

    def fail(self, *_: object) -> Any:
        self.asked += 1
        raise sa.exc.OperationalError("BEGIN", {}, Exception("away"))


def test_the_database_is_away_when_a_call_arrives(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        away = Away(patch, world.floor)
        caller = world.caller().ring()
        assert away.asked == 1, "it was away: asking again would cost the caller silence"
    is_put_through(world, caller, "th")


def test_the_database_goes_away_in_the_menu(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    caller = world.caller().ring().press("4")
    with monkeypatch.context() as patch:
        Away(patch, world.floor)
        caller.press("1")
    is_put_through(world, caller, "ru")


def test_a_fault_of_ours_is_written_down_and_the_caller_put_through(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    caller = world.caller().ring().press("2")
    with monkeypatch.context() as patch:
        patch.setattr(calls, "step_alone", lambda *_a, **_k: 1 / 0)
        caller.press("3")
    is_put_through(world, caller, "en")
    assert world.story(caller)[-1].data == {"where": "/ivr/step", "error": "ZeroDivisionError"}


def test_who_waits_bears_a_fault_for_some_rounds_and_loses_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    caller = world.caller().to_queue()
    entered_at = caller.stay.entered_at
    with monkeypatch.context() as patch:
        Away(patch, world.floor)
        for _ in range(3):
            caller.waits()
            assert caller.xml.find("Play") is not None
    caller.waits()
    assert caller.stay.entered_at == entered_at
    assert "failed" not in caller.heard
    assert world.agent().offer["call_id"] == caller.id


def test_who_waits_through_too_many_faults_is_put_through(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    caller = world.caller().to_queue()
    left = caller.left_url
    with monkeypatch.context() as patch:
        Away(patch, world.floor)
        for _ in range(4):
            caller.waits()
        assert [verb.tag for verb in caller.xml] == ["Leave"]
        caller.goes_to(left, QueueResult="leave")
        is_put_through(world, caller, "th")
    assert caller.stay.state == "waiting"
    world.sweep("ivr.ask_for_unseen", seconds=120)
    assert caller.stay.state == "unseen", "whom nobody hears of is not offered"


def test_an_agents_telephone_hears_no_apology(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent = world.agent()
    world.caller().to_queue()
    agent.accepts()
    with monkeypatch.context() as patch:
        Away(patch, world.floor)
        url, _, sid = agent.leg
        assert "<Hangup" in world.post(url, CallSid=sid, CallStatus="in-progress")


def test_after_the_conversation_a_fault_says_goodbye(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent = world.agent()
    caller = world.caller().to_queue()
    agent.talks_with(caller)
    dial = caller.xml.find("Dial")
    assert dial is not None
    with monkeypatch.context() as patch:
        Away(patch, world.floor)
        caller.goes_to(dial.attrib["action"])
    assert caller.xml[-1].tag == "Hangup"
    assert caller.xml.find("Dial") is None


def test_a_status_that_cannot_be_written_is_asked_for_again(
    world: World, signed_post: SignedPost, monkeypatch: pytest.MonkeyPatch
) -> None:
    caller = world.caller().to_queue()
    with monkeypatch.context() as patch:
        Away(patch, world.floor)
        assert signed_post("/ivr/status", caller.parameters("completed")).status_code == 503
    assert signed_post("/ivr/status", caller.parameters("completed")).status_code == 204
    assert world.events(caller)[-2:] == ["abandoned", "ended"]


def test_a_lost_connection_is_tried_once_more(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    caller = world.caller().ring()
    real, failures = calls.step_alone, []

    def lost_once(*arguments: Any, **named: Any) -> None:
        if not failures:
            failures.append(1)
            raise sqlalchemy.exc.OperationalError(
                "INSERT", {}, Exception("gone"), connection_invalidated=True
            )
        real(*arguments, **named)

    monkeypatch.setattr(calls, "step_alone", lost_once)
    caller.press("1")
    assert caller.xml.find("Gather") is not None
    assert world.events(caller) == ["arrived", "step"]


def test_a_place_is_kept_when_the_look_after_it_fails(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent = world.agent()
    with monkeypatch.context() as patch:
        patch.setattr(waiting, "heads", lambda *_: 1 / 0)
        caller = world.caller().to_queue()
    assert caller.xml.find("Enqueue") is not None
    world.sweep("ivr.look")
    assert agent.offer["call_id"] == caller.id


@pytest.mark.parametrize(
    "path",
    [
        "/ivr/step",
        "/ivr/step?call=x&n=1&at=main&lang=th&try=0",
        "/ivr/step?call=1&n=1&at=main&lang=th",
        "/ivr/step?call=999999&n=1&at=main&lang=th&try=0",
        "/ivr/transferred?lang=en",
        "/ivr/left?lang=en",
        "/ivr/join?lang=ru&offer=999&call=1",
        "/ivr/wait",
    ],
)
def test_broken_parameters_are_words_too(world: World, path: str) -> None:
    caller = world.caller().goes_to(PUBLIC_URL + path)
    assert {verb.tag for verb in caller.xml} & {"Dial", "Leave"}, caller.heard


@pytest.mark.parametrize("path", ["/ivr/step?call=1&n=1&at=x&lang=xx&try=0", "/ivr/voice"])
def test_forged_requests_get_nothing(client: FlaskClient, path: str) -> None:
    form = {"CallSid": "CA1", "From": "+66812345678", "To": "1337"}
    assert client.post(path, data=form).status_code == 403
    good = signature(PUBLIC_URL + path, form)
    for wrong in ("", "nonsense", good[:-2] + "x=", signature(PUBLIC_URL + path, form, "other")):
        headers = {"X-Twilio-Signature": wrong}
        assert client.post(path, data=form, headers=headers).status_code == 403, wrong
    tampered = {**form, "From": "+66899999999"}
    headers = {"X-Twilio-Signature": good}
    assert client.post(path, data=tampered, headers=headers).status_code == 403
    moved = path.replace("n=1", "n=2") + ("" if "?" in path else "?n=2")
    assert client.post(moved, data=form, headers=headers).status_code == 403


def test_a_signature_holds_behind_a_proxy_and_with_a_thai_query_string(
    client: FlaskClient,
) -> None:
    form = {"CallSid": "CA2", "From": "+66812345678", "To": "1337"}
    path = "/ivr/voice?note=%E0%B8%AA%E0%B8%B2%E0%B8%A2%E0%B8%94%E0%B9%88%E0%B8%A7%E0%B8%99"
    headers = {
        "X-Twilio-Signature": signature(PUBLIC_URL + path, form),
        "Host": "10.0.0.7:8000",
        "X-Forwarded-Proto": "http",
        "X-Forwarded-Host": "evil.example",
    }
    assert client.post(path, data=form, headers=headers).status_code == 200


def test_a_json_body_that_nobody_vouches_for_is_forged(client: FlaskClient) -> None:
    headers = {"X-Twilio-Signature": signature(PUBLIC_URL + "/ivr/voice", {})}
    assert client.post("/ivr/voice", json={"CallSid": "CA3"}, headers=headers).status_code == 403


def test_webhooks_are_posted(client: FlaskClient) -> None:
    assert client.get("/ivr/voice").status_code == 405
