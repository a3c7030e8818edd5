"""What somebody is given of theirs is said in words, in either language."""

import pytest

from hotline.app import text_files
from hotline.config import READER_LANGUAGES
from hotline.i18n import Texts
from ivr.events import Kind
from tickets.models import EventKind

KINDS = [("tickets", kind.value) for kind in EventKind] + [("ivr", kind.value) for kind in Kind]


@pytest.fixture(scope="module")
def texts() -> Texts:
    return Texts.load(text_files())


@pytest.mark.parametrize(("room", "kind"), KINDS)
def test_each_event_has_words(texts: Texts, room: str, kind: str) -> None:
    assert all(texts.get(f"{room}.export.{kind}", each) for each in READER_LANGUAGES)
