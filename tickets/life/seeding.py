"""The words that a city begins with, from a file: where nobody has prepared any."""

from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa

from hotline import clock
from hotline.config import load_yaml
from hotline.floor import Floor
from tickets.config import Tickets
from tickets.facts import Actor
from tickets.life import templates
from tickets.life.templates import TemplateDraft
from tickets.models import MessageTemplate
from tickets.workflow import Role

PATTAYA = Path(__file__).parent / "pattaya.yaml"
#: Who wrote what came from a file.
BY = Actor("import", Role.ADMINISTRATOR)


def drafts(path: Path = PATTAYA) -> Iterator[TemplateDraft]:
    """Yield what stands in a file: a list of title and text by language, with a category or a state
    where they are for one.
    """
    for each in load_yaml(path):
        for language, text in each["text"].items():
            title = each["title"][language]
            yield TemplateDraft(each.get("category"), each.get("state"), language, title, text)


def seed(floor: Floor) -> None:
    """Begin with the shipped words where nobody has prepared any; what is about a category that
    this city does not have is left out.
    """
    config, now = floor.section(Tickets), clock.now()
    with floor.db.write() as session:
        if session.scalar(sa.select(MessageTemplate.id).limit(1)) is not None:
            return
        for draft in drafts():
            if draft.category is None or draft.category in config.categories:
                templates.write(session, config, draft, actor=BY, now=now)
