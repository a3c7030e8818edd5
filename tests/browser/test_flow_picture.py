"""The picture of the flow with the fonts of a real browser: no word leaves its box."""

from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from hotline.app import text_files
from hotline.city import CityConfig
from hotline.i18n import Texts
from ivr import drawing

#: Texts of boxes that end beyond their box's edges, or whose width was taken for less than it is.
WRONG = """() => {
  const boxes = [...document.querySelectorAll("rect.card")].map((each) => each.getBBox());
  return [...document.querySelectorAll("text")].filter((text) => {
    const { x, y, width, height } = text.getBBox();
    const box = boxes.find((each) => y > each.y && y + height < each.y + each.height + 4
      && x + width / 2 > each.x && x + width / 2 < each.x + each.width);
    return box && (x < box.x + 4 || x + width > box.x + box.width - 4);
  }).map((text) => text.textContent);
}"""

#: How wide each text is, in its own size.
WIDE = """() => Object.fromEntries([...document.querySelectorAll("text")].map((each) => {
  const size = parseFloat(getComputedStyle(each).fontSize);
  return [each.textContent, each.getComputedTextLength() / size];
}))"""
#: So much wider is a bold letter; `drawing` takes bold lines for larger ones.
BOLD = 1.1


@pytest.mark.parametrize("language", ["th", "en"])
def test_every_word_is_inside_its_box(
    shipped_config: CityConfig, chromium: Browser, tmp_path: Path, language: str
) -> None:
    config, t = shipped_config, partial(Texts.load(text_files()).get, language=language)
    file = tmp_path / "flow.svg"
    picture = drawing.svg(config.ivr, language, "title", t, config.city.calendars)
    file.write_text(picture, encoding="utf-8")
    page = chromium.new_page()
    page.goto(file.as_uri())
    assert page.locator("rect.card").count() == len(config.ivr.flow)
    assert page.evaluate(WRONG) == []
    narrow = {
        text: (found, drawing.width(text, 1))
        for text, found in page.evaluate(WIDE).items()
        if found > drawing.width(text, 1) * BOLD
    }
    assert narrow == {}, "wider than it was taken for"
    page.close()
