"""`hotline categories` on small tables of made-up texts."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from hotline.cli import main
from tests.support.floors import CONFIG
from tests.unit.tickets.categories.made_up import lessons
from tickets.categories import learning, versions

#: What another city calls these matters: aliases of the shipped ones.
CALLED = {"flood": "น้ำท่วม", "street_light": "แสงสว่าง", "rubbish": "ความสะอาด", "noise": "เสียง"}


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    return sqlite_url


@pytest.fixture(autouse=True)
def installed(sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment of the command; what ships is a small model that knows little."""
    for name, value in {
        "HOTLINE_DATA": str(tmp_path),
        "HOTLINE_CONFIG": str(CONFIG),
        "DATABASE_URL": sqlite_url,
    }.items():
        monkeypatch.setenv(name, value)
    little = learning.learn(lessons(24, seed=20))
    monkeypatch.setattr(versions, "shipped", lambda: little)


@pytest.fixture
def table(tmp_path: Path) -> Iterator[Path]:
    file = tmp_path / "other city.csv"
    with file.open("w", encoding="utf-8", newline="") as opened:
        writer = csv.writer(opened)
        writer.writerow(["comment", "type"])
        writer.writerows((each.text, CALLED[each.label]) for each in lessons(160, seed=21))
        writer.writerow(["ทะเลสวย", "ไม่รู้จัก"])
    return file


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = main(["categories", *words])
    said = capsys.readouterr()
    return code, said.out, said.err


COLUMNS = ("--text", "comment", "--label", "type")


def test_it_learns_from_a_file_and_goes_back(
    table: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = run(capsys, "train", str(table), *COLUMNS)
    assert (code, out.startswith("used: model 1")) == (0, True), out + err
    assert "ไม่รู้จัก (1)" in err  # what was not used is told
    assert "in use: model 1 since" in run(capsys, "models")[1]
    # the same once more is no better: it is refused, and the model stays
    code, out, _ = run(capsys, "train", str(table), *COLUMNS)
    assert (code, out.startswith("refused")) == (1, True), out
    assert "in use: model 1" in run(capsys, "models")[1]
    assert run(capsys, "roll-back")[1] == "in use: model 0 (shipped)\n"
    code, _, err = run(capsys, "roll-back")
    assert (code, "no such model" in err) == (1, True)
    code, out, _ = run(capsys, "retrain")
    assert (code, out.startswith("too_few")) == (0, True)


def test_it_measures(table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "model.npz"
    assert run(capsys, "train", str(table), *COLUMNS, "--out", str(file))[0] == 0
    measured = ("evaluate", str(table), *COLUMNS, "--model", str(file))
    code, out, _ = run(capsys, *measured, "--held-out", "--json")
    found = json.loads(out)
    assert code == 0
    assert {"accuracy", "macro_f1", "answered_at_90", "confusion", "by_label"} <= found.keys()
    assert 0 < found["count"] < 60
    assert found["accuracy"] > 0.9
    assert sum(each["count"] for each in found["confusion"]) == found["count"]
    out = run(capsys, *measured)[1]
    assert "macro F1:" in out and "answered at 90% precision:" in out
    # what the model has learned from is left out on demand: nothing is left
    code, _, err = run(capsys, *measured, "--unlike", str(table))
    assert (code, "nothing to measure" in err) == (1, True)


def test_rows_with_several_categories(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As other cities write them: each is learned, any is right, and a worse model is refused."""
    file = tmp_path / "several.csv"
    with file.open("w", encoding="utf-8", newline="") as opened:
        writer = csv.writer(opened)
        writer.writerow(["comment", "type"])
        for n, each in enumerate(lessons(160, seed=22)):
            also = ",น้ำท่วม" if n % 5 == 0 and each.label != "flood" else ""
            words = each.text + (" น้ำท่วม" if also else "")
            writer.writerow([words, f"{{{CALLED[each.label]}{also}}}"])
    code, out, err = run(capsys, "train", str(file), *COLUMNS)
    assert (code, out.startswith("used: model 1")) == (0, True), out + err
    assert "24 with several categories" in err
    found = json.loads(run(capsys, "evaluate", str(file), *COLUMNS, "--json")[1])
    assert (found["count"], found["several"]["count"]) == (160, 24)
    assert found["accuracy"] > 0.95 and found["several"]["accuracy"] > 0.9
    assert "name several categories" in run(capsys, "evaluate", str(file), *COLUMNS)[1]
    code, out, _ = run(capsys, "train", str(file), *COLUMNS)
    assert (code, out.startswith("refused")) == (1, True), out
    found = json.loads(run(capsys, "evaluate", str(file), *COLUMNS, "--folds", "2", "--json")[1])
    assert found["several"]["count"] == 24 and found["accuracy"] > 0.9


def test_it_measures_a_file_by_itself(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = json.loads(run(capsys, "evaluate", str(table), *COLUMNS, "--folds", "2", "--json")[1])
    assert found["count"] == 160
    assert found["accuracy"] > 0.9


def test_faults_are_said_in_words(
    table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, err = run(capsys, "evaluate", str(table), "--text", "comment", "--label", "kind")
    assert (code, 'no column "kind"' in err) == (1, True)
    code, _, err = run(capsys, "evaluate", str(table), *COLUMNS, "--model", str(table))
    assert (code, "no model" in err or "other city" in err) == (1, True)
    nothing = tmp_path / "empty.csv"
    nothing.write_text("comment,type\n", encoding="utf-8")
    code, _, err = run(capsys, "train", str(nothing), *COLUMNS)
    assert (code, "too little" in err) == (1, True)
