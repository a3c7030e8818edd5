"""How a call begins: in the language of last time or of the number, in the old place, refused."""

import pytest

from hotline import clock
from ivr import nuisance, story
from ivr.config import Ivr
from ivr.events import Kind
from tests.service.ivr.shipped import agent, city_config, prompt, to_queue
from tests.service.ivr.world import Agent, Caller, World

__all__ = ["agent", "city_config"]

NUMBER = "+66812345678"


def rings_at(caller: Caller, number: str) -> Caller:
    parameters = caller.parameters("in-progress") | {"To": number}
    caller.heard = caller.world.post("https://hotline.example/ivr/voice", **parameters)
    return caller


# ---------------------------------------------------------------- languages


def test_a_known_caller_is_greeted_in_the_language_of_last_time(world: World) -> None:
    world.caller(NUMBER).ring().press("3").hangs_up()
    again = world.caller(NUMBER).ring()
    assert again.says == [prompt(world, "welcome_back", "zh")]
    assert world.read(story.visits_of, again.id)[0].language == "zh"
    assert again.press("").says == [prompt(world, "main_menu", "zh")]


def test_out_of_habit_the_key_of_the_language_is_pressed_again(world: World) -> None:
    world.caller(NUMBER).ring().press("3").hangs_up()
    again = world.caller(NUMBER).ring().press("3")
    assert again.says == [prompt(world, "main_menu", "zh")], "and no emergency menu"


@pytest.mark.usefixtures("agent")
def test_who_knows_the_menu_need_not_hear_the_greeting_out(world: World) -> None:
    world.caller(NUMBER).ring().press("3").hangs_up()
    again = world.caller(NUMBER).ring().press("2")
    assert again.says == [prompt(world, "consent", "zh")]
    assert again.press("").stay.queue == "complaint"


def test_star_brings_the_choice_of_languages_back(world: World) -> None:
    world.caller(NUMBER).ring().press("3").hangs_up()
    again = world.caller(NUMBER).ring().press("*")
    assert again.says[0] == prompt(world, "welcome")
    assert again.press("4").says == [prompt(world, "main_menu", "ru")]


def test_who_pressed_nothing_last_time_is_asked_again(world: World) -> None:
    world.caller(NUMBER).ring().hangs_up()
    assert world.caller(NUMBER).ring().says[0] == prompt(world, "welcome")


def test_a_language_is_forgotten_after_a_year(world: World) -> None:
    world.caller(NUMBER).ring().press("2").hangs_up()
    world.clock.advance(days=366)
    assert world.caller(NUMBER).ring().says[0] == prompt(world, "welcome")


def test_nobody_takes_a_withheld_number_for_somebody(world: World) -> None:
    world.caller("anonymous").ring().press("2").hangs_up()
    assert world.caller("anonymous").ring().says[0] == prompt(world, "welcome")


def test_a_number_of_its_own_speaks_its_language(world: World) -> None:
    (number,) = world.floor.section(Ivr).numbers
    caller = rings_at(world.caller(), number)
    assert caller.says == [prompt(world, "welcome_dialled", "en")]
    assert caller.press("").says == [prompt(world, "main_menu", "en")]


# ---------------------------------------------------------------- cut off


def test_who_is_cut_off_and_calls_again_is_back_in_the_old_place(
    world: World, agent: Agent
) -> None:
    agent.rests()
    first = to_queue(world.caller(NUMBER))
    world.clock.advance(seconds=30)
    other = to_queue(world.caller())
    world.clock.advance(seconds=30)
    first.hangs_up()
    world.clock.advance(seconds=40)
    again = world.caller(NUMBER).ring()
    assert again.says == [prompt(world, "resumed")]
    agent.ready()
    assert agent.offer["call_id"] == again.id != other.id
    queued = world.story(again)[-2]
    assert queued.kind is Kind.QUEUED
    assert "since" in queued.data


def test_one_place_is_taken_over_once(world: World, agent: Agent) -> None:
    agent.rests()
    to_queue(world.caller(NUMBER)).hangs_up()
    world.clock.advance(seconds=10)
    assert world.caller(NUMBER).ring().says == [prompt(world, "resumed")]
    assert world.caller(NUMBER).ring().says[0] == prompt(world, "welcome_back")


def test_the_same_arrival_twice_is_one_place(world: World, agent: Agent) -> None:
    agent.rests()
    to_queue(world.caller(NUMBER)).hangs_up()
    again = world.caller(NUMBER).ring()
    again.ring()
    assert again.xml.find("Enqueue") is not None
    assert world.events(again).count("queued") == 1


def test_later_there_is_no_place_any_more(world: World, agent: Agent) -> None:
    agent.rests()
    to_queue(world.caller(NUMBER)).hangs_up()
    world.clock.advance(seconds=91)
    assert world.caller(NUMBER).ring().says[0] == prompt(world, "welcome_back")


# ---------------------------------------------------------------- blocked


def test_a_blocked_caller_is_refused_politely_and_may_still_call_the_police(world: World) -> None:
    with world.floor.db.write() as session:
        nuisance.block(
            session,
            NUMBER,
            reason="abuse",
            days=30,
            by="supervisor",
            now=clock.now(),
        )
    caller = world.caller(NUMBER).ring()
    assert caller.says == [prompt(world, "refused")]
    assert world.events(caller) == ["arrived", "refused"]
    assert caller.press("0").xml.find("Hangup") is not None
    again = world.caller(NUMBER).ring().press("9")
    assert again.says == [prompt(world, "emergency_menu")]
    assert again.press("1").xml.find("Dial") is not None


# ---------------------------------------------------------------- spoken words


@pytest.mark.parametrize(
    ("language", "said", "node"),
    [
        ("1", "ขอแจ้งเรื่องไฟดับครับ", "complaint"),
        ("1", "สอบ ถาม ข้อมูล", "information"),
        ("2", "I want to REPORT a problem.", "complaint"),
        ("2", "Emergency!", "emergency"),
        ("1", "ขอคุยกับเจ้าหน้าที่ค่ะ", "agent"),
        ("2", "Somebody, please", "agent"),
    ],
)
def test_a_menu_understands_words(world: World, language: str, said: str, node: str) -> None:
    world.agent()
    caller = world.caller().ring().press(language)
    gather = caller.xml.find("Gather")
    assert gather is not None
    assert gather.attrib["input"] == "dtmf speech"
    caller.goes_to(gather.attrib["action"], SpeechResult=said, Confidence="0.9")
    assert world.story(caller)[-1].data["to"] == node
    assert world.story(caller)[-1].data["heard"] == "speech"


@pytest.mark.parametrize("said", ["good evening", "emergency report"])
def test_what_is_not_understood_is_told(world: World, said: str) -> None:
    caller = world.caller().ring().press("2")
    gather = caller.xml.find("Gather")
    assert gather is not None
    caller.goes_to(gather.attrib["action"], SpeechResult=said)
    assert caller.says[0] == prompt(world, "not_understood", "en")


def test_a_language_without_words_has_keys_only(world: World) -> None:
    gather = world.caller().ring().press("3").xml.find("Gather")
    assert gather is not None
    assert gather.attrib["input"] == "dtmf"
