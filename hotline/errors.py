"""Errors that carry their own answer: a code for programs, a status for HTTP, words for people.

Services raise these; one renderer (in `web.py`) turns them into a page or JSON, and the telephone
side has its own.
"""

from dataclasses import dataclass, field
from typing import Any, ClassVar


class HotlineError(Exception):
    """Base of all errors that a person or a program may see.

    `text` is a key of the texts (th and en), filled with `values`; `code` is stable and meant for
    programs.
    """

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 500
    text: ClassVar[str] = "floor.error"

    def __init__(self, detail: str = "", *, text: str | None = None, **values: Any) -> None:
        super().__init__(detail or self.code)
        self.detail = detail
        self.text_key = text or self.text
        self.values = values


class NotFound(HotlineError):
    code, status, text = "not-found", 404, "floor.not_found"


class Forbidden(HotlineError):
    code, status, text = "forbidden", 403, "floor.forbidden"


class SignInNeeded(HotlineError):
    code, status, text = "sign-in-needed", 401, "floor.sign_in_needed"


class Conflict(HotlineError):
    """Somebody else was first, or the thing is no longer in a state that allows this."""

    code, status, text = "conflict", 409, "floor.conflict"


class Busy(HotlineError):
    """The database is held by others for too long, or is away: nothing was done, and the same can
    be sent again.
    """

    code, status, text = "busy", 503, "floor.busy"


class Invalid(HotlineError):
    """The input is wrong; `detail` says what and where."""

    code, status, text = "invalid", 422, "floor.invalid"


@dataclass(frozen=True)
class Fault:
    """One fault in a configuration file: where (`ivr.flow.main.keys.2`) and what."""

    path: str
    message: str
    #: The parts of the section, with spaces between, of which the absence of one alone would cause
    #: this fault; empty: none would.
    follows: str = field(default="", compare=False)

    def __str__(self) -> str:
        return f"{self.path}: {self.message}"


class ConfigError(Exception):
    """A configuration that must not start; all its faults at once."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = faults
