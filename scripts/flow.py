"""Draws the shipped flow for the documentation: docs/pictures/flow.svg, and the lines in
docs/flow.md. A test holds both to config.yaml.
"""

import re
from functools import partial
from pathlib import Path

from hotline import city
from hotline.app import text_files
from hotline.i18n import Texts
from ivr import drawing, picture

ROOT = Path(__file__).resolve().parents[1]
PAGE, PICTURE = ROOT / "docs" / "flow.md", ROOT / "docs" / "pictures" / "flow.svg"
PART = re.compile(r"(<!-- generated from [^\n]*-->\n).*?(<!-- end of generated -->)", re.DOTALL)
LANGUAGE = "en"


def drawn() -> dict[Path, str]:
    """What the two files hold when they are right."""
    config = city.load(ROOT / "config.yaml")
    t = partial(Texts.load(text_files()).get, language=LANGUAGE)
    title = t("ivr.flow.title", hotline=config.city.hotline_name.for_(LANGUAGE))
    lines = f"```\n{picture.text(config.ivr, LANGUAGE, t, config.city.calendars).rstrip()}\n```\n"
    page = PAGE.read_text(encoding="utf-8")
    return {
        PICTURE: drawing.svg(config.ivr, LANGUAGE, title, t, config.city.calendars),
        PAGE: PART.sub(lambda found: found[1] + lines + found[2], page),
    }


if __name__ == "__main__":
    for path, content in drawn().items():
        path.write_text(content, encoding="utf-8")
        print(path.relative_to(ROOT))
