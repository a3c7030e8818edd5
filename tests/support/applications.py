"""The web application of each test: made once for all floors that are alike, and then copied.

An application is the same whatever database and Redis are below it, and making one (some forty
blueprints, six hundred routes) took longer than what most tests ask of it; so did reading its
templates, which its copies share.
"""

from collections.abc import Callable
from copy import copy
from typing import Any

from flask import Flask
from werkzeug.routing import Map, Rule

from hotline.floor import Floor
from hotline.shared import Kept, Shared
from hotline.telephony import Signatures
from hotline.web import SIGNATURES

Make = Callable[[Floor], Flask]

#: What differs from test to test, and is asked of the floor with each request.
_ELSEWHERE = {"data", "database_url", "redis_url"}
#: Cities that are kept: a test that changes the city's file has a new one each time.
_KEPT = 12


class Copied(Flask):
    """One of the copies: what is put into it is in no other."""

    routes_are_shared = True

    def add_url_rule(self, *arguments: Any, **named: Any) -> None:
        if self.routes_are_shared:
            self.url_map = Map([_again(rule) for rule in self.url_map.iter_rules()])
            self.routes_are_shared = False
        super().add_url_rule(*arguments, **named)


def _again(rule: Rule) -> Rule:
    own = rule.empty()
    own.provide_automatic_options = getattr(rule, "provide_automatic_options", False)
    return own


class Applications:
    """Those of one process."""

    def __init__(self) -> None:
        #: With what they were made for, which so stays what it is.
        self._made: dict[Any, tuple[Flask, list[Any]]] = {}

    def on(self, floor: Floor, make: Make) -> Flask:
        """What `make(floor)` gives."""
        if floor.settings.openid_issuer:
            return make(floor)  # which asks its provider by itself
        city = [floor.city, floor.texts, *floor.sections.values()]
        settings = floor.settings.model_dump(exclude=_ELSEWHERE)
        key = (make, repr(settings), *map(id, city))
        if key not in self._made:
            if len(self._made) >= _KEPT:
                self._made.clear()
            made = make(floor)
            made.extensions["hotline"] = None
            self._made[key] = (made, city)
        return _copy(self._made[key][0], floor)


def _copy(made: Flask, floor: Floor) -> Flask:
    app = copy(made)
    app.__class__ = Copied
    app.config = copy(made.config)
    app.view_functions = dict(made.view_functions)
    app.extensions = {
        **made.extensions,
        "hotline": floor,
        "hotline.shared": Shared(),
        "hotline.kept": Kept(),
        SIGNATURES: Signatures(floor.settings),
    }
    return app


_applications = Applications()
#: `application(floor, create_app)`.
application = _applications.on
