"""The part `open_data:` of config.yaml's section `reports:`."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from hotline.config import Identifier, LocalText, Section

Url = Annotated[str, StringConstraints(pattern=r"^https?://\S+$", max_length=500)]


class Licence(Section):
    """Under which terms it may be used."""

    #: As the Open Definition writes it: CC-BY-4.0.
    name: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=60)]
    title: LocalText
    path: Url | None = None


class Source(Section):
    """Where it comes from."""

    title: LocalText
    path: Url | None = None


class OpenData(Section):
    """What is told to everybody, and how coarsely."""

    #: Of the package, in addresses.
    name: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]*$", max_length=60)] = (
        "hotline"
    )
    licence: Licence | None = None
    sources: tuple[Source, ...] = ()
    #: What fewer than so many have in common is not told.
    least: Annotated[int, Field(ge=2, le=1000)] = 5
    #: How exactly the day is told on which a matter came in.
    dates: Literal["month", "day"] = "month"
    #: How exactly it is told where it is: nowhere, the sub-district, or a square as well.
    position: Literal["none", "area", "grid"] = "area"
    #: The side of that square in metres.
    grid_metres: Annotated[int, Field(ge=100, le=20_000)] = 1000
    #: Categories of which no single matter is told, besides the private ones.
    without: tuple[Identifier, ...] = ()
