"""Webhooks: the carrier's signature over the address that it was given, and nobody else's."""

import hashlib
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from flask import Request
from werkzeug.test import EnvironBuilder

from hotline.settings import Settings
from hotline.telephony import Signatures, raw_path
from tests.support.floors import AUTH_TOKEN, PUBLIC_URL, signature

FORM = {"CallSid": "CA7", "From": "+66812345678", "To": "1337", "Digits": "", "City": "พัทยา"}
THAI = "/ivr/step?at=" + quote("แจ้งเรื่อง") + "&n=1"


@pytest.fixture(scope="module")
def signatures() -> Signatures:
    return Signatures(settings())


def settings(public_url: str = PUBLIC_URL, webhook_url: str = "") -> Settings:
    return Settings(
        data=Path("var"),
        config=Path("config.yaml"),
        database_url="sqlite:///hotline.sqlite",
        redis_url="redis://127.0.0.1",
        public_url=public_url,
        webhook_url=webhook_url,
        carrier_base_url="",
        carrier_account_sid="AC0",
        carrier_auth_token=AUTH_TOKEN,
        secret_key="secret",
    )


def request(target: str, signed: str | None, **more: Any) -> Request:
    """A request with this request line, as a WSGI server hands it over."""
    path, _, query = target.partition("?")
    builder = EnvironBuilder(path=path, query_string=query, method="POST", **more)
    if signed is not None:
        builder.headers["X-Twilio-Signature"] = signed
    environ = builder.get_environ()
    environ["RAW_URI"] = environ["REQUEST_URI"] = target
    return Request(environ)


def form_request(target: str, signed: str | None, form: dict[str, str] | None = None) -> Request:
    return request(target, signed, data=FORM if form is None else form)


def test_the_carriers_own_example() -> None:
    """From "Security: validating requests" of the carrier's documentation."""
    form = {
        "CallSid": "CA1234567890ABCDE",
        "Caller": "+14158675310",
        "Digits": "1234",
        "From": "+14158675310",
        "To": "+18005551212",
    }
    url = "https://example.com/myapp.php?foo=1&bar=2"
    assert signature(url, form, "12345") == "L/OH5YylLD5NRKLltdqwSvS0BnU="


@pytest.mark.parametrize("target", ["/ivr/voice", "/ivr/step?call=7&n=1", THAI])
def test_a_right_signature_opens(signatures: Signatures, target: str) -> None:
    assert signatures.valid(form_request(target, signature(PUBLIC_URL + target, FORM)))


@pytest.mark.parametrize(
    "forged",
    [
        None,
        "",
        "x",
        "ก" * 28,
        signature(PUBLIC_URL + "/ivr/voice", FORM, "another token"),
        signature(PUBLIC_URL + "/ivr/status", FORM),
        signature(PUBLIC_URL + "/ivr/voice?call=8", FORM),
        signature("https://elsewhere.example/ivr/voice", FORM),
        signature(PUBLIC_URL + "/ivr/voice", {**FORM, "Digits": "1"}),
        signature(PUBLIC_URL + "/ivr/voice", {}),
    ],
)
def test_a_missing_or_forged_one_does_not(signatures: Signatures, forged: str | None) -> None:
    made = form_request("/ivr/voice", None)
    if forged is not None:
        made.environ["HTTP_X_TWILIO_SIGNATURE"] = forged.encode().decode("latin-1")
    assert not signatures.valid(made)


@pytest.mark.parametrize("change", [{"Digits": "9"}, {"Extra": "1"}])
def test_a_tampered_form_does_not(signatures: Signatures, change: dict[str, str]) -> None:
    good = signature(PUBLIC_URL + "/ivr/voice", FORM)
    assert not signatures.valid(form_request("/ivr/voice", good, {**FORM, **change}))


def test_a_field_that_stands_twice_is_signed_with_both(signatures: Signatures) -> None:
    """Sorted, each value once: the carrier's rule for repeated parameters."""
    body = urlencode([("To", "b"), ("To", "a"), ("From", "c")])
    good = signature(PUBLIC_URL + "/ivr/voice", {"From": "c", "To": "aTob"})
    more = {"content_type": "application/x-www-form-urlencoded"}
    assert signatures.valid(request("/ivr/voice", good, data=body, **more))
    assert not signatures.valid(request("/ivr/voice", good, data=body.replace("a", "z"), **more))


