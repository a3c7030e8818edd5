"""`hotline categories`: train, evaluate, retrain, go back, tell which models there are.

What it shares with the other tools (where the hotline keeps its data) `hotline.commands.categories`
hands in.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hotline.db import Database
    from tickets.categories.learning import Lesson, Said
    from tickets.categories.measuring import Figures
    from tickets.categories.model import Model
    from tickets.categories.retraining import Done
    from tickets.categories.tables import Table
    from tickets.config import Tickets

Command = Callable[[argparse.Namespace], int]
#: So much is shown of a name that is no category's: a wrong column holds whole letters.
_LONGEST = 40
#: By whom, in the list of models, what is done from here.
BY = "hotline categories"


@dataclass(frozen=True)
class Tools:
    """What `hotline.commands.categories` hands in: how one is added, how the hotline is opened."""

    add: Callable[[Any, str, Command, str], argparse.ArgumentParser]
    place: Callable[[argparse.ArgumentParser], None]
    #: The `tickets:` section and the database; raises FileNotFoundError where there is none yet.
    opened: Callable[[argparse.Namespace], AbstractContextManager[tuple["Tickets", "Database"]]]
    #: The `tickets:` section alone.
    config: Callable[[argparse.Namespace], "Tickets"]
    #: Makes the database where there is none yet.
    make: Callable[[argparse.Namespace], None]


def add(commands: Any, tools: Tools) -> None:
    """Add the sub-commands."""
    words = "what matters are about: the model that suggests it, trained and measured"
    verbs = commands.add_parser("categories", help=words, description=words).add_subparsers(
        required=True, metavar="VERB"
    )
    _add_train(verbs, tools)
    _add_evaluate(verbs, tools)
    for name, command, help_text in (
        ("retrain", _retrain, "learn from the city's own tickets, as is done each night"),
        ("models", _models, "the models that there have been, with their figures"),
    ):
        tools.place(tools.add(verbs, name, _with(tools, command), help_text))
    back = tools.add(verbs, "roll-back", _with(tools, _roll_back), "use the model before again")
    tools.place(back)
    back.add_argument("--to", type=int, metavar="ID", help="this model (0: the shipped one)")


def _with(tools: Tools, command: Callable[[argparse.Namespace, Tools], int]) -> Command:
    return lambda arguments: command(arguments, tools)


def _add_columns(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--text", required=True, metavar="COLUMN", help="what was written")
    parser.add_argument(
        "--label",
        required=True,
        metavar="COLUMN",
        help="what it was about: a category's id, title or one of its aliases; of several columns "
        "(with commas), here and in --text, the first that a file has",
    )
    parser.add_argument(
        "--without", action="append", default=[], metavar="CATEGORY", help="leave it out"
    )
    parser.add_argument(
        "--means",
        action="append",
        default=[],
        metavar="NAME=CATEGORY,CATEGORY",
        help="a name in the files that is wider than a category: it is one of these",
    )


def _add_train(verbs: Any, tools: Tools) -> None:
    words = "learn from tables (CSV) of any city, and use what was learned if it is better"
    train = tools.add(verbs, "train", _with(tools, _train), words)
    tools.place(train)
    train.add_argument("files", nargs="+", type=Path, metavar="FILE")
    _add_columns(train)
    train.add_argument(
        "--from-nothing", action="store_true", help="forget what other texts have taught before"
    )
    train.add_argument(
        "--all", action="store_true", help="also from the fifth that is held out; not compared"
    )
    train.add_argument("--force", action="store_true", help="use it also when it is worse")
    train.add_argument("--out", type=Path, metavar="MODEL", help="write a file, change nothing")


def _add_evaluate(verbs: Any, tools: Tools) -> None:
    words = "measure the model in use, or another one, on tables (CSV) of any city"
    evaluate = tools.add(verbs, "evaluate", _with(tools, _evaluate), words)
    tools.place(evaluate)
    evaluate.add_argument("files", nargs="+", type=Path, metavar="FILE")
    _add_columns(evaluate)
    which = evaluate.add_mutually_exclusive_group()
    which.add_argument("--model", type=Path, help="a file that `train --out` wrote")
    which.add_argument(
        "--folds", type=int, help="learn from the files themselves, tested on what was left out"
    )
    evaluate.add_argument(
        "--held-out", action="store_true", help="only the fifth that is never learned from"
    )
    evaluate.add_argument(
        "--unlike", type=Path, nargs="+", default=[], metavar="FILE", help="not what stands in it"
    )
    evaluate.add_argument(
        "--repeated", action="store_true", help="the same text counts as often as it stands there"
    )
    evaluate.add_argument(
        "--every-category",
        action="store_true",
        help="also those that the files never name may be suggested",
    )
    evaluate.add_argument("--json", action="store_true", help="for a program")


# ------------------------------------------------------------------ train


def _train(arguments: argparse.Namespace, tools: Tools) -> int:
    from tickets.categories import learning

    table = _table(arguments, tools.config(arguments), arguments.files)
    _tell(table)
    try:
        return _learn(arguments, tools, table.lessons)
    except learning.TooLittle:
        print("there is too little to learn from: no two categories have texts", file=sys.stderr)
        return 1


def _learn(arguments: argparse.Namespace, tools: Tools, lessons: list["Lesson"]) -> int:
    from hotline import clock
    from tickets.categories import retraining, versions

    if arguments.out is not None:
        model = _learned(arguments, lessons)
        arguments.out.write_bytes(model.as_bytes())
        print(f"{arguments.out}: {len(model.labels)} categories, {len(model.hashes)} n-grams")
        return 0
    try:
        with tools.opened(arguments):
            pass
    except FileNotFoundError:
        tools.make(arguments)
    with tools.opened(arguments) as (config, database):
        done = retraining.train(
            database,
            config,
            lessons,
            onto=not arguments.from_nothing,
            every=arguments.all,
            force=arguments.force,
            by=BY,
            now=clock.now(),
            told=_progress,
        )
    print(done)
    return 0 if done.outcome == versions.USED else 1


def _learned(arguments: argparse.Namespace, lessons: list["Lesson"]) -> "Model":
    from tickets.categories import learning, measuring, versions

    seen = [e for e in lessons if arguments.all or not measuring.is_held_out(e.text)]
    before = None if arguments.from_nothing else versions.shipped()
    model = learning.learn(seen, before=before, only_named=True, told=_progress)
    return model.told(all=arguments.all)


def _progress(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


def _table(arguments: argparse.Namespace, config: "Tickets", files: list[Path]) -> "Table":
    from tickets.categories import tables
    from tickets.categories.names import Names

    names = Names.of(config.categories).widened(arguments.means)
    return tables.read(files, arguments.text, arguments.label, names, arguments.without)


def _tell(table: "Table") -> None:
    """Say what was not used, so that nobody believes it was."""
    for file, form in table.forms.items():
        if not form.is_usual:
            print(f"{file}: read as {form}", file=sys.stderr)
    print(
        f"{len(table.lessons)} texts ({len(table.repeated)} rows, {table.several} with several "
        f"categories); left out: {table.contradicted} rows whose text stands there as two, "
        f"{table.empty} without words",
        file=sys.stderr,
    )
    if table.unknown:
        most = ", ".join(
            f"{name[:_LONGEST]}{'…' if len(name) > _LONGEST else ''} ({count})"
            for name, count in table.unknown.most_common(12)
        )
        print(f"names that are no category's (see aliases in config.yaml): {most}", file=sys.stderr)
    if len(table.repeated) * 10 < table.rows:
        print(
            f"of {table.rows} rows only {len(table.repeated)} name a category: is --label the "
            "right column?",
            file=sys.stderr,
        )


# ------------------------------------------------------------------ evaluate


def _evaluate(arguments: argparse.Namespace, tools: Tools) -> int:
    from tickets.categories import measuring
    from tickets.categories import text as texts

    config = tools.config(arguments)
    table = _table(arguments, config, arguments.files)
    _tell(table)
    lessons = table.repeated if arguments.repeated else table.lessons
    if arguments.unlike:
        other = {texts.same(e.text) for e in _table(arguments, config, arguments.unlike).repeated}
        lessons = [each for each in lessons if texts.same(each.text) not in other]
    if arguments.held_out:
        lessons = [each for each in lessons if measuring.is_held_out(each.text)]
    if not lessons:
        print("there is nothing to measure on", file=sys.stderr)
        return 1
    if arguments.folds:
        said, about = _folded(arguments, lessons)
        begins = dict[str, float]()  # each fold has its own
    else:
        model, about = _model(arguments, tools)
        begins = {"threshold": round(model.threshold, 4)}
        said = _said(arguments, config, model, lessons)
    if len({label for each in lessons for label in each.labels}) == 1 and not (
        arguments.every_category
    ):
        print(
            "all of them name one category, and no other can be suggested: these figures say "
            "nothing (--every-category asks among all)",
            file=sys.stderr,
        )
    named = [each.labels for each in lessons]
    first = [each.label for each in said]
    figures = measuring.figures(
        measuring.counted_as(named, first), first, [each.share for each in said]
    )
    told = {
        "several": _several(named, first),
        "sure": {**begins, **_sure(named, said)},
    }
    if arguments.json:
        print(json.dumps({**figures.as_json(), **told, "model": about}, ensure_ascii=False))
    else:
        print("\n".join(_lines(figures, about, told)))
    return 0


def _model(arguments: argparse.Namespace, tools: Tools) -> tuple["Model", dict[str, Any]]:
    """The model that is asked for: of a file, in use, or shipped."""
    from hotline.errors import Invalid
    from tickets.categories import versions
    from tickets.categories.model import Model

    if arguments.model is not None:
        try:
            model = Model.of_bytes(arguments.model.read_bytes())
        except ValueError as error:
            raise Invalid(f"{arguments.model}: {error}") from error
        return model, {"name": str(arguments.model), **model.about}
    try:
        with tools.opened(arguments) as (_, database), database.read() as session:
            model_id = versions.current(session).model_id
            model = versions.weights(session, model_id)
    except FileNotFoundError:
        model_id, model = versions.SHIPPED, versions.shipped()
    name = "shipped" if model_id == versions.SHIPPED else f"{model_id}"
    return model, {"name": name, **model.about}


def _said(
    arguments: argparse.Namespace, config: "Tickets", model: "Model", lessons: list["Lesson"]
) -> list["Said"]:
    from tickets.categories import learning

    named = sorted({label for each in lessons for label in each.labels})
    among = list(config.categories) if arguments.every_category else named
    return learning.judged(learning.cut(model, among), [each.text for each in lessons])


def _folded(
    arguments: argparse.Namespace, lessons: list["Lesson"]
) -> tuple[list["Said"], dict[str, Any]]:
    """Each part of the texts judged by a model that has learned from the others, from nothing."""
    from tickets.categories import learning, measuring

    folds = max(2, arguments.folds)
    lots = [measuring.lot(each.text, "fold") % folds for each in lessons]
    said = dict[int, "Said"]()
    for fold in range(folds):
        _progress(f"fold {fold + 1} of {folds}")
        unseen = [n for n, lot in enumerate(lots) if lot == fold]
        if not unseen:
            continue
        model = learning.learn(
            [each for each, lot in zip(lessons, lots, strict=True) if lot != fold]
        )
        said |= zip(unseen, learning.judged(model, [lessons[n].text for n in unseen]), strict=True)
    about = {"name": f"learned from the files themselves, {folds} folds"}
    return [said[n] for n in range(len(lessons))], about


def _several(named: list[frozenset[str]], first: list[str]) -> dict[str, float]:
    """How it does on what names several categories: any of them is right."""
    right = [one in labels for labels, one in zip(named, first, strict=True) if len(labels) > 1]
    return {"count": len(right), "accuracy": round(sum(right) / len(right), 4) if right else 0.0}


def _sure(named: list[frozenset[str]], said: list["Said"]) -> dict[str, float]:
    """What the desk would have called sure, and how much of it was right."""
    right = [one.label in labels for labels, one in zip(named, said, strict=True) if one.sure]
    return {
        "share": round(len(right) / len(named), 4),
        "precision": round(sum(right) / len(right), 4) if right else 0.0,
    }


def _lines(
    figures: "Figures", about: dict[str, Any], told: dict[str, dict[str, float]]
) -> Iterator[str]:
    several, sure = told["several"], told["sure"]
    yield f"model: {', '.join(f'{key} {value}' for key, value in about.items())}"
    yield f"texts: {figures.count}"
    if several["count"]:
        yield (
            f"of which name several categories, and any of them is right: {several['count']:.0f} "
            f"(accuracy {several['accuracy']:.4f})"
        )
    yield f"accuracy: {figures.accuracy:.4f}"
    yield f"macro F1: {figures.macro_f1:.4f}"
    yield f"answered at {figures.precision:.0%} precision: {figures.answered.share:.1%}"
    begins = f" (from {sure['threshold']:.0%} on)" if "threshold" in sure else ""
    yield (
        f"called sure at the desk{begins}: {sure['share']:.1%}, "
        f"of which right: {sure['precision']:.1%}"
    )
    yield ""
    yield f"{'category':<20}{'texts':>7}{'precision':>11}{'recall':>8}{'F1':>8}"
    for label, each in figures.by_label.items():
        numbers = f"{each['precision']:>11.3f}{each['recall']:>8.3f}{each['f1']:>8.3f}"
        yield f"{label:<20}{each['count']:>7.0f}{numbers}"
    yield ""
    yield "right, suggested, how often"
    wrong = [(count, *pair) for pair, count in figures.confusion.items() if pair[0] != pair[1]]
    for count, right, said in sorted(wrong, key=lambda each: (-each[0], *each[1:])):
        yield f"{right:<20}{said or '(nothing)':<20}{count:>6}"


# ------------------------------------------------------------------ retrain, roll back


def _retrain(arguments: argparse.Namespace, tools: Tools) -> int:
    from hotline import clock
    from tickets.categories import retraining

    with tools.opened(arguments) as (config, database):
        done: Done = retraining.retrain(database, config, by=BY, now=clock.now())
    print(done)
    return 0


def _roll_back(arguments: argparse.Namespace, tools: Tools) -> int:
    from hotline import clock
    from tickets.categories import versions

    with tools.opened(arguments) as (_, database), database.write() as session:
        model_id = versions.go_back(session, to=arguments.to, by=BY, now=clock.now())
    print(f"in use: model {model_id}" + (" (shipped)" if model_id == versions.SHIPPED else ""))
    return 0


def _models(arguments: argparse.Namespace, tools: Tools) -> int:
    from tickets.categories import versions

    with tools.opened(arguments) as (_, database), database.read() as session:
        use, found = versions.current(session), versions.history(session)
    print(f"in use: model {use.model_id}" + ("" if use.at is None else f" since {use.at:%F %R}Z"))
    for each in found:
        new = each.figures.get("new", {})
        print(
            f"{each.id:>5}  {each.made_at:%F %R}Z  {each.source:<8}{each.outcome:<9}"
            f"{each.figures.get('lessons', 0):>7} lessons  accuracy {new.get('accuracy', '-')}  "
            f"macro F1 {new.get('macro_f1', '-')}" + ("" if each.has_weights else "  (no weights)")
        )
    return 0
