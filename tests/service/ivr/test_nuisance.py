"""Blocks and suspects: which numbers, for how long, by whom; and never by a machine."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from hotline import clock
from hotline.auth import Role
from hotline.errors import HotlineError
from hotline.floor import Floor
from hotline.i18n import masked
from ivr import calls, nuisance
from ivr.calls import Arrival
from ivr.config import Ivr, NuisanceRules
from ivr.errors import (
    AlreadyBlocked,
    BadLength,
    BlockOver,
    NeverBlocked,
    NoReason,
    NoSuchBlock,
    NotANumber,
    NumberWithheld,
)
from ivr.events import Kind
from ivr.models import BlockEvent, Call
from ivr.nuisance import BlockFacts
from tests.support.floors import Bearer

NOW = datetime(2026, 11, 20, 5, 0, tzinfo=UTC)
DAY = timedelta(days=1)
NUMBER, OTHER = "+66811111111", "+66822222222"
EMERGENCY = ("191", "1669", "199", "1155")


@pytest.fixture
def session(floor: Floor) -> Iterator[Session]:
    with floor.db.write() as session:
        yield session


@pytest.fixture
def rules(floor: Floor) -> NuisanceRules:
    return floor.section(Ivr).nuisance


def blocked(session: Session, number: str = NUMBER, **more: Any) -> BlockFacts:
    said = {"reason": "screams", "days": 30, "by": "supervisor", "now": NOW, **more}
    return nuisance.block(session, number, **said)


def events(session: Session, block: int) -> list[tuple[str, str]]:
    rows = session.execute(
        sa.select(BlockEvent.kind, BlockEvent.by)
        .where(BlockEvent.block_id == block)
        .order_by(BlockEvent.id)
    )
    return [(kind, by) for kind, by in rows]


# ---------------------------------------------------------------- numbers


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("0811111111", NUMBER),
        ("081 111-1111", NUMBER),
        ("๐๘๑ ๑๑๑ ๑๑๑๑", NUMBER),
        ("+66 (0)81 111 1111", NUMBER),
        ("+66811111111", NUMBER),
        ("0066811111111", None),
        ("038 253 999", "+6638253999"),
        ("+44 20 7946 0018", "+442079460018"),
        ("+1 212 555 0100", "+12125550100"),
    ],
)
def test_numbers_as_people_write_them(floor: Floor, typed: str, meant: str | None) -> None:
    if meant is None:
        with pytest.raises(NotANumber):
            nuisance.normalised(typed, floor.city)
    else:
        assert nuisance.normalised(typed, floor.city) == meant


@pytest.mark.parametrize(
    ("typed", "refusal"),
    [
        *((number, NeverBlocked) for number in EMERGENCY),
        *((f"+66{number}", NeverBlocked) for number in EMERGENCY),
        ("112", NeverBlocked),
        ("1 9 1", NeverBlocked),
        ("1337", NeverBlocked),
        ("+66 38 111 337", NeverBlocked),
        ("038 253 100", NeverBlocked),
        ("anonymous", NumberWithheld),
        (" Anonymous ", NumberWithheld),
        ("+266696687", NumberWithheld),
        ("Restricted", NumberWithheld),
        ("+7378742833", NumberWithheld),
        ("", NotANumber),
        ("hello", NotANumber),
        ("08", NotANumber),
        ("+6681111111111111", NotANumber),
        ("<script>alert(1)</script>", NotANumber),
        ("client:agent-1", NotANumber),
    ],
)
def test_what_is_never_blocked(floor: Floor, typed: str, refusal: type[HotlineError]) -> None:
    with pytest.raises(refusal):
        nuisance.normalised(typed, floor.city)


# ---------------------------------------------------------------- blocks


def test_a_block_holds_until_it_ends_by_itself(session: Session) -> None:
    made = blocked(session)
    assert nuisance.blocked(session, NUMBER, NOW) == made
    assert nuisance.blocked(session, NUMBER, NOW + 30 * DAY - timedelta(seconds=1)) == made
    assert nuisance.blocked(session, NUMBER, NOW + 30 * DAY) is None
    assert nuisance.blocked(session, OTHER, NOW) is None
    assert nuisance.blocked(session, "anonymous", NOW) is None
    assert made.state(NOW) == "active"
    assert made.state(NOW + 30 * DAY) == "ran_out"
    with pytest.raises(BlockOver):
        nuisance.lift(session, made.id, by="x", now=NOW + 30 * DAY)


def test_a_lifted_number_is_served_again(session: Session) -> None:
    made = blocked(session)
    lifted = nuisance.lift(session, made.id, by="another", now=NOW + DAY)
    assert nuisance.blocked(session, NUMBER, NOW + DAY) is None
    assert (lifted.state(NOW + DAY), lifted.ended_by, lifted.ended_at) == (
        "lifted",
        "another",
        NOW + DAY,
    )
    assert events(session, made.id) == [("blocked", "supervisor"), ("lifted", "another")]
    with pytest.raises(BlockOver):
        nuisance.lift(session, made.id, by="x", now=NOW + DAY)
    with pytest.raises(NoSuchBlock):
        nuisance.lift(session, 99, by="x", now=NOW)


def test_a_number_is_blocked_once_and_again_when_that_is_over(session: Session) -> None:
    first = blocked(session, days=1)
    with pytest.raises(AlreadyBlocked):
        blocked(session)
    again = blocked(session, now=NOW + DAY)
    assert nuisance.blocked(session, NUMBER, NOW + DAY) == again
    assert events(session, first.id) == [("blocked", "supervisor"), ("ran_out", "system")]
    assert nuisance.find(session, first.id).state(NOW + DAY) == "ran_out"
    with pytest.raises(BlockOver):
        nuisance.lift(session, first.id, by="x", now=NOW + DAY)
    nuisance.lift(session, again.id, by="x", now=NOW + DAY)
    third = blocked(session, now=NOW + DAY)
    assert [each.id for each in nuisance.listing(session, NOW + DAY)] == [third.id]
    assert [each.id for each in nuisance.past(session, NOW + DAY)] == [again.id, first.id]
    assert [each.id for each in nuisance.past(session, NOW + DAY, limit=1)] == [again.id]
    assert [each.id for each in nuisance.past(session, NOW + DAY, before=again.id)] == [first.id]


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"reason": " \n"}, NoReason),
        ({"days": 0}, BadLength),
        ({"days": 366}, BadLength),
        ({"days": -1}, BadLength),
    ],
)
def test_a_block_says_why_and_how_long(
    session: Session, changes: dict[str, Any], refusal: type[HotlineError]
) -> None:
    with pytest.raises(refusal):
        blocked(session, **changes)
    assert nuisance.listing(session, NOW) == []


def test_of_many_at_once_one_blocks(floor: Floor) -> None:
    with floor.db.write() as session:
        blocked(session, days=1, now=NOW - DAY)  # has run out: the first one is to note it

    def act(_n: int) -> bool:
        try:
            with floor.db.write() as session:
                blocked(session)
        except AlreadyBlocked:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(act, range(8))) == 1
    with floor.db.read() as session:
        assert events(session, 1) == [("blocked", "supervisor"), ("ran_out", "system")]
        assert len(nuisance.listing(session, NOW)) == 1


def test_how_many_calls_a_block_refused(session: Session) -> None:
    first, second = blocked(session), blocked(session, OTHER)
    for n in range(3):
        silent(session, f"CA{n}", NOW, told=[(Kind.REFUSED, {"block": first.id})])
    counts = nuisance.refused_counts(session, {each.id: each for each in (first, second)})
    assert counts == {first.id: 3, second.id: 0}
    assert nuisance.refused_counts(session, {}) == {}


# ---------------------------------------------------------------- suspects


def silent(
    session: Session,
    sid: str,
    at: datetime,
    number: str = NUMBER,
    told: list[tuple[Kind, dict[str, Any]]] | None = None,
) -> int:
    call_id, _ = calls.arrive(
        session, Arrival(sid, number, "1337"), language="th", at="language", now=at
    )
    end = (Kind.ENDED, {"status": "completed"})
    for kind, data in [*(told or []), end]:
        calls.tell(session, call_id, kind, data, now=at)
    session.execute(sa.update(Call).where(Call.id == call_id).values(ended_at=at))
    return call_id


def silent_calls(session: Session, count: int, number: str = NUMBER, **more: Any) -> list[int]:
    return [
        silent(session, f"CA{number}{n}", NOW - timedelta(hours=n), number, **more)
        for n in range(count)
    ]


def test_a_number_that_calls_again_and_again_is_shown(
    session: Session, rules: NuisanceRules
) -> None:
    made = silent_calls(session, rules.calls)
    silent_calls(session, rules.calls - 1, OTHER)
    (found,) = nuisance.suspects(session, rules, NOW)
    assert found.number == NUMBER
    assert [each.id for each in found.calls] == made
    assert nuisance.suspects(session, rules, NOW + rules.days * DAY) == []


def test_keys_and_conversations_are_no_silence(session: Session, rules: NuisanceRules) -> None:
    key = {"at": "language", "digits": "1", "heard": "key", "to": "main"}
    silent_calls(session, 9, told=[(Kind.STEP, key)])
    silent_calls(session, 9, OTHER, told=[(Kind.CONNECTED, {})])
    assert nuisance.suspects(session, rules, NOW) == []


def test_nor_are_conversations_that_agents_called_a_nuisance(
    session: Session, rules: NuisanceRules
) -> None:
    wrapped_up = (Kind.WRAPPED_UP, {"outcome": "no_matter"})
    silent_calls(session, 9, told=[(Kind.CONNECTED, {}), wrapped_up])
    assert [each.number for each in nuisance.suspects(session, rules, NOW)] == [NUMBER]
    other = rules.model_copy(update={"outcomes": ()})
    assert nuisance.suspects(session, other, NOW) == []


def test_who_waited_in_vain_is_told_apart(session: Session, rules: NuisanceRules) -> None:
    silent_calls(session, 5, told=[(Kind.QUEUED, {}), (Kind.ABANDONED, {})])
    (found,) = nuisance.suspects(session, rules, NOW)
    assert found.waited == 5


@pytest.mark.parametrize("number", ["anonymous", "+266696687", ""])
def test_who_withholds_the_number_is_nobody_in_particular(
    session: Session, rules: NuisanceRules, number: str
) -> None:
    silent_calls(session, 9, number)
    assert nuisance.suspects(session, rules, NOW) == []


def test_a_call_that_is_not_over_is_not_judged(session: Session, rules: NuisanceRules) -> None:
    made = silent_calls(session, rules.calls)
    session.execute(sa.update(Call).where(Call.id == made[0]).values(ended_at=None))
    assert nuisance.suspects(session, rules, NOW) == []


def test_who_is_blocked_or_dismissed_is_not_shown_until_that_is_over(
    session: Session, rules: NuisanceRules
) -> None:
    silent_calls(session, 9)
    silent_calls(session, 9, OTHER)
    made = blocked(session)
    nuisance.dismiss(session, rules, OTHER, by="supervisor", now=NOW)
    assert nuisance.suspects(session, rules, NOW) == []
    (remembered,) = nuisance.dismissals(session, NOW)
    assert (remembered.number, remembered.by) == (OTHER, "supervisor")
    assert nuisance.dismissals(session, NOW + 30 * DAY) == []
    nuisance.lift(session, made.id, by="x", now=NOW)
    assert [each.number for each in nuisance.suspects(session, rules, NOW)] == [NUMBER]


# ---------------------------------------------------------------- the page


class Page:
    """The page of nuisance, for somebody of a role."""

    def __init__(self, client: FlaskClient, bearer: Bearer, role: Role) -> None:
        self._client, self._headers = client, bearer(role)

    def get(self, status: int = 200, query: str = "lang=en") -> str:
        answer = self._client.get(f"/nuisance?{query}", headers=self._headers)
        assert answer.status_code == status
        return answer.get_data(as_text=True)

    def block(self, status: int = 303, **changes: str) -> str:
        form = {"number": "081 111 1111", "reason": "screams", "days": "30", **changes}
        return self.post("/nuisance/blocks?lang=en", status, **form)

    def post(self, path: str, status: int = 303, **form: str) -> str:
        answer = self._client.post(path, data=form, headers=self._headers)
        assert answer.status_code == status, answer.get_data(as_text=True)
        return answer.get_data(as_text=True)


@pytest.fixture
def supervisor(client: FlaskClient, bearer: Bearer) -> Iterator[Page]:
    with clock.driven(NOW):
        yield Page(client, bearer, Role.SUPERVISOR)


def holds(floor: Floor, number: str = NUMBER) -> bool:
    with floor.db.read() as session:
        return nuisance.blocked(session, number, NOW) is not None


def test_a_supervisor_blocks_and_lifts(floor: Floor, supervisor: Page) -> None:
    supervisor.block()
    assert holds(floor)
    page = supervisor.get()
    assert NUMBER in page
    assert "20 Nov 2026 12:00 – 20 Dec 2026 12:00" in page
    assert "This number is already blocked." in supervisor.block(409)
    supervisor.post("/nuisance/blocks/1/lift")
    assert not holds(floor)
    assert "lifted by the-supervisor" in supervisor.get()
    supervisor.post("/nuisance/blocks/1/lift", 409)
    supervisor.post("/nuisance/blocks/99/lift", 404)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"number": "191"}, "Emergency numbers"),
        ({"number": "anonymous"}, "A caller who withholds the number cannot be blocked"),
        ({"number": "12"}, "This is no telephone number"),
        ({"reason": ""}, "Please say why."),
        ({"days": "366"}, "A block lasts 1 to 365 days."),
        ({"days": ""}, "A block lasts 1 to 365 days."),
        ({"days": "9" * 400}, "A block lasts 1 to 365 days."),
    ],
)
def test_what_is_refused_keeps_what_was_typed(
    supervisor: Page, changes: dict[str, str], words: str
) -> None:
    typed = {"number": "081 111 1111", "reason": "screams at night", **changes}
    page = supervisor.block(422, **typed)
    assert words in page
    for value in (typed["number"], typed["reason"]):
        assert f'value="{value}"' in page


def test_a_suspect_is_blocked_or_dismissed(floor: Floor, supervisor: Page) -> None:
    with floor.db.write() as session:
        made = silent_calls(session, 6)
        silent_calls(session, 5, OTHER)
    page = supervisor.get()
    assert "6 silent calls" in page
    assert f'href="/calls/{made[0]}"' in page
    assert f'href="/calls?like={made[0]}"' in page
    supervisor.post("/nuisance/dismissals", call=str(made[0]))
    page = supervisor.get()
    assert "6 silent calls" not in page
    assert "by the-supervisor" in page
    supervisor.block(number=OTHER)
    assert "silent calls<" not in supervisor.get()
    supervisor.post("/nuisance/dismissals", 404, call="999")
    supervisor.post("/nuisance/dismissals", 404, call="x")


def test_nobody_in_particular_is_dismissed(floor: Floor, supervisor: Page) -> None:
    with floor.db.write() as session:
        (made,) = silent_calls(session, 1, "anonymous")
    supervisor.post("/nuisance/dismissals", 422, call=str(made))


def test_the_calls_of_one_caller(floor: Floor, client: FlaskClient, bearer: Bearer) -> None:
    with floor.db.write() as session:
        made = silent_calls(session, 3)
        silent_calls(session, 3, OTHER)
    for role in (Role.SUPERVISOR, Role.MANAGER):
        answer = client.get(f"/calls?like={made[0]}", headers=bearer(role))
        page = answer.get_data(as_text=True)
        assert page.count(masked(NUMBER)) == 3
        assert NUMBER not in page
        assert page.count('href="/calls/') == 3
    assert client.get("/calls?like=999", headers=bearer(Role.MANAGER)).status_code == 404


def test_others_see_masked_numbers_and_decide_nothing(
    floor: Floor, client: FlaskClient, bearer: Bearer, supervisor: Page
) -> None:
    with floor.db.write() as session:
        silent_calls(session, 6, OTHER)
        silent_calls(session, 6, "+66833333333")
        nuisance.dismiss(
            session, floor.section(Ivr).nuisance, "+66833333333", by="supervisor", now=NOW
        )
    supervisor.block()
    manager = Page(client, bearer, Role.MANAGER)
    page = manager.get()
    for number in (NUMBER, OTHER, "+66833333333"):
        assert number not in page
        assert f"+66·····{number[-3:]}" in page
    assert "<form" not in page.split("<main")[1]
    manager.block(403)
    manager.post("/nuisance/blocks/1/lift", 403)
    manager.post("/nuisance/dismissals", 403, call="1")
    Page(client, bearer, Role.AGENT).get(403)


def test_a_script_stays_text(supervisor: Page) -> None:
    attack = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{ 7*7 }}"
    supervisor.block(reason=attack)
    refused = supervisor.block(422, number=attack, reason=attack, days=attack)
    for answer in (supervisor.get(), refused):
        assert "&lt;script&gt;" in answer
        assert "<script>alert" not in answer
        assert "<img" not in answer
