"""Webhook in, exact TwiML out: what the carrier is told, word for word."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from flask.testing import FlaskClient

from hotline import clock
from hotline.floor import Floor
from ivr.config import Ivr
from tests.service.ivr.world import Caller, World


@pytest.fixture
def world(floor: Floor, client: FlaskClient) -> Iterator[World]:
    with clock.driven(datetime(2026, 11, 20, 5, 0, tzinfo=UTC)) as driven:
        yield World(floor, client, driven)


def prompt(world: World, name: str, language: str, **values: object) -> str:
    return world.floor.section(Ivr).prompts[name][language].format(**values)


def answer(caller: Caller) -> str:
    """The last answer, with the call's number made readable."""
    head = '<?xml version="1.0" encoding="UTF-8"?>'
    assert caller.heard.startswith(head)
    text = caller.heard.removeprefix(head).replace("https://hotline.example", "")
    return re.sub(r"talk-\d+", "talk-O", re.sub(r"call=\d+", "call=C", text))


def test_the_first_answer_asks_for_the_language_in_each(world: World) -> None:
    says = "".join(
        f'<Say language="{spoken.tag}">{prompt(world, "welcome", language)}</Say>'
        for language, spoken in world.floor.section(Ivr).languages.items()
    )
    step = "/ivr/step?call=C&amp;n=1&amp;at=language&amp;lang=th"
    assert answer(world.caller().ring()) == (
        f'<Response><Gather action="{step}" finishOnKey="" input="dtmf" method="POST" '
        f'numDigits="1" timeout="5">{says}</Gather>'
        f'<Redirect method="POST">{step}</Redirect></Response>'
    )


def test_a_wrong_key_is_told_before_the_menu_comes_again(world: World) -> None:
    caller = world.caller().ring().press("2", "8")
    step = "/ivr/step?call=C&amp;n=3&amp;at=main&amp;lang=en&amp;try=1&amp;via=language"
    words = world.floor.section(Ivr).flow["main"].words.values()  # type: ignore[union-attr]
    hints = ",".join(word for by_language in words for word in by_language["en"])
    assert answer(caller) == (
        f'<Response><Gather action="{step}" finishOnKey="" hints="{hints}" input="dtmf speech" '
        'language="en-GB" method="POST" numDigits="1" speechTimeout="auto" timeout="5">'
        f'<Say language="en-GB">{prompt(world, "wrong_key", "en")}</Say>'
        f'<Say language="en-GB">{prompt(world, "main_menu", "en")}</Say></Gather>'
        f'<Redirect method="POST">{step}</Redirect></Response>'
    )


def test_an_agent_please(world: World) -> None:
    caller = world.caller().to_queue("2", "0")
    place = "call=C&amp;n=2&amp;at=agent&amp;lang=en"
    assert answer(caller) == (
        f'<Response><Say language="en-GB">{prompt(world, "to_agent", "en")}</Say>'
        f'<Enqueue action="/ivr/left?{place}" method="POST" waitUrl="/ivr/wait?{place}" '
        'waitUrlMethod="POST">information</Enqueue></Response>'
    )


def test_waiting(world: World) -> None:
    caller = world.caller().to_queue("2", "0").waits()
    now = int(world.clock.now().timestamp())
    again = f"/ivr/wait?call=C&amp;n=2&amp;at=agent&amp;lang=en&amp;best=1&amp;last={now}"
    assert answer(caller) == (
        f'<Response><Say language="en-GB">{prompt(world, "next_in_line", "en")}</Say>'
        "<Play>/ivr/music.wav</Play>"
        f'<Redirect method="POST">{again}</Redirect></Response>'
    )


def test_an_emergency_is_one_key_from_the_start(world: World) -> None:
    caller = world.caller().ring().press("9", "1")
    transferred = (
        "/ivr/transferred?call=C&amp;n=3&amp;at=police&amp;lang=th&amp;via=language.emergency"
    )
    assert answer(caller) == (
        f'<Response><Say language="th-TH">{prompt(world, "transfer_police", "th")}</Say>'
        f'<Dial action="{transferred}" callerId="{world.floor.city.caller_id}" method="POST" '
        'timeout="30"><Number>191</Number></Dial></Response>'
    )


