"""Everything is walked once, for all the tests here."""

from pathlib import Path

import pytest

from tests.walks.scenes import Walked, walked


@pytest.fixture(scope="session")
def walk(
    _migrated_sqlite: Path, _valkey_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Walked:
    """What callers heard everywhere, in every language."""
    return walked(_migrated_sqlite, tmp_path_factory.mktemp("walks") / "scenes", _valkey_url)
