"""Starts the exchange: ``python -m exchange --account-sid AC… --number 1337=URL …``."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from aiohttp import web

from exchange.app import is_loopback, make_app
from exchange.clock import Clock, RealClock, ScaledClock
from exchange.core import Config, Exchange
from exchange.stations import ADDRESS, Station, StationError

STOP_WITHIN = 2.0
"""Wall seconds that open event streams are given when the exchange stops."""


def parser() -> argparse.ArgumentParser:
    """The command line."""
    cli = argparse.ArgumentParser(prog="python -m exchange", description=__doc__)
    cli.add_argument("--host", default="127.0.0.1", help="address to listen on (127.0.0.1)")
    cli.add_argument("--port", type=int, default=8437, help="port to listen on (8437)")
    cli.add_argument("--expose", action="store_true", help="allow an address beyond loopback")
    cli.add_argument("--account-sid", required=True, metavar="AC…")
    cli.add_argument(
        "--auth-token-file", type=Path, help="or EXCHANGE_AUTH_TOKEN in the environment"
    )
    cli.add_argument(
        "--api-key-sid", default="", metavar="SK…", help="key of browser telephones' tokens (any)"
    )
    cli.add_argument(
        "--api-key-secret-file",
        type=Path,
        help="or EXCHANGE_API_KEY_SECRET in the environment (the auth token)",
    )
    cli.add_argument(
        "--number",
        action="append",
        required=True,
        metavar="NUMBER=VOICE_URL",
        help="a number that can be called; may be repeated",
    )
    cli.add_argument(
        "--number-sms",
        action="append",
        default=[],
        metavar="NUMBER=URL",
        help="asked when a text message comes to the number; may be repeated",
    )
    cli.add_argument("--voice-fallback-url", default="", metavar="URL")
    cli.add_argument("--status-callback", default="", metavar="URL")
    cli.add_argument(
        "--status-callback-event",
        action="append",
        choices=("initiated", "ringing", "answered", "completed"),
        help="for inbound calls; may be repeated (completed)",
    )
    cli.add_argument(
        "--clock",
        type=ScaledClock.parse,
        default=RealClock(),
        metavar="WALL:VIRTUAL:SPEED[:/FILE]",
        help="at unix time WALL show unix time VIRTUAL and run SPEED times as fast; FILE: seconds "
        "further ahead",
    )
    cli.add_argument("--stations", type=Path, help="JSON: {address: station}")
    cli.add_argument("--verbose", action="store_true", help="log every call")
    return cli


def numbers(given: Sequence[str], option: str = "--number") -> dict[str, str]:
    """NUMBER=URL pairs. Raises ValueError."""
    pairs = {}
    for text in given:
        number, _, url = text.partition("=")
        if ADDRESS.fullmatch(number) is None or not url.startswith(("http://", "https://")):
            raise ValueError(f"{option} {text!r}: NUMBER=http…")
        pairs[number] = url
    return pairs


def auth_token(options: argparse.Namespace, environ: Mapping[str, str]) -> str:
    """The account's token. Raises ValueError when there is none."""
    if options.auth_token_file is not None:
        token = str(options.auth_token_file.read_text().strip())
    else:
        token = environ.get("EXCHANGE_AUTH_TOKEN", "")
    if not token:
        raise ValueError("an auth token is needed: --auth-token-file or EXCHANGE_AUTH_TOKEN")
    return token


def api_key_secret(options: argparse.Namespace, environ: Mapping[str, str]) -> str:
    """What access tokens are signed with; "" when nothing was said: then it is the auth token."""
    if options.api_key_secret_file is not None:
        return str(options.api_key_secret_file.read_text().strip())
    return environ.get("EXCHANGE_API_KEY_SECRET", "")


def build(options: argparse.Namespace, environ: Mapping[str, str]) -> Exchange:
    """The exchange that the command line asks for. Raises ValueError, OSError."""
    if not options.expose and not is_loopback(options.host):
        raise ValueError(
            f"--host {options.host}: anybody could then call and listen; add --expose if meant"
        )
    called = numbers(options.number)
    messaging = numbers(options.number_sms, "--number-sms")
    strange = sorted(set(messaging) - set(called))
    if strange:
        raise ValueError(f"--number-sms {strange[0]}: give the number by --number too")
    config = Config(
        account_sid=options.account_sid,
        auth_token=auth_token(options, environ),
        api_key_sid=options.api_key_sid,
        api_key_secret=api_key_secret(options, environ),
        numbers=called,
        messaging=messaging,
        voice_fallback_url=options.voice_fallback_url,
        status_callback=options.status_callback,
        status_callback_events=frozenset(options.status_callback_event or ["completed"]),
        exposed=options.expose,
        base_url=f"http://{options.host}:{options.port}",
    )
    clock: Clock = options.clock
    exchange = Exchange(config, clock)
    if options.stations is not None:
        for address, station in json.loads(options.stations.read_text()).items():
            exchange.stations.put(address, Station.parse(station))
    return exchange


async def serve(exchange: Exchange, host: str, port: int) -> None:
    """Serves until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    runner = web.AppRunner(make_app(exchange), access_log=None, shutdown_timeout=STOP_WITHIN)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port, backlog=1024).start()
        dialled = ", ".join(exchange.config.numbers)
        sys.stdout.write(f"exchange ready at http://{host}:{port}/ for {dialled}\n")
        sys.stdout.flush()
        await stop.wait()
    finally:
        await runner.cleanup()


def main() -> int:
    """Returns the exit status."""
    options = parser().parse_args()
    level = logging.INFO if options.verbose else logging.WARNING
    logging.basicConfig(level=level, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    try:
        exchange = build(options, os.environ)
    except (ValueError, OSError, StationError) as error:
        sys.stderr.write(f"exchange: {error}\n")
        return 2
    try:
        asyncio.run(serve(exchange, options.host, options.port))
    except OSError as error:
        sys.stderr.write(f"exchange: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
