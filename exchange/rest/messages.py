"""Messages: create, fetch, list. Source: Twilio, "Message resource"."""

from __future__ import annotations

from aiohttp import web

from exchange import ids
from exchange.callbacks import Subscription
from exchange.core import Exchange
from exchange.messages import LONGEST, STEPS, Message
from exchange.rest.base import (
    Api,
    Json,
    Limits,
    Params,
    RestError,
    account_path,
    matches,
    not_found,
    page,
)
from exchange.rest.calls import check_address


def add(api: Api) -> None:
    api.add("GET", "/Messages.json", list_)
    api.add("POST", "/Messages.json", create)
    api.add("GET", "/Messages/{sid}.json", fetch)


def render(exchange: Exchange, message: Message) -> Json:
    path = account_path(exchange, f"/Messages/{message.sid}")
    return {
        "sid": message.sid,
        "account_sid": exchange.account_sid,
        "messaging_service_sid": None,
        "from": message.from_,
        "to": message.to,
        "body": message.body,
        "status": message.status,
        "direction": message.direction,
        "num_segments": str(message.segments),
        "num_media": "0",
        "price": None,
        "price_unit": "USD",
        "error_code": None,
        "error_message": None,
        "api_version": ids.API_VERSION,
        "date_created": ids.rfc2822(message.created_at),
        "date_updated": ids.rfc2822(message.updated_at),
        "date_sent": ids.rfc2822(message.sent_at),
        "uri": path + ".json",
        "subresource_uris": {"media": path + "/Media.json"},
    }


async def create(exchange: Exchange, _request: web.Request, params: Params) -> web.Response:
    if not params.text("To"):
        raise RestError(400, 21604, "A 'To' phone number is required.")
    if not params.text("From"):
        raise RestError(400, 21603, "A 'From' phone number is required.")
    if not params.text("Body"):
        raise RestError(400, 21602, "Message body is required.")
    if len(params.text("Body")) > LONGEST:
        raise RestError(400, 21617, f"The concatenated message body exceeds {LONGEST} characters.")
    callback = params.url("StatusCallback")
    events = frozenset(name for name, _ in STEPS)
    message = exchange.messages.send(
        params.text("From"),
        check_address(params.text("To"), 21211, "To"),
        params.text("Body"),
        Subscription(callback, "POST", events) if callback else None,
    )
    return web.json_response(render(exchange, message), status=201)


async def fetch(exchange: Exchange, request: web.Request, _params: Params) -> web.Response:
    message = exchange.messages.get(request.match_info["sid"])
    if message is None:
        raise not_found(request.path)
    return web.json_response(render(exchange, message))


async def list_(exchange: Exchange, request: web.Request, params: Params) -> web.Response:
    sent = Limits.parse(params, "DateSent")

    def wanted(message: Message) -> bool:
        given = {"To": message.to, "From": message.from_}
        return matches(params, given) and sent.hold(message.sent_at)

    newest_first = reversed(list(exchange.messages))
    return page(request, "messages", newest_first, lambda m: render(exchange, m), wanted)
