"""The attribute tables: what the modules quote is what the code checks, and what docs show."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

from exchange import errors, twiml
from exchange.errors import DocumentError
from exchange.verbs import NOUNS, SPECS, VERBS

DOCS = Path(__file__).parents[2] / "docs" / "exchange.md"
MODULES = [name.lower() for name in (*VERBS, "Number", "Client", "Conference", "Queue")]


def table(module: str) -> dict[str, str]:
    """Attribute and default of each row of the module's own table."""
    text = importlib.import_module(f"exchange.verbs.{module}").__doc__ or ""
    rows = re.findall(r"^\| (.+?) \| .* \| (.*?) ?\|$", text, re.M)
    return {name: default for name, default in rows if name != "attribute"}


@pytest.mark.parametrize("module", MODULES)
def test_the_quoted_table_is_the_code(module: str) -> None:
    spec = importlib.import_module(f"exchange.verbs.{module}").SPEC
    quoted = table(module)
    names = [name for row in quoted for name in row.split(", ")]
    for name in names:
        whole = name if not name.endswith("…") else None
        assert whole is None or whole in spec.attributes, f"{name}: a row without code"
    prefixes = tuple(name[:-1] for name in names if name.endswith("…")) or ("\0",)
    for name, attribute in spec.attributes.items():
        assert name in names or name.startswith(prefixes), f"{name}: no row quotes it"
        if name in quoted and attribute.default:
            assert quoted[name].startswith(attribute.default), f"{name}: another default"


@pytest.mark.parametrize("name", [*VERBS, *NOUNS])
def test_the_documentation_names_every_attribute(name: str) -> None:
    section = DOCS.read_text("utf-8")
    rows = [row for row in section.splitlines() if row.startswith(f"| `<{name}>` ")]
    documented = {word for row in rows for word in re.findall(r"`(\w+)`", row)}
    assert set(SPECS[name].attributes) <= documented, f"{DOCS.name} lacks attributes of {name}"


WRONG = {
    "Say": ['<Say loop="-1">a</Say>', '<Say loop="x">a</Say>', "<Say/>", '<Say pitch="1">a</Say>'],
    "Play": ["<Play/>", '<Play digits="x"/>', '<Play loop="1001">http://a/b</Play>'],
    "Pause": ['<Pause length="0"/>', "<Pause>now</Pause>"],
    "Gather": [
        '<Gather timeout="0"/>',
        '<Gather numDigits="0"/>',
        '<Gather finishOnKey="12"/>',
        '<Gather input="voice"/>',
        '<Gather input="speech" speechTimeout="0"/>',
        '<Gather input="speech" speechTimeout="soon"/>',
        '<Gather input="speech" speechTimeout="auto" speechModel="default"/>',
        '<Gather input="speech" language="Thai language"/>',
        f'<Gather input="speech" hints="{"a" * 101}"/>',
        f'<Gather input="speech" hints="{"a," * 501}"/>',
        '<Gather input="speech" enhanced="very"/>',
        '<Gather partialResultCallbackMethod="PUT"/>',
        "<Gather><Gather/></Gather>",
        '<Gather method="PUT"/>',
        "<Gather><Hangup/></Gather>",
        "<Gather>press one</Gather>",
    ],
    "Redirect": ["<Redirect/>", '<Redirect method="HEAD">/a</Redirect>'],
    "Enqueue": [
        "<Enqueue/>",
        f"<Enqueue>{'a' * 65}</Enqueue>",
        '<Enqueue maxQueueSize="5001">a</Enqueue>',
        '<Enqueue workflowSid="WW1">a</Enqueue>',
    ],
    "Leave": ['<Leave now="1"/>'],
    "Dial": [
        "<Dial/>",
        "<Dial>191<Number>191</Number></Dial>",
        "<Dial><Conference>a</Conference><Number>191</Number></Dial>",
        "<Dial>" + "<Number>191</Number>" * 11 + "</Dial>",
        '<Dial timeout="601">191</Dial>',
        "<Dial><Say>a</Say></Dial>",
        "<Dial><Client/></Dial>",
        '<Dial><Number statusCallbackEvent="busy">191</Number></Dial>',
        '<Dial><Conference startConferenceOnEnter="yes">a</Conference></Dial>',
        '<Dial><Conference maxParticipants="251">a</Conference></Dial>',
        "<Dial><Queue/></Dial>",
        "<Dial><Sip>sip:a@b</Sip></Dial>",
        '<Dial record="always">191</Dial>',
        '<Dial recordingTrack="left">191</Dial>',
        '<Dial recordingStatusCallbackEvent="failed">191</Dial>',
        '<Dial><Conference record="record-from-answer">a</Conference></Dial>',
        '<Dial><Conference trim="no">a</Conference></Dial>',
        '<Dial timeLimit="0">191</Dial>',
        "<Dial><Dial>191</Dial></Dial>",
    ],
    "Record": ['<Record maxLength="0"/>', '<Record finishOnKey="a"/>', '<Record trim="no"/>'],
    "Reject": ['<Reject reason="tired"/>'],
    "Hangup": ['<Hangup reason="busy"/>', "<Hangup>now</Hangup>"],
    "nested": [
        "<Say><Play>/a.wav</Play></Say>",
        "<Play><Say>a</Say></Play>",
        "<Pause><Say>a</Say></Pause>",
        "<Redirect>/a<Say>b</Say></Redirect>",
        "<Enqueue>q<Say>b</Say></Enqueue>",
        "<Record><Say>b</Say></Record>",
        "<Reject><Say>b</Say></Reject>",
        "<Hangup><Say>b</Say></Hangup>",
        "<Leave><Say>b</Say></Leave>",
        "<Gather><Redirect>/a</Redirect></Gather>",
        "<Gather><Record/></Gather>",
        "<Dial><Number>191<Say>b</Say></Number></Dial>",
        "<Dial><Conference>a<Say>b</Say></Conference></Dial>",
    ],
    "none": ["<Stream/>", "<Number>191</Number>", "text", "<say>a</say>"],
}


