"""The drawing library of the charts, as npm installed it, where pages may load it from.

Its interpreter evaluates no text as code, which the pages' policy forbids. It is a module that
names another package; a browser knows addresses and no packages, so that name is replaced.
"""

from functools import cache
from pathlib import Path
from typing import Final

from flask import Blueprint, Response, send_from_directory
from werkzeug.wrappers import Response as BaseResponse

from hotline.auth import public
from hotline.errors import NotFound

blueprint = Blueprint("drawing", __name__)
_PACKAGES: Final = Path(__file__).parent.parent / "node_modules"
#: By the name in the address.
_SCRIPTS: Final = {
    "vega.js": _PACKAGES / "vega/build/vega.min.js",
    "vega-lite.js": _PACKAGES / "vega-lite/build/vega-lite.min.js",
}
_INTERPRETER: Final = _PACKAGES / "vega-interpreter/build/vega-interpreter.js"
#: The package that it names, and what of it vega.js has under the same names.
_NAMED, _INSTEAD = "'vega-util'", "'/static/reports/vega-util.js'"
_DAY: Final = 86400


@blueprint.get("/reports/drawing/<name>")
@public
def script(name: str) -> BaseResponse:
    """One of its files."""
    if name == "interpreter.js":
        answer = Response(_interpreter(), mimetype="text/javascript")
        answer.headers["Cache-Control"] = f"public, max-age={_DAY}"
        return answer
    if name not in _SCRIPTS:
        raise NotFound(name)
    path = _SCRIPTS[name]
    return send_from_directory(path.parent, path.name, max_age=_DAY)


@cache
def _interpreter() -> str:
    source = _INTERPRETER.read_text(encoding="utf-8")
    if source.count(_NAMED) != 1:
        raise RuntimeError(f"{_INTERPRETER}: names other packages than {_NAMED}")
    return source.replace(_NAMED, _INSTEAD)
