"""The `accounts:` section of config.yaml: second factors, how long sessions last, the city's own
sign-in.
"""

from datetime import timedelta
from typing import Annotated

from pydantic import Field

from hotline import clock
from hotline.config import LocalText, Section
from hotline.roles import Role


class SecondFactor(Section):
    """Whose password alone is not enough."""

    required: tuple[Role, ...] = ()


class Sessions(Section):
    """How long somebody stays signed in."""

    hours: Annotated[float, Field(gt=0, le=24 * 7)] = 14  # a night shift and its hand-over
    #: Of a browser that asks for nothing. The desk and the wallboard ask by themselves.
    idle_minutes: Annotated[float, Field(ge=5, le=24 * 60)] = 120


class OpenId(Section):
    """The city's own sign-in, when the environment names one (OPENID_ISSUER)."""

    #: The claim whose value is the username here.
    claim: Annotated[str, Field(min_length=1)] = "preferred_username"
    label: LocalText = LocalText(
        {"th": "เข้าด้วยบัญชีของหน่วยงาน", "en": "Sign in with your office account"}
    )


class Accounts(Section):
    """What the city decides about its people's accounts."""

    second_factor: SecondFactor = SecondFactor()
    sessions: Sessions = Sessions()
    openid: OpenId = OpenId()

    @property
    def length(self) -> timedelta:
        """How long a session lasts at most."""
        return timedelta(hours=self.sessions.hours)

    @property
    def idle(self) -> timedelta:
        """How long a browser's session rests until it ends: the time of hands, and not of a clock
        that runs fast.
        """
        return timedelta(minutes=self.sessions.idle_minutes) * clock.speed()

    def requires_factor(self, role: Role, *, demo: bool) -> bool:
        """Whether such an account must have a second factor. Demo accounts, whose passwords are
        published, need none.
        """
        return role in self.second_factor.required and not demo
