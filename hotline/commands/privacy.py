"""`hotline retention` and `hotline person`: what is kept no longer, and what somebody asks of
theirs.
"""

import argparse
from pathlib import Path

from hotline import clock
from hotline.commands.base import add as add_command
from hotline.commands.base import add_place, add_verbs, beside
from hotline.errors import Invalid

FORMS = (".json", ".html", ".zip")


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the commands."""
    words = "what is kept no longer goes, as each night (rules in config.yaml)"
    retention = add_command(commands, "retention", _retention, words)
    add_place(retention)
    retention.add_argument("--dry-run", action="store_true", help="tell each, and change nothing")

    words = "the data of somebody who called: all of it in a file, or forgotten"
    verbs = add_verbs(commands, "person", words)
    export = add_command(verbs, "export", _export, "write all that is known of somebody to a file")
    export.add_argument("who", help="a telephone number, or a person's id (/citizens/ID)")
    words = "FILE.zip (all), or FILE.html or FILE.json, with sound and photos in FILE/ beside it"
    export.add_argument("--output", type=Path, required=True, help=words)
    add_place(export)
    erase = add_command(verbs, "erase", _erase, "forget somebody")
    erase.add_argument("who", help="a telephone number, or a person's id (/citizens/ID)")
    erase.add_argument("--dry-run", action="store_true", help="tell, and change nothing")
    erase.add_argument("--reason", default="", help="why: who asked, and when")
    add_place(erase)
    for parser in (retention, export, erase):
        parser.set_defaults(exchange_port=8437)


def _retention(arguments: argparse.Namespace) -> int:
    from hotline.privacy import service

    with beside(arguments) as floor:
        now = clock.now()
        if arguments.dry_run:
            with floor.db.read() as session:
                found = list(service.due(floor, session, now))
        else:
            found = service.run(floor, now)
    for each in found:
        of = f"{each.room:<8} {each.shown:<12}"
        print(f"{each.act:<14} {of} since {each.since:%Y-%m-%d} · {each.rule}")
    print(f"{len(found)} due, nothing was changed" if arguments.dry_run else f"{len(found)} done")
    return 0


def _export(arguments: argparse.Namespace) -> int:
    from hotline.privacy import papers, service

    if arguments.output.suffix not in FORMS:
        raise Invalid(f"a file of one of these forms: {', '.join(FORMS)}")
    with beside(arguments) as floor:
        subject = service.read_subject(arguments.who, floor.city.country)
        with floor.db.write() as session:
            dossier = service.export(floor, session, subject, by=None, now=clock.now())
        folder = papers.write(floor, dossier, arguments.output)
    if dossier.is_empty:
        print("nothing is known of them")
    print(arguments.output)
    if folder is not None:
        print(folder)
    return 0


def _erase(arguments: argparse.Namespace) -> int:
    from hotline.privacy import service

    dry = arguments.dry_run
    with beside(arguments) as floor:
        subject = service.read_subject(arguments.who, floor.city.country)
        with floor.db.write() as session:
            did = service.erase(
                floor,
                session,
                subject,
                reason=arguments.reason,
                by=None,
                now=clock.now(),
                dry=dry,
            )
        for name, number in did.counts.items():
            print(f"{floor.texts.get(f'floor.privacy.{name}', 'en')}: {number}")
        for key, values in did.kept:
            print(f"kept: {floor.texts.get(key, 'en', **values)}")
    print("nothing was changed" if dry else "erased")
    return 0