@pytest.mark.parametrize("verb", [verb for verbs in WRONG.values() for verb in verbs])
def test_what_is_wrong_is_refused_with_the_schema_error(verb: str) -> None:
    with pytest.raises(DocumentError) as fault:
        twiml.parse(f"<Response>{verb}</Response>", SPECS, VERBS)
    assert fault.value.code == errors.SCHEMA


def test_every_verb_has_something_wrong() -> None:
    assert set(VERBS) <= set(WRONG)


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ("", errors.PARSE_FAILURE),
        ("<Response><Say>a</Response>", errors.PARSE_FAILURE),
        ("<Answer/>", errors.INVALID_ROOT),
        ('<!DOCTYPE a [<!ENTITY b "c">]><Response><Say>&b;</Say></Response>', errors.PARSE_FAILURE),
        ('<Response to="me"/>', errors.SCHEMA),
    ],
)
def test_what_is_no_document(document: str, code: int) -> None:
    with pytest.raises(DocumentError) as fault:
        twiml.parse(document, SPECS, VERBS)
    assert fault.value.code == code


def test_the_library_s_own_documents_are_accepted() -> None:
    from twilio.twiml.voice_response import Dial, Gather, VoiceResponse

    response = VoiceResponse()
    gather = Gather(action="/a", num_digits=1, timeout=3, finish_on_key="", input="dtmf")
    gather.say("กด 1", language="th-TH", voice="Google.th-TH-Standard-A")
    gather.play("/a.wav", loop=2)
    gather.pause(length=2)
    response.append(gather)
    speech = Gather(
        input="dtmf speech",
        hints="ไฟดับ, น้ำท่วม",
        language="th-TH",
        speech_timeout="auto",
        speech_model="phone_call",
        enhanced=True,
        profanity_filter=False,
        partial_result_callback="/p",
        partial_result_callback_method="POST",
    )
    response.append(speech)
    response.enqueue("q", action="/b", wait_url="/w", wait_url_method="GET", max_queue_size=5)
    dial = Dial(action="/c", timeout=20, time_limit=60, answer_on_bridge=True, caller_id="1337")
    dial.number("+66812345678", url="/n", status_callback="/s", status_callback_event="ringing")
    client = dial.client(None, status_callback_event="initiated answered")
    client.identity("agent-1")
    client.parameter(name="queue", value="th")
    response.append(dial)
    room = Dial()
    room.conference(
        "room",
        beep="onEnter",
        end_conference_on_exit=True,
        wait_url="",
        record="record-from-start",
        recording_status_callback="/r",
        recording_status_callback_event="in-progress completed absent",
    )
    response.append(room)
    response.record(max_length=30, play_beep=False)
    response.reject(reason="busy")
    response.redirect("/x", method="GET")
    response.leave()
    response.hangup()
    verbs = twiml.parse(str(response), SPECS, VERBS)
    assert [verb.name for verb in verbs][:4] == ["Gather", "Gather", "Enqueue", "Dial"]
