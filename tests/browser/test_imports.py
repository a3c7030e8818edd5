"""The page of imports and a report that counts some: two widths, both languages, light and dark."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from hotline import clock
from hotline.auth import COOKIE, Role
from hotline.floor import Floor
from reports.history import importing, maps
from reports.service import How
from tests.browser.conftest import Look
from tests.browser.test_accessibility import faults
from tests.support.floors import sign_in_as
from tests.support.old_logs import BANK_HEAD, bank

NOW = datetime(2026, 12, 3, 3, 0, tzinfo=UTC)


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    return sqlite_url


def test_the_page_and_a_report(
    floor: Floor, client: FlaskClient, look: Look, tmp_path: Path
) -> None:
    path = maps.find("bank-log")
    with clock.driven(NOW):
        client.set_cookie(COOKIE, sign_in_as(floor, Role.MANAGER, "manager"))
        for name in ("bank_august_1999.tsv", "again.tsv"):
            file = tmp_path / name
            file.write_text("\n".join([BANK_HEAD, *bank(400), ""]), encoding="ascii")
            job = importing.Job(file, path, maps.load(path), How.of(floor), "TH", NOW)
            done = importing.perform(floor.db, job, by="somsri")
        importing.undo(floor.db, done.import_.id, How.of(floor), by="somsri")
        for language, scheme in (("th", "light"), ("en", "dark")):
            for width in (1280, 360):
                page = look(f"/reports/imports?lang={language}", width, scheme)
                page.get_by_text("bank_august_1999.tsv").wait_for()
                # the navigation's frame cuts a link of its own: axe cannot tell its contrast
                assert [each for each in faults(page) if "elmPartiallyObscured" not in each] == []
                page.locator("details summary").first.click()
                assert page.get_by_text("negative duration").first.is_visible()
                assert page.evaluate("document.documentElement.scrollWidth") <= width
        page = look("/reports/month/1999-08?lang=th", 360)
        assert page.locator(".notice a[href='/reports/imports']").is_visible()
