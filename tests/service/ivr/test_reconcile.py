"""The carrier's own list against ours: through the unmodified library, against a real exchange."""

import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import sqlalchemy as sa

import reports.jobs
import reports.service
from hotline import cli, clock, fallback, telephony
from hotline.app import build_floor
from hotline.city import CityConfig
from hotline.clock import ScaledClock
from hotline.floor import Floor
from hotline.settings import Settings
from hotline.telephony import Carrier, CarrierError
from ivr import calls, reconcile, story
from ivr import service as ivr
from ivr.models import Call, CallEvent
from ivr.room import waiting
from reports.metrics import total
from tests.support import exchanges
from tests.support.exchanges import Exchange
from tests.support.floors import CONFIG

DAY = date(2026, 11, 20)
NOON = datetime(2026, 11, 20, 5, 0, tzinfo=UTC)
NEXT_MORNING = datetime(2026, 11, 21, 1, 0, tzinfo=UTC)
SPEED = 60.0


@pytest.fixture
def exchange(city_config: CityConfig) -> Iterator[Exchange]:
    """One whose hotline is away: every caller gets the document kept elsewhere."""
    document = fallback.document(city_config)
    fast = ScaledClock.starting(NOON, SPEED)
    with exchanges.exchange(fallback=document, clock=fast) as running:
        yield running


@pytest.fixture
def here(settings: Settings, city_config: CityConfig, exchange: Exchange) -> Iterator[Floor]:
    """Our side, the morning after."""
    at = settings.model_copy(update={"carrier_base_url": exchange.url})
    built = build_floor(at, city_config)
    with clock.driven(NEXT_MORNING):
        yield built
    built.close()


def run(floor: Floor, *, dry: bool = False) -> reconcile.Differences:
    return reconcile.run(floor, DAY, now=clock.now(), dry=dry)


def everything(floor: Floor) -> dict[str, list[Any]]:
    """What stands about calls."""
    with floor.db.read() as session:
        return {
            table.name: [
                tuple(row) for row in session.execute(sa.select(table).order_by(table.c.id))
            ]
            for table in (Call.__table__, CallEvent.__table__)
        }


def events(floor: Floor, sid: str) -> list[story.EventFacts]:
    with floor.db.read() as session:
        call_id = calls.find(session, sid)
        assert call_id is not None
        return story.events_of(session, call_id)


def whole_second(text: str) -> datetime:
    """The exchange's moment as its list gives it."""
    return datetime.fromisoformat(text).replace(microsecond=0)


def arrived(floor: Floor, sid: str, at: datetime, **other: str) -> int:
    """A call that did reach us."""
    facts = {"from_number": "+66812345678", "to_number": "1337"} | other
    with floor.db.write() as session:
        call_id, _ = ivr.arrive(session, ivr.Arrival(sid, **facts), language="th", at="x", now=at)
    return call_id


# ---------------------------------------------------------------- calls that never reached us


def test_a_call_that_never_reached_us_is_written_at_the_carriers_moments(
    here: Floor, exchange: Exchange
) -> None:
    sid = exchange.dial("+66812345678", {"hang_up": {"in": "dial", "after": 20}})
    (theirs,) = exchange.ended(sid)
    found = run(here)
    assert [call.sid for call in found.missed] == [sid]
    assert (found.theirs, found.ours, found.repaired, found.failed) == (1, 0, 1, [])
    assert found.days == {DAY}
    story_of_it = events(here, sid)
    assert [event.kind for event in story_of_it] == ["arrived", "fault", "transferred", "ended"]
    assert all(event.data["by"] == "reconcile" for event in story_of_it)
    assert story_of_it[0].at == whole_second(theirs["answered_at"])
    assert story_of_it[-1].at == whole_second(theirs["ended_at"])
    assert story_of_it[-1].data["status"] == "completed"
    with here.db.read() as session:
        facts = ivr.call_facts(session, calls.find(session, sid) or 0)
    assert (facts.from_number, facts.to_number) == ("+66812345678", "1337")
    assert facts.ended_at == story_of_it[-1].at

    before = everything(here)
    again = run(here)
    assert (again.missed, again.over, again.differing, again.repaired) == ([], [], [], 0)
    assert everything(here) == before


@pytest.mark.parametrize(("outcome", "counted"), [("answer", 1), ("no-answer", 0)])
def test_whether_somebody_took_the_call_at_night_is_counted(
    here: Floor, exchange: Exchange, outcome: str, counted: int
) -> None:
    exchange.station(here.city.fallback_number, outcome=outcome, answer_after=5, hang_up_after=30)
    exchange.ended(exchange.dial("+66812345678"), exchange.dial("+66812345679"))
    reconcile.night(here, DAY)
    reports.jobs.night(here, DAY)
    with here.db.read() as session:
        counters = total(row.counters for row in reports.service.day_rows(session, DAY, DAY))
    assert (counters.calls, counters.not_queued) == (2, 2)
    assert counters.transferred == 2 * counted


