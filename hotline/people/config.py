"""The `accounts:` section of config.yaml: second factors, how long sessions last, the city's own
sign-in.
"""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Annotated, Any, ClassVar

from pydantic import Field

from hotline import clock
from hotline.config import Identifier, LocalText, Section
from hotline.errors import Fault
from hotline.roles import Role


class SecondFactor(Section):
    """Whose password alone is not enough."""

    required: tuple[Role, ...] = ()


class Sessions(Section):
    """How long somebody stays signed in."""

    hours: Annotated[float, Field(gt=0, le=24 * 7)] = 14  # a night shift and its hand-over
    #: Of a browser that asks for nothing. The desk and the wallboard ask by themselves.
    idle_minutes: Annotated[float, Field(ge=5, le=24 * 60)] = 120
    #: How long a screen on a wall shows the wallboard without anybody signing in again.
    screen_days: Annotated[int, Field(ge=1, le=400)] = 90


class Provision(Section):
    """Accounts that are made and changed by what the city's own sign-in says
    (`hotline.people.provisioning`).
    """

    stand_ins: ClassVar[Mapping[str, Any]] = {"roles": {}}

    #: The claim with the groups of somebody, and the one with their name.
    groups: Annotated[str, Field(min_length=1)] = "groups"
    name: Annotated[str, Field(min_length=1)] = "name"
    #: Group → role. Who is in several has the first of them; who is in none is refused.
    roles: Annotated[dict[str, Role], Field(min_length=1)]
    #: Group → division (an id of `tickets.divisions`) whose administrator they are.
    divisions: dict[str, Identifier] = Field(default_factory=dict)


class OpenId(Section):
    """The city's own sign-in, when the environment names one (OPENID_ISSUER)."""

    #: The claim whose value is the username here.
    claim: Annotated[str, Field(min_length=1)] = "preferred_username"
    #: None: accounts are made here by hand, and the sign-in says only who somebody is.
    provision: Provision | None = None
    #: What is asked of the provider; some give refresh tokens for `offline_access` only.
    scopes: Annotated[tuple[str, ...], Field(min_length=1)] = ("openid", "profile", "email")
    #: So often is it asked again about who is signed in by it (`hotline.people.rechecking`).
    recheck_minutes: Annotated[float, Field(ge=1, le=24 * 60)] = 15
    label: LocalText = LocalText(
        {"th": "เข้าด้วยบัญชีของหน่วยงาน", "en": "Sign in with your office account"}
    )

    @property
    def recheck(self) -> timedelta:
        """The same, as a time of the wall: a provider is elsewhere, where no clock runs fast."""
        return timedelta(minutes=self.recheck_minutes) * clock.speed()

    def faults(self) -> Iterator[Fault]:
        if "openid" not in self.scopes:
            yield Fault("scopes", "without openid the provider does not say who somebody is")


class Addresses(Section):
    """When signing in from one address is slowed (`hotline.origins`)."""

    #: So many different accounts may fail there ...
    accounts: Annotated[int, Field(ge=3, le=1000)] = 20
    #: ... within so many minutes.
    minutes: Annotated[int, Field(ge=1, le=24 * 60)] = 15


class Accounts(Section):
    """What the city decides about its people's accounts."""

    second_factor: SecondFactor = SecondFactor()
    sessions: Sessions = Sessions()
    openid: OpenId = OpenId()
    addresses: Addresses = Addresses()

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
