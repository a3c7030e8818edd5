"""Settings of one installation: the environment, and secrets from the environment or a `NAME_FILE`.

What belongs to the city stands in config.yaml; what belongs to the machine stands here.
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator

from hotline.config import fault_of
from hotline.errors import ConfigError, Fault

SECRETS = (
    "SECRET_KEY",
    "CARRIER_AUTH_TOKEN",
    "CARRIER_API_KEY_SECRET",
    "DATABASE_URL",
    "REDIS_URL",
    "OPENID_CLIENT_SECRET",
    "FILES_S3_SECRET_KEY",
    "SMTP_URL",
)


class Store(BaseModel):
    """Where one installation keeps what it knows: all that a tool beside it needs."""

    model_config = ConfigDict(frozen=True)

    data: Path
    config: Path
    # what may hold a password is not shown when settings are printed
    database_url: str = Field(repr=False)

    @field_validator("database_url")
    @classmethod
    def _database(cls, url: str) -> str:
        try:
            parts = sa.make_url(url)
        except sa.exc.ArgumentError:
            parts = sa.URL.create("nothing")
        if parts.get_backend_name() not in ("sqlite", "postgresql"):
            raise ValueError("not a sqlite:// or postgresql:// address")
        if parts.get_backend_name() == "sqlite" and parts.database in (None, "", ":memory:"):
            raise ValueError("a database in memory is not shared by the processes; name a file")
        return url


class Settings(Store):
    """One installation. Addresses have no trailing slash."""

    redis_url: str = Field(repr=False)
    #: The address under which citizens, and the people who work here, reach the web process.
    public_url: str
    #: Empty: the carrier that the twilio library knows. Else a compatible one (the local exchange,
    #: Somleng, …).
    carrier_base_url: str
    carrier_account_sid: str
    carrier_auth_token: str = Field(repr=False)
    #: The address under which the carrier reaches it, and against which webhooks are signed; empty:
    #: the same.
    webhook_url: str = ""
    #: A key of the carrier's account that signs the tokens of browser telephones; empty: there are
    #: none, and agents answer at headsets or plain telephones.
    carrier_api_key_sid: str = ""
    carrier_api_key_secret: str = Field(default="", repr=False)
    #: A script that pages with a telephone load before the carrier's SDK: the local exchange's, so
    #: that the SDK finds it. Empty with the carrier itself.
    carrier_script: str = ""
    #: Where pages hear what has changed, as browsers reach `hotline streams`: an address, a path of
    #: the pages' own (behind a proxy), or `:PORT/PATH` of whatever host the page is at. Empty:
    #: nowhere, pages ask again and again.
    stream_url: str = ""
    #: Whether a proxy of the city's own is in front: only then is it believed whom it names
    #: (X-Forwarded-For, the last). `1`; empty: there is none.
    behind_proxy: bool = False
    secret_key: str = Field(repr=False)
    #: The city's own sign-in (OpenID Connect), if it has one: its issuer's address, and who we are
    #: there. Empty: there is none, and people sign in with a password of ours.
    openid_issuer: str = ""
    openid_client_id: str = ""
    openid_client_secret: str = Field(default="", repr=False)
    #: A service that speaks S3, where files of tickets are kept; without its address they are kept
    #: in the data folder.
    files_s3_url: str = ""
    files_s3_bucket: str = ""
    files_s3_region: str = ""
    files_s3_access_key: str = ""
    files_s3_secret_key: str = Field(default="", repr=False)
    #: The mail server that notices are handed to (smtp://USER:PASSWORD@HOST:PORT, or smtps://), and
    #: whom they come from. Empty: none is e-mailed, they stand in the pages alone.
    smtp_url: str = Field(default="", repr=False)
    mail_from: str = ""
    #: True on the embedded defaults of `hotline run`: demo accounts exist and pages say so.
    demo: bool = False

    @field_validator(
        "public_url",
        "webhook_url",
        "carrier_base_url",
        "carrier_script",
        "openid_issuer",
        "files_s3_url",
    )
    @classmethod
    def _address(cls, url: str) -> str:
        if url and (urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).netloc):
            raise ValueError(f"not an http(s) address: {url!r}")
        return url.rstrip("/")

    @field_validator("stream_url")
    @classmethod
    def _stream(cls, url: str) -> str:
        if url and not re.fullmatch(r"(https?://[^/\s;,]+|:\d+)?(/[\w.-]+)+", url):
            raise ValueError(f"not an address, a path, or :PORT/PATH: {url!r}")
        return url

    @field_validator("behind_proxy", mode="before")
    @classmethod
    def _proxy(cls, said: object) -> object:
        if said not in ("", "0", "1", True, False):
            raise ValueError(f"neither 1 nor 0: {said!r}")
        return said in ("1", True)

    @field_validator("smtp_url")
    @classmethod
    def _smtp(cls, url: str) -> str:
        parts = urlsplit(url)
        if url and (parts.scheme not in ("smtp", "smtps") or not parts.hostname):
            raise ValueError("not an smtp:// or smtps:// address")
        return url

    @field_validator("mail_from")
    @classmethod
    def _sender(cls, address: str, info: ValidationInfo) -> str:
        if info.data.get("smtp_url") and not re.fullmatch(r"[^@\s<>]+@[^@\s<>]+", address):
            raise ValueError(f"whom mails come from is no address: {address!r}")
        return address

    @field_validator("redis_url")
    @classmethod
    def _redis(cls, url: str) -> str:
        if url and urlsplit(url).scheme not in ("redis", "rediss", "unix"):
            raise ValueError("not a redis://, rediss:// or unix:// address")
        return url

    @property
    def webhooks_at(self) -> str:
        """The address under which the carrier reaches us."""
        return self.webhook_url or self.public_url


#: Where each setting comes from.
NAMES = {
    "data": "HOTLINE_DATA",
    "config": "HOTLINE_CONFIG",
    "database_url": "DATABASE_URL",
    "redis_url": "REDIS_URL",
    "public_url": "PUBLIC_URL",
    "webhook_url": "WEBHOOK_URL",
    "carrier_base_url": "CARRIER_BASE_URL",
    "carrier_account_sid": "CARRIER_ACCOUNT_SID",
    "carrier_auth_token": "CARRIER_AUTH_TOKEN",
    "carrier_api_key_sid": "CARRIER_API_KEY_SID",
    "carrier_api_key_secret": "CARRIER_API_KEY_SECRET",
    "carrier_script": "CARRIER_SCRIPT",
    "stream_url": "STREAM_URL",
    "behind_proxy": "BEHIND_PROXY",
    "secret_key": "SECRET_KEY",
    "openid_issuer": "OPENID_ISSUER",
    "openid_client_id": "OPENID_CLIENT_ID",
    "openid_client_secret": "OPENID_CLIENT_SECRET",
    "files_s3_url": "FILES_S3_URL",
    "files_s3_bucket": "FILES_S3_BUCKET",
    "files_s3_region": "FILES_S3_REGION",
    "files_s3_access_key": "FILES_S3_ACCESS_KEY",
    "files_s3_secret_key": "FILES_S3_SECRET_KEY",
    "smtp_url": "SMTP_URL",
    "mail_from": "MAIL_FROM",
}
#: Whoever names the service names all of this.
_OF_SERVICE = (
    "files_s3_url",
    "files_s3_bucket",
    "files_s3_region",
    "files_s3_access_key",
    "files_s3_secret_key",
)
OPTIONAL = (
    "webhook_url",
    "carrier_base_url",
    "carrier_api_key_sid",
    "carrier_api_key_secret",
    "carrier_script",
    "stream_url",
    "behind_proxy",
    "openid_issuer",
    "openid_client_id",
    "openid_client_secret",
    *_OF_SERVICE,
    "smtp_url",
    "mail_from",
)
#: What names an installation's own services, not its files: no rehearsal ever touches them.
_SERVICES = frozenset(NAMES.values()) - {"HOTLINE_DATA", "HOTLINE_CONFIG"}


def from_environment(environment: Mapping[str, str] = os.environ) -> Settings:
    """Settings from the environment; raises ConfigError listing everything that is missing or
    wrong.
    """
    return _read(Settings, environment, demo=environment.get("HOTLINE_DEMO", "") == "1")


def store_from_environment(environment: Mapping[str, str] = os.environ) -> Store:
    """The same for a tool, which needs neither a carrier nor a Redis."""
    return _read(Store, environment)


def without_services(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment without an installation's own services: for a hotline that is only played."""
    left_out = {f"{name}{end}" for name in _SERVICES for end in ("", "_FILE")}
    return {name: value for name, value in environment.items() if name not in left_out}


