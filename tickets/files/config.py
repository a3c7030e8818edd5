"""The `files:` part of the `tickets:` section of config.yaml."""

from typing import Annotated

from pydantic import Field

from hotline.config import Section
from tickets.files.rules import Type

Megabytes = Annotated[float, Field(gt=0, le=100)]
MEGABYTE = 1_000_000


class FromCitizens(Section):
    """What citizens may send for their ticket, besides the limits of all."""

    files_a_day: Annotated[int, Field(ge=0, le=100)] = 6
    file_megabytes: Megabytes = 10


class Files(Section):
    """What files tickets may have."""

    accept: tuple[Type, ...] = tuple(Type)
    file_megabytes: Megabytes = 15
    #: So many in one form; a ticket may have more.
    at_once: Annotated[int, Field(ge=1, le=50)] = 10
    ticket_files: Annotated[int, Field(ge=1, le=1000)] = 60
    ticket_megabytes: Annotated[float, Field(gt=0, le=10_000)] = 200
    #: A picture with more is refused before it is decoded.
    megapixels: Annotated[float, Field(gt=0, le=100)] = 64
    #: A larger picture is kept so large, in pixels.
    longest_side: Annotated[int, Field(ge=640, le=10_000)] = 2560
    citizens: FromCitizens = FromCitizens()
