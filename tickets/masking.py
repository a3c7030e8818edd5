"""Numbers of people in words that others will read."""

import re
from typing import Final

#: So many figures, with what people put between them, are somebody's: a telephone (9 or more), an
#: identity card (13), an account. A ticket's number has at most eight while there are fewer than
#: 900,000 tickets, a year and a sum of money fewer.
_NUMBER: Final = re.compile(r"(?<![\d๐-๙])\+?[\d๐-๙](?:[ \-.\u2010-\u2013]?[\d๐-๙]){8,}")
HIDDEN: Final = "·····"


def masked(text: str) -> str:
    """Return the text with each number of nine figures or more hidden."""
    return _NUMBER.sub(HIDDEN, text)
