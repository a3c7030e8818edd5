"""Ports: a taken one is refused at once, a healthy answer is told from every other."""

import http.server
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from hotline import ports


def test_a_taken_port_is_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, pytest.raises(ports.PortTaken):
        ports.Held("127.0.0.1", server.getsockname()[1])


def test_a_port_given_is_kept_and_zero_finds_a_free_one() -> None:
    with ports.Held("127.0.0.1") as free:
        assert free.number > 0
        assert free.url == f"http://127.0.0.1:{free.number}"
    with ports.Held("127.0.0.1", free.number) as again:
        assert again.number == free.number


def test_a_port_that_is_held_is_given_to_nobody_else() -> None:
    with ports.Held("127.0.0.1") as ours, ExitStack() as others:
        with socket.socket() as stranger, pytest.raises(OSError, match="in use"):
            stranger.bind(("127.0.0.1", ours.number))
        theirs = {others.enter_context(ports.Held("127.0.0.1")).number for _ in range(200)}
        assert len({ours.number, *theirs}) == 201


def test_whoever_is_told_of_a_held_port_listens_there_and_again_after_a_restart() -> None:
    with ports.Held("127.0.0.1") as ours:
        for _ in range(2):
            assert not ports.healthy(ours.url)
            with answering(200, ours.number) as url:
                assert url == ours.url
                assert ports.healthy(ours.url)


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:80"),
        ("0.0.0.0", "http://127.0.0.1:80"),
        ("::", "http://[::1]:80"),
        ("::1", "http://[::1]:80"),
        ("hotline.example", "http://hotline.example:80"),
    ],
)
def test_the_address_to_reach_a_server_at(host: str, url: str) -> None:
    assert ports.url(host, 80) == url


@pytest.mark.parametrize(("status", "healthy"), [(200, True), (204, False), (503, False)])
def test_only_200_is_healthy(status: int, healthy: bool) -> None:
    with answering(status) as url:
        assert ports.healthy(url) is healthy


def test_nobody_there_is_not_healthy() -> None:
    with ports.Held("127.0.0.1") as nobodys:
        assert not ports.healthy(nobodys.url)


@contextmanager
def answering(status: int, port: int = 0) -> Iterator[str]:
    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/health" else 404)
            self.end_headers()

        def log_message(self, *_arguments: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", port), Answer) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        yield ports.url("127.0.0.1", server.server_port)
        thread.join()
