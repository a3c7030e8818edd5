"""What is in the repository: no address of an index, no path of a machine, pins that agree."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

import hotline

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

# put together here, so that this file may be looked at too
HOSTS = [
    ".".join(parts)
    for parts in (
        ("py" + "pi", "org"),
        ("python" + "hosted", "org"),
        ("registry", "np" + "mjs", "org"),
        ("registry", "yarn" + "pkg", "com"),
    )
]
INDEX = re.compile(
    "|".join(
        [
            *map(re.escape, HOSTS),
            r"^\s*--(?:extra-)?index-" + "url",
            r"^\s*--find-" + "links",
            r"^\s*--trusted-" + "host",
        ]
    ),
    re.M,
)
MACHINE = re.compile(
    r"(?<![\w.<{/])(?:/" + r"work/(?:main|shared)|/" + r"tmp/brief|/" + r"root/|/"
    + r"home/\w|\.\./" + r"shared)"
)  # fmt: skip


def tracked() -> list[str]:
    """The files that git knows, or would with the next `git add`, that exist."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True).stdout
    return sorted({name for name in listed.split("\0") if name and (ROOT / name).is_file()})


def texts() -> dict[str, str]:
    found = {}
    for name in tracked():
        content = (ROOT / name).read_bytes()
        if b"\0" not in content:
            found[name] = content.decode()  # a text that is not UTF-8 fails here
    return found


@pytest.mark.parametrize("pattern", [INDEX, MACHINE], ids=["index", "machine"])
def test_no_file_names(pattern: re.Pattern[str]) -> None:
    found = {name: hits for name, text in texts().items() if (hits := pattern.findall(text))}
    assert found == {}


def test_texts_end_with_a_newline_and_lines_with_no_blank() -> None:
    blank = re.compile(r"[ \t]+$", re.M)
    markdown_break = re.compile(r"(?<=\S)  $", re.M)
    wrong = [
        name
        for name, text in texts().items()
        if (text and not text.endswith("\n"))
        or blank.search(markdown_break.sub("", text) if name.endswith(".md") else text)
    ]
    assert wrong == []


def test_the_version_is_said_once_everywhere() -> None:
    headings = re.findall(r"^## \[?(\d+\.\d+\.\d+)\]?", (ROOT / "CHANGELOG.md").read_text(), re.M)
    assert hotline.__version__ == PROJECT["version"]
    assert headings[0] == PROJECT["version"]


# -------------------------------------------------------------------------------- requirements

PIN = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)((?: \\\n    --hash=sha256:[0-9a-f]{64})+)$", re.M)


def pins(name: str) -> dict[str, str]:
    text = (ROOT / "requirements" / name).read_text()
    found = {_normal(package): version for package, version, _hashes in PIN.findall(text)}
    assert len(found) == len(re.findall(r"^[A-Za-z0-9]", text, re.M)), "a line without a hash"
    return found


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _named(requirement: str) -> str:
    match = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert match is not None
    return _normal(match.group())


def test_every_dependency_is_pinned_with_its_hashes() -> None:
    needed = {_named(each) for each in PROJECT["dependencies"]}
    assert needed <= pins("run.txt").keys()
    needed |= {_named(each) for each in PROJECT["optional-dependencies"]["dev"]}
    assert needed <= pins("dev.txt").keys()


def test_what_runs_is_what_was_tested() -> None:
    run, dev = pins("run.txt"), pins("dev.txt")
    assert run.items() <= dev.items()


def test_the_commands_can_be_run() -> None:
    for name in (".ci/run", *(f"scripts/{each.name}" for each in (ROOT / "scripts").iterdir())):
        if not name.endswith(".py"):
            assert (ROOT / name).stat().st_mode & 0o111, name
