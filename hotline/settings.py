"""Settings of one installation: the environment, and secrets from the environment or a `NAME_FILE`.

What belongs to the city stands in config.yaml; what belongs to the machine stands here.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from hotline.config import fault_of
from hotline.errors import ConfigError, Fault

SECRETS = ("SECRET_KEY", "CARRIER_AUTH_TOKEN", "DATABASE_URL", "REDIS_URL")


class Settings(BaseModel):
    """One installation. Addresses have no trailing slash."""

    model_config = ConfigDict(frozen=True)

    data: Path
    config: Path
    database_url: str
    redis_url: str
    #: The address under which the carrier reaches the web process; webhooks are signed against it.
    public_url: str
    #: Empty: the carrier that the twilio library knows. Else a compatible one (the local exchange,
    #: Somleng, …).
    carrier_base_url: str
    carrier_account_sid: str
    carrier_auth_token: str
    secret_key: str
    #: True on the embedded defaults of `hotline run`: demo accounts exist and pages say so.
    demo: bool = False

    @field_validator("public_url", "carrier_base_url")
    @classmethod
    def _address(cls, url: str) -> str:
        if url and (urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).netloc):
            raise ValueError(f"not an http(s) address: {url!r}")
        return url.rstrip("/")


def _value(environment: Mapping[str, str], name: str) -> str:
    if name in SECRETS and f"{name}_FILE" in environment:
        path = Path(environment[f"{name}_FILE"])
        try:
            return path.read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ConfigError([Fault(f"{name}_FILE", f"{path}: {error.strerror}")]) from error
    return environment.get(name, "")


def from_environment(environment: Mapping[str, str] = os.environ) -> Settings:
    """Settings from the environment; raises ConfigError listing everything that is missing or
    wrong.
    """
    data = Path(environment.get("HOTLINE_DATA", "var")).absolute()
    values = {
        "data": data,
        "config": Path(environment.get("HOTLINE_CONFIG", "config.yaml")).absolute(),
        "database_url": _value(environment, "DATABASE_URL") or f"sqlite:///{data}/hotline.sqlite",
        "redis_url": _value(environment, "REDIS_URL"),
        "public_url": environment.get("PUBLIC_URL", ""),
        "carrier_base_url": environment.get("CARRIER_BASE_URL", ""),
        "carrier_account_sid": environment.get("CARRIER_ACCOUNT_SID", ""),
        "carrier_auth_token": _value(environment, "CARRIER_AUTH_TOKEN"),
        "secret_key": _value(environment, "SECRET_KEY"),
        "demo": environment.get("HOTLINE_DEMO", "") == "1",
    }
    optional = ("carrier_base_url", "demo")
    missing = [
        Fault(name.upper(), "is not set")
        for name, value in values.items()
        if value == "" and name not in optional
    ]
    if missing:
        raise ConfigError(missing)
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        raise ConfigError([fault_of(each) for each in error.errors()]) from error
