"""A signed webhook through the web server that we ship with: what gunicorn makes of a request line
is what a signature is checked against.
"""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest
import requests

from hotline import ports
from tests.support.floors import CONFIG, PUBLIC_URL, signature
from tests.support.processes import children_of
from tests.support.waiting import until

THAI = "/ivr/voice?lang=th&at=" + quote("แจ้งเรื่อง") + "&n=" + quote("ก/ข ค+ง", safe="")
FORM = {"CallSid": "CA" + "7" * 32, "From": "+66812345678", "To": "1337", "CallerCity": "พัทยา"}


@dataclass
class Web:
    """A running `hotline web`."""

    url: str
    process: subprocess.Popen[bytes]

    def post(self, target: str, signed: str | None, **more: object) -> requests.Response:
        headers = {} if signed is None else {"X-Twilio-Signature": signed}
        headers |= more.pop("headers", {})  # type: ignore[arg-type]
        return requests.post(self.url + target, headers=headers, timeout=30, **more)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory, _migrated_sqlite: Path) -> Iterator[Web]:
    held = ports.Held("127.0.0.1")
    folder = tmp_path_factory.mktemp("web")
    shutil.copyfile(_migrated_sqlite, folder / "hotline.sqlite")
    environment = os.environ | {
        "HOTLINE_DATA": str(folder),
        "HOTLINE_CONFIG": str(CONFIG),
        "DATABASE_URL": f"sqlite:///{folder}/hotline.sqlite",
        "REDIS_URL": "redis://127.0.0.1:9",
        "PUBLIC_URL": PUBLIC_URL,
        "CARRIER_ACCOUNT_SID": "AC0",
        "CARRIER_AUTH_TOKEN": "0123456789abcdef0123456789abcdef",
        "SECRET_KEY": "a secret of the tests",
    }
    command = [sys.executable, "-P", "-m", "hotline", "web", "--port", str(held.number)]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [*command, "--workers", "1"], env=environment, stdout=log, stderr=log, cwd=CONFIG.parent
        )
    url = held.url
    try:
        until(lambda: process.poll() is not None or ports.healthy(url), "the web process answers")
        assert process.poll() is None, (folder / "log").read_text()
        yield Web(url, process)
    finally:
        process.terminate()
        process.wait(30)
        held.close()


@pytest.mark.parametrize("target", ["/ivr/voice", THAI])
def test_what_the_carrier_signed_is_let_in(web: Web, target: str) -> None:
    answer = web.post(target, signature(PUBLIC_URL + target, FORM), data=FORM)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"].startswith(("text/xml", "application/xml"))


@pytest.mark.parametrize(
    "signed", [None, "", "forged", signature(PUBLIC_URL + THAI, FORM, "another token")]
)
def test_what_somebody_else_signed_is_not(web: Web, signed: str | None) -> None:
    assert web.post(THAI, signed, data=FORM).status_code == 403


def test_behind_a_proxy_the_host_does_not_matter(web: Web) -> None:
    proxied = {
        "Host": "10.0.0.7",
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Proto": "http",
    }
    good = signature(PUBLIC_URL + THAI, FORM)
    assert web.post(THAI, good, data=FORM, headers=proxied).status_code == 200
    for_the_proxy = signature("http://10.0.0.7" + THAI, FORM)
    assert web.post(THAI, for_the_proxy, data=FORM, headers=proxied).status_code == 403


def test_a_worker_that_is_killed_is_there_again(web: Web) -> None:
    """Forked from the application that is there, on its own connection to the database."""
    (before,) = children_of(web.process.pid)
    os.kill(before, signal.SIGKILL)
    until(lambda: set(children_of(web.process.pid)) - {before}, "another worker is there")
    until(lambda: ports.healthy(web.url), "it answers")
    form = FORM | {"CallSid": "CA" + "8" * 32}
    assert web.post(THAI, signature(PUBLIC_URL + THAI, form), data=form).status_code == 200
    assert web.process.poll() is None


def test_a_json_body_is_not_let_in_by_the_addresss_signature(web: Web) -> None:
    good = signature(PUBLIC_URL + THAI, {})
    assert web.post(THAI, good, json={"CallSid": "CA7"}).status_code == 403


def test_a_body_of_unknown_length_is_not_let_in_either(web: Web) -> None:
    good = signature(PUBLIC_URL + THAI, {})
    chunked = web.post(THAI, good, data=iter([b"{}"]), headers={"Content-Type": "application/json"})
    assert chunked.status_code == 403
