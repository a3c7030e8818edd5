"""A backup is all that there is, of one moment; restored, on either engine, it is the same
hotline.
"""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from hotline.backup import folders, rows, service
from hotline.cli import main
from hotline.commands import backup as command
from hotline.db import Base, Database
from hotline.errors import Invalid
from hotline.settings import Store
from tests.support.floors import CONFIG
from tests.support.servers import Postgres

NOW = datetime(2026, 11, 29, 2, 15, tzinfo=UTC)
DERIVED = command._derived()
TABLES = [each for each in Base.metadata.sorted_tables if each.name not in DERIVED[0]]
THAI = "น้ำท่วมถนน 'ซอยบัวขาว' 🚧\n\"%s\""
#: Values of each type that come back different where something is lost on the way.
VALUES: dict[type, Callable[[int], Any]] = {
    sa.String: lambda number: f"{number}{THAI}",
    sa.Boolean: lambda number: number == 1,
    sa.SmallInteger: lambda number: number,
    sa.Integer: lambda number: 2**31 - 1 - number,
    sa.BigInteger: lambda number: 2**40 + number,
    sa.Float: lambda number: number + 0.927608123456789,
    sa.LargeBinary: lambda number: bytes(range(number, 256)),
    sa.JSON: lambda number: {"ไทย": [number, 2.5, None, {"'": "\\"}]},
    sa.Date: lambda number: date(2026, 11, 28 + number),
    sa.Time: lambda number: time(7, number),
    sa.DateTime: lambda number: datetime(2026, 11, 29, 2, number, 0, 123456, tzinfo=UTC),
}


#: What the tables' own conditions ask for.
ASKED: dict[str, dict[int, Any]] = {
    "tickets.state": {2: "received"},
    "dispatches.state": {2: "sent"},
    "ticket_links.to_id": {1: 2, 2: 1},
    "ticket_merges.into_id": {1: 2, 2: 1},
}


def value(column: "sa.Column[Any]", number: int) -> Any:
    kind: Any = column.type
    if isinstance(kind, sa.types.TypeDecorator):
        kind = kind.impl_instance
    found = next(VALUES[each] for each in type(kind).__mro__ if each in VALUES)(number)
    return found[: kind.length] if isinstance(kind, sa.String) and kind.length else found


def planted(store: Store) -> Store:
    """Two rows in every table; the second has nothing where nothing need be, and refers to the
    first where a table refers to itself.
    """
    database = Database(store.database_url)
    with database.engine.begin() as connection:
        for table in TABLES:
            for number in (1, 2):
                row = {}
                for column in table.columns:
                    asked = ASKED.get(f"{table.name}.{column.name}", {})
                    of = [key.column.table for key in column.foreign_keys]
                    if number in asked:
                        row[column.name] = asked[number]
                    elif of:
                        row[column.name] = number if of != [table] else {1: None, 2: 1}[number]
                    elif column is table.autoincrement_column:
                        row[column.name] = number
                    else:
                        absent = number == 2 and column.nullable
                        row[column.name] = None if absent else value(column, number)
                connection.execute(sa.insert(table), [row])
    database.dispose()
    return store


def everything(url: str) -> dict[str, list[Mapping[str, Any]]]:
    """Every row of every table that is not derived."""
    database = Database(url)
    try:
        with database.engine.connect() as connection:
            return {
                table.name: [
                    dict(row)
                    for row in connection.execute(
                        sa.select(table).order_by(*table.primary_key.columns)
                    ).mappings()
                ]
                for table in TABLES
            }
    finally:
        database.dispose()


def machine(data: Path, url: str = "") -> Store:
    return Store(data=data, config=CONFIG, database_url=url or f"sqlite:///{data}/hotline.sqlite")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """The data folder of an installation, with files."""
    data = tmp_path / "data"
    for name, content in {
        "files/ab/cd/photo.jpg": b"a photo",
        "recordings/2026/11/1.wav": b"a recording",
        "secrets/secret-key": b"secret",
        "redis/appendonly.aof": b"work under way",
        "logs/web.log": b"said",
    }.items():
        file = data / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    (data / "secrets").chmod(0o700)
    (data / "secrets/secret-key").chmod(0o600)
    return data


@pytest.fixture
def store(database_url: str, data: Path) -> Store:
    """An installation with two rows in each table, on either engine."""
    return planted(machine(data, database_url))


@pytest.fixture
def small(sqlite_url: str, data: Path) -> Store:
    """An installation on one machine, with files and nothing in its database."""
    return machine(data, sqlite_url)


@pytest.fixture
def new(tmp_path: Path) -> Store:
    """Another machine, with nothing on it."""
    return machine(tmp_path / "elsewhere")


@pytest.fixture(params=["sqlite", "postgresql"])
def elsewhere(request: pytest.FixtureRequest, new: Store) -> Iterator[Store]:
    """Another machine, with nothing on it, and its database."""
    if request.param == "sqlite":
        yield new
        return
    cluster: Postgres = request.getfixturevalue("postgres_cluster")
    name = f"moved_{id(request)}"
    yield machine(new.data, cluster.create(name))
    cluster.drop(name)