def test_who_hung_up_during_the_apology_was_not_put_through(
    here: Floor, exchange: Exchange
) -> None:
    sid = exchange.dial("+66812345678", {"hang_up": {"in": "menu", "after": 2}})
    exchange.ended(sid)
    run(here)
    assert [event.kind for event in events(here, sid)] == ["arrived", "ended"]


def test_a_call_that_lives_is_left_for_another_time(here: Floor, exchange: Exchange) -> None:
    exchange.station(here.city.fallback_number, outcome="answer", hang_up_after=None)
    exchange.dial("+66812345678")
    found = run(here)
    assert (found.missed, found.too_early, found.repaired) == ([], 1, 0)
    assert everything(here)["calls"] == []


def test_a_dry_run_tells_and_changes_nothing(here: Floor, exchange: Exchange) -> None:
    sid = exchange.dial("+66812345678", {"hang_up": {"in": "menu", "after": 2}})
    exchange.ended(sid)
    arrived(here, "CAnobody", NOON)
    before = everything(here)
    found = run(here, dry=True)
    assert ([call.sid for call in found.missed], len(found.unknown)) == ([sid], 1)
    assert (found.repaired, found.days) == (0, set())
    assert everything(here) == before
    assert "1 to repair" in reconcile.in_words(found, dry=True)
    assert "+66812345678" not in json.dumps(found.as_dict()) + "".join(reconcile.details(found))


# ---------------------------------------------------------------- calls that did


def test_a_call_that_has_ended_unheard_ends_when_it_did(here: Floor, exchange: Exchange) -> None:
    sid = exchange.dial("+66812345678", {"hang_up": {"in": "dial", "after": 20}})
    (theirs,) = exchange.ended(sid)
    call_id = arrived(here, sid, NOON)
    place = waiting.Place(call_id, 1, "information", "information", "th", 0)
    with here.db.write() as session:
        assert waiting.enter(session, place, now=NOON + timedelta(seconds=5))
    found = run(here)
    assert ([call.sid for _, call in found.over], found.repaired) == ([sid], 1)
    *_, abandoned, ended = events(here, sid)
    assert (abandoned.kind, ended.kind) == ("abandoned", "ended")
    assert abandoned.at == ended.at == whole_second(theirs["ended_at"])
    assert ended.data == {"status": "completed", "by": "reconcile"}
    before = everything(here)
    assert run(here).repaired == 0
    assert everything(here) == before


def test_an_end_never_lies_before_what_was_written_of_the_call(
    here: Floor, exchange: Exchange
) -> None:
    sid = exchange.dial("+66812345678", {"hang_up": {"in": "menu", "after": 2}})
    exchange.ended(sid)
    late = NOON + timedelta(hours=1, microseconds=250_000)
    call_id = arrived(here, sid, NOON)
    place = waiting.Place(call_id, 1, "information", "information", "th", 0)
    with here.db.write() as session:
        waiting.enter(session, place, now=late)
    run(here)
    assert events(here, sid)[-1].at == late


def test_what_differs_and_what_the_carrier_does_not_know_is_told_and_left(
    here: Floor, exchange: Exchange
) -> None:
    sid = exchange.dial("+66812345678", {"hang_up": {"in": "menu", "after": 2}})
    (theirs,) = exchange.ended(sid)
    ended = whole_second(theirs["ended_at"]) + timedelta(minutes=5)
    late = whole_second(theirs["answered_at"]) + timedelta(seconds=90)
    call_id = arrived(here, sid, late, from_number="+66899999999")
    arrived(here, "CAnobody", NOON)
    arrived(here, "CAyesterday", NOON - timedelta(days=1))
    with here.db.write() as session:
        ivr.end_call(here, session, call_id, "completed", now=ended)
    before = everything(here)
    found = run(here)
    assert [call.sid for call in found.unknown] == ["CAnobody"]
    assert {(each.sid, each.fact) for each in found.differing} == {
        (sid, "from_number"),
        (sid, "arrived_at"),
        (sid, "ended_at"),
    }
    assert "+66899999999" not in str(found.differing)
    assert (found.repaired, everything(here)) == (0, before)


