"""Imports point down: the rooms of the design, held by the contracts in pyproject.toml."""

import subprocess
import sys
import tomllib
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parents[2]
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
ROOMS = ("agents", "tickets", "ivr", "reports", "exchange")


def test_the_contracts_hold() -> None:
    # a process of its own: import-linter sets up logging anew and so silences every other test's
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-logo", "--no-cache"]
    linted = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert linted.returncode == 0, linted.stdout + linted.stderr


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    return grimp.build_graph(*SETTINGS["root_packages"], cache_dir=None)


def test_every_package_of_the_project_is_guarded(graph: grimp.ImportGraph) -> None:
    packages = {each.parent.name for each in ROOT.glob("*/__init__.py")} - {"tests", "benchmarks"}
    assert packages <= set(SETTINGS["root_packages"])
    assert packages <= graph.modules


def test_the_floor_reaches_no_room_by_any_way(graph: grimp.ImportGraph) -> None:
    """Said once more in another way than the contracts', which name the top and not the floor."""
    contract = next(each for each in SETTINGS["contracts"] if each["id"] == "top")
    top = {
        each
        for name in contract["protected_modules"] + contract["allowed_importers"]
        for each in {name, *graph.find_descendants(name)}
    }
    floor = {"hotline", *graph.find_descendants("hotline")} - top
    rooms = {each for room in ROOMS for each in {room, *graph.find_descendants(room)}}
    reached = {
        module: found for module in floor if (found := graph.find_upstream_modules(module) & rooms)
    }
    assert reached == {}
