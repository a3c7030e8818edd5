"""The agent's telephone in the browser: the carrier's own SDK, and what it needs from us.

The page asks for a token and registers with the carrier; from then on what the carrier dials for
`client:NAME` rings there. Which carrier that is (the city's, or the local exchange) is settings.
"""

from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from twilio.jwt.access_token import AccessToken
from twilio.jwt.access_token.grants import VoiceGrant

from hotline.settings import Settings

#: Seconds that a token is good for.
LIFETIME: Final = 3600
#: The carrier's SDK, pinned by package-lock.json.
SDK: Final = Path(__file__).parent.parent / "node_modules/@twilio/voice-sdk/dist/twilio.min.js"
_CLIENT = "client:"
#: Where the SDK looks for the carrier itself. Source: Twilio, "Voice JavaScript SDK: CSP".
_CARRIER = {
    "connect-src": "https://*.twilio.com wss://*.twilio.com",
    "media-src": "mediastream: https://sdk.twilio.com https://media.twiliocdn.com",
}


def is_for(settings: Settings, address: str) -> bool:
    """Whether who is dialled at `address` can answer in the browser."""
    signs = settings.carrier_api_key_sid and settings.carrier_api_key_secret
    return bool(signs) and address.startswith(_CLIENT)


def access_token(settings: Settings, address: str) -> str:
    """A token (JWT) with which the browser is `address` for `LIFETIME` seconds of the wall."""
    token = AccessToken(
        settings.carrier_account_sid,
        settings.carrier_api_key_sid,
        settings.carrier_api_key_secret,
        identity=address.removeprefix(_CLIENT),
        ttl=LIFETIME,
    )
    token.add_grant(VoiceGrant(incoming_allow=True))
    return str(token.to_jwt())


def content_security_policy(usual: str, settings: Settings) -> str:
    """The policy of a page with a telephone: the usual one, and the carrier besides."""
    more = _exchange(settings.carrier_script) if settings.carrier_script else _CARRIER
    rules = dict(rule.strip().partition(" ")[::2] for rule in usual.split(";"))
    for name, sources in more.items():
        rules[name] = f"{rules.get(name) or rules['default-src']} {sources}"
    return "; ".join(f"{name} {sources}" for name, sources in rules.items())


def _exchange(script: str) -> dict[str, str]:
    """What the local exchange's script leads to: all of it is at the address of that script."""
    where = urlsplit(script)
    site = f"{where.scheme}://{where.netloc}"
    line = f"{'wss' if where.scheme == 'https' else 'ws'}://{where.netloc}"
    heard = f"mediastream: {site}"
    return {"script-src": site, "connect-src": f"{site} {line}", "media-src": heard}