def test_the_address_is_the_configured_one_whatever_a_proxy_says(signatures: Signatures) -> None:
    good = signature(PUBLIC_URL + THAI, FORM)
    behind = form_request(THAI, good)
    behind.environ |= {
        "HTTP_HOST": "10.0.0.7:8000",
        "SERVER_NAME": "10.0.0.7",
        "wsgi.url_scheme": "http",
        "HTTP_X_FORWARDED_HOST": "evil.example",
    }
    assert signatures.valid(behind)
    to_the_proxy = signature("http://10.0.0.7:8000" + THAI, FORM)
    fooled = form_request(THAI, to_the_proxy)
    fooled.environ["HTTP_HOST"] = "10.0.0.7:8000"
    assert not signatures.valid(fooled)


@pytest.mark.parametrize("public_url", ["http://127.0.0.1:8000", "https://hotline.example:8443"])
def test_a_public_address_may_name_its_port(public_url: str) -> None:
    good = signature(f"{public_url}/ivr/voice", FORM)
    assert Signatures(settings(public_url)).valid(form_request("/ivr/voice", good))


def test_the_carrier_may_reach_us_at_an_address_of_its_own() -> None:
    own = "http://127.0.0.1:8001"
    found = Signatures(settings(webhook_url=own))
    assert found.valid(form_request("/ivr/voice", signature(f"{own}/ivr/voice", FORM)))
    assert not found.valid(form_request("/ivr/voice", signature(f"{PUBLIC_URL}/ivr/voice", FORM)))


def test_a_request_without_a_body_is_signed_by_its_address(signatures: Signatures) -> None:
    good = signature(PUBLIC_URL + THAI, {})
    assert signatures.valid(request(THAI, good))
    assert not signatures.valid(request(THAI + "&n=2", good))


# ---------------------------------------------------------------- other bodies


def json_target(body: bytes) -> str:
    return f"/ivr/voice?a=1&bodySHA256={hashlib.sha256(body).hexdigest()}"


BODY = '{"เรื่อง": "ถนน"}'.encode()


def json_request(target: str, signed: str, body: bytes = BODY) -> Request:
    return request(target, signed, data=body, content_type="application/json")


def test_a_json_body_is_vouched_for_by_its_hash(signatures: Signatures) -> None:
    target = json_target(BODY)
    good = signature(PUBLIC_URL + target, {})
    assert signatures.valid(json_request(target, good))
    assert not signatures.valid(json_request(target, good, BODY + b" "))
    assert not signatures.valid(json_request(target, signature(PUBLIC_URL + target, FORM)))


def test_a_hash_that_was_changed_with_the_body_is_not_signed(signatures: Signatures) -> None:
    good = signature(PUBLIC_URL + json_target(BODY), {})
    assert not signatures.valid(json_request(json_target(b"{}"), good, b"{}"))


def test_a_body_that_nobody_vouches_for_is_forged(signatures: Signatures) -> None:
    good = signature(PUBLIC_URL + "/ivr/voice", {})
    assert not signatures.valid(json_request("/ivr/voice", good))
    chunked = json_request("/ivr/voice", good)
    del chunked.environ["CONTENT_LENGTH"]
    chunked.environ |= {"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True}
    assert not signatures.valid(Request(chunked.environ))


def test_a_body_that_is_no_text_is_forged_and_no_fault(signatures: Signatures) -> None:
    body = b"\xff\xfe"
    target = json_target(body)
    assert not signatures.valid(json_request(target, signature(PUBLIC_URL + target, {}), body))


def test_a_form_in_parts_needs_its_hash_too(signatures: Signatures) -> None:
    good = signature(PUBLIC_URL + "/ivr/voice", FORM)
    parts = request("/ivr/voice", good, data=FORM, content_type="multipart/form-data")
    assert not signatures.valid(parts)


# ---------------------------------------------------------------- the address on the wire


@pytest.mark.parametrize(
    ("environ", "path"),
    [
        ({"RAW_URI": THAI}, THAI),
        ({"REQUEST_URI": THAI}, THAI),
        ({"RAW_URI": "/ivr/step?"}, "/ivr/step?"),
        ({"RAW_URI": "http://proxy.example:80/ivr/step?n=1"}, "/ivr/step?n=1"),
        ({"RAW_URI": "http://proxy.example"}, "/"),
        (
            {"PATH_INFO": "/ivr/ก".encode().decode("latin-1"), "QUERY_STRING": "n=%E0"},
            "/ivr/%E0%B8%81?n=%E0",
        ),
    ],
)
def test_the_path_as_it_stood_on_the_wire(environ: dict[str, str], path: str) -> None:
    bare = EnvironBuilder("/").get_environ()
    for name in ("RAW_URI", "REQUEST_URI"):
        bare.pop(name, None)
    assert raw_path(Request({**bare, **environ})) == path
