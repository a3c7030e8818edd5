"""Ports of this machine: taken, held, and whether something healthy (or a Redis) answers there."""

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


class Held:
    """A port that is ours until `close`: nobody who asks for any free port is given it, nor does a
    connection of somebody's leave from it. Whoever of ours is told its number listens there, now
    or after a restart; servers set SO_REUSEADDR, as they do for connections that linger.

    It is bound and does not listen: who connects before anybody does is refused at once.
    """

    def __init__(self, host: str, port: int = 0) -> None:
        """Take `port`, or any free one for 0; raises PortTaken when somebody listens there, or
        OSError.
        """
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_STREAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self._socket.bind((host, port))
        except OSError as error:
            self.close()
            if error.errno == errno.EADDRINUSE:
                raise PortTaken(f"{host}:{port}") from error
            raise
        self.number: int = self._socket.getsockname()[1]
        #: The address at which this machine itself reaches whoever listens there.
        self.url = url(host, self.number)

    def close(self) -> None:
        """Let go of it; whoever listens there goes on."""
        self._socket.close()

    def __enter__(self) -> "Held":
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()


def url(host: str, port: int) -> str:
    """The address at which this machine itself reaches a server that listens on `host`."""
    name = _ANY.get(host, f"[{host}]" if ":" in host else host)
    return f"http://{name}:{port}"


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
