"""From a document to a PDF: charts drawn by Vega, pages set by Typst."""

import json
import re
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import typst
import vl_convert

from reports.charts import ACCENT, coloured
from reports.printed.document import THAI_NUMERALS, Document

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
    "legend": {"labelFontSize": 10, "titleFontSize": 10, "titleFontWeight": "normal"},
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
#: A tone mark and the vowel AM after it.
_AM: Final = re.compile("([\u0e48-\u0e4b]?)\u0e33")

Progress = Callable[[int, int], None]


def _in_silence(done: int, of: int) -> None:
    """Nobody asked how far it is."""


def pdf(
    document: Document,
    *,
    seal: Path | None = None,
    thai_numerals: bool = False,
    progress: Progress = _in_silence,
) -> bytes:
    """The document as a PDF.

    `seal` is a picture (SVG, PNG, JPEG) for the cover. `progress` is told how much is done of how
    much. Raises RuntimeError when the typesetter finds a fault (one of ours), OSError when the seal
    is not there.
    """
    charts = list(document.charts())
    of = len(charts) + 1
    with TemporaryDirectory(prefix="saidduan-report-") as name:
        folder = Path(name)
        for number, chart in enumerate(charts):
            drawn = draw(chart.spec, accent=document.accent, thai_numerals=thai_numerals)
            (folder / f"chart-{number}.pdf").write_bytes(drawn)
            progress(number + 1, of)
        data = document.as_data(thai_numerals=thai_numerals)
        data |= {"thai_numerals": thai_numerals, "seal": None}
        if seal is not None:
            data["seal"] = f"seal{seal.suffix.lower()}"
            shutil.copyfile(seal, folder / data["seal"])
        words = json.dumps(data, ensure_ascii=False)
        (folder / "document.json").write_text(words, encoding="utf-8")
        shutil.copyfile(TEMPLATE, folder / TEMPLATE.name)
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
    vl_convert.register_font_directory(str(_fonts()))
    framed = {**coloured(spec, _COLOURS | {ACCENT: accent}), "config": _FRAME}
    locale = _PLAIN | ({"numerals": [*THAI_NUMERALS]} if thai_numerals else {})
    drawn: bytes = vl_convert.vegalite_to_pdf(
        _legible(framed), vl_version=VEGA_LITE, format_locale=locale
    )
    return drawn


def _fonts() -> Path:
    if not FONTS.is_dir():
        raise FileNotFoundError(f"{FONTS}: not there; `make run` brings it")
    return FONTS


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
