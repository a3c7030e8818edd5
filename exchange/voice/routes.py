"""What a page with a browser telephone loads from here, whatever site the page is of.

| path | |
|---|---|
| `/voice/local.js` | what the SDK must be told so that this exchange is its carrier |
| `/voice/sounds/{name}.wav` | each sound that the SDK plays |
| `/voice/stand-in/{client}` | JSON, `answers`: whether it answers for a client by itself |

The SDK itself is the page's own affair, as it is with the carrier.
"""

from __future__ import annotations

from pathlib import Path

from aiohttp import web

from exchange.core import Exchange
from exchange.stations import CLIENT
from exchange.voice import tones

PREFIX = "/voice/"
LOCAL = Path(__file__).parent / "local.js"
SHARED = {
    "Access-Control-Allow-Origin": "*",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Cache-Control": "no-cache",
}


def add_routes(app: web.Application, exchange: Exchange) -> None:
    """Adds the files, and what a page without a microphone asks."""

    async def stand_in(request: web.Request) -> web.StreamResponse:
        address = CLIENT + request.match_info["client"]
        return web.json_response({"answers": exchange.stations.stands_in(address)}, headers=SHARED)

    app.router.add_route("GET", PREFIX + "stand-in/{client}", stand_in)
    app.router.add_route("GET", PREFIX + "local.js", local)
    app.router.add_route("GET", PREFIX + "sounds/{name}.wav", sound)


async def local(_request: web.Request) -> web.StreamResponse:
    return web.FileResponse(LOCAL, headers=SHARED)


async def sound(request: web.Request) -> web.StreamResponse:
    data = tones.device_sounds().get(request.match_info["name"])
    if data is None:
        raise web.HTTPNotFound(text="the SDK has no sound of that name", headers=SHARED)
    return web.Response(body=data, content_type="audio/wav", headers=SHARED)