def test_one_repair_that_fails_does_not_keep_the_others_from_theirs(
    here: Floor, exchange: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = {"hang_up": {"in": "menu", "after": 2}}
    sids = [exchange.dial(f"+6681234567{n}", script) for n in range(3)]
    exchange.ended(*sids)
    write = reconcile._write_missed

    def fail_one(floor: Floor, session: Any, call: Any, leg: Any) -> Any:
        moments = write(floor, session, call, leg)
        if call.sid == sids[1]:
            raise RuntimeError("no")
        return moments

    monkeypatch.setattr(reconcile, "_write_missed", fail_one)
    with pytest.raises(reconcile.Unrepaired, match="1 could not be repaired"):
        reconcile.night(here, DAY)
    assert {row[1] for row in everything(here)["calls"]} == {sids[0], sids[2]}
    monkeypatch.undo()
    assert "1 repaired" in reconcile.night(here, DAY)
    assert {row[1] for row in everything(here)["calls"]} == set(sids)


# ---------------------------------------------------------------- the list


def test_the_list_is_read_page_by_page(
    here: Floor, exchange: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(telephony, "PAGE", 2)
    script = {"hang_up": {"in": "menu", "after": 2}}
    sids = {exchange.dial(f"+6681234567{n}", script) for n in range(5)}
    exchange.ended(*sids)
    span = (NOON - timedelta(hours=1), NOON + timedelta(hours=1))
    read = [call for call in here.carrier.calls_between(*span) if call.direction == "inbound"]
    assert {call.sid for call in read} == sids
    assert all(call.started_at.tzinfo is UTC and call.ended_at for call in read)
    assert list(here.carrier.calls_between(span[1], span[1] + timedelta(hours=1))) == []


def _stall(request: BaseHTTPRequestHandler, over: threading.Event) -> None:
    over.wait(30)
    request.close_connection = True


def _refuse(request: BaseHTTPRequestHandler, _over: threading.Event) -> None:
    request.send_error(503)


def _nonsense(request: BaseHTTPRequestHandler, _over: threading.Event) -> None:
    request.send_response(200)
    request.end_headers()
    request.wfile.write(b"<html>not the carrier</html>")


@pytest.mark.parametrize("second_page", [_stall, _refuse, _nonsense])
def test_a_list_that_breaks_off_changes_nothing(
    floor: Floor,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    second_page: Callable[[BaseHTTPRequestHandler, threading.Event], None],
) -> None:
    monkeypatch.setattr(telephony, "REST_TIMEOUT", 0.5)
    over = threading.Event()

    class Breaks(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if "Page=1" in self.path:
                second_page(self, over)
                return
            call = {
                "sid": "CAone",
                "from": "+66812345678",
                "to": "1337",
                "direction": "inbound",
                "status": "completed",
                "start_time": "Fri, 20 Nov 2026 05:00:00 +0000",
                "end_time": "Fri, 20 Nov 2026 05:01:00 +0000",
            }
            body = {"calls": [call], "page": 0, "next_page_uri": "/2010-04-01/Calls.json?Page=1"}
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def log_message(self, *_: object) -> None:
            """Nobody reads it."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Breaks)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        at = f"http://127.0.0.1:{server.server_port}"
        floor.carrier = Carrier(settings.model_copy(update={"carrier_base_url": at}))
        with clock.driven(NEXT_MORNING):
            with pytest.raises(CarrierError):
                list(floor.carrier.calls_between(NOON, NOON + timedelta(hours=1)))
            with pytest.raises(reconcile.NoList, match="after 1 calls"):
                run(floor)
        assert everything(floor)["calls"] == []
    finally:
        over.set()
        server.shutdown()
        thread.join()
        server.server_close()


# ---------------------------------------------------------------- by night, and by hand


def test_the_night_reconciles_before_it_counts(floor: Floor) -> None:
    by_night = floor.nightly
    assert by_night["ivr.reconcile"].at < by_night["reports.night"].at


def test_by_hand(
    settings: Settings,
    city_config: CityConfig,
    exchange: Exchange,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    sid = exchange.dial("+66812345678", {"hang_up": {"in": "menu", "after": 2}})
    exchange.ended(sid)
    for name, value in {
        "DATABASE_URL": settings.database_url,
        "REDIS_URL": settings.redis_url,
        "PUBLIC_URL": settings.public_url,
        "CARRIER_BASE_URL": exchange.url,
        "CARRIER_ACCOUNT_SID": exchanges.SID,
        "CARRIER_AUTH_TOKEN": exchanges.TOKEN,
        "SECRET_KEY": "a secret of the tests",
    }.items():
        monkeypatch.setenv(name, value)
    words = ["reconcile", "--config", str(CONFIG), "--data", str(settings.data)]
    with clock.driven(NEXT_MORNING):
        assert cli.main([*words, "--dry-run"]) == 0
        assert "1 never reached us" in capsys.readouterr().out
        assert cli.main([*words, "--day", "2026-11-19", "--until", "2026-11-20", "--json"]) == 0
        out, err = capsys.readouterr()
        the_day_before, the_day = map(json.loads, out.splitlines())
        assert (the_day_before["theirs"], the_day["repaired"]) == (0, 1)
        assert the_day["missed"][0]["sid"] == sid
        assert "2026-11-20 to 2026-11-20: 1 days counted from 1 calls" in err
        assert cli.main(words) == 0
        assert "0 repaired" in capsys.readouterr().out
        assert cli.main([*words, "--day", "2026-11-22"]) == 1  # not over, not begun
        assert "not days up to today" in capsys.readouterr().err
        monkeypatch.setenv("CARRIER_BASE_URL", exchanges.NOBODY)
        assert cli.main(words) == 1
        assert "nothing was changed" in capsys.readouterr().err
    floor = build_floor(settings, city_config)
    with floor.db.read() as session:
        (day,) = reports.service.day_rows(session, DAY, DAY)
    floor.close()
    assert day.counters.calls == 1
