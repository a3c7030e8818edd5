"""The `field:` part of config.yaml's section of tickets."""

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from hotline.config import Section


def _leads_to_a_place(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname or "{" in parts.netloc:
        raise ValueError("is no address such as https://maps.example/to?at={latitude},{longitude}")
    if any(each not in url for each in ("{latitude}", "{longitude}")):
        raise ValueError("names no {latitude} and {longitude}")
    if url.count("{") != 2 or any(char in url for char in " <>\"'\\"):
        raise ValueError("has a character that no address has")
    return url


class FieldPage(Section):
    """What crews have on their telephones."""

    #: A page that leads to a place by road; None: the telephone's own maps alone (`geo:`).
    navigation: Annotated[str, AfterValidator(_leads_to_a_place)] | None = None
    #: While a crew is on its way its telephone tells so often where it is; 0: never.
    position_seconds: Annotated[int, Field(ge=0, le=3600)] = 30
    #: Who is on a unit and on no way tells it now and then while the page is open: the nearest free
    #: unit is known by that; 0: never.
    standing_position_minutes: Annotated[int, Field(ge=0, le=120)] = 5
    #: A photo is made so large before it is sent, in pixels of its longer side, and so good (1 to
    #: 100): a bad line carries it then.
    photo_side: Annotated[int, Field(ge=640, le=4096)] = 1600
    photo_quality: Annotated[int, Field(ge=30, le=95)] = 80
    #: So long a telephone may come back with what it has kept, without anything being done twice.
    keep_keys_days: Annotated[int, Field(ge=7, le=366)] = 60
