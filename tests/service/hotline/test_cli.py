"""The command `hotline`: exit codes, and faults said in words, all at once."""

import json
import logging
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
import structlog
import yaml

from agents import service as agents
from agents.models import Agent
from agents.states import Status
from hotline import __version__, audit, auth, clock
from hotline.cli import _parser, main
from hotline.db import Database
from hotline.models import Account
from hotline.settings import NAMES, SECRETS
from tests.support.floors import CONFIG, PUBLIC_URL
from tickets.models import Citizen, CitizenEvent, CitizenNumber

PASSWORD = "a long enough password"


@pytest.fixture(autouse=True)
def _logs_as_they_were() -> Iterator[None]:
    """A process sends its logs where it likes; this one goes on with the next test."""
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    root.handlers = []
    yield
    root.handlers, root.level = before, level
    structlog.reset_defaults()


@pytest.fixture
def installed(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Database]:
    """The environment of an installation, and its database."""
    environment = {
        "HOTLINE_DATA": str(tmp_path),
        "HOTLINE_CONFIG": str(CONFIG),
        "DATABASE_URL": sqlite_url,
        "REDIS_URL": "redis://127.0.0.1:9",
        "PUBLIC_URL": PUBLIC_URL,
        "CARRIER_ACCOUNT_SID": "AC0",
        "CARRIER_AUTH_TOKEN": "token",
        "SECRET_KEY": "secret",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    database = Database(sqlite_url)
    yield database
    database.dispose()


@pytest.fixture
def password(tmp_path: Path) -> Path:
    path = tmp_path / "password"
    path.write_text(PASSWORD + "\n")
    return path


# ---------------------------------------------------------------- hotline check


def test_a_right_file_has_no_faults(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(CONFIG)]) == 0
    said = capsys.readouterr().out
    assert "no faults" in said
    assert "SMS closed: segments th 3, en 2, zh 2, ru 3 (at most 3)" in said


def test_a_wrong_file_has_all_its_faults_listed_with_their_paths(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content = yaml.safe_load(CONFIG.read_text())
    content["city"]["time_zone"] = "Asia/Pattaya"
    content["ivr"]["flow"]["main"]["keys"][2] = "nowhere"
    del content["ivr"]["prompts"]["welcome"]["ru"]
    content["reports"] = {"colour": "green"}
    content["weather"] = {}
    path = tmp_path / "config.yaml"
    path.write_text(yaml.safe_dump(content, allow_unicode=True))
    assert main(["check", str(path)]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    named = {line.strip().split(": ")[0] for line in captured.err.splitlines()[1:]}
    assert named >= {
        "city.time_zone",
        "ivr.flow.main.keys.2",
        "ivr.prompts.welcome.ru",
        "reports.colour",
        "weather",
    }


def test_a_file_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(tmp_path / "nothing.yaml")]) == 1
    assert "nothing.yaml: No such file" in capsys.readouterr().err


def test_the_file_that_is_checked_or_run_is_the_environments(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HOTLINE_CONFIG", str(tmp_path / "elsewhere.yaml"))
    for words in (["check"], ["run"], ["demo"]):
        assert main(words) == 1
        assert "elsewhere.yaml: No such file" in capsys.readouterr().err
    assert main(["check", str(CONFIG)]) == 0


def test_the_folder_of_a_run_is_the_environments(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for given, folder in (("", "var"), (str(tmp_path), str(tmp_path))):
        monkeypatch.setenv("HOTLINE_DATA", given)
        assert _parser().parse_args(["run"]).data == Path(folder)
    assert _parser().parse_args(["run", "--data", "here"]).data == Path("here")


# ---------------------------------------------------------------- words


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["answer"],
        ["check", "a", "b"],
        ["run", "--speed", "fast"],
        ["account", "noi"],
        ["people"],
        ["people", "password"],
        ["person"],
        ["person", "erase"],
        ["person", "export", "0812345678"],
        ["people", "expel", "noi"],
        ["nightly"],
        ["nightly", "--from", "yesterday"],
        ["nightly", "--from", "2026-02-30"],
        ["replay"],
    ],
)
def test_wrong_words_are_answered_with_2(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(words)
    assert caught.value.code == 2
    assert "usage: hotline" in capsys.readouterr().err


def test_its_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["--version"])
    assert caught.value.code == 0
    assert __version__ in capsys.readouterr().out


