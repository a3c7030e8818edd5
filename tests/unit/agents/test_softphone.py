"""The browser telephone's token and what its page may load."""

import jwt
import pytest

from agents import softphone
from hotline.settings import Settings
from hotline.web import CONTENT_SECURITY_POLICY

SECRET = "a secret that is long enough for HS256"


def settings(**changes: str) -> Settings:
    given = {
        "data": "/var/hotline",
        "config": "/etc/hotline.yaml",
        "database_url": "sqlite:////var/hotline/hotline.sqlite",
        "redis_url": "",
        "public_url": "https://hotline.example",
        "carrier_base_url": "",
        "carrier_account_sid": "AC1",
        "carrier_auth_token": "token",
        "carrier_api_key_sid": "SK1",
        "carrier_api_key_secret": SECRET,
        "secret_key": "secret",
    }
    return Settings.model_validate(given | changes)


def test_the_token_lets_the_agent_be_rung_and_nothing_else() -> None:
    token = softphone.access_token(settings(), "client:agent-7")
    told = jwt.decode(token, SECRET, algorithms=["HS256"])
    assert (told["iss"], told["sub"]) == ("SK1", "AC1")
    assert told["exp"] - told["nbf"] == softphone.LIFETIME if "nbf" in told else told["exp"]
    assert told["grants"] == {"identity": "agent-7", "voice": {"incoming": {"allow": True}}}


@pytest.mark.parametrize(
    ("address", "changes", "is_for"),
    [
        ("client:agent-7", {}, True),
        ("+66812345678", {}, False),
        ("client:agent-7", {"carrier_api_key_sid": ""}, False),
        ("client:agent-7", {"carrier_api_key_secret": ""}, False),
    ],
)
def test_whose_telephone_it_is(address: str, changes: dict[str, str], is_for: bool) -> None:
    assert softphone.is_for(settings(**changes), address) is is_for


def test_with_the_carrier_itself_the_page_may_talk_to_the_carrier() -> None:
    policy = softphone.content_security_policy(CONTENT_SECURITY_POLICY, settings())
    rules = [rule.strip() for rule in policy.split(";")]
    assert "connect-src 'self' https://*.twilio.com wss://*.twilio.com" in rules
    assert "default-src 'self'" in rules
    assert not any(rule.startswith("script-src") for rule in rules), "scripts are ours alone"


def test_with_the_exchange_it_may_load_the_exchanges_script_and_no_other() -> None:
    changed = settings(carrier_script="http://127.0.0.1:8437/voice/local.js")
    policy = softphone.content_security_policy(CONTENT_SECURITY_POLICY, changed)
    rules = [rule.strip() for rule in policy.split(";")]
    site = "http://127.0.0.1:8437"
    assert f"script-src 'self' {site}" in rules
    assert f"connect-src 'self' {site} ws://127.0.0.1:8437" in rules
    assert f"media-src 'self' blob: mediastream: {site}" in rules
    assert "twilio.com" not in policy