S = TypeVar("S", bound=Store)


def _read(kind: type[S], environment: Mapping[str, str], **more: Any) -> S:
    faults: list[Fault] = []
    values = {
        field: _value(environment, name, faults)
        for field, name in NAMES.items()
        if field in kind.model_fields
    }
    data = Path(values["data"] or "var").absolute()
    values["data"] = str(data)
    values["config"] = str(Path(values["config"] or "config.yaml").absolute())
    values["database_url"] = values["database_url"] or f"sqlite:///{data}/hotline.sqlite"
    unreadable = {fault.path for fault in faults}
    faults += [
        Fault(NAMES[field], "is not set")
        for field, value in values.items()
        if not value and field not in OPTIONAL and f"{NAMES[field]}_FILE" not in unreadable
    ]
    if any(values.get(field) for field in _OF_SERVICE if NAMES[field] not in SECRETS):
        faults += [
            Fault(NAMES[field], "is not set, and others of the service for files are")
            for field in _OF_SERVICE
            if not values[field] and f"{NAMES[field]}_FILE" not in unreadable
        ]
    try:
        settings = kind.model_validate({**values, **more})
    except ValidationError as error:
        wrong = (fault_of(each) for each in error.errors())
        raise ConfigError([*faults, *(Fault(NAMES[f.path], f.message) for f in wrong)]) from error
    if faults:
        raise ConfigError(faults)
    return settings


def _value(environment: Mapping[str, str], name: str, faults: list[Fault]) -> str:
    """The value of `name`, a secret's also from the file that `NAME_FILE` names; empty if none."""
    file = environment.get(f"{name}_FILE", "") if name in SECRETS else ""
    if not file:
        return environment.get(name, "")
    try:
        return Path(file).read_text(encoding="utf-8").strip()
    except OSError as error:
        faults.append(Fault(f"{name}_FILE", f"{file}: {error.strerror}"))
    except UnicodeDecodeError:
        faults.append(Fault(f"{name}_FILE", f"{file}: not UTF-8"))
    return ""