def made(
    store: Store, tmp_path: Path, now: datetime = NOW, keep: int | None = None
) -> service.Made:
    return service.make(store, tmp_path / "backups", DERIVED, now=now, keep=keep)


def restored(source: Path, to: Store) -> list[str]:
    told: list[str] = []
    service.restore(source, to, DERIVED, told.append)
    return told


# ---------------------------------------------------------------- there and back


def test_everything_arrives_on_either_engine(
    store: Store, elsewhere: Store, tmp_path: Path
) -> None:
    before = everything(store.database_url)
    assert all(len(there) == 2 for there in before.values())
    delete_a_ticket(store)
    backup = made(store, tmp_path)
    told = restored(backup.folder, elsewhere)
    assert everything(elsewhere.database_url) == before
    assert len(told) == 1, "nothing differs"
    files = {
        str(each.relative_to(elsewhere.data)): each.read_bytes()
        for each in elsewhere.data.rglob("*")
        if each.is_file() and not each.name.startswith(("hotline.sqlite", "lock"))
    }
    assert files == {
        "files/ab/cd/photo.jpg": b"a photo",
        "recordings/2026/11/1.wav": b"a recording",
        "secrets/secret-key": b"secret",
    }
    assert (elsewhere.data / "secrets").stat().st_mode & 0o777 == 0o700
    assert (elsewhere.data / "secrets/secret-key").stat().st_mode & 0o777 == 0o600
    goes_on(elsewhere)
    assert everything(store.database_url) == before, "and it is still there"


TICKETS = Base.metadata.tables["tickets"]


def delete_a_ticket(store: Store) -> None:
    """The forty-first."""
    source = Database(store.database_url)
    with source.engine.begin() as connection:
        row = dict(connection.execute(sa.select(TICKETS)).mappings().first() or {})
        connection.execute(sa.insert(TICKETS), [{**row, "id": 41, "number": "9999999"}])
        if not source.is_sqlite:
            connection.exec_driver_sql("SELECT setval('tickets_id_seq', 41)")
        connection.execute(sa.delete(TICKETS).where(TICKETS.c.id == 41))
    source.dispose()


def goes_on(store: Store) -> None:
    """The next ticket has the number after the last that was given, the search finds what was there
    and what comes, and the log of what was done to others lets nothing go.
    """
    target = Database(store.database_url)
    found = sa.text("SELECT ticket_id FROM ticket_search WHERE words LIKE '%บัวขาว%' ORDER BY 1")
    with target.engine.begin() as connection:
        assert connection.scalars(found).all() == [1, 2]
        row = dict(connection.execute(sa.select(TICKETS)).mappings().first() or {})
        del row["id"]
        row |= {"number": "8888888", "text": "ไฟดับ ซอยบัวขาว"}
        assert connection.execute(sa.insert(TICKETS), row).inserted_primary_key == (42,)
        assert connection.scalars(found).all() == [1, 2, 42]
    with pytest.raises(sa.exc.DBAPIError), target.engine.begin() as connection:
        connection.execute(sa.delete(Base.metadata.tables["audit_events"]))
    target.dispose()


def test_a_backup_is_of_one_moment_while_others_write(store: Store, tmp_path: Path) -> None:
    """A call and its events are written together, so no backup has the one without the others."""
    calls, events = Base.metadata.tables["calls"], Base.metadata.tables["call_events"]
    call = everything(store.database_url)["calls"][0]
    event = everything(store.database_url)["call_events"][0]
    database, begun, stop = Database(store.database_url), threading.Event(), threading.Event()
    written: list[int] = []

    def write() -> None:
        while not stop.is_set():
            number = 100 + len(written)
            with database.write() as session:
                session.execute(sa.insert(calls), [{**call, "id": number, "sid": f"CA{number}"}])
                session.execute(
                    sa.insert(events),
                    [{**event, "id": number, "call_id": number, "kind": str(number)}],
                )
            written.append(number)
            begun.set()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        assert begun.wait(30)
        backup = made(store, tmp_path)
    finally:
        stop.set()
        writer.join()
        database.dispose()
    counted = backup.about.rows
    assert written
    assert counted["calls"] == counted["call_events"] <= 2 + len(written)


# ---------------------------------------------------------------- several, one after the other


def test_what_is_the_same_as_the_day_before_is_stored_once(small: Store, tmp_path: Path) -> None:
    first = made(small, tmp_path)
    (small.data / "files/ab/cd/new.jpg").write_bytes(b"another photo")
    (small.data / "recordings/2026/11/1.wav").unlink()
    second = made(small, tmp_path, NOW + timedelta(days=1))
    photo = service.DATA + "/files/ab/cd/photo.jpg"
    assert (first.folder / photo).samefile(second.folder / photo)
    assert not (small.data / "files/ab/cd/photo.jpg").samefile(second.folder / photo)
    assert second.stored == second.about.bytes + len(b"another photo")
    assert not (second.folder / service.DATA / "recordings/2026/11/1.wav").exists()
    assert (first.folder / service.DATA / "recordings/2026/11/1.wav").exists()


