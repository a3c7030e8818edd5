"""The open data: nobody is in them, they add up to the reports, and they are what they say."""

import csv
import io
import json
import re
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from hotline import clock
from hotline.auth import Role
from hotline.cli import main
from hotline.errors import Invalid
from hotline.floor import Floor
from hotline.settings import NAMES
from reports.catalogue import CATALOGUE
from reports.figures import Figures, figures
from reports.open_data.config import OpenData
from reports.open_data.rules import NONE, WITHHELD
from reports.open_data.service import Publisher
from reports.service import How
from reports.span import Span
from tests.service.reports.test_night import DAY, NEXT, midnight
from tests.service.reports.test_rollups import HOUR, close, complaint, night, played
from tests.support.floors import CONFIG
from tests.support.prepared import prepared
from tickets.models import Ticket, TicketPlace

YEAR = Span.of_fiscal_year(2570)
Row = Mapping[str, str]


@pytest.fixture
def floor_(floor: Floor) -> Iterator[Floor]:
    """Two days with calls, one of them counted; matters that are common, rare and private."""
    matters(floor)
    with clock.driven(midnight(floor, NEXT) + 20 * HOUR):
        yield floor


@prepared
def matters(floor: Floor) -> None:
    played(floor)
    at = midnight(floor) + 12 * HOUR
    for number in range(8):
        ticket = complaint(floor, at, 700 + number, category="road_surface", area="na_kluea")
        close(floor, ticket, at + timedelta(days=number // 3, hours=1))
    for number in range(2):
        complaint(floor, at, 720 + number, category="road_surface", area="jomtien")
    for number in range(3):
        complaint(floor, at, 730 + number, category="road_surface", area="huai_yai")
    complaint(floor, at, 740, category="taxes", note="secret words", caller="+66811111111")
    for number in range(6):
        complaint(floor, at, 750 + number, category="corruption")
    night(floor, DAY)


def made(floor: Floor, span: Span = YEAR, language: str = "en", **settings: Any) -> dict[str, Any]:
    """The files by name, and the description read."""
    publisher = Publisher.of(floor)
    own = publisher.settings.model_copy(update=settings)
    with floor.db.read() as session:
        files = replace(publisher, settings=own).files(session, span, language, now=clock.now())
    return {"files": files, "about": json.loads(files["datapackage.json"])}


def rows(package: Mapping[str, Any], name: str) -> list[Row]:
    return list(csv.DictReader(io.StringIO(package["files"][f"{name}.csv"].decode())))


def resource(package: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    (found,) = (each for each in package["about"]["resources"] if each["name"] == name)
    return found


def told(floor: Floor, span: Span = YEAR) -> Figures:
    with floor.db.read() as session:
        return figures(session, span, How.of(floor), now=clock.now())


# ---------------------------------------------------------------- it adds up


def test_the_tables_add_up_to_the_reports(floor_: Floor) -> None:
    package, whole = made(floor_), told(floor_)
    for name in ("calls", "offered", "answered", "abandoned"):
        total = sum(int(row[name]) for row in rows(package, "calls"))
        assert total == whole.metrics[name] != 0, name
    answered = sum(int(row["answered"]) for row in rows(package, "topics"))
    assert answered == sum(tally.answered for tally in whole.categories.values()) != 0
    withheld = resource(package, "tickets")["withheld"]
    assert withheld["private"] == 6
    matters = rows(package, "tickets")
    assert (
        len(matters) + withheld["private"] + withheld["rare"] == whole.metrics["tickets_received"]
    )
    for each in package["about"]["resources"]:
        assert each["rows"] == len(rows(package, each["name"]))


def test_the_metrics_are_the_reports_own(floor_: Floor) -> None:
    package = made(floor_)
    spans = {(row["from"], row["until"]) for row in rows(package, "metrics")}
    assert ("2026-11-01", "2026-11-21") in spans
    assert ("2026-10-01", "2026-11-21") in spans, "the whole, as far as it has come"
    november = told(floor_, Span(date(2026, 11, 1), NEXT)).metrics
    found = {
        row["identifier"]: row["value"]
        for row in rows(package, "metrics")
        if row["from"] == "2026-11-01"
    }
    assert float(found["calls"]) == november["calls"]
    assert float(found["service_level"]) == pytest.approx(november["service_level"], abs=1e-6)
    assert found["average_mark"] == "", "of nobody"
    defined = {row["id"] for row in rows(package, "definitions")}
    assert set(found) == defined < set(CATALOGUE)
    assert not {"present_ms", "occupancy", "adherence"} & defined, "nothing of the agents"


# ---------------------------------------------------------------- nobody is in it


def test_of_every_matter_there_are_enough_and_private_ones_are_in_none(floor_: Floor) -> None:
    package = made(floor_)
    matters = rows(package, "tickets")
    known = Counter(
        (row["received"], row["category"], row["division"], row["area"]) for row in matters
    )
    assert min(known.values()) >= 5
    assert {row["area"] for row in matters if row["category"] == "road_surface"} == {
        "na_kluea",
        WITHHELD,
    }
    everything = b"".join(package["files"].values()).decode()
    assert "corruption" not in everything
    assert "taxes" not in {row["category"] for row in matters}, "a single one"
    for never in ("secret words", "+668", "66811111111", "nok"):
        assert never not in everything
    assert [row["row"] for row in matters] == [str(n) for n in range(1, len(matters) + 1)]
    assert "private" not in {row["category"] for row in rows(package, "topics")}


def test_the_file_says_nothing_of_the_numbers_of_tickets(floor_: Floor) -> None:
    text = made(floor_)["files"]["tickets.csv"].decode()
    with floor_.db.read() as session:
        numbers = session.scalars(sa.select(Ticket.number)).all()
    assert numbers
    assert not any(re.search(rf"\b{number}\b", text) for number in numbers)


def test_a_city_can_leave_out_more(floor_: Floor) -> None:
    package = made(floor_, without=("road_surface",))
    assert "road_surface" not in {row["category"] for row in rows(package, "tickets")}
    assert resource(package, "tickets")["withheld"]["private"] == 19
    assert "road_surface" not in {row["id"] for row in rows(package, "categories")}


def test_a_place_is_told_as_coarsely_as_the_city_wants(floor_: Floor) -> None:
    with floor_.db.write() as session:
        of = session.scalars(sa.select(Ticket.id).where(Ticket.area == "na_kluea")).all()
        for number, ticket in enumerate(of):
            place = {"ticket_id": ticket, "latitude": 12.965 + number / 1e5, "longitude": 100.9}
            place |= dict.fromkeys(("house", "moo", "soi", "road", "address", "landmark"), "")
            session.execute(sa.delete(TicketPlace).where(TicketPlace.ticket_id == ticket))
            session.execute(sa.insert(TicketPlace).values(contradicts=False, **place))
    assert "area" not in rows(made(floor_, position="none"), "tickets")[0]
    assert "latitude" not in rows(made(floor_), "tickets")[0]
    package = made(floor_, position="grid", grid_metres=2000)
    placed = [row for row in rows(package, "tickets") if row["latitude"]]
    assert len(placed) == 8
    assert len({(row["latitude"], row["longitude"]) for row in placed}) == 1
    assert abs(float(placed[0]["latitude"]) - 12.965) < 0.02
    assert placed[0]["latitude"] != "12.965"
    valid(package)


def test_days_are_told_where_the_city_wants_it(floor_: Floor) -> None:
    package = made(floor_, dates="day")
    assert {row["received"] for row in rows(package, "tickets")} == {DAY.isoformat()}
    valid(package)


# ---------------------------------------------------------------- it is what it says


def test_the_same_days_are_the_same_bytes(floor_: Floor) -> None:
    once = made(floor_)["files"]
    assert once == made(floor_)["files"]
    other = made(floor_, language="th")["files"]
    assert {name for name in once if once[name] != other[name]} == {"datapackage.json"}


@pytest.mark.parametrize("language", ["th", "en"])
def test_it_is_a_frictionless_package(floor_: Floor, language: str) -> None:
    package = made(floor_, language=language)
    valid(package)
    about = package["about"]
    assert about["name"] == "pattaya-1337-2026-10-01-2026-11-21"
    assert about["licenses"][0]["name"] == "CC-BY-4.0"
    assert set(about["titles"]) == {"th", "en"}
    assert about["title"] == about["titles"][language]


def test_what_has_not_come_is_refused(floor_: Floor) -> None:
    with pytest.raises(Invalid, match="has not come"):
        made(floor_, Span.of_fiscal_year(2571))


def test_a_hotline_without_anything_has_empty_tables(floor: Floor) -> None:
    with clock.driven(midnight(floor, NEXT)):
        package = made(floor)
    assert rows(package, "calls") == rows(package, "tickets") == []
    valid(package)


#: As Data Package 1 and Table Schema 1 have them.
NAME = re.compile(r"^[-a-z0-9._/]+$")
READ: Mapping[str, Callable[[str], Any]] = {
    "string": str,
    "integer": int,
    "number": float,
    "date": date.fromisoformat,
    "yearmonth": lambda text: date.fromisoformat(f"{text}-01"),
}


def valid(package: Mapping[str, Any]) -> None:
    """The description is one, and every file is what it says, row by row."""
    about = package["about"]
    assert about["profile"] == "tabular-data-package"
    assert NAME.match(about["name"])
    assert all(each.get("name") or each.get("path") for each in about.get("licenses", ()))
    assert all(each["title"] for each in about["sources"])
    names = [each["name"] for each in about["resources"]]
    assert len(names) == len(set(names)) > 0
    assert {each["path"] for each in about["resources"]} == {*package["files"]} - {
        "datapackage.json"
    }
    ids = {each: {row.get("id") for row in rows(package, each)} for each in names}
    for each in about["resources"]:
        assert NAME.match(each["name"])
        content = package["files"][each["path"]]
        assert each["bytes"] == len(content)
        assert each["hash"] == f"sha256:{sha256(content).hexdigest()}"
        schema = each["schema"]
        assert schema["missingValues"] == [""]
        fields = {field["name"]: field for field in schema["fields"]}
        head, *lines = list(csv.reader(io.StringIO(content.decode(each["encoding"]))))
        assert head == list(fields)
        keys = [tuple(line[head.index(name)] for name in schema["primaryKey"]) for line in lines]
        assert len(set(keys)) == len(keys)
        for place, (name, field) in enumerate(fields.items()):
            assert field["title"]
            assert field["description"]
            assert set(field["titles"]) == set(field["descriptions"]) == {"th", "en"}
            column(field, name, [line[place] for line in lines])
        for key in schema.get("foreignKeys", ()):
            assert key["reference"]["fields"] == "id"
            place = head.index(key["fields"])
            assert {line[place] for line in lines} <= ids[key["reference"]["resource"]]


def column(field: Mapping[str, Any], name: str, values: list[str]) -> None:
    """Every value of a column is of its type and within its constraints."""
    constraints = field.get("constraints", {})
    for text in values:
        if text == "":
            assert not constraints.get("required"), name
            continue
        value = READ[field["type"]](text)
        assert "enum" not in constraints or value in constraints["enum"], (name, value)
        assert value >= constraints.get("minimum", value), (name, value)
        assert value <= constraints.get("maximum", value), (name, value)
    if constraints.get("unique"):
        assert len(set(values)) == len(values), name


# ---------------------------------------------------------------- the command and the page


def test_the_command_writes_a_folder_or_a_file(
    floor_: Floor,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv(NAMES["database_url"], floor_.settings.database_url)
    monkeypatch.setenv("HOTLINE_CONFIG", str(CONFIG))
    words = ["open-data", "--fiscal-year", "2570", "--lang", "en", "--output"]
    assert main([*words, str(tmp_path / "folder")]) == 0
    said = capsys.readouterr().out
    assert "tickets.csv: " in said
    assert "private 6" in said
    assert main([*words, str(tmp_path / "all.zip")]) == 0
    with zipfile.ZipFile(tmp_path / "all.zip") as book:
        zipped = {name: book.read(name) for name in book.namelist()}
    folder = {each.name: each.read_bytes() for each in (tmp_path / "folder").iterdir()}
    assert zipped == folder == made(floor_)["files"]
    assert main(["open-data", "--output", str(tmp_path / "none.zip")]) == 1


def test_who_answers_for_the_figures_downloads_it(floor_: Floor, client, bearer) -> None:
    for role in Role:
        allowed = role in {Role.MANAGER, Role.ADMINISTRATOR}
        for name in ("year/2570", "month/2026-11"):
            answer = client.get(f"/reports/{name}/open-data.zip", headers=bearer(role))
            assert answer.status_code == (200 if allowed else 403), (role, name)
    who = bearer(Role.MANAGER)
    answer = client.get("/reports/year/2570/open-data.zip?lang=en", headers=who)
    with zipfile.ZipFile(io.BytesIO(answer.data)) as book:
        assert {name: book.read(name) for name in book.namelist()} == made(floor_)["files"]
    for bad in ("year/x", "year/1", "month/2026-13", "day/2026-11-20"):
        assert client.get(f"/reports/{bad}/open-data.zip", headers=who).status_code == 404, bad
    for written, name in (("year/๒๕๗๐", "2570"), ("month/๒๐๒๖-๑๑", "2026-11")):
        answer = client.get(f"/reports/{written}/open-data.zip", headers=who)
        assert f'filename="open-data-{name}.zip"' in answer.headers["Content-Disposition"]
    assert "/reports/year/2570/open-data.zip" in client.get("/reports/year/2570", headers=who).text
    supervisor = bearer(Role.SUPERVISOR)
    assert "open-data.zip" not in client.get("/reports/year/2570", headers=supervisor).text


def test_the_settings_shipped_are_those_of_the_documentation() -> None:
    own = OpenData()
    assert (own.least, own.dates, own.position) == (5, "month", "area")
    assert NONE != WITHHELD
