"""The process `hotline web`: gunicorn, whose workers are forked from one application.

It is made once, in the process that the service manager knows: what is wrong with the city's file
or the settings is said there, in words, and a worker that dies is there again at once. What must
not be shared with a fork is made after it: the database's connections with the first unit of work,
Redis's with the first job, the thread of `hotline.changes` with the first change.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication
from jinja2 import FileSystemBytecodeCache

from hotline import clock, logs, settings
from hotline.app import build_floor, create_app


class Server(BaseApplication):  # type: ignore[misc]
    """Gunicorn with an application that is there already. What the environment says in
    GUNICORN_CMD_ARGS it follows as ever, unless we say otherwise.
    """

    def __init__(self, app: Flask, options: Mapping[str, Any]) -> None:
        self._app = app
        self._options = options
        super().__init__()

    def load_config(self) -> None:
        given = self.cfg.parser().parse_args(self.cfg.get_cmd_args_from_env())
        asked = {name: each for name, each in vars(given).items() if name in self.cfg.settings}
        for name, value in {**asked, **self._options}.items():
            if value is not None:
                self.cfg.set(name, value)

    def load(self) -> Flask:
        return self._app


def read_templates(app: Flask, folder: Path) -> None:
    """Have every template there before the first page is asked for, translated once and kept in
    `folder`, by what stands in it: who asks first would wait a quarter of a second for it.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    app.jinja_env.bytecode_cache = FileSystemBytecodeCache(str(folder))
    for name in app.jinja_env.list_templates(extensions=["html"]):
        app.jinja_env.get_template(name)


def server(host: str, port: int, *, workers: int, threads: int) -> Server:
    """The web process of the hotline that the environment describes; raises ConfigError."""
    logs.configure()
    floor = build_floor(settings.from_environment())
    # the library of holidays is large: no caller shall wait until it has been read
    floor.city.holidays.names(clock.local_day(clock.now(), floor.city.zone))
    place = f"[{host}]" if ":" in host else host
    options = {
        "bind": f"{place}:{port}",
        "worker_class": "gthread",
        "workers": workers,
        "threads": threads,
        "preload_app": True,
        # without it one worker takes most of the kept-alive connections
        "reuse_port": True,
        "keepalive": 75,
        "graceful_timeout": 15,
        "loglevel": "warning",
        "control_socket_disable": True,
    }
    app = create_app(floor)
    read_templates(app, floor.settings.data / "templates")
    return Server(app, options)
