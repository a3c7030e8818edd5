"""The exchange as an HTTP application: REST for the carrier's customer, handsets for the world."""

from __future__ import annotations

from aiohttp import web

from exchange import handset, rest
from exchange.core import Exchange

EXCHANGE: web.AppKey[Exchange] = web.AppKey("exchange", Exchange)


def make_app(exchange: Exchange) -> web.Application:
    """The application; when it shuts down, every call is ended."""
    app = web.Application(client_max_size=1024 * 1024)
    app[EXCHANGE] = exchange
    app.router.add_route("GET", "/health", health)
    rest.add_routes(app, exchange)
    handset.add_routes(app, exchange)
    app.on_shutdown.append(_close)  # before open streams are waited for: calls that end, end them
    return app


async def health(request: web.Request) -> web.Response:
    """200 while the exchange works, with how much it has to do."""
    exchange = request.app[EXCHANGE]
    return web.json_response({"status": "ok", "live": exchange.live, "tasks": exchange.tasks})


async def _close(app: web.Application) -> None:
    await app[EXCHANGE].close()
