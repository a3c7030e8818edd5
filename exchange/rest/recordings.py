"""Recordings: start, pause, stop, fetch, list, delete, and the sound.

Source: Twilio, "Recording resource". The sound is given to whoever has its address, as at the
carrier (unless a password is sent: then it must be right).
"""

from __future__ import annotations

import asyncio

from aiohttp import web

from exchange import ids
from exchange.call import Call
from exchange.conferences import Conference
from exchange.core import Exchange
from exchange.recordings import PAUSES, Recording
from exchange.rest import calls, conferences
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

CURRENT = "Twilio.CURRENT"


def add(api: Api) -> None:
    api.add("GET", "/Recordings.json", list_)
    one = "/Recordings/{sid}.json"
    for prefix in ("", "/Calls/{call}", "/Conferences/{conference}"):
        api.add("GET", prefix + one, fetch)
        api.add("DELETE", prefix + one, delete)
    for prefix in ("/Calls/{call}", "/Conferences/{conference}"):
        api.add("GET", prefix + "/Recordings.json", list_)
        api.add("POST", prefix + one, update)
    api.add("POST", "/Calls/{call}/Recordings.json", create)
    api.add("GET", r"/Recordings/{sid:RE\w+}{extension:|\.wav|\.mp3}", sound, public=True)


def render(exchange: Exchange, recording: Recording) -> Json:
    wish, conference = recording.wish, recording.conference
    return {
        "sid": recording.sid,
        "account_sid": exchange.account_sid,
        "call_sid": recording.call.sid,
        "conference_sid": None if conference is None else conference.sid,
        "status": recording.status,
        "source": wish.source,
        "channels": wish.channels,
        "track": wish.track,
        "duration": None if recording.duration is None else str(recording.duration),
        "price": None,
        "price_unit": "USD",
        "error_code": None,
        "encryption_details": None,
        "api_version": ids.API_VERSION,
        "start_time": ids.rfc2822(recording.started_at),
        "date_created": ids.rfc2822(recording.started_at),
        "date_updated": ids.rfc2822(recording.updated_at),
        "media_url": recording.url,
        "uri": account_path(exchange, f"/Recordings/{recording.sid}.json"),
        "subresource_uris": {},
    }


def _parents(exchange: Exchange, request: web.Request) -> tuple[Call | None, Conference | None]:
    """The call or conference in whose path the request is. 404 when there is none."""
    found = request.match_info
    call = calls.find(exchange, request, "call") if "call" in found else None
    conference = conferences.find(exchange, request) if "conference" in found else None
    return call, conference


def _find(exchange: Exchange, request: web.Request) -> Recording:
    call, conference = _parents(exchange, request)
    if request.match_info["sid"] == CURRENT:
        live = exchange.recordings.of(call=call, conference=conference)
        recording = next(iter(live), None)
    else:
        recording = exchange.recordings.get(request.match_info["sid"])
    if recording is None or not _belongs(recording, call, conference):
        raise not_found(request.path)
    return recording


def _belongs(recording: Recording, call: Call | None, conference: Conference | None) -> bool:
    return (call is None or recording.call is call) and (
        conference is None or recording.conference is conference
    )


async def create(exchange: Exchange, request: web.Request, params: Params) -> web.Response:
    call = calls.find(exchange, request, "call")
    if not call.live:
        raise RestError(400, 21220, "Requested resource is not eligible for recording")
    recording = exchange.recordings.start(call, params.wish("StartCallRecordingAPI"))
    return web.json_response(render(exchange, recording), status=201)


async def update(exchange: Exchange, request: web.Request, params: Params) -> web.Response:
    recording = _find(exchange, request)
    status = params.text("Status")
    behavior = params.text("PauseBehavior", "silence")
    if status not in ("paused", "in-progress", "stopped"):
        raise invalid(f"Invalid Status {status!r}: paused, in-progress or stopped")
    if behavior not in PAUSES:
        raise invalid(f"Invalid PauseBehavior {behavior!r}: {' or '.join(PAUSES)}")
    if not recording.live:
        raise RestError(400, 21220, "Unable to update record. Recording is not in-progress.")
    if status == "paused":
        recording.pause(behavior)
    elif status == "in-progress":
        recording.resume()
    else:
        recording.stop()
    return web.json_response(render(exchange, recording))


async def fetch(exchange: Exchange, request: web.Request, _params: Params) -> web.Response:
    return web.json_response(render(exchange, _find(exchange, request)))


async def delete(exchange: Exchange, request: web.Request, _params: Params) -> web.Response:
    recording = _find(exchange, request)
    if recording.live:
        raise RestError(400, 21220, "A recording that goes on cannot be deleted: stop it first")
    exchange.recordings.delete(recording)
    return web.Response(status=204)


async def list_(exchange: Exchange, request: web.Request, params: Params) -> web.Response:
    call, conference = _parents(exchange, request)
    created = Limits.parse(params, "DateCreated")

    def wanted(recording: Recording) -> bool:
        given = {
            "CallSid": recording.call.sid,
            "ConferenceSid": recording.conference.sid if recording.conference else "",
        }
        return (
            _belongs(recording, call, conference)
            and matches(params, given)
            and created.hold(recording.started_at)
        )

    newest_first = reversed(list(exchange.recordings))
    return page(request, "recordings", newest_first, lambda r: render(exchange, r), wanted)


async def sound(exchange: Exchange, request: web.Request, _params: Params) -> web.Response:
    """The WAVE file, or the part of it that a player asks for by Range."""
    recording = exchange.recordings.get(request.match_info["sid"])
    if recording is None or recording.duration is None:
        raise not_found(request.path)
    if request.match_info["extension"] == ".mp3":
        message = "This exchange keeps sound as WAVE only: ask for the same address with .wav"
        raise RestError(404, 20404, message)
    data = await asyncio.to_thread(recording.sound)  # an hour takes some time
    headers = {"Accept-Ranges": "bytes", "Content-Type": "audio/x-wav"}
    try:
        start, stop, _ = request.http_range.indices(len(data))
    except ValueError:
        start, stop = 0, len(data)
    if (start, stop) == (0, len(data)):
        return web.Response(body=data, headers=headers)
    if start >= stop:
        headers["Content-Range"] = f"bytes */{len(data)}"
        return web.Response(status=416, headers=headers)
    headers["Content-Range"] = f"bytes {start}-{stop - 1}/{len(data)}"
    return web.Response(status=206, body=data[start:stop], headers=headers)
