"""`hotline check` refuses files that are broken in different ways, each in exactly the right words.

Each row is one slip of somebody who edits the shipped file: what stood there, what stands there
now, and every line that the command then says.
"""

from pathlib import Path
from typing import NamedTuple

import pytest

from hotline.cli import main
from tests.support.floors import CONFIG

SHIPPED = CONFIG.read_text(encoding="utf-8")


class Slip(NamedTuple):
    """`right` becomes `wrong` in the shipped file, with the nodes `besides`; `told` is everything
    that is said of it.
    """

    what: str
    right: str
    wrong: str
    told: str
    besides: str = ""

    @property
    def file(self) -> str:
        assert SHIPPED.count(self.right) == 1
        return SHIPPED.replace(self.right, self.wrong).replace(PLACE, self.besides + PLACE)


#: Where in the flow nodes can be added.
PLACE = "    refused: {kind: refusal"
SLIPS = [
    Slip(
        "a key leads to a node that nobody wrote",
        "keys: {1: information, 2: complaint,",
        "keys: {1: information, 2: complaints,",
        """
        ivr.flow.main.keys.2: no such node "complaints"
        """,
    ),
    Slip(
        "a node that nothing leads to",
        "    refused: {kind: refusal",
        "    old_menu: {kind: say, prompt: goodbye, next: main}\n    refused: {kind: refusal",
        """
        ivr.flow.old_menu: nothing leads here
        """,
    ),
    Slip(
        "paths that never end",
        "4: ticket, 5: city_hall, 9",
        "4: ticket, 5: city_hall, 6: one, 9",
        """
        ivr.flow.one: no path from here ever ends
        ivr.flow.two: no path from here ever ends
        ivr.flow.one: a silent caller goes round: one → two → one
        """,
        "    one: {kind: goto, next: two}\n    two: {kind: goto, next: one}\n",
    ),
    Slip(
        "a circle that a silent caller never leaves",
        "full_menu, keys: {1: callback, 2: message, 9: emergency}, otherwise: message, tries: 2}",
        "full_menu, keys: {1: callback, 2: message, 9: emergency}, otherwise: agent, tries: 2}",
        """
        ivr.flow.agent: a silent caller goes round: agent → full → agent
        """,
    ),
    Slip(
        "a silent caller is thrown out",
        "      keys: {1: police, 2: ambulance, 3: fire, 4: tourist_police, 0: emergency_agent}\n"
        "      otherwise: emergency_agent\n",
        "      keys: {1: police, 2: ambulance, 3: fire, 4: tourist_police, 0: emergency_agent}\n"
        "      otherwise: goodbye\n",
        """
        ivr.flow.emergency: a silent caller reaches no person: emergency → goodbye
        """,
        "    goodbye: {kind: hangup, prompt: goodbye}\n",
    ),
    Slip(
        "an emergency number whose failure leads to nobody of ours",
        "prompt: transfer_fire, failed: emergency_agent}",
        "prompt: transfer_fire, failed: message}",
        """
        ivr.flow.fire: no path from here leads to a person in a queue
        """,
    ),
    Slip(
        "an emergency number whose failure leads to a queue like any other",
        "prompt: transfer_fire, failed: emergency_agent}",
        "prompt: transfer_fire, failed: complaint}",
        """
        ivr.flow.fire.failed: leads to a queue of priority 0, not 100: \
an emergency is served before everybody else
        """,
    ),
    Slip(
        "an emergency that waits for the choice of a language",
        "      goto: {9: emergency}\n      default: th",
        "      default: th",
        """
        ivr.flow.language: no key leads from this first question to "emergency"
        """,
    ),
    Slip(
        "a text that nobody translated",
        "      ru: Мы не услышали сообщения. Пожалуйста, говорите после сигнала.\n",
        "",
        """
        ivr.prompts.nothing_heard.ru: this text is missing
        """,
    ),
    Slip(
        "a text without the value that it is there for",
        "en: You are {position} in the queue.",
        "en: You are in the queue.",
        """
        ivr.prompts.position.en: {position} is missing
        """,
    ),
    Slip(
        "the same key twice",
        "keys: {1: police, 2: ambulance, 3: fire, 4: tourist_police,",
        "keys: {1: police, 2: ambulance, 3: fire, 3: tourist_police,",
        """
        FILE, line LINE: the key '3' stands twice
        """,
    ),
    Slip(
        "a key that chooses a language and an emergency",
        "      goto: {9: emergency}\n      default: th",
        "      goto: {4: emergency, 9: emergency}\n      default: th",
        """
        ivr.flow.language.goto.4: this key already chooses a language
        """,
    ),
    Slip(
        "a recording that is not there",
        "      th: เราได้รับข้อความของท่านแล้ว และจะดำเนินการต่อไป ขอบคุณค่ะ",
        "      th: [{play: kept-th.wav}, ขอบคุณค่ะ]",
        """
        ivr.prompts.message_kept.th.0.play: there is no file audio/kept-th.wav
        """,
    ),
    Slip(
        "hours of an office that the city does not have",
        "calendar: office,",
        "calendar: ofice,",
        """
        ivr.flow.city_hall.calendar: no such calendar "ofice"
        """,
    ),
    Slip(
        "a queue without an answer for the hour when nobody is there",
        "      overflow: callback\n      nobody: nobody\n    complaint:",
        "      overflow: callback\n    complaint:",
        """
        ivr.queues.information.nobody: is missing: a hotline is open day and night; \
say where callers go when nobody is signed in
        """,
    ),
    Slip(
        "a queue that is full, and nowhere to go",
        "      max_callers: 200\n      full: full\n      max_wait: 1800\n"
        "      overflow: callback\n      nobody: nobody\n    emergency:",
        "      max_callers: 200\n      max_wait: 1800\n"
        "      overflow: callback\n      nobody: nobody\n    emergency:",
        """
        ivr.queues.complaint.full: is missing: where do callers go at max_callers?
        """,
    ),
    Slip(
        "a queue that does not exist",
        "en: Any of our staff}, queue: information,",
        "en: Any of our staff}, queue: informations,",
        """
        ivr.flow.agent.queue: no such queue "informations"
        """,
    ),
    Slip(
        "words for a language that nobody speaks here",
        "3: {th: [ฉุกเฉิน, ด่วน, ช่วยด้วย], en: [emergency, help]}",
        "3: {th: [ฉุกเฉิน, ด่วน, ช่วยด้วย], en: [emergency, help], fr: [urgence]}",
        """
        ivr.flow.main.words.3.fr: no such language "fr"
        """,
    ),
    Slip(
        "a key of the waiting room to nowhere",
        "1: {to: callback, prompt: offer_callback,",
        "1: {to: call_back, prompt: offer_callback,",
        """
        ivr.waiting.keys.1.to: no such node "call_back"
        """,
    ),
    Slip(
        "a field that no kind has",
        "en: Leave a message}, prompt: leave_message,",
        "en: Leave a message}, greeting: leave_message,",
        """
        ivr.flow.message.prompt: is missing
        ivr.flow.message.greeting: there is no such key
        """,
    ),
]


@pytest.mark.parametrize("slip", SLIPS, ids=lambda slip: slip.what)
def test_each_slip_is_told_in_the_right_words(
    slip: Slip, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "my-city.yaml"
    text = slip.file
    path.write_text(text, encoding="utf-8")
    assert main(["check", str(path)]) == 1
    captured = capsys.readouterr()
    first, *lines = captured.err.splitlines()
    assert first == "The hotline does not start with this configuration:"
    line = text[: text.index(slip.wrong)].count("\n") + 1 if slip.wrong else 0
    wanted = slip.told.replace("FILE", str(path)).replace("LINE", str(line))
    assert [each.strip() for each in lines] == [each.strip() for each in wanted.strip().split("\n")]


def test_a_recording_that_is_there_is_no_fault(tmp_path: Path) -> None:
    (slip,) = (each for each in SLIPS if "recording" in each.what)
    path = tmp_path / "my-city.yaml"
    path.write_text(slip.file, encoding="utf-8")
    (tmp_path / "audio").mkdir()
    (tmp_path / "audio" / "kept-th.wav").write_bytes(b"RIFF")
    assert main(["check", str(path)]) == 0
