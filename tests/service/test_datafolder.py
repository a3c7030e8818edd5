"""One hotline a folder; secrets made once, for the owner alone."""

import os
import stat
from pathlib import Path

import pytest

from hotline import datafolder


def never() -> None:
    raise AssertionError("nobody should wait here")


def test_a_second_hotline_is_refused_and_told_by_whom(tmp_path: Path) -> None:
    held = datafolder.lock(tmp_path, never)

    with pytest.raises(datafolder.FolderInUse) as refused:
        datafolder.lock(tmp_path, never)

    assert refused.value.holder == str(os.getpid())
    os.close(held)


def test_the_folder_is_free_again_after_the_first_let_go(tmp_path: Path) -> None:
    os.close(datafolder.lock(tmp_path, never))
    os.close(datafolder.lock(tmp_path, never))


def test_who_waits_for_a_dead_holders_guardian_can_be_told_to_stop(tmp_path: Path) -> None:
    held = datafolder.lock(tmp_path, never)
    (tmp_path / "lock").write_text(str(2**22 + 1))  # above the highest process id there can be

    class ToldToStop(Exception):
        pass

    def told() -> None:
        raise ToldToStop

    with pytest.raises(ToldToStop):
        datafolder.lock(tmp_path, told)
    os.close(held)


def test_a_secret_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    made = datafolder.secret(tmp_path, "key", lambda: "first")

    assert made == datafolder.secret(tmp_path, "key", lambda: "second") == "first"
    assert stat.S_IMODE((tmp_path / "secrets/key").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "secrets").stat().st_mode) == 0o700


def test_a_secret_that_was_half_made_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets/key.new").write_text("hal")

    assert datafolder.secret(tmp_path, "key", lambda: "whole") == "whole"
