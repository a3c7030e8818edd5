"""`ivr.quality` of config.yaml: the forms with which conversations are marked (docs/quality.md)."""

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from hotline.config import Identifier, LocalText, Section
from hotline.errors import Fault
from ivr.quality import rules


class Question(Section):
    """What is looked at; `points` is the most that it gives."""

    text: LocalText
    points: Annotated[int, Field(ge=1, le=100)]
    not_applicable: bool = False
    #: Without a point here the whole mark is nothing.
    fatal: bool = False


class Part(Section):
    """Some questions under a heading."""

    title: LocalText
    questions: dict[Identifier, Question] = Field(min_length=1)


class Form(Section):
    """A form; `version` is counted up by who changes it, and shown with each mark."""

    title: LocalText
    version: Annotated[int, Field(ge=1)] = 1
    sections: dict[Identifier, Part] = Field(min_length=1)

    def named(self, name: str) -> rules.Form:
        """The form as the rules take it, and as a mark keeps it."""
        parts = tuple(
            rules.Part(
                part.title.root,
                tuple(
                    rules.Question(
                        id_, each.text.root, each.points, each.not_applicable, each.fatal
                    )
                    for id_, each in part.questions.items()
                ),
            )
            for part in self.sections.values()
        )
        return rules.Form(name, self.version, self.title.root, parts)


class Quality(Section):
    """How conversations are marked."""

    #: How many of each agent are picked by lot each week.
    per_week: Annotated[int, Field(ge=0, le=50)] = 3
    forms: dict[Identifier, Form] = Field(default_factory=dict)

    def faults(self) -> Iterator[Fault]:
        """A question is known by its name in the whole form."""
        for name, form in self.forms.items():
            seen: set[str] = set()
            for title, part in form.sections.items():
                for id_ in part.questions:
                    if id_ in seen:
                        where = f"forms.{name}.sections.{title}.questions.{id_}"
                        yield Fault(where, "this name stands in another section too")
                    seen.add(id_)
