"""All that is known of somebody as they can take it away: JSON for programs, a page in Thai and one
in English for people, and a zip of both with the recordings.
"""

import io
import json
import zipfile
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader

from hotline import i18n
from hotline.config import READER_LANGUAGES
from hotline.floor import Floor
from hotline.privacy.service import Dossier

_MOMENTS = ("at", "since", "received", "closed", "ended", "until")


def as_json(dossier: Dossier) -> str:
    """The facts as JSON: rooms, in each lists of records; moments in ISO 8601, UTC."""
    whole = {
        "made_at": dossier.made_at.isoformat(),
        "of": {"number": dossier.subject.number, "person": dossier.subject.person},
        **dossier.rooms,
    }
    return json.dumps(whole, ensure_ascii=False, indent=2)


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
        label=lambda name: t(f"floor.privacy.{name}"),
        shown=lambda name, value: _shown(floor, language, name, value),
    )


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
    }
    key = places.get(name, "")
    return floor.texts.get(key, language) if key in floor.texts else str(value)


def as_zip(floor: Floor, dossier: Dossier) -> bytes:
    """All of it: `data.json`, `data.th.html`, `data.en.html`, and the recordings."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("data.json", as_json(dossier))
        for language in READER_LANGUAGES:
            archive.writestr(f"data.{language}.html", as_html(floor, dossier, language))
        for name, path in dossier.files.items():
            if path.is_file():
                archive.write(path, name)
    return made.getvalue()


def write(floor: Floor, dossier: Dossier, path: Path) -> None:
    """Write it in the form that the file's name asks for: .json, .html (Thai) or .zip. Only its
    owner may read the file.
    """
    if path.suffix == ".json":
        content = as_json(dossier).encode()
    elif path.suffix == ".html":
        content = as_html(floor, dossier, "th").encode()
    else:
        content = as_zip(floor, dossier)
    path.touch(mode=0o600)
    path.write_bytes(content)
