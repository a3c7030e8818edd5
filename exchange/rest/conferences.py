"""Conferences: fetch, list, update. Source: Twilio, "Conference resource"."""

from __future__ import annotations

from aiohttp import web

from exchange import ids
from exchange.conferences import Conference
from exchange.core import Exchange
from exchange.rest.base import (
    Api,
    Json,
    Limits,
    Params,
    account_path,
    invalid,
    matches,
    not_found,
    page,
)


def add(api: Api) -> None:
    api.add("GET", "/Conferences.json", list_)
    api.add("GET", "/Conferences/{conference}.json", fetch)
    api.add("POST", "/Conferences/{conference}.json", update)


def render(exchange: Exchange, conference: Conference) -> Json:
    path = account_path(exchange, f"/Conferences/{conference.sid}")
    return {
        "sid": conference.sid,
        "account_sid": exchange.account_sid,
        "friendly_name": conference.name,
        "status": conference.status,
        "region": "local",
        "api_version": ids.API_VERSION,
        "date_created": ids.rfc2822(conference.created_at),
        "date_updated": ids.rfc2822(conference.updated_at),
        "reason_conference_ended": conference.ended_because,
        "call_sid_ending_conference": conference.ended_by,
        "uri": path + ".json",
        "subresource_uris": {
            "participants": path + "/Participants.json",
            "recordings": path + "/Recordings.json",
        },
    }


def find(exchange: Exchange, request: web.Request) -> Conference:
    conference = exchange.conferences.get(request.match_info["conference"])
    if conference is None:
        raise not_found(request.path)
    return conference


async def list_(exchange: Exchange, request: web.Request, params: Params) -> web.Response:
    created = Limits.parse(params, "DateCreated")
    updated = Limits.parse(params, "DateUpdated")

    def wanted(conference: Conference) -> bool:
        given = {"Status": conference.status, "FriendlyName": conference.name}
        return (
            matches(params, given)
            and created.hold(conference.created_at)
            and updated.hold(conference.updated_at)
        )

    newest_first = reversed(list(exchange.conferences))
    return page(request, "conferences", newest_first, lambda c: render(exchange, c), wanted)


async def fetch(exchange: Exchange, request: web.Request, _params: Params) -> web.Response:
    return web.json_response(render(exchange, find(exchange, request)))


async def update(exchange: Exchange, request: web.Request, params: Params) -> web.Response:
    conference = find(exchange, request)
    status = params.text("Status")
    if status not in ("", "completed"):
        raise invalid(f"Invalid Status {status!r}: completed")
    announcement = params.request("AnnounceUrl", "AnnounceMethod")
    if announcement is not None:
        for participant in conference:
            participant.announce(announcement)
    if status:
        conference.end("conference-ended-via-api")
    return web.json_response(render(exchange, conference))
