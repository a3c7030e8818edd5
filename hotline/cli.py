"""The command `hotline`.

Each sub-command imports what it needs when it runs, so that `hotline --help` answers at once.
"""

import argparse
import getpass
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from hotline import __version__, clock
from hotline.commands import history, privacy, reports
from hotline.commands.base import add as _add
from hotline.commands.base import add_config as _add_config
from hotline.commands.base import add_place as _add_place
from hotline.commands.base import beside as _beside
from hotline.commands.base import in_words as _in_words
from hotline.commands.base import opened as _opened
from hotline.commands.base import store as _store
from hotline.errors import ConfigError, Fault, HotlineError
from hotline.start import starting

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from hotline.auth import Role
    from hotline.city import CityConfig
    from hotline.db import Database
    from hotline.floor import Floor
    from hotline.replay.command import Options
    from hotline.supervisor import Supervisor
    from tickets.config import Tickets

WEB_WORKERS, WEB_THREADS = 2, 16
#: By whom, in the story of an agent, what is done to their account from here.
_CLI = "hotline people"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return its exit code (1: it could not be done, 2: wrong words)."""
    parsed = _parser().parse_args(arguments)
    command: Callable[[argparse.Namespace], int] = parsed.command
    try:
        return command(parsed)
    except ConfigError as error:
        print("The hotline does not start with this configuration:", file=sys.stderr)
        for fault in error.faults:
            print(f"  {fault}", file=sys.stderr)
        return 1
    except HotlineError as error:
        print(f"hotline: {_in_words(error)}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"hotline: {error}", file=sys.stderr)
        return 1
    except Exception as error:
        if (words := _database_words(error)) is None:
            raise
        print(f"hotline: {words}", file=sys.stderr)
        return 1


def _database_words(error: Exception) -> str | None:
    """What is wrong with the database, in one line; None when it is something else."""
    import sqlalchemy as sa

    if not isinstance(error, sa.exc.OperationalError | sa.exc.ProgrammingError):
        return None
    said = " ".join(str(error.orig).split())
    if "no such table" in said or type(error.orig).__name__ == "UndefinedTable":
        return f"the database is not at this version's schema; run `hotline migrate` ({said})"
    return f"the database: {said}" if isinstance(error, sa.exc.OperationalError) else None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="hotline", description="Saidduan (สายด่วน): a city's 24-hour hotline, whole."
    )
    parser.add_argument("--version", action="version", version=f"Saidduan {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_run(commands)
    _add_processes(commands)
    _add_tools(commands)
    _add_carrier(commands)
    _add_replay(commands)
    return parser


# ------------------------------------------------------------------------ hotline run


def _add_run(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    run = _add(commands, "run", _run, "the whole hotline on this machine, until Ctrl-C")
    _add_place(run)
    run.add_argument("--host", default="127.0.0.1", help="where the pages listen (127.0.0.1)")
    run.add_argument("--web-port", type=int, default=8000)
    run.add_argument("--exchange-port", type=int, default=8437)
    run.add_argument("--stream-port", type=int, default=8438)
    run.add_argument("--stations", type=Path, help="JSON: who answers when the exchange rings")
    run.add_argument("--speed", type=float, default=1.0, help="how fast the clock runs (1)")


def _run(arguments: argparse.Namespace) -> int:
    with ExitStack() as start:
        start.enter_context(starting())
        return _supervise(arguments, start.close)


def _supervise(arguments: argparse.Namespace, started: Callable[[], None]) -> int:
    from hotline import supervisor

    # Real time is the absence of a clock of its own.
    the_clock = (
        str(clock.ScaledClock.starting(clock.now(), arguments.speed))
        if arguments.speed != 1
        else ""
    )
    settings = supervisor.RunSettings(
        data=arguments.data,
        config=arguments.config,
        host=arguments.host,
        web_port=arguments.web_port,
        exchange_port=arguments.exchange_port,
        stream_port=arguments.stream_port,
        clock=the_clock,
        stations=arguments.stations,
        console=sys.stderr,
    )
    print("Starting …", file=sys.stderr)

    def when_ready(running: "Supervisor") -> None:
        seed_demo(running.environment)
        print(welcome(running), flush=True)
        started()

    try:
        return supervisor.run(settings, when_ready)
    except supervisor.CannotStart as error:
        print(f"hotline: {error}", file=sys.stderr)
        return 1


def seed_demo(environment: dict[str, str]) -> None:
    """Make the demo accounts, the first answers and prepared words, where all is on its embedded
    defaults.
    """
    if environment.get("HOTLINE_DEMO") != "1":
        return
    import agents.demo
    import tickets.answers.importing
    import tickets.life.seeding
    import tickets.units.fleet
    from hotline import settings
    from hotline.app import build_floor

    floor = build_floor(settings.from_environment(environment))
    try:
        agents.demo.seed(floor)
        tickets.answers.importing.seed(floor)
        tickets.life.seeding.seed(floor)
        tickets.units.fleet.demo(floor)
    finally:
        floor.close()


def welcome(running: "Supervisor") -> str:
    """Where to look, with which accounts; said plainly that they are demo accounts."""
    import agents.demo

    lines = ["", "  Saidduan สายด่วน is answering calls · พร้อมรับสายแล้ว", ""]
    if running.exchange_url:
        lines.append(f"  Handset    โทรเข้า    {running.exchange_url}/")
    lines += [
        f"  Desk       รับสาย     {running.web_url}/desk",
        f"  Wallboard  จอรวม     {running.web_url}/wallboard",
        f"  Tickets    เรื่อง       {running.web_url}/tickets",
        f"  Reports    รายงาน    {running.web_url}/reports",
        f"  Data       ข้อมูล      {running.data}",
        "",
    ]
    if running.environment.get("HOTLINE_DEMO") == "1":
        lines += [
            "  DEMO ACCOUNTS with published passwords: never take real calls with them.",
            "  บัญชีสาธิต รหัสผ่านเป็นที่รู้กันทั่วไป ห้ามใช้รับสายจริง",
            *(f"    {line}" for line in agents.demo.credentials()),
            "",
        ]
    return "\n".join([*lines, "  Ctrl-C stops it. กด Ctrl-C เพื่อหยุด", ""])


# ------------------------------------------------------------------------ the processes


def _add_processes(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    web = _add(commands, "web", _web, "the web process: webhooks and pages (gunicorn)")
    web.add_argument("--host", default="127.0.0.1")
    web.add_argument("--port", type=int, default=8000)
    web.add_argument("--workers", type=int, default=WEB_WORKERS)
    web.add_argument("--threads", type=int, default=WEB_THREADS)
    streams = _add(commands, "streams", _streams, "tells open pages what has changed")
    streams.add_argument("--host", default="127.0.0.1")
    streams.add_argument("--port", type=int, default=8438)
    worker = _add(commands, "worker", _worker, "a worker (RQ)")
    worker.add_argument("names", nargs="*", metavar="NAME", help="calls or night; left out: both")
    _add(commands, "clock", _clock, "the sweeps and the start of the nightly jobs")
    migrate = _add(commands, "migrate", _migrate, "bring the database to the newest schema")
    _add_place(migrate)


def _web(arguments: argparse.Namespace) -> int:
    with starting():
        from hotline.server import server

        ours = server(
            arguments.host, arguments.port, workers=arguments.workers, threads=arguments.threads
        )
    ours.run()
    return 0


def _streams(arguments: argparse.Namespace) -> int:
    with starting():
        # no floor: a page that is open needs neither the city's file nor what all rooms do
        import agents.jobs
        from hotline import db, logs, settings, streams

        logs.configure()
        ours = settings.from_environment()
        database = db.Database(ours.database_url)
        app = streams.application(ours, database, agents.jobs.topics_now, [agents.jobs.FLOOR])
    try:
        streams.run(app, arguments.host, arguments.port)
    finally:
        database.dispose()
    return 0


def _worker(arguments: argparse.Namespace) -> int:
    from hotline import jobs, logs, settings

    if unknown := set(arguments.names) - set(jobs.WORKERS):
        print(f"hotline: no worker is called {', '.join(sorted(unknown))}", file=sys.stderr)
        return 2
    with starting():
        from hotline.app import worker_floor

        logs.configure()
        worker_floor()  # every room is imported and the configuration read before the first job
    names = arguments.names or jobs.WORKERS
    queues = [queue for name in names for queue in jobs.WORKERS[name]]
    jobs.work(settings.from_environment().redis_url, queues)
    return 0


def _clock(_arguments: argparse.Namespace) -> int:
    with starting():
        from hotline import logs, settings, ticker
        from hotline.app import build_floor

        logs.configure()
        floor = build_floor(settings.from_environment())
    try:
        ticker.run(floor)
    finally:
        floor.close()
    return 0


def _migrate(arguments: argparse.Namespace) -> int:
    from hotline import db

    db.migrate(_store(arguments).database_url)
    return 0


# ------------------------------------------------------------------------ tools


def _add_tools(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    check = _add(commands, "check", _check, "every fault of a configuration file, with its path")
    _add_config(check, "config", nargs="?")
    flow = _add(commands, "flow", _flow, "the flow of a configuration, in lines or as a picture")
    _add_config(flow, "config", nargs="?")
    form = flow.add_mutually_exclusive_group()
    form.add_argument("--text", action="store_true", help="lines to be read aloud (the default)")
    form.add_argument("--svg", type=Path, metavar="FILE", help="a picture, written to FILE")
    flow.add_argument("--lang", help="the language of the prompts (the city's first)")
    account = _add(commands, "account", _account, "make an account (asks for its password)")
    _add_place(account)
    account.add_argument("username")
    account.add_argument("--name", required=True)
    account.add_argument("--role", required=True)
    account.add_argument(
        "--queue", action="append", default=[], help="an agent's queue; repeatable"
    )
    account.add_argument(
        "--language", action="append", default=[], help="an agent's language; repeatable"
    )
    account.add_argument("--number", help="an agent's own telephone, instead of the browser")
    account.add_argument("--password-file", type=Path, help="a file that holds the password")
    _add_people(commands)
    privacy.add(commands)
    history.add(commands)
    _add_answers(commands)
    _add_assets(commands)
    _add_roster(commands)
    _add_search(commands)
    _add_categories(commands)
    reports.add(commands)


def _add_people(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """`hotline people`: what is done to accounts that are there."""
    words = "the accounts: who is there, and what is done to them; all of it is in the audit log"
    verbs = commands.add_parser("people", help=words, description=words).add_subparsers(
        required=True, metavar="VERB"
    )
    _add_place(_add(verbs, "list", _people, "every account: username, role, whether locked, name"))
    for name, command, help_text in (
        ("password", _new_password, "another password; whoever is signed in signs in again"),
        ("link", _link, "a link by which its owner sets a password, good once and for an hour"),
        ("lock", _lock, "nobody signs in to this account any more, or stays signed in"),
        ("unlock", _unlock, "the contrary, also after too many wrong passwords"),
        ("role", _change_role, "another role; whoever is signed in signs in again"),
        ("rename", _rename, "another name, or where the person is reached"),
        ("sign-out", _sign_out, "every session of the account ends"),
        ("factor", _remove_factor, "take the second factor of somebody who has lost it away"),
    ):
        verb = _add(verbs, name, command, help_text)
        _add_place(verb)
        verb.add_argument("username")
        verb.add_argument("--reason", default="", help="why, for the audit log")
        if command is _new_password:
            verb.add_argument("--password-file", type=Path, help="a file that holds the password")
        if command is _change_role:
            verb.add_argument("role")
        if command is _rename:
            verb.add_argument("--name", help="the new name (as it was)")
            verb.add_argument("--contact", help="a telephone number or an email (as it was)")
            verb.add_argument("--email", help="where notices are e-mailed (as it was)")


def _add_answers(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """`hotline answers`: those of a file."""
    words = "what the city answers when it is asked"
    verbs = commands.add_parser("answers", help=words, description=words).add_subparsers(
        required=True, metavar="VERB"
    )
    bring = _add(verbs, "import", _import_answers, "write the answers of a file (YAML)")
    _add_place(bring)
    bring.add_argument("file", type=Path)
    bring.add_argument("--dry-run", action="store_true", help="check and tell, and change nothing")


def _add_assets(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """`hotline assets`: the things of the city that have a number and a place."""
    words = "lamps, bins, water points: what has a number and a place"
    verbs = commands.add_parser("assets", help=words, description=words).add_subparsers(
        required=True, metavar="VERB"
    )
    words = "write down the things of a file (CSV: number, latitude, longitude, note; or GeoJSON)"
    bring = _add(verbs, "import", _import_assets, words)
    _add_place(bring)
    bring.add_argument("file", type=Path)
    bring.add_argument("--kind", required=True, help="what they are: lamp, bin, water_point")
    bring.add_argument("--dry-run", action="store_true", help="check and tell, and change nothing")


def _add_roster(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """`hotline roster`: shifts out of the hotline, and into it."""
    words = "who should be here when: shifts as a table (CSV) or a calendar (iCalendar)"
    verbs = commands.add_parser("roster", help=words, description=words).add_subparsers(
        required=True, metavar="VERB"
    )
    out = _add(verbs, "export", _export_roster, "print the shifts of some days, or one calendar")
    _add_place(out)
    out.add_argument("--from", dest="first", type=date.fromisoformat, help="first day (today)")
    out.add_argument("--until", type=date.fromisoformat, help="last day (13 days on)")
    out.add_argument("--agent", help="a username: their whole roster, as a calendar")
    bring = _add(verbs, "import", _import_roster, "bring in the shifts of a file, all or none")
    _add_place(bring)
    bring.add_argument("file", type=Path, help="CSV, or iCalendar (.ics; then say --agent)")
    bring.add_argument("--agent", default="", help="whose calendar it is: a username")
    bring.add_argument("--dry-run", action="store_true", help="tell, and change nothing")


def _add_search(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """`hotline search`: the index that tickets are searched by."""
    words = "the index that tickets are searched by"
    verbs = commands.add_parser("search", help=words, description=words).add_subparsers(
        required=True, metavar="VERB"
    )
    _add_place(_add(verbs, "status", _search_status, "how tickets are searched here"))
    rebuild = _add(verbs, "rebuild", _rebuild_search, "make it anew; no ticket changes meanwhile")
    _add_place(rebuild)


def _add_categories(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    from tickets.categories import command
    from tickets.matters import command as duplicates

    @contextmanager
    def opened(arguments: argparse.Namespace) -> Iterator[tuple["Tickets", "Database"]]:
        with _opened(arguments) as (config, database):
            yield config.tickets, database

    def config(arguments: argparse.Namespace) -> "Tickets":
        from hotline import city

        return city.load(_store(arguments).config).tickets

    def make(arguments: argparse.Namespace) -> None:
        _migrate(arguments)

    tools = command.Tools(_add, _add_place, opened, config, make)
    command.add(commands, tools)
    duplicates.add(commands, tools)


def _check(arguments: argparse.Namespace) -> int:
    from hotline import city

    config = city.load(arguments.config)
    for warning in city.warnings(config):
        print(f"warning: {warning}")
    for line in _sms_lengths(config.tickets):
        print(line)
    print(f"{arguments.config}: no faults ({len(config.ivr.flow)} nodes in the flow)")
    return 0


def _sms_lengths(tickets: "Tickets") -> Iterator[str]:
    """How many segments each SMS to citizens takes with the longest that it may name."""
    if tickets.sms is None:
        return
    by_moment: dict[str, list[str]] = {}
    for moment, language, length in tickets.sms.lengths():
        by_moment.setdefault(moment.value, []).append(f"{language} {length}")
    for told, lengths in by_moment.items():
        yield f"SMS {told}: segments {', '.join(lengths)} (at most {tickets.sms.segments})"


def _flow(arguments: argparse.Namespace) -> int:
    from hotline import city
    from hotline.app import text_files
    from hotline.config import READER_LANGUAGES
    from hotline.i18n import Texts
    from ivr import drawing, picture

    config = city.load(arguments.config)
    language = arguments.lang or next(iter(config.ivr.languages))
    _check_skills(config, [], [language])
    # prompts are there in every language of the hotline, the words around them in two
    reads = language if language in READER_LANGUAGES else "en"
    t = partial(Texts.load(text_files()).get, language=reads)
    if arguments.svg is None:
        print(picture.text(config.ivr, language, t, config.city.calendars))
        return 0
    title = t("ivr.flow.title", hotline=config.city.hotline_name.for_(reads))
    drawn = drawing.svg(config.ivr, language, title, t, config.city.calendars)
    arguments.svg.write_text(drawn, encoding="utf-8")
    print(arguments.svg)
    return 0


def _account(arguments: argparse.Namespace) -> int:
    import agents.service
    from hotline import audit, auth

    role = _role(arguments.role)
    with _opened(arguments) as (config, database):
        # all that can be refused is, before anybody types a password
        _check_skills(config, arguments.queue, arguments.language)
        with database.read() as session:
            auth.check_free(session, arguments.username)
        password = _password(arguments.password_file)
        now = clock.now()
        with database.write() as session:
            account_id = auth.create_account(
                session,
                username=arguments.username,
                name=arguments.name,
                role=role,
                password=password,
                now=now,
            )
            facts = {"username": arguments.username, "role": role.value}
            audit.record(session, "floor.made", f"account:{account_id}", by=None, at=now, **facts)
            # a supervisor without a queue has a telephone all the same, to listen with
            if role is auth.Role.SUPERVISOR or (role is auth.Role.AGENT and arguments.queue):
                agents.service.create_agent(
                    session,
                    account_id=account_id,
                    name=arguments.name,
                    queues=arguments.queue,
                    languages=arguments.language or ["th"],
                    address=arguments.number,
                    now=now,
                )
    at = os.environ.get("PUBLIC_URL")
    print(f"{arguments.username}: {role}" + (f" at {at}" if at else ""))
    return 0


def _people(arguments: argparse.Namespace) -> int:
    from hotline import auth

    with _opened(arguments) as (_, database), database.read() as session:
        for each in auth.accounts(session):
            state = "" if each.active else "locked"
            print(f"{each.username:<20} {each.role:<14} {state:<7} {each.name}")
    return 0


def _new_password(arguments: argparse.Namespace) -> int:
    from hotline import auth
    from hotline.people import service

    with _opened(arguments) as (_, database):
        with database.read() as session:  # refused before anybody types a password
            account_id = auth.account_named(session, arguments.username)
        password = _password(arguments.password_file)
        with database.write() as session:
            why, now = arguments.reason, clock.now()
            service.set_password(session, account_id, password, reason=why, by=None, now=now)
            _send_home(session, account_id)
    print(f"{arguments.username}: another password")
    return 0


def _link(arguments: argparse.Namespace) -> int:
    from hotline.people import service

    with _account_of(arguments) as (session, account_id):
        token = service.make_link(session, account_id, by=None, now=clock.now())
    print(os.environ.get("PUBLIC_URL", "").rstrip("/") + f"/reset/{token}")
    return 0


def _lock(arguments: argparse.Namespace) -> int:
    from hotline.people import service

    with _account_of(arguments) as (session, account_id):
        service.lock(session, account_id, reason=_why(arguments), by=None, now=clock.now())
        _send_home(session, account_id)
    print(f"{arguments.username}: locked out")
    return 0


def _unlock(arguments: argparse.Namespace) -> int:
    from hotline.people import service

    with _account_of(arguments) as (session, account_id):
        service.unlock(session, account_id, reason=arguments.reason, by=None, now=clock.now())
    print(f"{arguments.username}: may sign in")
    return 0


def _change_role(arguments: argparse.Namespace) -> int:
    from hotline.people import service

    role = _role(arguments.role)
    with _account_of(arguments) as (session, account_id):
        why, now = _why(arguments), clock.now()
        service.change_role(session, account_id, role, reason=why, by=None, now=now)
        _send_home(session, account_id)
    print(f"{arguments.username}: {role}")
    return 0


def _rename(arguments: argparse.Namespace) -> int:
    import agents.service
    from hotline.people import service

    with _account_of(arguments) as (session, account_id):
        them = service.person(session, account_id)
        name = them.name if arguments.name is None else arguments.name
        contact = them.contact if arguments.contact is None else arguments.contact
        facts = {"name": name, "contact": contact, "email": arguments.email}
        service.rename(session, account_id, **facts, by=None, now=clock.now())
        name = service.person(session, account_id).name
        agents.service.rename(session, account_id, name)
    print(f"{arguments.username}: {name}")
    return 0


def _sign_out(arguments: argparse.Namespace) -> int:
    from hotline.people import service

    with _account_of(arguments) as (session, account_id):
        why, now = _why(arguments), clock.now()
        service.sign_out_everywhere(session, account_id, reason=why, by=None, now=now)
        _send_home(session, account_id)
    print(f"{arguments.username}: signed out everywhere")
    return 0


def _remove_factor(arguments: argparse.Namespace) -> int:
    from hotline.people import service

    with _account_of(arguments) as (session, account_id):
        why, now = _why(arguments), clock.now()
        service.remove_factor(session, account_id, reason=why, by=None, now=now)
        _send_home(session, account_id)
    print(f"{arguments.username}: no second factor")
    return 0


@contextmanager
def _account_of(arguments: argparse.Namespace) -> Iterator[tuple["Session", int]]:
    """One unit of work on the account that the words name."""
    from hotline import auth

    with _opened(arguments) as (_, database), database.write() as session:
        yield session, auth.account_named(session, arguments.username)


def _why(arguments: argparse.Namespace) -> str:
    return str(arguments.reason or "by command")


def _send_home(session: "Session", account_id: int) -> None:
    """No process that listens is asked: an agent goes home in the same unit of work."""
    import agents.service

    agents.service.send_home(session, account_id, by=_CLI, now=clock.now())


def _import_answers(arguments: argparse.Namespace) -> int:
    from tickets.answers import importing

    now = clock.now()
    with _opened(arguments) as (config, database), database.write() as session:
        drafts = importing.read(arguments.file, config.tickets, config.city.zone, now)
        dry = arguments.dry_run
        new, there = importing.bring(session, config.tickets, drafts, now=now, dry=dry)
    print(f"{new} new, {there} there already" + (" (nothing was changed)" if dry else ""))
    return 0


def _search_status(arguments: argparse.Namespace) -> int:
    from tickets.inbox import index

    with _opened(arguments) as (_, database), database.engine.connect() as connection:
        trigrams, tickets = index.ways(connection).trigrams, index.size(connection)
    means = "by trigrams" if trigrams else "without trigrams, which is slower"
    print(f"{tickets} tickets, searched {means}")
    if not trigrams:
        print("PostgreSQL: CREATE EXTENSION pg_trgm, in a database whose locale is UTF-8, not C;")
        print("SQLite: one with FTS5. Then `hotline search rebuild`, and start the hotline anew.")
    return 0


def _rebuild_search(arguments: argparse.Namespace) -> int:
    from tickets.inbox import index

    with _opened(arguments) as (_, database), database.engine.begin() as connection:
        print(f"{index.rebuild(connection)} tickets can be found")
    return 0


def _import_assets(arguments: argparse.Namespace) -> int:
    from tickets.places import assets

    kind, dry = assets.kind_of(arguments.kind), arguments.dry_run
    try:
        content = arguments.file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError([Fault(str(arguments.file), f"is not UTF-8: {error.reason}")]) from error
    rows, bad = assets.read(content)
    for each in bad:
        print(f"{arguments.file}, {each.line}: {each.why}", file=sys.stderr)
    with _opened(arguments) as (_, database), database.write() as session:
        dry = dry or bool(bad)
        brought = assets.bring(session, kind, rows, now=clock.now(), dry=dry)
    print(f"{brought.new} new, {brought.changed} changed, {brought.there} there already")
    if dry:
        print("nothing was changed")
    return 1 if bad else 0


def _export_roster(arguments: argparse.Namespace) -> int:
    from agents.roster import files
    from agents.roster.service import Act

    with _opened(arguments) as (config, database), database.read() as session:
        act = Act(None, clock.now(), config.city.zone)
        if arguments.agent:
            hotline = config.city.hotline_name.for_("th")
            text = files.calendar(session, files.named(session, arguments.agent), act, hotline)
        else:
            first = arguments.first or act.today
            last = arguments.until or first + timedelta(days=13)
            text = files.table(session, first, last, act)
    sys.stdout.buffer.write(text.encode())
    return 0


def _import_roster(arguments: argparse.Namespace) -> int:
    from agents.roster import files, importing
    from agents.roster.service import Act

    content = arguments.file.read_bytes()
    with _opened(arguments) as (config, database), database.write() as session:
        act = Act(None, clock.now(), config.city.zone)
        preview = files.preview(session, content, arguments.agent, act)
        if not preview.bad and not arguments.dry_run:
            importing.bring(session, preview, act)
    for bad in preview.bad:
        why = _in_words(HotlineError(text=f"agents.roster.bad.{bad.why}", what=bad.what))
        print(f"{arguments.file}, line {bad.line}: {why.removesuffix(' error')}", file=sys.stderr)
    print(f"{len(preview.new)} new, {len(preview.changed)} changed, {preview.there} there already")
    if preview.bad or arguments.dry_run:
        print("nothing was changed")
    return 1 if preview.bad else 0


def _password(file: Path | None) -> str:
    return file.read_text(encoding="utf-8").strip() if file else getpass.getpass("Password: ")


def _check_skills(config: "CityConfig", queues: list[str], languages: list[str]) -> None:
    """An agent for a queue that no caller waits in would sit there for ever."""
    from hotline.errors import Invalid

    known = config.ivr
    for given, there in ((queues, known.queues), (languages, known.languages)):
        if unknown := [each for each in given if each not in there]:
            raise Invalid(f"no such: {', '.join(unknown)} (there are {', '.join(there)})")


def _role(text: str) -> "Role":
    from hotline.auth import Role
    from hotline.errors import Invalid

    with suppress(ValueError):
        return Role(text)
    raise Invalid(f"no such role: {text} (there are {', '.join(Role)})")


# ------------------------------------------------------------------------ the carrier


def _add_carrier(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """`hotline reconcile` and `hotline fallback`."""
    reconcile = _add(
        commands, "reconcile", _reconcile, "find and repair calls that the carrier knows and we not"
    )
    _add_place(reconcile)
    reconcile.add_argument(
        "--day", dest="first", type=date.fromisoformat, help="the first local day (yesterday)"
    )
    reconcile.add_argument("--until", type=date.fromisoformat, help="the last (the first)")
    reconcile.add_argument("--dry-run", action="store_true", help="tell, and change nothing")
    reconcile.add_argument("--json", action="store_true", help="one line of JSON a day")
    reconcile.add_argument(
        "--exchange-port", type=int, default=8437, help="of a hotline run here (8437)"
    )
    sorry = _add(
        commands, "fallback", _fallback, "the document to keep at the carrier, should we be away"
    )
    _add_config(sorry, "--config")
    sorry.add_argument("--file", type=Path, help="write it there instead of printing it")


def _reconcile(arguments: argparse.Namespace) -> int:
    import json

    import ivr.reconcile

    with _beside(arguments) as floor:
        now = clock.now()
        today = clock.local_day(now, floor.city.zone)
        first = arguments.first or today - timedelta(days=1)
        failed, changed = False, set()
        for day in _days(first, arguments.until or first, today):
            found = ivr.reconcile.run(floor, day, now=now, dry=arguments.dry_run)
            if arguments.json:
                print(json.dumps(found.as_dict(), ensure_ascii=False))
            else:
                print(ivr.reconcile.in_words(found, dry=arguments.dry_run))
                for line in ivr.reconcile.details(found):
                    print(f"  {line}")
            failed = failed or bool(found.failed)
            changed |= {each for each in found.days if each < today}
        _recount(floor, changed)
    return 1 if failed else 0


def _days(first: date, last: date, today: date) -> list[date]:
    from hotline.errors import Invalid

    if not first <= last <= today:
        raise Invalid(f"{first} to {last}: not days up to today, {today}")
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def _recount(floor: "Floor", days: set[date]) -> None:
    """Count days whose story has changed, which the night would find as well."""
    from reports import jobs

    for day in sorted(days):
        print(jobs.recompute(floor, day, day), file=sys.stderr)


def _fallback(arguments: argparse.Namespace) -> int:
    from hotline import city, fallback

    document = fallback.document(city.load(arguments.config))
    if arguments.file is None:
        print(document)
    else:
        arguments.file.write_text(document + "\n", encoding="utf-8")
    return 0


# ------------------------------------------------------------------------ replay, demo


def _add_replay(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """`hotline replay`, `hotline demo` and `hotline chaos`."""
    replay = _add(commands, "replay", _replay, "play a day of a call log through a hotline")
    replay.add_argument("file", type=Path, help="a log of the form of bank_august_1999.tsv")
    replay.add_argument("--date", type=date.fromisoformat, help="the day (the file's first)")
    replay.add_argument(
        "--staff",
        default="log",
        help="CSV with the columns hour, agents; `log` (default): as many as the log had",
    )
    demo = _add(commands, "demo", _demo, "play a generated day, for somebody who watches")
    demo.add_argument("--calls", type=int, default=1200, help="calls of the day (1200)")
    demo.add_argument("--date", type=date.fromisoformat, help="the day (today)")
    demo.add_argument("--leave", action="store_true", help="end when the day is over")
    for parser, web_port, exchange_port in ((replay, 0, 0), (demo, 8000, 8437)):
        parser.add_argument("--speed", type=float, default=60.0, help="how fast (60)")
        parser.add_argument("--data", type=Path, help="a folder of its own (a new one)")
        _add_config(parser, "--config")
        parser.add_argument("--database-url", help="a database of its own (a file in the folder)")
        parser.add_argument(
            "--call-back", action="store_true", help="agents call back who hung up while waiting"
        )
        parser.add_argument("--web-port", type=int, default=web_port)
        parser.add_argument("--exchange-port", type=int, default=exchange_port)

    chaos = _add(commands, "chaos", _chaos, "break a hotline on purpose, under calls; see docs")
    chaos.add_argument("--minutes", type=float, default=5.0, help="of each scenario (5)")
    chaos.add_argument("--scenario", action="append", help="which; repeatable (all)")
    chaos.add_argument("--data", type=Path, help="a folder of its own (a new one)")
    _add_config(chaos, "--config")


def _chaos(arguments: argparse.Namespace) -> int:
    from hotline.chaos.hotline import Hotline
    from hotline.chaos.scenarios import SCENARIOS
    from hotline.errors import Invalid

    names = arguments.scenario or list(SCENARIOS)
    if unknown := [name for name in names if name not in SCENARIOS]:
        there = ", ".join(SCENARIOS)
        raise Invalid(f"no such scenario: {', '.join(unknown)} (there are {there})")
    data = arguments.data or Path("var") / f"chaos-{clock.now():%Y%m%d-%H%M%S}"
    failed = False
    with Hotline(data, arguments.config) as hotline:
        for name in names:
            verdict = SCENARIOS[name](hotline, 60 * arguments.minutes)
            print("\n".join([str(verdict), *(f"      {each}" for each in verdict.violations)]))
            failed = failed or bool(verdict.violations)
    return 1 if failed else 0


def _replay(arguments: argparse.Namespace) -> int:
    from hotline.replay import command

    staff = None if arguments.staff == "log" else Path(arguments.staff)
    options = _replay_options(arguments, "replay", stay=False)
    return command.replay(arguments.file, arguments.date, staff, options)


def _demo(arguments: argparse.Namespace) -> int:
    from hotline.replay import command

    options = _replay_options(arguments, "demo", stay=not arguments.leave)
    day = arguments.date or clock.now().astimezone().date()
    return command.demo(arguments.calls, day, options)


def _replay_options(arguments: argparse.Namespace, name: str, *, stay: bool) -> "Options":
    from hotline.replay.command import Options

    return Options(
        config=arguments.config,
        data=arguments.data or Path("var") / f"{name}-{clock.now():%Y%m%d-%H%M%S}",
        speed=arguments.speed,
        web_port=arguments.web_port,
        exchange_port=arguments.exchange_port,
        database_url=arguments.database_url,
        stay=stay,
        call_back=arguments.call_back,
    )
