"""The REST API, as the `twilio` library drives it: one module a resource."""

from __future__ import annotations

from aiohttp import web

from exchange.core import Exchange
from exchange.rest import calls, conferences, messages, participants, queues, recordings
from exchange.rest.base import Api


def add_routes(app: web.Application, exchange: Exchange) -> None:
    """Adds every resource of the account to the application."""
    api = Api(exchange, app.router)
    for module in (calls, queues, conferences, participants, messages, recordings):
        module.add(api)
