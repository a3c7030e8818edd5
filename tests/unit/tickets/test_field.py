"""What a telephone may say, when it happened, and the rules that run on the telephone itself."""

import json
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from tests.support import photos
from tickets.field import rules
from tickets.field.config import FieldPage
from tickets.field.rules import Act, BadAct

NOW = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
KEY = "0b9c1f7e-5a52-4c6f-9d1e-0a8b3f6c2d11"
SCRIPTS = Path(rules.__file__).parents[1] / "static" / "field"


def read(**fields: Any) -> rules.Said:
    sent = fields.pop("sent_at", None)
    act = {"key": KEY, "job": 7, "act": "here"} | fields
    return rules.read(act, sent_at=sent, now=NOW)


# ------------------------------------------------------------------ what was said


def test_an_act_is_read() -> None:
    said = read(key=KEY.upper(), text=" รถติด\0 ", latitude=12.5, longitude=100, accuracy_m=8)
    assert (said.key, said.job, said.act, said.text) == (KEY, 7, Act.HERE, "รถติด")
    assert said.place == rules.Place(12.5, 100.0, 8.0)
    assert said.at == NOW
    assert len(read(text="ก" * 9000).text) == rules.LONGEST


def test_only_a_position_is_of_no_job() -> None:
    assert read(job=0, act="position", latitude=12.5, longitude=100).job == 0
    for act in set(Act) - {Act.POSITION, Act.PHOTO}:
        with pytest.raises(BadAct, match="job"):
            read(job=0, act=act, latitude=12.5, longitude=100)


@pytest.mark.parametrize(
    "wrong",
    [
        {"key": "none"},
        {"key": KEY + "0"},
        {"job": 0},
        {"job": "7"},
        {"job": True},
        {"job": 2**63},
        {"act": "recall"},
        {"act": "photo"},
        {"act": "photo", "side": "inside"},
        {"side": "after"},
        {"act": "position"},
        {"latitude": 90.1, "longitude": 0},
        {"latitude": 1},
        {"latitude": True, "longitude": 0},
        {"latitude": float("nan"), "longitude": 0},
        {"latitude": 1, "longitude": 2, "accuracy_m": float("inf")},
    ],
)
def test_what_says_nothing_is_none(wrong: dict[str, Any]) -> None:
    with pytest.raises(BadAct):
        read(**wrong)


# ------------------------------------------------------------------ when it happened


@pytest.mark.parametrize(
    ("happened", "sent", "ago"),
    [
        ("2026-11-20T09:00:00+07:00", "2026-11-20T09:05:00+07:00", 5),
        # a telephone that lives in another year
        ("2031-01-01T00:00:00Z", "2031-01-01T00:30:00Z", 30),
        # whose clock was put back meanwhile
        ("2026-11-20T09:05:00Z", "2026-11-20T09:00:00Z", 0),
        # that has waited longer than anybody believes
        ("2020-01-01T00:00:00Z", "2026-11-20T00:00:00Z", 30 * 24 * 60),
        ("2026-11-20T09:00:00", "2026-11-20T09:05:00Z", 0),
        ("yesterday", "2026-11-20T09:05:00Z", 0),
        (None, None, 0),
    ],
)
def test_it_happened_as_long_ago_as_the_telephone_says(
    happened: str | None, sent: str | None, ago: int
) -> None:
    assert rules.moment(happened, sent, now=NOW) == NOW - timedelta(minutes=ago)


def test_a_faster_clock_has_gone_further_meanwhile() -> None:
    at = rules.moment("2026-01-01T00:00:00Z", "2026-01-01T00:01:00Z", now=NOW, speed=60)
    assert at == NOW - timedelta(hours=1)


# ------------------------------------------------------------------ config.yaml


@pytest.mark.parametrize(
    "url",
    [
        "http://maps.example/{latitude},{longitude}",
        "https://maps.example/{latitude}",
        "https://{latitude}.example/{longitude}",
        "https://maps.example/{latitude},{longitude},{0}",
        'https://maps.example/"{latitude},{longitude}',
    ],
)
def test_a_way_that_leads_nowhere_is_refused(url: str) -> None:
    with pytest.raises(ValidationError):
        FieldPage(navigation=url)


# ------------------------------------------------------------------ on the telephone

#: Modules without an import of their own are loaded from their text, whatever Node takes them for.
LOAD = """
const load = (text) => import("data:text/javascript," + encodeURIComponent(text));
const input = JSON.parse(await new Promise((resolve) => {
  let all = ""; process.stdin.on("data", (each) => (all += each)).on("end", () => resolve(all));
}));
const module_ = await load(input.module);
"""


