"""What a command needs that is used beside a `hotline run`: its settings, from its data folder.

`hotline run` tells its processes by their environment where the carrier, the database and Redis
are. A command typed in another shell has none of that: what is not set there is read from the
folder. On servers everything is set, and nothing here adds to it.
"""

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from hotline import ports


def environment(given: Mapping[str, str], data: Path, *, exchange_port: int) -> dict[str, str]:
    """The environment `given`, completed by what `hotline run` keeps in `data` when no carrier is
    set: then it is the local exchange of that hotline.
    """
    if given.get("CARRIER_ACCOUNT_SID"):
        return dict(given)
    exchange = ports.url(ports.LOOPBACK, exchange_port)
    found = {
        "CARRIER_ACCOUNT_SID": _secret(data, "carrier-account-sid"),
        "CARRIER_AUTH_TOKEN": _secret(data, "carrier-auth-token"),
        "SECRET_KEY": _secret(data, "secret-key"),
        "CARRIER_BASE_URL": exchange,
        # a command answers no webhook, but the effects it posts name the address of one
        "PUBLIC_URL": ports.url(ports.LOOPBACK, 8000),
        "REDIS_URL": f"unix://{quote(str(data.absolute() / 'redis' / 'socket'))}",
    }
    missing = {
        name: value
        for name, value in found.items()
        if value and not (given.get(name) or given.get(f"{name}_FILE"))
    }
    return {**given, **missing}


def _secret(data: Path, name: str) -> str:
    """A secret of the folder; empty when it was never made."""
    file = data / "secrets" / name
    return file.read_text(encoding="utf-8") if file.exists() else ""
