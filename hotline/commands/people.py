"""`hotline account` and `hotline people`: accounts made, and what is done to them."""

import argparse
import getpass
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from hotline import clock
from hotline.commands.base import add as add_command
from hotline.commands.base import add_place, add_verbs, check_skills, opened

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from hotline.auth import Role

#: By whom, in the story of an agent, what is done to their account from here.
_CLI = "hotline people"


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the commands."""
    account = add_command(commands, "account", _account, "make an account (asks for its password)")
    add_place(account)
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


def _add_people(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """`hotline people`: what is done to accounts that are there."""
    words = "the accounts: who is there, and what is done to them; all of it is in the audit log"
    verbs = add_verbs(commands, "people", words)
    add_place(
        add_command(verbs, "list", _people, "every account: username, role, whether locked, name")
    )
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
        verb = add_command(verbs, name, command, help_text)
        add_place(verb)
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


def _account(arguments: argparse.Namespace) -> int:
    import agents.service
    from hotline import audit, auth
    from hotline.people import rules

    role = _role(arguments.role)
    username, name = rules.read_username(arguments.username), rules.read_name(arguments.name)
    with opened(arguments) as (config, database):
        # all that can be refused is, before anybody types a password
        check_skills(config, arguments.queue, arguments.language)
        with database.read() as session:
            auth.check_free(session, username)
        password = _password(arguments.password_file)
        now = clock.now()
        with database.write() as session:
            account_id = auth.create_account(
                session,
                username=username,
                name=name,
                role=role,
                password=password,
                now=now,
            )
            facts = {"username": username, "role": role.value}
            audit.record(session, "floor.made", f"account:{account_id}", by=None, at=now, **facts)
            # a supervisor without a queue has a telephone all the same, to listen with
            if role is auth.Role.SUPERVISOR or (role is auth.Role.AGENT and arguments.queue):
                agents.service.create_agent(
                    session,
                    account_id=account_id,
                    name=name,
                    queues=arguments.queue,
                    languages=arguments.language or ["th"],
                    address=arguments.number,
                    now=now,
                )
    at = os.environ.get("PUBLIC_URL")
    print(f"{username}: {role}" + (f" at {at}" if at else ""))
    return 0


def _people(arguments: argparse.Namespace) -> int:
    from hotline import auth

    with opened(arguments) as (_, database), database.read() as session:
        for each in auth.accounts(session):
            state = "" if each.active else "locked"
            print(f"{each.username:<20} {each.role:<14} {state:<7} {each.name}")
    return 0


def _new_password(arguments: argparse.Namespace) -> int:
    from hotline import auth
    from hotline.people import service

    with opened(arguments) as (_, database):
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

    with opened(arguments) as (_, database), database.write() as session:
        yield session, auth.account_named(session, arguments.username)


def _why(arguments: argparse.Namespace) -> str:
    return str(arguments.reason or "by command")


def _send_home(session: "Session", account_id: int) -> None:
    """No process that listens is asked: an agent goes home in the same unit of work."""
    import agents.service

    agents.service.send_home(session, account_id, by=_CLI, now=clock.now())


def _password(file: Path | None) -> str:
    return file.read_text(encoding="utf-8").strip() if file else getpass.getpass("Password: ")


def _role(text: str) -> "Role":
    from hotline.auth import Role
    from hotline.errors import Invalid

    with suppress(ValueError):
        return Role(text)
    raise Invalid(f"no such role: {text} (there are {', '.join(Role)})")
