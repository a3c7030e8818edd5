"""The `places:` part of config.yaml's section of tickets."""

from functools import cache
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from hotline.config import Section
from hotline.errors import Fault
from tickets.places.areas import Areas, read

#: Where the file that ships lies.
HERE: Final = Path(__file__).parent


def _template(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname or "{" in parts.netloc:
        raise ValueError("is no address of one host, such as https://tiles.example/{z}/{x}/{y}.png")
    if not all(each in url for each in ("{z}", "{x}", "{y}")):
        raise ValueError("names no {z}, {x} and {y}")
    if any(char in url for char in " ;,'\"\\"):
        raise ValueError("has a character that no address has")
    return url


class Tiles(Section):
    """Pictures of streets under the map; without them it is drawn from the areas alone."""

    url: Annotated[str, AfterValidator(_template)]
    #: Whose they are, as their licence wants it to be said.
    attribution: Annotated[str, Field(min_length=1, max_length=200)]
    max_zoom: Annotated[int, Field(ge=10, le=22)] = 19

    @property
    def site(self) -> str:
        """The one host that pages may load pictures from."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}"


class Places(Section):
    """Where matters are."""

    #: GeoJSON: beside config.yaml, else one of those that ship. None: no areas, no map.
    areas: str | None = None
    tiles: Tiles | None = None

    def file(self, folder: Path | None) -> Path | None:
        """Return the file of areas, or None where there is none of that name."""
        if self.areas is None:
            return None
        sought = [folder / self.areas] if folder else []
        return next((each for each in [*sought, HERE / self.areas] if each.is_file()), None)

    def load(self, folder: Path | None) -> tuple[Areas, list[Fault]]:
        """Return the areas, and what is wrong with them: paths begin with `areas`."""
        if self.areas is None:
            return Areas(), []
        path = self.file(folder)
        if path is None:
            return Areas(), [Fault("areas", f"there is no file {self.areas}")]
        try:
            areas, faults = _read(path, path.stat().st_mtime_ns)
        except (OSError, UnicodeDecodeError) as error:
            return Areas(), [Fault("areas", f"{self.areas} cannot be read: {error}")]
        told = [Fault(f"areas ({self.areas}).{each.path}", each.message) for each in faults]
        return areas, told


@cache
def _read(path: Path, _changed: int) -> tuple[Areas, list[Fault]]:
    return read(path.read_text(encoding="utf-8"))
