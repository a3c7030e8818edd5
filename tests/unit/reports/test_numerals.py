"""Thai figures on a page: in its text, and nowhere else."""

import re

from hypothesis import given
from hypothesis import strategies as st

from reports.numerals import in_thai


def test_text_is_written_and_addresses_code_and_references_stay() -> None:
    page = (
        '<main id="m1"><a href="/calls?from=2026-10-01">1,234</a> &#39;5&#39; '
        '<script type="application/json">{"y": 12}</script><code>calls_20</code> '
        "<!-- 3 --><td>87.5 %</td></main>"
    )
    assert in_thai(page) == (
        '<main id="m1"><a href="/calls?from=2026-10-01">๑,๒๓๔</a> &#39;๕&#39; '
        '<script type="application/json">{"y": 12}</script><code>calls_20</code> '
        "<!-- 3 --><td>๘๗.๕ %</td></main>"
    )


@given(st.text(alphabet="0123456789 ,.ก<>&;#a/", max_size=60))
def test_nothing_is_lost(page: str) -> None:
    found = in_thai(page)
    back = found.translate(str.maketrans("๐๑๒๓๔๕๖๗๘๙", "0123456789"))
    assert back == page
    assert re.findall(r"<[^>]*>", found) == re.findall(r"<[^>]*>", page)
