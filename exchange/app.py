"""The exchange as an HTTP application: REST for the carrier's customer, handsets for the world."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler

from exchange import handset, rest
from exchange.core import Exchange
from exchange.voice import routes, signal

EXCHANGE: web.AppKey[Exchange] = web.AppKey("exchange", Exchange)


def make_app(exchange: Exchange) -> web.Application:
    """The application; when it shuts down, every call is ended."""
    app = web.Application(client_max_size=1024 * 1024, middlewares=[_own_pages_only])
    app[EXCHANGE] = exchange
    app.router.add_route("GET", "/health", health)
    rest.add_routes(app, exchange)
    handset.add_routes(app, exchange)
    routes.add_routes(app, exchange)
    app.on_shutdown.append(_close)  # before open streams are waited for: calls that end, end them
    signal.add_routes(app, exchange)
    app.on_cleanup.append(_close)  # and after the last request: it may have begun another call
    return app


@web.middleware
async def _own_pages_only(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Keeps web pages from elsewhere off the telephones.

    The handset API asks for no password, and a browser on this machine would let any page reach
    it: by a plain form (so a foreign Origin is refused), or by a name that is made to point at
    127.0.0.1 (so a foreign Host is, unless the exchange was exposed on purpose). What the
    application's own pages need is excepted: the browser telephones' line, which wants a token,
    and the files for them.
    """
    origin = request.headers.get("Origin")
    for_all = request.path == signal.PATH or request.path.startswith(routes.PREFIX)
    if origin is not None and urlsplit(origin).netloc != request.host and not for_all:
        raise web.HTTPForbidden(text="another site's page may not use this telephone")
    exposed = request.app[EXCHANGE].config.exposed
    if not exposed and not is_loopback(urlsplit(f"//{request.host}").hostname or ""):
        raise web.HTTPForbidden(text="this exchange answers to loopback names only")
    return await handler(request)


def is_loopback(host: str) -> bool:
    """Whether only this machine can be meant."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


async def health(request: web.Request) -> web.Response:
    """200 while the exchange works, with how much it has to do."""
    exchange = request.app[EXCHANGE]
    return web.json_response({"status": "ok", "live": exchange.live, "tasks": exchange.tasks})


async def _close(app: web.Application) -> None:
    await app[EXCHANGE].close()
