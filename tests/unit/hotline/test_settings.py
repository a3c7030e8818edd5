"""The environment of one installation: everything that is wrong at once, and no secret shown."""

from pathlib import Path

import pytest

from hotline import settings
from hotline.errors import ConfigError
from hotline.settings import SECRETS, from_environment

RIGHT = {
    "REDIS_URL": "redis://127.0.0.1",
    "PUBLIC_URL": "https://hotline.example/",
    "CARRIER_ACCOUNT_SID": "AC0",
    "CARRIER_AUTH_TOKEN": "carrier-token",
    "SECRET_KEY": "secret-key",
}


def faults(environment: dict[str, str]) -> dict[str, str]:
    with pytest.raises(ConfigError) as caught:
        from_environment(environment)
    return {fault.path: fault.message for fault in caught.value.faults}


def test_what_is_not_said_has_a_place_in_the_data_folder() -> None:
    settings = from_environment({**RIGHT, "HOTLINE_DATA": "/srv/hotline"})
    assert settings.database_url == "sqlite:////srv/hotline/hotline.sqlite"
    assert settings.config.name == "config.yaml" and settings.config.is_absolute()
    assert settings.public_url == "https://hotline.example"
    assert settings.carrier_base_url == ""
    assert settings.demo is False


def test_the_carrier_reaches_us_where_everybody_does_unless_it_is_said() -> None:
    assert from_environment(RIGHT).webhooks_at == "https://hotline.example"
    own = {**RIGHT, "WEBHOOK_URL": "https://hooks.example/"}
    assert from_environment(own).webhooks_at == "https://hooks.example"
    assert set(faults({**RIGHT, "WEBHOOK_URL": "hooks.example"})) == {"WEBHOOK_URL"}


def test_an_empty_value_is_no_value() -> None:
    empty = {"HOTLINE_DATA": "", "HOTLINE_CONFIG": "", "DATABASE_URL": "", "SECRET_KEY_FILE": ""}
    settings = from_environment({**RIGHT, **empty})
    assert settings == from_environment(RIGHT)
    assert settings.data.name == "var"


def test_everything_missing_comes_at_once() -> None:
    assert faults({}) == dict.fromkeys(RIGHT, "is not set")


def test_what_is_missing_and_what_is_wrong_come_at_once(tmp_path: Path) -> None:
    environment = {
        "PUBLIC_URL": "hotline.example",
        "CARRIER_BASE_URL": "ftp://exchange",
        "DATABASE_URL": "mysql://root:hunter2@db/hotline",
        "REDIS_URL": "localhost:6379",
        "SECRET_KEY_FILE": str(tmp_path / "nothing"),
    }
    found = faults(environment)
    assert set(found) == {*environment, "CARRIER_ACCOUNT_SID", "CARRIER_AUTH_TOKEN"}
    assert "No such file" in found["SECRET_KEY_FILE"]
    assert "hunter2" not in " ".join(found.values())


@pytest.mark.parametrize(
    "url", ["sqlite://", "sqlite:///:memory:", "mysql://db/hotline", "postgres", "postgres://db/x"]
)
def test_a_database_that_cannot_serve_is_refused(url: str) -> None:
    assert set(faults({**RIGHT, "DATABASE_URL": url})) == {"DATABASE_URL"}


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_may_stand_in_a_file(tmp_path: Path, name: str) -> None:
    values = {
        "DATABASE_URL": "postgresql://db/hotline",
        "REDIS_URL": "unix:///run/redis",
        "SMTP_URL": "smtp://hotline:hunter2@mail",
    }
    file = tmp_path / "secret"
    file.write_text(values.get(name, "from-a-file") + "\n")
    environment = {**RIGHT, "MAIL_FROM": "hotline@city.example", f"{name}_FILE": str(file)}
    environment.pop(name, None)
    found = from_environment(environment)
    assert getattr(found, name.lower()) == values.get(name, "from-a-file")


def test_what_is_no_secret_is_not_read_from_a_file(tmp_path: Path) -> None:
    environment = {**RIGHT, "PUBLIC_URL_FILE": str(tmp_path / "nothing")}
    assert from_environment(environment).public_url == "https://hotline.example"


def test_a_secret_that_is_no_text_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_bytes(b"\xff\xfe\xfa")
    assert faults({**RIGHT, "SECRET_KEY_FILE": str(file)}) == {
        "SECRET_KEY_FILE": f"{file}: not UTF-8"
    }


def test_printed_settings_show_no_secret() -> None:
    environment = {**RIGHT, "DATABASE_URL": "postgresql://hotline:hunter2@db/hotline"}
    shown = repr(from_environment(environment))
    for secret in ("hunter2", RIGHT["CARRIER_AUTH_TOKEN"], RIGHT["SECRET_KEY"]):
        assert secret not in shown


def test_a_rehearsal_keeps_away_from_the_citys_own_services() -> None:
    own = dict.fromkeys(settings.NAMES.values(), "x")
    files = {f"{name}_FILE": "x" for name in own}
    left = settings.without_services(own | files | {"LANG": "th", "DATABASE_URLS": "y"})
    kept = {"LANG", "DATABASE_URLS", "HOTLINE_DATA", "HOTLINE_CONFIG"}
    assert {name for name in left if not name.endswith("_FILE")} == kept
    assert not {f"{name}_FILE" for name in settings.SECRETS} & left.keys()


@pytest.mark.parametrize("url", ["/stream", ":8438/stream", "https://live.example/a/stream", ""])
def test_where_a_stream_may_be(url: str) -> None:
    assert from_environment({**RIGHT, "STREAM_URL": url}).stream_url == url


@pytest.mark.parametrize(
    "url", ["stream", "//elsewhere/x", ":8438", "ftp://x/y", "https://x/y; script-src *"]
)
def test_where_none_can_be(url: str) -> None:
    assert set(faults({**RIGHT, "STREAM_URL": url})) == {"STREAM_URL"}


@pytest.mark.parametrize(
    ("said", "behind"), [(None, False), ("", False), ("0", False), ("1", True)]
)
def test_whether_a_proxy_is_in_front(said: str | None, behind: bool) -> None:
    environment = RIGHT if said is None else {**RIGHT, "BEHIND_PROXY": said}
    assert from_environment(environment).behind_proxy is behind


def test_a_proxy_that_is_half_there() -> None:
    assert set(faults({**RIGHT, "BEHIND_PROXY": "yes, please"})) == {"BEHIND_PROXY"}
