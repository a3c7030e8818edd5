"""Recordings: fetch, list. Source: Twilio, "Recording resource"."""

from __future__ import annotations

from aiohttp import web

from exchange import ids
from exchange.core import Exchange
from exchange.recordings import Recording
from exchange.rest.base import (
    Api,
    Json,
    Params,
    account_path,
    matches,
    not_found,
    page,
    within,
)


def add(api: Api) -> None:
    api.add("GET", "/Recordings.json", list_)
    api.add("GET", "/Recordings/{sid}.json", fetch)
    api.add("GET", "/Calls/{call}/Recordings.json", list_)


def render(exchange: Exchange, recording: Recording) -> Json:
    return {
        "sid": recording.sid,
        "account_sid": exchange.account_sid,
        "call_sid": recording.call_sid,
        "conference_sid": None,
        "status": "completed",
        "source": "RecordVerb",
        "channels": 1,
        "duration": str(recording.duration),
        "price": None,
        "price_unit": "USD",
        "error_code": None,
        "encryption_details": None,
        "api_version": ids.API_VERSION,
        "start_time": ids.rfc2822(recording.made_at),
        "date_created": ids.rfc2822(recording.made_at),
        "date_updated": ids.rfc2822(recording.made_at),
        "media_url": recording.url,
        "uri": account_path(exchange, f"/Recordings/{recording.sid}.json"),
        "subresource_uris": {},
    }


async def fetch(exchange: Exchange, request: web.Request, _params: Params) -> web.Response:
    recording = exchange.recordings.get(request.match_info["sid"])
    if recording is None:
        raise not_found(request.path)
    return web.json_response(render(exchange, recording))


async def list_(exchange: Exchange, request: web.Request, params: Params) -> web.Response:
    call = request.match_info.get("call")

    def wanted(recording: Recording) -> bool:
        of_call = call is None or recording.call_sid == call
        given = {"CallSid": recording.call_sid}
        return (
            of_call and matches(params, given) and within(params, "DateCreated", recording.made_at)
        )

    newest_first = reversed(list(exchange.recordings))
    return page(request, "recordings", filter(wanted, newest_first), lambda r: render(exchange, r))