@pytest.mark.parametrize("result", ["busy", "no-answer", "failed", "canceled"])
def test_an_emergency_that_nobody_takes_comes_to_our_own_people_first_of_all(
    world: World, result: str
) -> None:
    calm = world.caller().to_queue()
    world.clock.advance(seconds=60)
    caller = world.caller().ring().press("9", "1")
    dial = caller.xml.find("Dial")
    assert dial is not None
    caller.goes_to(dial.attrib["action"], DialCallStatus=result)
    assert caller.stay.skill == ("emergency", "th")
    assert caller.says[0] == prompt(world, "transfer_failed", "th")
    agent = world.agent()
    assert agent.offer["call_id"] == caller.id != calm.id
    assert world.story(caller)[4].data["result"] == result


def test_an_emergency_that_was_taken_says_goodbye(world: World) -> None:
    caller = world.caller().ring().press("9", "2")
    dial = caller.xml.find("Dial")
    assert dial is not None
    caller.goes_to(dial.attrib["action"], DialCallStatus="completed")
    assert answer(caller) == (
        f'<Response><Say language="th-TH">{prompt(world, "goodbye", "th")}</Say>'
        "<Hangup /></Response>"
    )
    assert world.visit(caller).transferred_at is not None


def test_the_conference(world: World) -> None:
    agent = world.agent()
    caller = world.caller().to_queue("2", "0")
    agent.accepts()
    offer = agent.last_offer.id
    leg = agent.picks_up().replace("https://hotline.example", "")
    here = f"offer={offer}&amp;leg={agent.leg[2]}"
    assert leg.endswith(
        f'<Response><Dial action="/ivr/agent-leg/over?{here}" method="POST">'
        '<Conference beep="false" endConferenceOnExit="true" '
        f'startConferenceOnEnter="true" statusCallback="/ivr/conference?{here}" '
        'statusCallbackEvent="end" statusCallbackMethod="POST" waitUrl="">'
        f"talk-{offer}</Conference></Dial></Response>"
    )
    caller.brought()
    assert answer(caller) == (
        f'<Response><Dial action="/ivr/after?offer={offer}&amp;lang=en" method="POST">'
        '<Conference beep="false" endConferenceOnExit="true" startConferenceOnEnter="true" '
        'waitUrl="">talk-O</Conference></Dial></Response>'
    )


def test_what_we_ask_of_the_carrier(world: World) -> None:
    agent = world.agent()
    caller = world.caller().to_queue()
    agent.accepts().picks_up()
    offer = agent.last_offer.id
    base = "https://hotline.example/ivr"
    assert world.carrier.asked == [
        (
            "dial",
            f"client:agent-{agent.id}",
            f"{base}/agent-leg?offer={offer}",
            f"{base}/agent-leg/status?offer={offer}",
            "CAleg1",
        ),
        ("redirect", caller.sid, f"{base}/join?offer={offer}&call={caller.id}&lang=th"),
    ]


def test_every_webhook_answers_the_same_when_it_comes_again(world: World) -> None:
    """Each address of a whole call, twice: the same answer, and the story as if once. The agent's
    browser is cut off once.
    """
    post, twice = world.post, []

    def again(url: str, **parameters: str) -> str:
        first = post(url, **parameters)
        assert post(url, **parameters) == first, url
        twice.append(url)
        return first

    world.post = again  # type: ignore[method-assign]
    agent = world.agent()
    caller = world.caller().to_queue("2", "8", "2")
    agent.accepts().picks_up()
    caller.leaves("redirected").brought()
    conference = caller.xml.find("Dial")
    assert conference is not None
    agent.leg_ends()
    caller.goes_to(conference.attrib["action"])
    world.deliver()
    agent.picks_up()
    caller.brought()
    agent.hangs_up().leg_ends()
    caller.goes_to(conference.attrib["action"]).hangs_up()
    agent.finishes("complaint", category="flood")
    assert len(twice) >= 14
    assert world.events(caller) == [
        "arrived",
        *["step"] * 3,
        *["queued", "offered", "accepted", "connected", "agent_lost", "agent_back"],
        *["talk_ended", "ended", "wrapped_up"],
    ]
    world.check()


def test_the_answers_of_two_calls_never_mix(world: World) -> None:
    """Answers are kept and filled in: each has its own call's number and nobody else's."""
    callers = [world.caller().ring().press("1") for _ in range(3)]
    for caller in callers:
        assert set(re.findall(r"call=(\d+)", caller.heard)) == {str(caller.id)}
        assert "~" not in caller.heard
