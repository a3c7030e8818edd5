"""Queues and their members. Source: Twilio, "Queue resource", "Queue Member resource"."""

from __future__ import annotations

from aiohttp import web

from exchange import ids
from exchange.core import Exchange
from exchange.queues import DEFAULT_SIZE, LARGEST, NAME_LIMIT, Member, Queue
from exchange.rest.base import Api, Json, Params, RestError, account_path, not_found, page
from exchange.rest.calls import check_source


def add(api: Api) -> None:
    api.add("GET", "/Queues.json", list_)
    api.add("POST", "/Queues.json", create)
    api.add("GET", "/Queues/{queue}.json", fetch)
    api.add("POST", "/Queues/{queue}.json", update)
    api.add("DELETE", "/Queues/{queue}.json", delete)
    api.add("GET", "/Queues/{queue}/Members.json", members)
    api.add("GET", "/Queues/{queue}/Members/{sid}.json", fetch_member)
    api.add("POST", "/Queues/{queue}/Members/{sid}.json", update_member)


def render(exchange: Exchange, queue: Queue) -> Json:
    path = account_path(exchange, f"/Queues/{queue.sid}")
    return {
        "sid": queue.sid,
        "account_sid": exchange.account_sid,
        "friendly_name": queue.name,
        "current_size": len(queue),
        "max_size": queue.max_size,
        "average_wait_time": queue.average_wait,
        "date_created": ids.rfc2822(queue.created_at),
        "date_updated": ids.rfc2822(queue.updated_at),
        "uri": path + ".json",
        "subresource_uris": {"members": path + "/Members.json"},
    }


def render_member(exchange: Exchange, member: Member, position: int) -> Json:
    queue = member.queue
    return {
        "call_sid": member.call.sid,
        "queue_sid": queue.sid,
        "date_enqueued": ids.rfc2822(member.entered_at),
        "position": position,
        "wait_time": int(member.seconds),
        "uri": account_path(exchange, f"/Queues/{queue.sid}/Members/{member.call.sid}.json"),
    }


def _find(exchange: Exchange, request: web.Request) -> Queue:
    queue = exchange.queues.get(request.match_info["queue"])
    if queue is None:
        raise not_found(request.path)
    return queue


def _find_member(exchange: Exchange, request: web.Request) -> Member:
    queue, sid = _find(exchange, request), request.match_info["sid"]
    member = queue.front() if sid == "Front" else queue.get(sid)
    if member is None:
        raise not_found(request.path)
    return member


def _name(exchange: Exchange, params: Params) -> str:
    name = params.text("FriendlyName")
    if not 1 <= len(name) <= NAME_LIMIT:
        raise RestError(400, 20001, f"FriendlyName must have 1 to {NAME_LIMIT} characters")
    if exchange.queues.named(name) is not None:
        raise RestError(400, 22003, f"A queue named {name!r} already exists")
    return name


async def list_(exchange: Exchange, request: web.Request, _params: Params) -> web.Response:
    return page(request, "queues", exchange.queues, lambda queue: render(exchange, queue))


async def create(exchange: Exchange, _request: web.Request, params: Params) -> web.Response:
    size = params.number("MaxSize", DEFAULT_SIZE, 1, LARGEST)
    queue = exchange.queues.create(_name(exchange, params), size)
    return web.json_response(render(exchange, queue), status=201)


async def fetch(exchange: Exchange, request: web.Request, _params: Params) -> web.Response:
    return web.json_response(render(exchange, _find(exchange, request)))


async def update(exchange: Exchange, request: web.Request, params: Params) -> web.Response:
    queue = _find(exchange, request)
    size = params.number("MaxSize", queue.max_size, 1, LARGEST)
    if "FriendlyName" in params and params.text("FriendlyName") != queue.name:
        exchange.queues.rename(queue, _name(exchange, params))
    queue.max_size = size
    queue.updated_at = exchange.clock.now()
    return web.json_response(render(exchange, queue))


async def delete(exchange: Exchange, request: web.Request, _params: Params) -> web.Response:
    queue = _find(exchange, request)
    if len(queue):
        raise RestError(400, 22006, "A queue with members in it cannot be deleted")
    exchange.queues.delete(queue)
    return web.Response(status=204)


async def members(exchange: Exchange, request: web.Request, _params: Params) -> web.Response:
    numbered = enumerate(_find(exchange, request), 1)
    return page(
        request,
        "queue_members",
        numbered,
        lambda pair: render_member(exchange, pair[1], pair[0]),
        name=lambda pair: pair[1].call.sid,
    )


async def fetch_member(exchange: Exchange, request: web.Request, _params: Params) -> web.Response:
    member = _find_member(exchange, request)
    return web.json_response(render_member(exchange, member, member.position))


async def update_member(exchange: Exchange, request: web.Request, params: Params) -> web.Response:
    """Dequeues the caller, who goes on with the document at Url."""
    member = _find_member(exchange, request)
    source = params.request("Url", "Method")
    if source is None:
        raise RestError(400, 21205, "Url parameter is required.")
    body = render_member(exchange, member, member.position)
    member.call.redirect(check_source(source))
    return web.json_response(body)
