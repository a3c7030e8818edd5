"""`hotline roster`, and the demo agents' shifts."""

from datetime import timedelta

import pytest

from agents import demo
from agents.roster import rules, service
from hotline import auth, clock
from hotline.cli import main
from tests.service.agents.conftest import NOON, _Quick
from tests.support.floors import CONFIG

TABLE = "agent,date,start,end,note\nagent1,1/12/2569,22:00,06:00,night\n"


@pytest.fixture
def database_url(sqlite_url):
    return sqlite_url


@pytest.fixture
def installed(floor, sqlite_url, tmp_path, monkeypatch):
    """A hotline with the demo's agents, and the environment of its command."""
    monkeypatch.setattr(auth, "_hasher", _Quick())
    for name, value in {
        "HOTLINE_DATA": str(tmp_path),
        "HOTLINE_CONFIG": str(CONFIG),
        "DATABASE_URL": sqlite_url,
    }.items():
        monkeypatch.setenv(name, value)
    with clock.driven(NOON):  # a test that runs over midnight would look at two days
        demo.seed(floor)
        yield floor


def series(floor):
    today = clock.local_day(clock.now(), floor.city.zone)
    with floor.db.read() as session:
        return service.series_between(session, today, today + timedelta(days=366))


def test_the_demo_has_a_believable_roster_and_makes_it_once(installed):
    planned = series(installed)
    assert len(planned) == 6
    demo.seed(installed)
    assert series(installed) == planned
    zone = installed.city.zone
    today = clock.local_day(clock.now(), zone)
    month = rules.shifts(planned, today, today + 28 * rules.ONE_DAY, zone)
    assert {each.agent_id for each in month} == {each.agent_id for each in planned}
    assert len(month) > 60


def test_a_table_comes_in_and_goes_out(installed, tmp_path, capsysbinary):
    file = tmp_path / "roster.csv"
    file.write_text(TABLE, encoding="utf-8")
    for words, told in (
        (("--dry-run",), b"1 new, 0 changed, 0 there already\nnothing was changed\n"),
        ((), b"1 new, 0 changed, 0 there already\n"),
        ((), b"0 new, 0 changed, 1 there already\n"),
    ):
        assert main(["roster", "import", str(file), *words]) == 0
        assert capsysbinary.readouterr().out == told
    assert main(["roster", "export", "--from", "2026-12-01", "--until", "2026-12-01"]) == 0
    out = capsysbinary.readouterr().out.decode()
    assert "agent1,2026-12-01,22:00,06:00,night" in out


def test_a_bad_line_is_told_and_nothing_done(installed, tmp_path, capsys):
    file = tmp_path / "roster.csv"
    file.write_text(TABLE + "nobody,1/12/2569,08:00,16:00,\n", encoding="utf-8")
    assert main(["roster", "import", str(file)]) == 1
    said = capsys.readouterr()
    assert f"{file}, line 3: there is no agent nobody\n" in said.err
    assert len(series(installed)) == 6


def test_a_calendar_goes_to_a_colleague(installed, tmp_path, capsysbinary):
    assert main(["roster", "export", "--agent", "agent2"]) == 0
    file = tmp_path / "agent2.ics"
    file.write_bytes(capsysbinary.readouterr().out)
    assert main(["roster", "import", str(file), "--agent", "agent3"]) == 0
    # four days on, two off
    assert len(series(installed)) == 6 + 4
    assert main(["roster", "import", str(file)]) == 1
    assert main(["roster", "export", "--agent", "nobody"]) == 1
