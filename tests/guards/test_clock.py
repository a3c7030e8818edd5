"""Only hotline/clock.py reads the time: the clock may run faster than the wall, and in tests it
stands still.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.guards.sources import files, shown, tree

READS = re.compile(
    r"\b(datetime\.(now|utcnow|today)|date\.today"
    r"|time\.(time|time_ns|localtime|gmtime|ctime|strftime|sleep)"
    r"|func\.(now|current_\w+|localtimestamp))$"
)
FROM_TIME = {"time", "time_ns", "localtime", "gmtime", "ctime", "strftime", "sleep"}
#: Where the wall's time is meant: waiting for a process of this machine to start or to end, for
#: another unit of work to let go of a row, or to let others have the database.
WALL = {
    ("agents/presence.py", "time.sleep"),
    ("hotline/chaos/hotline.py", "time.sleep"),
    ("hotline/chaos/scenarios.py", "time.sleep"),
    ("hotline/children.py", "time.sleep"),
    ("hotline/datafolder.py", "time.sleep"),
    ("hotline/guardian.py", "time.sleep"),
    ("hotline/privacy/service.py", "time.sleep"),
    ("reports/mailing/shelf.py", "time.sleep"),
}
CLOCK = "hotline/clock.py"
#: Ages between two answers of the server are counted on the page, at the clock's speed; and the
#: telephone of a crew without a line has no other clock than its own.
SCRIPTS = {"agents/static/live.js", "tickets/static/field/moment.js"}


def reads(path: Path) -> Iterator[str]:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Attribute) and (found := READS.search(ast.unparse(node))):
            yield found.group(1)
        if isinstance(node, ast.ImportFrom) and node.module == "time":
            yield from (f"time.{each.name}" for each in node.names if each.name in FROM_TIME)


def test_only_the_clock_reads_the_time() -> None:
    found = {(shown(path), what) for path in files("*.py") for what in reads(path)}
    assert (CLOCK, "time.time") in found  # the guard can see
    assert {each for each in found if each[0] != CLOCK} == WALL


def test_no_page_has_a_time_of_its_own() -> None:
    reading = re.compile(r"Date\.now\(|new Date\(\s*\)|[^.]\bDate\(\)")
    found = {shown(path) for path in files("*.js") if reading.search(path.read_text())}
    assert found <= SCRIPTS
