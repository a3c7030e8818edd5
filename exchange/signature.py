"""X-Twilio-Signature: how a webhook proves that it comes from the carrier.

Source: Twilio, "Webhooks security": base64(HMAC-SHA1(auth token, URL + each POST parameter's name
and value, sorted by name, without any delimiter)). The fragment is not part of the URL.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping


def sign(token: str, url: str, params: Mapping[str, str] | None = None) -> str:
    """The signature of a request to `url` (exactly as it goes over the wire) with POST `params`."""
    text = url + "".join(name + value for name, value in sorted((params or {}).items()))
    digest = hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()
    return base64.b64encode(digest).decode()
