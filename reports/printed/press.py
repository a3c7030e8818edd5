"""From a document to a PDF: charts drawn by Vega, pages set by Typst."""

import hashlib
import json
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, TypedDict

from reports.charts import ACCENT, coloured
from reports.printed.document import THAI_NUMERALS, Document, in_thai

FONTS: Final = Path(__file__).parents[2] / "node_modules/@expo-google-fonts/sarabun"
TEMPLATE: Final = Path(__file__).with_name("report.typ")
#: The text of a chart on paper, and its lines.
_FRAME: Final[Mapping[str, Any]] = {
    "font": "Sarabun",
    "background": None,
    "view": {"stroke": None},
    "axis": {
        "labelFontSize": 10,
        "titleFontSize": 10,
        "titleFontWeight": "normal",
        "labelColor": "#1b2226",
        "titleColor": "#5b6770",
        "gridColor": "#e3e7ea",
        "domainColor": "#8a959c",
    },
    # its numbers stand out over the ends of a gradient, and would be cut
    "legend": {
        "labelFontSize": 10,
        "titleFontSize": 10,
        "titleFontWeight": "normal",
        "padding": 14,
        "offset": 4,
    },
    "text": {"fontSize": 10, "color": "#1b2226"},
}
_COLOURS: Final = {
    "@paper": "#f4f6f7",
    "@second": "#e0a030",
    "@third": "#7a5195",
    "@fourth": "#c8553d",
    "@fifth": "#4f7cac",
    "@sixth": "#9aa5ab",
}
#: The same as the pages load (package.json).
VEGA_LITE: Final = "6.4"
#: How a chart writes numbers, for d3-format.
_PLAIN: Final[dict[str, Any]] = {
    "decimal": ".",
    "thousands": ",",
    "grouping": [3],
    "currency": ["", ""],
}
#: Where words of a chart stand.
_WRITTEN: Final = frozenset({"values", "sort", "domain", "title"})
#: A tone mark and the vowel AM after it.
_AM: Final = re.compile("([\u0e48-\u0e4b]?)\u0e33")

#: In seconds; a report takes three.
PATIENCE: Final = 120
_ONE_AT_A_TIME: Final = threading.Lock()

Progress = Callable[[int, int], None]


class Own(TypedDict):
    """What a city has of its own: a picture (SVG, PNG, JPEG) for the cover, and its numerals."""

    seal: Path | None
    thai_numerals: bool


def in_silence(done: int, of: int) -> None:
    """Nobody asked how far it is."""


def pdf(
    document: Document,
    *,
    seal: Path | None = None,
    thai_numerals: bool = False,
    progress: Progress = in_silence,
) -> bytes:
    """The document as a PDF.

    `seal` is a picture (SVG, PNG, JPEG) for the cover. `progress` is told how much is done of how
    much. Raises RuntimeError when the typesetter finds a fault (one of ours), OSError when the seal
    is not there.
    """
    return _printed(_order(document, seal, thai_numerals), progress)


def pdf_apart(
    document: Document, *, seal: Path | None = None, thai_numerals: bool = False
) -> bytes:
    """The same from a process of its own: the drawing library brings an engine of over a hundred
    megabytes that never goes, which is too much for one that serves pages.

    Raises RuntimeError with what that process said when it failed.
    """
    order = json.dumps(_order(document, seal, thai_numerals)).encode()
    with _ONE_AT_A_TIME:
        done = subprocess.run(
            [sys.executable, "-m", __name__],
            input=order,
            capture_output=True,
            timeout=PATIENCE,
            check=False,
        )
    if done.returncode:
        raise RuntimeError(f"printing failed: {done.stderr.decode(errors='replace')[-2000:]}")
    return done.stdout


def mark(document: Document, *, seal: Path | None = None, thai_numerals: bool = False) -> str:
    """What is the same for as long as a PDF would say the same: a digest (SHA-256) of all that goes
    into it but the moment at which it is made. Raises OSError as `pdf` does.
    """
    order = _order(replace(document, made=""), None, thai_numerals)
    said = hashlib.sha256(json.dumps(order, sort_keys=True).encode())
    for file in (TEMPLATE, seal):
        said.update(b"" if file is None else file.read_bytes())
    return said.hexdigest()


def _order(document: Document, seal: Path | None, thai_numerals: bool) -> dict[str, Any]:
    return {
        "data": document.as_data(thai_numerals=thai_numerals),
        "charts": [chart.spec for chart in document.charts()],
        "thai_numerals": thai_numerals,
        "seal": None if seal is None else str(seal.resolve()),
    }


def _printed(order: Mapping[str, Any], progress: Progress) -> bytes:
    data, numerals = order["data"], order["thai_numerals"]
    of = len(order["charts"]) + 1
    with TemporaryDirectory(prefix="saidduan-report-") as name:
        folder = Path(name)
        for number, spec in enumerate(order["charts"]):
            drawn = draw(spec, accent=data["accent"], thai_numerals=numerals)
            (folder / f"chart-{number}.pdf").write_bytes(drawn)
            progress(number + 1, of)
        data = {**data, "thai_numerals": numerals, "seal": None}
        if order["seal"] is not None:
            seal = Path(order["seal"])
            data["seal"] = f"seal{seal.suffix.lower()}"
            shutil.copyfile(seal, folder / data["seal"])
        words = json.dumps(data, ensure_ascii=False)
        (folder / "document.json").write_text(words, encoding="utf-8")
        shutil.copyfile(TEMPLATE, folder / TEMPLATE.name)
        import typst

        made: bytes = typst.compile(
            folder / TEMPLATE.name,
            root=folder,
            font_paths=[_fonts()],
            ignore_system_fonts=True,
        )
        progress(of, of)
        return made


def draw(spec: Mapping[str, Any], *, accent: str, thai_numerals: bool = False) -> bytes:
    """A chart as a PDF of its own size."""
    import vl_convert  # here, and not where `pdf_apart` is asked

    vl_convert.register_font_directory(str(_fonts()))
    worded = with_thai_figures(spec) if thai_numerals else spec
    framed = {**coloured(worded, _COLOURS | {ACCENT: accent}), "config": _FRAME}
    locale = _PLAIN | ({"numerals": [*THAI_NUMERALS]} if thai_numerals else {})
    drawn: bytes = vl_convert.vegalite_to_pdf(
        _legible(framed), vl_version=VEGA_LITE, format_locale=locale
    )
    return drawn


def _fonts() -> Path:
    if not FONTS.is_dir():
        raise FileNotFoundError(f"{FONTS}: not there; `make run` brings it")
    return FONTS


def with_thai_figures(spec: Any) -> Any:
    """What is written in a chart with ๐ to ๙, colours and addresses as they are; the numbers that
    it draws are written so by its locale.
    """
    match spec:
        case Mapping():
            return {
                name: in_thai(each) if name in _WRITTEN else with_thai_figures(each)
                for name, each in spec.items()
            }
        case list() | tuple():
            return [with_thai_figures(each) for each in spec]
        case _:
            return spec


def _legible(value: Any) -> Any:
    """What the drawing library shapes rightly: it puts the vowel AM on top of the next letter, but
    not the two signs that it is made of.
    """
    match value:
        case str():
            return _AM.sub("\u0e4d\\1\u0e32", value)
        case Mapping():
            return {name: _legible(each) for name, each in value.items()}
        case list() | tuple():
            return [_legible(each) for each in value]
        case _:
            return value


if __name__ == "__main__":
    sys.stdout.buffer.write(_printed(json.load(sys.stdin.buffer), in_silence))
