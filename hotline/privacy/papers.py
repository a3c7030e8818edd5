"""All that is known of somebody as they can take it away: JSON for programs, a page in Thai and one
in English for people, and a zip of both with the recordings and photos.
"""

import io
import json
import logging
import zipfile
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader

from hotline import i18n
from hotline.config import READER_LANGUAGES
from hotline.errors import NotFound
from hotline.floor import Floor
from hotline.privacy.service import Dossier

log = logging.getLogger(__name__)
_MOMENTS = ("at", "since", "received", "closed", "ended", "until", "taken")


def as_json(floor: Floor, dossier: Dossier) -> str:
    """The facts as JSON: rooms, in each lists of records; moments in ISO 8601, UTC; `kept`, in each
    language of readers, what is not in it or stays whatever is asked for.
    """
    whole = {
        "made_at": dossier.made_at.isoformat(),
        "of": {"number": dossier.subject.number, "person": dossier.subject.person},
        **dossier.rooms,
        "kept": {language: _kept(floor, dossier, language) for language in READER_LANGUAGES},
    }
    return json.dumps(whole, ensure_ascii=False, indent=2)


def _kept(floor: Floor, dossier: Dossier, language: str) -> list[str]:
    return [floor.texts.get(key, language, **values) for key, values in dossier.kept]


def as_html(floor: Floor, dossier: Dossier, language: str) -> str:
    """The same as a page by itself, which needs nothing from anywhere."""
    page = Environment(
        loader=PackageLoader("hotline.privacy"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    ).get_template("dossier.html")

    def t(key: str, **values: Any) -> str:
        return floor.texts.get(key, language, **values)

    return page.render(
        t=t,
        language=language,
        dossier=dossier,
        city=floor.city,
        made_at=i18n.moment(dossier.made_at, language, floor.city.zone),
        kept=_kept(floor, dossier, language),
        label=lambda name: t(f"floor.privacy.{name}"),
        shown=lambda name, value: _shown(floor, language, name, value),
        happened=lambda room, kind: _happened(floor, language, room, kind),
        hotline=_hotline(floor, language),
    )


def _hotline(floor: Floor, language: str) -> str:
    """What the hotline is called, with its number, which many have in their name."""
    name, number = floor.city.hotline_name.for_(language), floor.city.number
    return name if number in name else f"{name} {number}"


def _happened(floor: Floor, language: str, room: str, kind: str) -> str:
    """What an event of a story was, as its room says it; one that is named nowhere as it is."""
    key = {"tickets": f"tickets.export.{kind}", "ivr": f"ivr.export.{kind}"}.get(room, "")
    return floor.texts.get(key, language) if key in floor.texts else kind


def _shown(floor: Floor, language: str, name: str, value: Any) -> str:
    if value is None or value == "":
        return i18n.EMPTY
    if isinstance(value, Mapping):
        return str(value.get(language) or value.get("en", ""))
    if isinstance(value, list):
        return ", ".join(str(each) for each in value)
    if name in _MOMENTS and isinstance(value, str):
        return i18n.moment(datetime.fromisoformat(value), language, floor.city.zone)
    if name == "language":
        return i18n.language_name(str(value), language)
    return _in_words(floor, language, name, value)


def _in_words(floor: Floor, language: str, name: str, value: Any) -> str:
    """A value that is a name of ours, as the texts say it; any other as it is."""
    places = {
        "state": f"tickets.state.{value}",
        "kind": f"tickets.kind.{value}",
        "result": f"tickets.result.{value}",
        "what": f"floor.privacy.what.{value}",
        "consent": f"floor.privacy.consent.{value}",
        "how": f"floor.privacy.how.{value}",
        "wanted": f"floor.privacy.wanted.{value}",
    }
    key = places.get(name, "")
    return floor.texts.get(key, language) if key in floor.texts else str(value)


def as_zip(floor: Floor, dossier: Dossier) -> bytes:
    """All of it: `data.json`, `data.th.html`, `data.en.html`, the recordings and the photos.

    Raises what reading a file raises that is not there now, and may be later.
    """
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("data.json", as_json(floor, dossier))
        for language in READER_LANGUAGES:
            archive.writestr(f"data.{language}.html", as_html(floor, dossier, language))
        for name, content in _files(dossier):
            archive.writestr(name, content)
    return made.getvalue()


def _files(dossier: Dossier) -> Iterator[tuple[str, bytes]]:
    """The files whose bytes are there; what was deleted meanwhile is none."""
    for name, file in dossier.files.items():
        if isinstance(file, Path):
            if file.is_file():
                yield name, file.read_bytes()
            continue
        try:
            yield name, file()
        except NotFound:
            log.warning("%s is not there, and so not in what somebody asked for", name)


def write(floor: Floor, dossier: Dossier, path: Path) -> Path | None:
    """Write it in the form that the file's name asks for: .json, .html (Thai) or .zip. With the
    first two its files come into a folder beside it, which is returned if there are any. Only
    their owner may read them.
    """
    if path.suffix == ".zip":
        _write(path, as_zip(floor, dossier))
        return None
    of_json = path.suffix == ".json"
    _write(path, (as_json(floor, dossier) if of_json else as_html(floor, dossier, "th")).encode())
    folder, any_file = path.with_suffix(""), False
    for name, content in _files(dossier):
        there = folder / name
        there.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
        _write(there, content)
        any_file = True
    return folder if any_file else None


def _write(path: Path, content: bytes) -> None:
    path.touch(mode=0o600)
    path.write_bytes(content)
