"""Logs: one line an event, and no telephone number in it, wherever it came from."""

import io
import json
import logging
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from hotline import logs

NUMBER = "+66812345678"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    root.handlers = []
    yield
    root.handlers, root.level = before, level
    structlog.reset_defaults()


@pytest.fixture
def stream(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    logs.configure()
    return stream


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_number_is_masked_wherever_it_stands(stream: io.StringIO) -> None:
    logging.getLogger("rq").warning("call from %s", NUMBER)
    logs.get("ivr").info("a call", caller=NUMBER, others=[NUMBER], body={"From": NUMBER})
    logs.get("ivr").info("fetched", url="/ivr/voice?From=%2B66812345678&To=1337")
    try:
        raise LookupError(f"no call of {NUMBER}")
    except LookupError:
        logging.getLogger("ivr").exception("fault")
    written = stream.getvalue()
    assert "81234" not in written
    assert written.count("+···678") == 5
    assert written.count("%2B···678") == 1


def test_an_event_is_one_line_of_json_with_its_facts(stream: io.StringIO) -> None:
    logs.get("ivr").warning("สายหลุด", call=7)
    try:
        raise LookupError("no such call")
    except LookupError:
        logging.getLogger("ivr").exception("fault")
    first, second = lines(stream)
    assert (first["event"], first["call"], first["level"]) == ("สายหลุด", 7, "warning")
    assert first["logger"] == "ivr" and first["timestamp"].endswith("Z")
    assert "LookupError: no such call" in second["exception"]


def test_on_a_terminal_it_is_readable_and_masked(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    logs.configure()
    logs.get("ivr").info("a call", caller=NUMBER, others=[NUMBER])
    try:
        raise LookupError(f"no call of {NUMBER}")
    except LookupError:
        logging.getLogger("ivr").exception("fault")
    assert "LookupError" in terminal.getvalue()
    assert "81234" not in terminal.getvalue()


def test_the_libraries_chatter_is_left_out(stream: io.StringIO) -> None:
    for name in ("twilio.http_client", "urllib3.connectionpool", "rq.worker", "alembic.runtime"):
        logging.getLogger(name).info("chatter")
    assert stream.getvalue() == ""
