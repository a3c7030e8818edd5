"""Lines of CSV that a spreadsheet opens and runs nothing of."""

import csv
import io
from collections.abc import Iterable
from typing import Final

#: Excel takes a file without this mark for a Latin one, and Thai for rubbish.
BYTE_ORDER_MARK: Final = "\ufeff"
#: A spreadsheet runs what begins so as a formula, some also in the wide forms of East Asia (OWASP,
#: "CSV Injection").
FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def plain(cell: str) -> str:
    """The cell; what would be run has a mark before it, and is shown as it is."""
    return f"'{cell}" if cell.startswith(FORMULA) else cell


def line(cells: Iterable[str]) -> str:
    """The cells as a line, each of them plain."""
    out = io.StringIO()
    csv.writer(out).writerow(map(plain, cells))
    return out.getvalue()