def test_the_oldest_go(small: Store, tmp_path: Path) -> None:
    for day in range(4):
        made(small, tmp_path, NOW + timedelta(days=day), keep=2)
    there = sorted(each.name for each in (tmp_path / "backups").iterdir())
    assert there == ["2026-12-01T021500Z", "2026-12-02T021500Z"]


def test_one_that_was_cut_off_is_none(
    small: Store, new: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = made(small, tmp_path)

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(folders, "copy", full)
        with pytest.raises(OSError, match="No space"):
            made(small, tmp_path, NOW + timedelta(days=1))
    restored(tmp_path / "backups", new)  # takes the newest whole one
    third = made(small, tmp_path, NOW + timedelta(days=2))
    assert sorted((tmp_path / "backups").iterdir()) == [first.folder, third.folder]


def test_one_that_is_being_made_is_left_alone(
    small: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A long one is still under way when the next begins: both end whole."""
    copy, later = folders.copy, NOW + timedelta(days=1)

    def meanwhile(*given: Any) -> folders.Copied:
        monkeypatch.setattr(folders, "copy", copy)
        assert made(small, tmp_path, later).folder.exists()
        return copy(*given)

    monkeypatch.setattr(folders, "copy", meanwhile)
    first = made(small, tmp_path)
    assert [each.name for each in sorted((tmp_path / "backups").iterdir())] == [
        first.folder.name,
        f"{later:%Y-%m-%dT%H%M%SZ}",
    ]


# ---------------------------------------------------------------- what is refused


def spoil(change: Callable[[dict[str, Any]], None]) -> Callable[[Path], None]:
    def spoiled(folder: Path) -> None:
        about = json.loads((folder / service.ABOUT).read_text())
        change(about)
        (folder / service.ABOUT).write_text(json.dumps(about))

    return spoiled


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (lambda folder: (folder / service.ABOUT).write_text("{}"), "not a whole backup"),
        (lambda folder: (folder / service.ROWS).write_bytes(b"SQLite"), "digest"),
        (lambda folder: (folder / service.ROWS).unlink(), "digest"),
        (spoil(lambda about: about.update(schema="9999_later")), "a newer one"),
    ],
)
def test_a_backup_that_is_not_what_it_was_changes_nothing(
    small: Store, new: Store, tmp_path: Path, broken: Callable[[Path], None], said: str
) -> None:
    backup = made(small, tmp_path)
    broken(backup.folder)
    with pytest.raises(Invalid, match=said):
        restored(backup.folder, new)
    assert not new.data.exists()


def test_nothing_is_written_over(small: Store, new: Store, tmp_path: Path) -> None:
    planted(small)
    backup = made(small, tmp_path)
    before = everything(small.database_url)
    with pytest.raises(Invalid, match="is not empty: there is files"):
        restored(backup.folder, small)
    with pytest.raises(Invalid, match="the database is not empty: there are"):
        restored(backup.folder, small.model_copy(update={"data": tmp_path / "new"}))
    assert everything(small.database_url) == before
    restored(backup.folder, new)
    with pytest.raises(Invalid, match="is not empty"):
        restored(backup.folder, new)
    assert everything(new.database_url) == before


def test_what_fails_half_way_leaves_nothing(
    small: Store, new: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backup = made(small, tmp_path)
    with monkeypatch.context() as patched:

        def gone(*_: Any) -> None:
            raise OSError("gone")

        patched.setattr(rows, "load", gone)
        with pytest.raises(OSError, match="gone"):
            restored(backup.folder, new)
    assert {each.name for each in new.data.iterdir()} == {"lock"}
    restored(backup.folder, new)


def test_a_backup_inside_what_may_be_lost_is_refused(small: Store) -> None:
    with pytest.raises(Invalid, match="is in the data folder"):
        service.make(small, small.data / "backups", DERIVED, now=NOW)


# ---------------------------------------------------------------- as it is typed


def test_the_commands(
    small: Store,
    new: Store,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    planted(small)
    place = ["--config", str(CONFIG), "--data"]
    monkeypatch.setenv("DATABASE_URL", small.database_url)
    backups = str(tmp_path / "backups")
    assert main(["backup", backups, "--keep", "3", *place, str(small.data)]) == 0
    assert "2 calls, 2 tickets, 3 files" in capsys.readouterr().out
    assert main(["restore", backups, *place, str(small.data)]) == 1
    assert "is not empty" in capsys.readouterr().err
    assert main(["backup", backups, "--keep", "0", *place, str(small.data)]) == 1
    monkeypatch.setenv("DATABASE_URL", new.database_url)
    assert main(["restore", backups, *place, str(new.data)]) == 0
    assert "is as it was" in capsys.readouterr().out
    assert everything(new.database_url) == everything(small.database_url)
    assert main(["restore", str(tmp_path / "none"), *place, str(tmp_path / "new")]) == 1
    assert "there is no backup" in capsys.readouterr().err