def test_everything_that_is_not_set_is_named(
    installed: Database, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("PUBLIC_URL", "SECRET_KEY"):
        monkeypatch.delenv(name)
    for command in (["clock"], ["worker"], ["web"]):
        assert main(command) == 1
        assert {"PUBLIC_URL: is not set", "SECRET_KEY: is not set"} <= {
            line.strip() for line in capsys.readouterr().err.splitlines()
        }


# ---------------------------------------------------------------- accounts, nights


def test_an_agents_account(installed: Database, password: Path) -> None:
    words = ["account", "noi", "--name", "น้อย", "--role", "agent", "--password-file", str(password)]
    skills = ["--queue", "complaint", "--language", "th", "--language", "ru"]
    assert main([*words, *skills]) == 0
    assert auth.sign_in(installed, "noi", PASSWORD, now=clock.now())
    with installed.read() as session:
        account, agent = session.execute(
            sa.select(Account, Agent).join(Agent, Agent.account_id == Account.id)
        ).one()
    assert (account.name, account.role, account.demo) == ("น้อย", "agent", False)
    assert agent.address == f"client:agent-{agent.id}"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"--role": "mayor"}, "no such role: mayor"),
        ({"--name": " "}, "and a name"),
        ({"--queue": "complant"}, "complant"),
        ({"--language": "xx"}, "xx"),
        ({"--password-file": "/nowhere/at/all"}, "/nowhere/at/all"),
        ({"--password-file": "/dev/null"}, "at least 10 characters"),
    ],
)
def test_an_account_that_cannot_be_made(
    installed: Database,
    password: Path,
    capsys: pytest.CaptureFixture[str],
    change: dict[str, str],
    words: str,
) -> None:
    given = {"--name": "น้อย", "--role": "agent", "--queue": "complaint", "--language": "th"}
    given |= {"--password-file": str(password)} | change
    assert main(["account", "noi", *(word for pair in given.items() for word in pair)]) == 1
    error = capsys.readouterr().err
    assert error.startswith("hotline: ") and words in error
    with installed.read() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Account)) == 0


