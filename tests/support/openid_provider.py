"""A small OpenID provider on loopback: discovery, keys, the two endpoints of the code flow.

It is strict where the specifications are (PKCE with S256, the client's secret, a code used once,
the redirect address known), and can be told to answer wrongly in one way (`spoil`).
"""

import base64
import hashlib
import json
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any
from urllib.parse import urlencode

from flask import Flask, jsonify, redirect, request
from joserfc import jwt
from joserfc.jwk import RSAKey
from werkzeug.serving import make_server

CLIENT_ID, CLIENT_SECRET = "hotline-of-the-tests", "a secret between the two"
#: What it says of itself when it is not well: a page, a list, nothing, a way that is none.
NONSENSE: dict[str, Any] = {
    "a page": "<h1>Please come back later</h1>",
    "a list": ["issuer"],
    "nothing": {},
    "no way": {
        "issuer": "x",
        "authorization_endpoint": "javascript:alert(1)",
        "token_endpoint": "https://idp.example/token",
    },
    "a fault": ("oh", 500),
}
#: The same in place of tokens.
NO_TOKENS: dict[str, Any] = {
    "tokens: a page": "<h1>Please come back later</h1>",
    "tokens: a list": ["id_token"],
    "tokens: a number": {"access_token": "x", "token_type": "Bearer", "id_token": 7},
    "tokens: a word": {"access_token": "x", "token_type": "Bearer", "id_token": "word"},
    "tokens: a fault": ("oh", 503),
}


class Provider:
    """What it says of whoever comes (`claims`), and what it gets wrong (`spoil`)."""

    def __init__(self, redirect_uri: str) -> None:
        self.claims: dict[str, Any] = {"preferred_username": "noi"}
        self.spoil = ""
        self.issuer = ""
        self.looked_at = 0
        self.stop: Callable[[], None] = lambda: None
        self.asked: list[dict[str, str]] = []
        self._redirect_uri = redirect_uri
        self._key = RSAKey.generate_key(2048, {"kid": "1", "use": "sig", "alg": "RS256"})
        self._other = RSAKey.generate_key(2048, {"kid": "1", "use": "sig", "alg": "RS256"})
        self._codes: dict[str, dict[str, str]] = {}
        #: Whether it gives refresh tokens; those that are good; how often they were used.
        self.refreshes = False
        self.good: dict[str, dict[str, str]] = {}
        self.asked_again = 0
        self.app = Flask("provider")
        self.app.add_url_rule("/.well-known/openid-configuration", "metadata", self._metadata)
        self.app.add_url_rule("/keys", "keys", self._keys)
        self.app.add_url_rule("/authorize", "authorize", self._authorize)
        self.app.add_url_rule("/token", "token", self._token, methods=["POST"])
        self.app.add_url_rule("/userinfo", "userinfo", self._userinfo)

    def gone(self) -> None:
        """Nobody answers there any more."""
        self.stop()

    def _metadata(self) -> Any:
        self.looked_at += 1
        if self.spoil in NONSENSE:
            return NONSENSE[self.spoil]
        return jsonify(
            issuer=self.issuer,
            authorization_endpoint=f"{self.issuer}/authorize",
            token_endpoint=f"{self.issuer}/token",
            jwks_uri=f"{self.issuer}/keys",
            userinfo_endpoint=f"{self.issuer}/userinfo",
            response_types_supported=["code"],
            subject_types_supported=["public"],
            id_token_signing_alg_values_supported=["RS256"],
            code_challenge_methods_supported=["S256"],
        )

    def _keys(self) -> Any:
        if self.spoil == "keys":
            return jsonify(["none"])
        return jsonify(keys=[self._key.as_dict(private=False)])

    def _authorize(self) -> Any:
        asked = request.args.to_dict()
        self.asked.append(asked)
        assert asked["client_id"] == CLIENT_ID
        assert asked["redirect_uri"] == self._redirect_uri
        assert (asked["response_type"], asked["code_challenge_method"]) == ("code", "S256")
        assert "openid" in asked["scope"].split()
        code = secrets.token_urlsafe(16)
        self._codes[code] = asked
        state = "another" if self.spoil == "state" else asked["state"]
        answer = {"error": "access_denied"} if self.spoil == "denied" else {"code": code}
        return redirect(f"{asked['redirect_uri']}?{urlencode({**answer, 'state': state})}")

    def _token(self) -> Any:
        form, basic = request.form, request.authorization
        if form["grant_type"] == "refresh_token":
            return self._again(form["refresh_token"])
        asked = self._codes.pop(form["code"], None)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        known = basic is not None and (basic.username, basic.password) == (
            CLIENT_ID,
            CLIENT_SECRET,
        )
        if not (asked and known and challenge == asked["code_challenge"]):
            return jsonify(error="invalid_grant"), 400
        if self.spoil in NO_TOKENS:
            return NO_TOKENS[self.spoil]
        answer = {"access_token": secrets.token_urlsafe(16), "token_type": "Bearer"}
        if self.spoil != "no id_token":
            answer["id_token"] = self._id_token(asked)
        return jsonify(answer | self._refresh(asked))

    def _refresh(self, asked: dict[str, str]) -> dict[str, str]:
        if not self.refreshes:
            return {}
        token = secrets.token_urlsafe(16)
        self.good[token] = asked
        return {"refresh_token": token}

    def _again(self, token: str) -> Any:
        """A refresh token is good once, and gives the next."""
        self.asked_again += 1
        if self.spoil == "away":
            return "not now", 503
        asked = self.good.pop(token, None)
        if asked is None:
            return jsonify(error="invalid_grant"), 400
        answer = {"access_token": secrets.token_urlsafe(16), "token_type": "Bearer"}
        if self.spoil != "no id_token":
            answer["id_token"] = self._id_token(asked)
        return jsonify(answer | self._refresh(asked))

    def _userinfo(self) -> Any:
        assert request.authorization is not None and request.authorization.type == "bearer"
        return jsonify({"sub": "17", **self.claims})

    def _id_token(self, asked: dict[str, str]) -> str:
        now = int(time.time())
        claims = {
            "iss": "https://elsewhere.example" if self.spoil == "issuer" else self.issuer,
            "aud": "somebody else" if self.spoil == "audience" else CLIENT_ID,
            "sub": "17",
            "iat": now,
            "exp": now - 3600 if self.spoil == "expired" else now + 300,
            "nonce": "another" if self.spoil == "nonce" else asked["nonce"],
            **self.claims,
        }
        if self.spoil == "no subject":
            claims["sub"] = ["17"]
        if self.spoil == "no nonce":
            del claims["nonce"]
        if self.spoil == "no expiry":
            del claims["exp"]
        if self.spoil == "unsigned":
            plain = (json.dumps(each).encode() for each in ({"alg": "none"}, claims))
            parts = map(base64.urlsafe_b64encode, plain)
            return ".".join(part.rstrip(b"=").decode() for part in parts) + "."
        key = self._other if self.spoil == "key" else self._key
        return jwt.encode({"alg": "RS256", "kid": "1"}, claims, key)


@contextmanager
def running(redirect_uri: str) -> Iterator[Provider]:
    """A provider that answers on a free port of loopback."""
    provider = Provider(redirect_uri)
    server = make_server("127.0.0.1", 0, provider.app, threaded=True)
    provider.issuer = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()

    def stop() -> None:
        server.shutdown()
        server.server_close()
        thread.join(timeout=10)

    provider.stop = stop
    try:
        yield provider
    finally:
        if thread.is_alive():
            stop()
