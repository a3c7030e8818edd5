"""Ports of this machine: taken, free, and whether something healthy (or a Redis) answers there."""

import errno
import http.client
import socket
from contextlib import suppress
from urllib.parse import urlsplit

import redis

#: Where what is for this machine alone listens.
LOOPBACK = "127.0.0.1"
#: Seconds that a health check may take.
HEALTH_TIMEOUT = 2.0
_ANY = {"": LOOPBACK, "0.0.0.0": LOOPBACK, "::": "[::1]"}  # noqa: S104 - compared, not bound


class PortTaken(Exception):
    """Something else listens on the port."""


def claim(host: str, port: int) -> int:
    """Return `port` if it can be listened on, or any free one for 0; raises PortTaken or OSError.

    The port is not held: a child takes it next, and would say so if it came too late.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        # as servers do: a connection of our last run that lingers does not occupy the port
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise PortTaken(f"{host}:{port}") from error
            raise
        taken: int = probe.getsockname()[1]
        return taken


def url(host: str, port: int) -> str:
    """The address at which this machine itself reaches a server that listens on `host`."""
    name = _ANY.get(host, f"[{host}]" if ":" in host else host)
    return f"http://{name}:{port}"


def free() -> str:
    """An address of this machine alone on which nothing listens yet, as `url` gives it."""
    return url(LOOPBACK, claim(LOOPBACK, 0))


def healthy(base_url: str) -> bool:
    """Whether `GET /health` answers 200."""
    place = urlsplit(base_url)
    assert place.hostname is not None
    connection = http.client.HTTPConnection(place.hostname, place.port, timeout=HEALTH_TIMEOUT)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def redis_answers(address: str) -> bool:
    """Whether a Redis answers at this redis:// or unix:// address."""
    with redis.Redis.from_url(address, socket_timeout=1.0) as client, suppress(redis.RedisError):
        return bool(client.ping())
    return False
