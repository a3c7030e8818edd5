"""The city's numerals on the pages of the reports: ๐ to ๙ for readers of Thai, where it wants them
(`reports.numerals`). Paper has the same (`printed/document.py`).
"""

import re
from typing import Final

from flask import Blueprint, Response

from hotline.web import floor, language
from reports.config import Reports
from reports.printed.document import TO_THAI

#: What a browser does not show as text, or is to be copied as it is; each as a whole.
_NOT_TEXT: Final = re.compile(
    r"(<(?P<kept>script|style|textarea|code|pre)\b.*?</(?P=kept)>|<!--.*?-->|<[^>]*>|&#?\w+;)",
    re.DOTALL,
)


def in_thai(page: str) -> str:
    """The text of HTML with ๐ to ๙ for its figures; tags, code and references stay as they are."""
    parts: list[str] = []
    end = 0
    for found in _NOT_TEXT.finditer(page):
        parts += (page[end : found.start()].translate(TO_THAI), found[0])
        end = found.end()
    return "".join([*parts, page[end:].translate(TO_THAI)])


def wanted() -> bool:
    """Whether this reader's pages have them."""
    return language() == "th" and floor().section(Reports).numerals == "thai"


def on(blueprint: Blueprint) -> None:
    """Give every page of a blueprint the city's numerals."""
    blueprint.context_processor(lambda: {"thai_numerals": wanted()})
    blueprint.after_request(written)


def written(response: Response) -> Response:
    """An answer as its reader has it: of a whole page what is the reports' own."""
    if response.mimetype == "text/html" and not response.direct_passthrough and wanted():
        # of a fragment, all
        head, main, rest = response.get_data(as_text=True).partition("<main")
        text = head + in_thai(main + rest) if main else in_thai(head)
        response.set_data(text)
    return response
