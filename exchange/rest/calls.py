"""Calls: create, fetch, list, update. Source: Twilio, "Call resource"."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from urllib.parse import parse_qsl

from aiohttp import web

from exchange import ids, twiml
from exchange.call import Call, Settings, Status
from exchange.callbacks import CallbackLine
from exchange.core import Exchange
from exchange.errors import CarrierError
from exchange.rest.base import (
    Api,
    Json,
    Limits,
    Params,
    RestError,
    account_path,
    invalid,
    matches,
    not_found,
    page,
)
from exchange.scene import Inline, Source
from exchange.stations import ADDRESS
from exchange.verbs import SPECS, VERBS

EVENTS = ("initiated", "ringing", "answered", "completed")


def add(api: Api) -> None:
    api.add("GET", "/Calls.json", list_)
    api.add("POST", "/Calls.json", create)
    api.add("GET", "/Calls/{sid}.json", fetch)
    api.add("POST", "/Calls/{sid}.json", update)


def start_time(call: Call) -> datetime | None:
    """The answer; of a call that nobody answered (yet), the dialling; None before that."""
    return call.answered_at or (None if call.status is Status.QUEUED else call.created_at)


def render(call: Call) -> Json:
    """The resource, every field of the carrier's present."""
    exchange = call.exchange
    path = account_path(exchange, f"/Calls/{call.sid}")
    return {
        "sid": call.sid,
        "account_sid": exchange.account_sid,
        "parent_call_sid": call.parent_sid,
        "to": call.to,
        "to_formatted": call.to,
        "from": call.from_,
        "from_formatted": call.from_,
        "phone_number_sid": None,
        "status": "queued" if call.status is Status.INITIATED else call.status.value,
        "start_time": ids.rfc2822(start_time(call)),
        "end_time": ids.rfc2822(call.ended_at),
        "duration": None if call.duration is None else str(call.duration),
        "price": None,
        "price_unit": "USD",
        "direction": call.direction,
        "answered_by": None,
        "api_version": ids.API_VERSION,
        "forwarded_from": None,
        "group_sid": None,
        "caller_name": None,
        "queue_time": str(int(call.waited_seconds * 1000)),
        "trunk_sid": None,
        "annotation": None,
        "date_created": ids.rfc2822(call.created_at),
        "date_updated": ids.rfc2822(call.ended_at or call.answered_at or call.created_at),
        "uri": path + ".json",
        "subresource_uris": {"recordings": path + "/Recordings.json"},
    }


def find(exchange: Exchange, request: web.Request, part: str = "sid") -> Call:
    """The call that this part of the path names."""
    call = exchange.call(request.match_info[part])
    if call is None:
        raise not_found(request.path)
    return call


def check_address(to: str, code: int, field: str) -> str:
    """The address in the carrier's form, without the punctuation of people."""
    clean = to if to.startswith("client:") else "".join(c for c in to if c not in " -().")
    if ADDRESS.fullmatch(clean) is None:
        raise RestError(400, code, f"The '{field}' number {to} is not a valid phone number.")
    return clean


def with_parameters(to: str) -> tuple[str, dict[str, str]]:
    """``client:name?key=value`` in its parts: what is behind the ? is handed to the device."""
    if not to.startswith("client:"):
        return to, {}
    address, _, query = to.partition("?")
    return address, dict(parse_qsl(query))


def check_source(source: Source) -> Source:
    """Inline TwiML is checked when it is handed in, not when it is too late."""
    if isinstance(source, Inline):
        try:
            twiml.parse(source.twiml, SPECS, VERBS)
        except CarrierError as error:
            raise RestError(400, error.code, error.message) from error
    return source


async def create(exchange: Exchange, _request: web.Request, params: Params) -> web.Response:
    if not params.text("To"):
        raise RestError(400, 21201, "No 'To' number is specified")
    if not params.text("From"):
        raise RestError(400, 21213, "No 'From' number is specified")
    source = params.source()
    if source is None:
        raise RestError(400, 21205, "Url parameter is required.")
    to, parameters = with_parameters(params.text("To"))
    settings = Settings(
        parameters=parameters,
        callbacks=params.callbacks("StatusCallback", EVENTS, "completed"),
        fallback=params.request("FallbackUrl", "FallbackMethod"),
        ring_timeout=float(params.number("Timeout", 60, 1, 600)),
        time_limit=float(params.number("TimeLimit", 14400, 1, 86400)),
        send_digits=params.text("SendDigits"),
        record=params.wish("OutboundAPI") if params.flag("Record") else None,
    )
    call = exchange.dial_out(
        params.text("From"),
        check_address(to, 21211, "To"),
        check_source(source),
        settings,
    )
    return web.json_response(render(call), status=201)


async def fetch(exchange: Exchange, request: web.Request, _params: Params) -> web.Response:
    return web.json_response(render(find(exchange, request)))


async def list_(exchange: Exchange, request: web.Request, params: Params) -> web.Response:
    began, ended = Limits.parse(params, "StartTime"), Limits.parse(params, "EndTime")

    def wanted(call: Call) -> bool:
        given = {
            "Status": str(render(call)["status"]) if "Status" in params else "",
            "To": call.to,
            "From": call.from_,
            "ParentCallSid": call.parent_sid or "",
        }
        return matches(params, given) and began.hold(start_time(call)) and ended.hold(call.ended_at)

    return page(request, "calls", exchange.calls(), render, wanted)


async def update(exchange: Exchange, request: web.Request, params: Params) -> web.Response:
    call = find(exchange, request)
    status = params.text("Status")
    if status not in ("", "completed", "canceled"):
        raise invalid(f"Invalid Status {status!r}: completed or canceled")
    source = params.source()
    if call.ended:
        raise RestError(400, 21220, "Unable to update record. Call is not in-progress.")
    _settings(call, params)
    if status:
        _stop(call, status)
    elif source is not None:
        if not call.live:
            raise RestError(
                400, 21220, "Unable to update record. Call is not in-progress. Cannot redirect."
            )
        call.redirect(check_source(source))
    return web.json_response(render(call))


def _settings(call: Call, params: Params) -> None:
    if "FallbackUrl" in params:
        call.fallback = params.request("FallbackUrl", "FallbackMethod")
    callbacks = params.callbacks("StatusCallback", EVENTS, "completed")
    if callbacks is not None:
        if call.callbacks.subscription is None:
            call.callbacks = CallbackLine(
                call.exchange, callbacks, log=call.log_attempt, fault=call.fault
            )
        else:
            call.callbacks.subscription = replace(callbacks)


def _stop(call: Call, status: str) -> None:
    """completed ends any call; canceled only one that has not been answered."""
    if status == "completed" or not call.live:
        call.end(Status.CANCELED, f"REST: {status}")