def run(module: str, script: str, **values: Any) -> Any:
    """What `script` gives, with the exports of a module as `module_` and `values` as `input`."""
    told = json.dumps({"module": (SCRIPTS / module).read_text(encoding="utf-8"), **values})
    command = [
        "node",
        "--input-type=module",
        "-e",
        f"{LOAD}\nconsole.log(JSON.stringify({script}))",
    ]
    done = subprocess.run(command, input=told, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def act(n: int, name: str = "here", **more: Any) -> dict[str, Any]:
    return {"n": n, "key": str(n), "act": name, "job": 1, "state": "waiting", "tries": 0} | more


def test_what_goes_next() -> None:
    photo = {"photo": True}
    queues = [
        [],
        [act(1), act(2), act(3, "photo", **photo), act(4)],
        [act(3, "photo", **photo), act(4)],
        # what the hotline stumbled over goes alone, and holds up nobody before it
        [act(1), act(2, tries=1), act(3)],
        [act(2, tries=1), act(3)],
        # what was refused stands before nobody
        [act(1, state="refused"), act(2, state="failed"), act(3)],
        [act(n) for n in range(50)],
    ]
    script = "input.queues.map((each) => module_.nextBatch(each).map(({ n }) => n))"
    got = run("queue.js", script, queues=queues)
    assert got == [[], [1, 2], [3], [1], [2], [3], list(range(20))]


def test_what_becomes_of_an_act_that_was_answered() -> None:
    script = """input.answers.map((each) => module_.settled(input.act, each))
      .map((each) => each && [each.state, each.tries, each.why ?? null])"""
    answers = [
        {"state": "done"},
        {"state": "refused", "message": "over"},
        {"state": "failed", "message": "fault"},
    ]
    fresh = run("queue.js", script, act=act(1), answers=answers)
    assert fresh == [None, ["refused", 0, "over"], ["waiting", 1, None]]
    often = run("queue.js", script, act=act(1, tries=3), answers=answers[2:])
    assert often == [["failed", 4, "fault"]], "it no longer stands before the others"


def test_a_job_stands_as_its_crew_has_left_it() -> None:
    cases = [
        ["sent", []],
        ["sent", [act(1, "acknowledge"), act(2, "on_way")]],
        ["here", [act(1, "on_way")]],
        ["sent", [act(1, "note"), act(2, "photo"), act(3, "position")]],
        ["on_way", [act(1, "here", state="refused")]],
        ["here", [act(1, "done")]],
    ]
    script = "input.cases.map(([state, queue]) => module_.stateAfter(state, queue))"
    got = run("queue.js", script, cases=cases)
    assert got == ["sent", "on_way", "here", "sent", "on_way", "done"]


def test_only_positions_are_ever_let_go_and_the_oldest_first() -> None:
    queue = [act(n, "position" if n % 2 else "note") for n in range(140)]
    gone = run("queue.js", "module_.surplus(input.queue).map(({ n }) => n)", queue=queue)
    assert gone == [1, 3, 5, 7, 9, 11, 13, 15, 17, 19]


def test_pauses_grow_to_a_minute() -> None:
    script = "[0, 1, 5, 6, 60].map((n) => [module_.pause(n, 0), module_.pause(n, 1)])"
    assert run("queue.js", script) == [
        [500, 1000],
        [1000, 2000],
        [16000, 32000],
        [30000, 60000],
        [30000, 60000],
    ]


def test_a_distance_is_that_of_the_hotline() -> None:
    from tickets.places.rules import Pin, distance

    one, other = {"latitude": 12.93, "longitude": 100.885}, {"latitude": 12.965, "longitude": 100.9}
    got = run("queue.js", "module_.distance(input.one, input.other)", one=one, other=other)
    assert got == pytest.approx(distance(Pin(**one), Pin(**other)), rel=1e-6)


def test_what_the_camera_wrote_is_carried_over_and_the_picture_not_turned_twice() -> None:
    import base64
    import io

    from PIL import ExifTags, Image

    original = photos.turned(6)
    plain = io.BytesIO()
    photos.scene(size=(48, 32)).save(plain, "JPEG")
    script = """(() => {
      const bytes = (text) => Uint8Array.from(Buffer.from(text, "base64"));
      const exif = module_.exifOf(bytes(input.original));
      const made = module_.withExif(bytes(input.plain), exif);
      const none = ["", "x", input.plain].map((each) => module_.exifOf(bytes(each)));
      return [Buffer.from(made).toString("base64"), none];
    })()"""
    made, none = run(
        "exif.js",
        script,
        original=base64.b64encode(original).decode(),
        plain=base64.b64encode(plain.getvalue()).decode(),
    )
    assert none == [None, None, None]
    with Image.open(io.BytesIO(base64.b64decode(made))) as picture:
        picture.load()
        told = picture.getexif()
        assert picture.size == (48, 32)
        assert told[ExifTags.Base.Orientation] == 1
        assert told.get_ifd(ExifTags.IFD.GPSInfo)[1] == "N"