def test_a_username_is_what_the_page_takes(
    installed: Database, password: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--name", "N", "--role", "manager", "--password-file", str(password)]
    assert main(["account", "Noi!", *words]) == 1
    assert "small letters" in capsys.readouterr().err
    assert main(["account", "NOI", *words]) == 0
    assert auth.sign_in(installed, "noi", PASSWORD, now=clock.now())


def test_a_name_that_is_taken(
    installed: Database, password: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["account", "noi", "--name", "N", "--role", "manager", "--password-file", str(password)]
    assert main(words) == 0
    assert main(words) == 1
    assert "The username noi is taken." in capsys.readouterr().err


def test_a_new_password_ends_what_the_old_one_opened(
    installed: Database, password: Path, tmp_path: Path
) -> None:
    _agent(password)
    before = auth.sign_in(installed, "noi", PASSWORD, now=clock.now())
    other = tmp_path / "other"
    other.write_text("quite another password")
    assert main(["people", "password", "noi", "--password-file", str(other)]) == 0
    assert _whose(installed, before) is None
    with pytest.raises(auth.BadCredentials):
        auth.sign_in(installed, "noi", PASSWORD, now=clock.now())
    assert auth.sign_in(installed, "noi", "quite another password", now=clock.now())


def test_who_is_given_a_new_password_is_not_at_the_desk(
    installed: Database, password: Path
) -> None:
    _agent(password)
    with installed.write() as session:
        (agent_id,) = session.scalars(sa.select(Agent.id))
        agents.ready(session, agent_id, now=clock.now())
    assert main(["people", "password", "noi", "--password-file", str(password)]) == 0
    with installed.read() as session:
        assert agents.presence_of(session, agent_id).status == Status.SIGNED_OUT


def test_who_is_unlocked_while_signed_in_stays_so(installed: Database, password: Path) -> None:
    _agent(password)
    token = auth.sign_in(installed, "noi", PASSWORD, now=clock.now())
    assert main(["people", "unlock", "noi"]) == 0
    assert _whose(installed, token) is not None


def test_who_is_locked_out_is_signed_out_and_sent_home(
    installed: Database, password: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _agent(password)
    token = auth.sign_in(installed, "noi", PASSWORD, now=clock.now())
    with installed.write() as session:
        (agent_id,) = session.scalars(sa.select(Agent.id))
        agents.ready(session, agent_id, now=clock.now())
    assert main(["people", "lock", "noi"]) == 0
    assert _whose(installed, token) is None
    with installed.read() as session:
        assert agents.presence_of(session, agent_id).status == Status.SIGNED_OUT
    with pytest.raises(auth.BadCredentials):
        auth.sign_in(installed, "noi", PASSWORD, now=clock.now())
    capsys.readouterr()
    assert main(["people", "list"]) == 0
    assert capsys.readouterr().out.split() == ["noi", "agent", "locked", "N"]
    assert main(["people", "unlock", "noi"]) == 0
    assert _whose(installed, token) is None, "a session that has ended stays so"
    assert auth.sign_in(installed, "noi", PASSWORD, now=clock.now())


def test_the_lock_for_wrong_passwords_is_lifted_by_hand(
    installed: Database, password: Path
) -> None:
    _agent(password)
    for _ in range(auth.FREE_FAILURES):
        with pytest.raises(auth.BadCredentials):
            auth.sign_in(installed, "noi", "wrong", now=clock.now())
    with pytest.raises(auth.LockedOut):
        auth.sign_in(installed, "noi", PASSWORD, now=clock.now())
    assert main(["people", "unlock", "noi"]) == 0
    assert auth.sign_in(installed, "noi", PASSWORD, now=clock.now())


@pytest.mark.parametrize(
    "verb", ["password", "link", "lock", "unlock", "rename", "sign-out", "factor"]
)
def test_nobody_of_that_name(
    installed: Database,
    verb: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("getpass.getpass", _no_question)
    assert main(["people", verb, "nobody"]) == 1
    assert "There is no account nobody." in capsys.readouterr().err


def test_a_new_password_may_not_be_short_either(
    installed: Database, password: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _agent(password)
    words = ["people", "password", "noi", "--password-file", "/dev/null"]
    assert main(words) == 1
    assert "at least 10 characters" in capsys.readouterr().err
    assert auth.sign_in(installed, "noi", PASSWORD, now=clock.now())


def test_what_the_command_line_does_to_accounts_is_in_the_log(
    installed: Database, password: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _agent(password)
    token = auth.sign_in(installed, "noi", PASSWORD, now=clock.now())
    for words in (
        ["password", "noi", "--password-file", str(password), "--reason", "forgot it"],
        ["link", "noi"],
        ["rename", "noi", "--name", "น้อย", "--contact", "081"],
        ["role", "noi", "crew", "--reason", "goes out now"],
        ["sign-out", "noi", "--reason", "left it open"],
        ["lock", "noi"],
        ["unlock", "noi", "--reason", "a mistake"],
    ):
        assert main(["people", *words]) == 0, words
    assert f"{PUBLIC_URL}/reset/" in capsys.readouterr().out
    assert _whose(installed, token) is None
    with installed.read() as session:
        lines = audit.lines(session)
        them = agents.agent_of_account(session, auth.account_named(session, "noi"))
    assert them is not None and them.name == "น้อย"
    assert {line.by for line in lines} == {audit.COMMAND_LINE}
    assert [(line.kind, line.reason) for line in reversed(lines)] == [
        ("floor.made", ""),
        ("floor.password_set", "forgot it"),
        ("floor.link_made", ""),
        ("floor.renamed", ""),
        ("floor.role_changed", "goes out now"),
        ("floor.signed_out", "left it open"),
        ("floor.locked", "by command"),
        ("floor.unlocked", "a mistake"),
    ]


def test_a_second_factor_that_is_not_there_is_not_taken_away(
    installed: Database, password: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _agent(password)
    assert main(["people", "factor", "noi"]) == 1
    assert "no second factor" in capsys.readouterr().err


def test_the_command_line_leaves_one_administrator(
    installed: Database, password: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["account", "root", "--name", "R", "--role", "administrator"]
    assert main([*words, "--password-file", str(password)]) == 0
    assert main(["people", "lock", "root"]) == 1
    assert main(["people", "role", "root", "agent"]) == 1
    assert capsys.readouterr().err.count("This is the last administrator.") == 2
    assert auth.sign_in(installed, "root", PASSWORD, now=clock.now())


def _agent(password: Path) -> None:
    words = ["account", "noi", "--name", "N", "--role", "agent", "--password-file", str(password)]
    assert main([*words, "--queue", "complaint", "--language", "th"]) == 0


def _whose(database: Database, token: str) -> auth.Identity | None:
    with database.read() as session:
        return auth.identify(session, token, now=clock.now())


def test_days_are_counted_again_by_hand(
    installed: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["nightly", "--from", "2026-11-18", "--until", "2026-11-19"]) == 0
    assert "2026-11-18" in capsys.readouterr().out
    assert main(["nightly", "--from", "2026-11-19", "--until", "2026-11-18"]) == 1
    assert capsys.readouterr().err.startswith("hotline: ")


def test_migrating(installed: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/new.sqlite")
    assert main(["migrate"]) == 0
    database = Database(f"sqlite:///{tmp_path}/new.sqlite")
    with database.read() as session:
        assert session.execute(sa.select(sa.func.count()).select_from(Account)).scalar_one() == 0
    database.dispose()


# ---------------------------------------------------------------- beside a running hotline


@pytest.fixture
def beside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder as `hotline run` leaves it, and no word of it in the environment."""
    for name in (*NAMES.values(), *(f"{name}_FILE" for name in SECRETS)):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOTLINE_CONFIG", str(CONFIG))
    assert main(["migrate", "--data", "var"]) == 0
    return tmp_path / "var"


def _no_question(_prompt: str = "") -> str:
    raise AssertionError("a password was asked for")


def test_tools_need_only_the_folder(beside: Path, password: Path) -> None:
    words = ["account", "noi", "--name", "N", "--role", "agent", "--queue", "complaint"]
    assert main([*words, "--password-file", str(password)]) == 0
    assert main(["nightly", "--from", "2026-11-18"]) == 0
    database = Database(f"sqlite:///{beside}/hotline.sqlite")
    assert auth.sign_in(database, "noi", PASSWORD, now=clock.now())
    database.dispose()


@pytest.mark.parametrize(
    ("change", "environment", "words"),
    [
        (["--data", "nowhere"], {}, "no hotline in"),
        ([], {"DATABASE_URL": "postgresql://127.0.0.1:9/hotline"}, "hotline: the database: "),
        ([], {"DATABASE_URL": "mysql://db"}, "DATABASE_URL: not a sqlite"),
        (["--config", "nowhere.yaml"], {}, "nowhere.yaml: No such file"),
        (["--queue", "complant"], {}, "no such: complant"),
        (["--role", "mayor"], {}, "no such role: mayor"),
    ],
)
def test_what_is_wrong_is_said_before_a_password_is_asked_for(
    beside: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    change: list[str],
    environment: dict[str, str],
    words: str,
) -> None:
    monkeypatch.setattr("getpass.getpass", _no_question)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert main(["account", "noi", "--name", "N", "--role", "agent", *change]) == 1
    error = capsys.readouterr().err
    assert words in error
    assert len(error.splitlines()) <= 2


def test_a_database_without_tables_is_one_line(
    beside: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (beside / "hotline.sqlite").write_bytes(b"")
    monkeypatch.setattr("getpass.getpass", _no_question)
    assert main(["account", "noi", "--name", "N", "--role", "manager"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "run `hotline migrate`" in line


def test_an_unreachable_database_is_one_line_for_every_tool(
    beside: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://hotline:hunter2@127.0.0.1:9/hotline")
    for words in (["migrate"], ["nightly", "--from", "2026-11-18"]):
        assert main(words) == 1
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith("hotline: the database: ") and "hunter2" not in line


# ---------------------------------------------------------------- hotline flow


def test_the_flow_is_told_in_lines_in_the_citys_first_language(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["flow", str(CONFIG)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if line.strip().startswith("เมนูหลัก – เมนู: “สอบถามข้อมูล กด 1")]


def test_the_flow_is_drawn_in_any_language_of_the_hotline(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture = tmp_path / "flow.svg"
    assert main(["flow", "--lang", "ru", "--svg", str(picture), str(CONFIG)]) == 0
    assert capsys.readouterr().out.strip() == str(picture)
    drawn = picture.read_text(encoding="utf-8")
    assert "Pattaya Hotline 1337" in drawn
    assert "Соединяем вас" in drawn
    assert main(["flow", "--lang", "fr", str(CONFIG)]) == 1
    assert "no such: fr (there are th, en, zh, ru)" in capsys.readouterr().err


def test_a_flow_that_would_strand_somebody_is_not_drawn(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, picture = tmp_path / "config.yaml", tmp_path / "flow.svg"
    path.write_text(CONFIG.read_text().replace("2: complaint,", "2: nowhere,"))
    assert main(["flow", "--svg", str(picture), str(path)]) == 1
    assert 'ivr.flow.main.keys.2: no such node "nowhere"' in capsys.readouterr().err
    assert not picture.exists()


def test_a_number_is_forgotten_by_command_and_a_dry_run_comes_first(
    installed: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    with installed.write() as session:
        for name in ("Anna", "Bert"):
            person = Citizen(name=name, note="", vip="", made_at=clock.now(), version=1)
            session.add(person)
            session.flush()
            session.add(CitizenNumber(citizen_id=person.id, number="+66812345678", at=clock.now()))
    asked = ["--reason", "asked by letter"]
    for words, told in (
        (["081 234 5678", "--dry-run"], "Persons: 2"),
        (["1", *asked], "Persons: 1"),
        (["081 234 5678", *asked], "Persons: 1"),
        (["081 234 5678", *asked], ""),
        (["1", *asked], ""),
    ):
        assert main(["person", "erase", *words]) == 0
        said = capsys.readouterr().out
        assert told in said
        assert ("Persons" in said) is bool(told)
        assert ("nothing was changed" in said) is ("--dry-run" in words)
    for words in (["1337", *asked], ["anonymous", *asked], ["081 234 5678"]):
        assert main(["person", "erase", *words]) == 1
    with installed.read() as session:
        done = audit.lines(session, audit.Asked(kind="floor.erased"))
    assert [line.reason for line in done] == ["asked by letter"] * 4
    assert "812345678" not in str(done)


def test_somebodys_data_are_written_to_a_file_that_others_cannot_read(
    installed: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with installed.write() as session:
        person = Citizen(name="Anna", note="deaf", vip="", made_at=clock.now(), version=1)
        session.add(person)
        session.flush()
        session.add(CitizenNumber(citizen_id=person.id, number="+66812345678", at=clock.now()))
        was = {"citizen_id": person.id, "at": clock.now(), "who": "supervisor"}
        session.add(CitizenEvent(kind="changed", data={"before": {"name": "Ann"}}, **was))
    for name in ("all.zip", "all.json", "all.html"):
        file = tmp_path / name
        assert main(["person", "export", "0812345678", "--output", str(file)]) == 0
        assert file.stat().st_mode & 0o077 == 0
    assert (
        json.loads((tmp_path / "all.json").read_text())["tickets"]["persons"][0]["note"] == "deaf"
    )
    page = (tmp_path / "all.html").read_text()
    assert "ข้อมูลของท่าน" in page
    assert "แก้ไขข้อมูล: Ann" in page  # in words, and not by a name of ours
    assert "1337 1337" not in page
    with zipfile.ZipFile(tmp_path / "all.zip") as archive:
        assert archive.namelist() == ["data.json", "data.th.html", "data.en.html"]
        assert "Anna" in archive.read("data.en.html").decode()
    assert main(["person", "export", "0812345678", "--output", str(tmp_path / "all.doc")]) == 1
    capsys.readouterr()
    assert main(["person", "export", "0898765432", "--output", str(tmp_path / "n.json")]) == 0
    assert "nothing is known" in capsys.readouterr().out


def test_what_is_kept_no_longer_is_told_by_command(
    installed: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["retention", "--dry-run"]) == 0
    assert "nothing was changed" in capsys.readouterr().out
    assert main(["retention"]) == 0
    assert "0 done" in capsys.readouterr().out


def test_answers_come_from_a_file(
    installed: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "answers.yaml"
    file.write_text("- {title: {th: ก, en: A}, text: {th: ก, en: A}}\n", encoding="utf-8")
    for words, told in ((["--dry-run"], "1 new"), ([], "1 new"), ([], "0 new, 1 there already")):
        assert main(["answers", "import", str(file), *words]) == 0
        assert told in capsys.readouterr().out
    file.write_text("- {title: {th: ก}, text: {th: ก, en: A}}\n", encoding="utf-8")
    assert main(["answers", "import", str(file)]) == 1
    assert "0.title.en: missing" in capsys.readouterr().err
    assert main(["answers", "import", "nowhere.yaml"]) == 1


def test_things_come_from_a_file_once_and_whole(
    installed: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "lamps.csv"
    file.write_text("number,latitude,longitude\n12-034,12.93,100.88\n", encoding="utf-8")
    command = ["assets", "import", str(file), "--kind", "lamp"]
    for words, told in (
        (["--dry-run"], "1 new, 0 changed, 0 there already\nnothing was changed"),
        ([], "1 new"),
        ([], "0 new, 0 changed, 1 there already"),
    ):
        assert main([*command, *words]) == 0
        assert told in capsys.readouterr().out
    file.write_text("number,latitude,longitude\n1,12.9,100.9\n2,100.9,12.9\n", encoding="utf-8")
    assert main(command) == 1, "a file with a fault changes nothing, and says which"
    said = capsys.readouterr()
    assert "lamps.csv, 3: 2: 100.9, 12.9 are the wrong way round" in said.err
    assert "nothing was changed" in said.out
    file.write_bytes(b"\xff\xfe")
    assert main(command) == 1
    assert main(["assets", "import", "nowhere.csv", "--kind", "lamp"]) == 1
    assert main(["assets", "import", str(file), "--kind", "Lamp Post"]) == 1
