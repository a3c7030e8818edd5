"""Participants of a conference. Source: Twilio, "Conference Participant resource"."""

from __future__ import annotations

from aiohttp import web

from exchange import ids
from exchange.call import Settings
from exchange.conferences import WORDS, Conference, Options, Participant
from exchange.core import Exchange
from exchange.recordings import EVENTS as RECORDED
from exchange.recordings import Wish
from exchange.rest.base import (
    Api,
    Json,
    Params,
    RestError,
    account_path,
    invalid,
    matches,
    not_found,
    page,
)
from exchange.rest.calls import EVENTS, check_address, with_parameters
from exchange.rest.conferences import find as find_conference
from exchange.verbs.conference import RECORD
from exchange.verbs.recorded import NEVER
from exchange.webhook import Request


def add(api: Api) -> None:
    base = "/Conferences/{conference}/Participants"
    api.add("GET", base + ".json", list_)
    api.add("POST", base + ".json", create)
    api.add("GET", base + "/{sid}.json", fetch)
    api.add("POST", base + "/{sid}.json", update)
    api.add("DELETE", base + "/{sid}.json", delete)


def render(exchange: Exchange, participant: Participant) -> Json:
    conference, call, options = (
        participant.conference,
        participant.call,
        participant.options,
    )
    path = f"/Conferences/{conference.sid}/Participants/{call.sid}.json"
    return {
        "call_sid": call.sid,
        "label": options.label,
        "conference_sid": conference.sid,
        "account_sid": exchange.account_sid,
        "muted": options.muted,
        "hold": options.hold,
        "coaching": options.coaching,
        "call_sid_to_coach": options.call_sid_to_coach,
        "start_conference_on_enter": options.start_on_enter,
        "end_conference_on_exit": options.end_on_exit,
        "status": participant.status,
        "queue_time": None,
        "date_created": ids.rfc2822(participant.created_at),
        "date_updated": ids.rfc2822(participant.created_at),
        "uri": account_path(exchange, path),
    }


def _find(exchange: Exchange, request: web.Request) -> Participant:
    participant = find_conference(exchange, request).get(request.match_info["sid"])
    if participant is None:
        raise not_found(request.path)
    return participant


async def list_(exchange: Exchange, request: web.Request, params: Params) -> web.Response:
    def wanted(participant: Participant) -> bool:
        options = participant.options
        flags = {"Muted": options.muted, "Hold": options.hold, "Coaching": options.coaching}
        return matches(params, {name: str(value).lower() for name, value in flags.items()})

    conference = find_conference(exchange, request)
    return page(
        request,
        "participants",
        conference,
        lambda p: render(exchange, p),
        wanted,
        lambda p: p.call.sid,
    )


def _target(exchange: Exchange, name: str, path: str) -> Conference:
    """By SID a living conference; by name one that is made if there is none."""
    by_sid = exchange.conferences.get(name)
    if by_sid is None:
        return exchange.conferences.obtain(name)
    if by_sid.ended:
        raise not_found(path)
    return by_sid


async def create(exchange: Exchange, request: web.Request, params: Params) -> web.Response:
    for name in ("From", "To"):
        if not params.text(name):
            raise RestError(400, 21201, f"No '{name}' number is specified")
    to, parameters = with_parameters(params.text("To"))
    to = check_address(to, 21211, "To")
    name = request.match_info["conference"]
    options = _options(params, _coached(exchange.conferences.living(name), params))
    settings = Settings(
        parameters=parameters,
        callbacks=params.callbacks("StatusCallback", EVENTS, "completed"),
        ring_timeout=float(params.number("Timeout", 60, 5, 600)),
        time_limit=float(params.number("TimeLimit", 14400, 1, 86400)),
        record=params.wish("OutboundAPI") if params.flag("Record") else None,
    )
    conference = _target(exchange, name, request.path)
    if len(conference) >= options.max_participants:
        raise RestError(400, 20001, f"Conference {conference.name!r} is full")
    participant = exchange.invite(
        conference,
        params.text("CallerId") or params.text("From"),
        to,
        options,
        settings,
        early_media=params.flag("EarlyMedia", True),
    )
    return web.json_response(render(exchange, participant), status=201)


def _coached(conference: Conference | None, params: Params) -> str | None:
    """The call that is to be coached, if any: whoever names one coaches it, or says Coaching=false.

    It must be there to be whispered to (16028).
    """
    sid = params.text("CallSidToCoach")
    if not params.flag("Coaching", bool(sid)):
        return None
    if not sid:
        raise invalid("CallSidToCoach is required when Coaching is true")
    found = None if conference is None else conference.get(sid)
    if found is None or found.call.sid != sid or not found.joined:
        raise RestError(400, 16028, "Participant to be whispered is not present in the conference")
    return sid


def _options(params: Params, coached: str | None) -> Options:
    wait = params.request("WaitUrl", "WaitMethod")
    if wait is None and "WaitUrl" in params:
        wait = Request("")
    return Options(
        muted=params.flag("Muted"),
        coaching=coached is not None,
        call_sid_to_coach=coached,
        start_on_enter=params.flag("StartConferenceOnEnter", True),
        end_on_exit=params.flag("EndConferenceOnExit"),
        beep=params.text("Beep", "true"),
        label=params.text("Label") or None,
        wait=wait,
        max_participants=params.number("MaxParticipants", 250, 2, 250),
        callbacks=params.callbacks("ConferenceStatusCallback", WORDS, "start end"),
        record=_conference_record(params),
    )


def _conference_record(params: Params) -> Wish | None:
    given = params.text("ConferenceRecord", "do-not-record")
    if given not in RECORD:
        raise RestError(400, 20001, f"Invalid ConferenceRecord {given!r}: {', '.join(RECORD)}")
    if given in NEVER:
        return None
    callbacks = params.callbacks("ConferenceRecordingStatusCallback", RECORDED, "completed")
    return Wish("Conference", callbacks=callbacks)


async def fetch(exchange: Exchange, request: web.Request, _params: Params) -> web.Response:
    return web.json_response(render(exchange, _find(exchange, request)))


async def update(exchange: Exchange, request: web.Request, params: Params) -> web.Response:
    participant = _find(exchange, request)
    coached = _coached(participant.conference, params)
    if "EndConferenceOnExit" in params:
        participant.ends_it(params.flag("EndConferenceOnExit"))
    if "Muted" in params:
        participant.mute(params.flag("Muted"))
    if "Hold" in params:
        music = params.request("HoldUrl", "HoldMethod", "GET")
        participant.put_on_hold(params.flag("Hold"), music)
    if "Coaching" in params or "CallSidToCoach" in params:
        participant.coach(coached)
    announcement = params.request("AnnounceUrl", "AnnounceMethod")
    if announcement is not None:
        participant.announce(announcement)
    return web.json_response(render(exchange, participant))


async def delete(exchange: Exchange, request: web.Request, _params: Params) -> web.Response:
    participant = _find(exchange, request)
    participant.conference.leave(participant, "participant_removed_via_api", kicked=True)
    return web.Response(status=204)
