"""Building blocks of `config.yaml`: each room describes its own section with them
(`<room>/config.py`).

The file is parsed once into frozen models that refuse unknown keys; `hotline/city.py` puts the
sections together and reports all faults of a file at once, each with its path.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, NamedTuple
from zoneinfo import ZoneInfo, available_timezones

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, RootModel, StringConstraints
from pydantic_core import ErrorDetails

from hotline.errors import ConfigError, Fault

#: Languages in which every text that a person sees must exist.
READER_LANGUAGES = ("th", "en")

Identifier = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
#: A short number such as 1337, or E.164.
DialNumber = Annotated[str, StringConstraints(pattern=r"^(\+[1-9]\d{6,14}|[1-9]\d{2,5})$")]
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}$")]
Colour = Annotated[str, StringConstraints(pattern=r"^#[0-9a-fA-F]{6}$")]


#: Stand-ins: a text; a name that nothing has, whose faults stand at the place of the stand-in.
ANY_TEXT, NO_NAME = {"th": "-", "en": "-"}, "zzz"


class Section(BaseModel):
    """A part of config.yaml: frozen, and a key that nobody knows is a fault."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    #: What takes the place of a refused value while the rest is checked (`hotline.salvage`), by its
    #: place, with * for names: the item that holds the value is then still known to the checks.
    stand_ins: ClassVar[Mapping[str, Any]] = {}

    def faults(self) -> Iterator[Fault]:
        """Faults that no single field can see, with paths inside this section."""
        return iter(())


def _has_reader_languages(texts: dict[str, str]) -> dict[str, str]:
    missing = [language for language in READER_LANGUAGES if not texts.get(language, "").strip()]
    if missing:
        raise ValueError(f"no text in {', '.join(missing)}")
    return texts


class LocalText(RootModel[Annotated[dict[Language, str], AfterValidator(_has_reader_languages)]]):
    """A text in several languages; Thai and English at least."""

    model_config = ConfigDict(frozen=True)

    def for_(self, language: str) -> str:
        """The text in `language`, else in English."""
        return self.root.get(language) or self.root["en"]


def _known_zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError(f"no such time zone: {name}")
    return name


class City(Section):
    """Who runs this hotline."""

    name: LocalText
    hotline_name: LocalText
    number: DialNumber
    #: What the outside sees when the city calls, and what agents' legs carry.
    caller_id: DialNumber
    #: Where a caller is put through when nothing of ours works.
    fallback_number: DialNumber
    country: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")] = "TH"
    time_zone: Annotated[str, AfterValidator(_known_zone)] = "Asia/Bangkok"
    accent: Colour = "#0b6e6e"

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)


# libyaml's is ten times as fast; every process reads some hundreds of texts when it starts
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Repeated(NamedTuple):
    """A key that stands twice in one mapping: YAML itself would overwrite in silence."""

    place: tuple[str, ...]
    #: Where it stands again, from 1.
    line: int

    def fault(self, path: Path) -> Fault:
        return Fault(f"{path}, line {self.line}", f"the key {self.place[-1]!r} stands twice")


def load_yaml(path: Path) -> Any:
    """The content of a YAML file; raises ConfigError naming the file and, where known, the line."""
    content, repeated = read_yaml(path)
    if repeated:
        raise ConfigError([each.fault(path) for each in repeated])
    return content


def read_yaml(path: Path) -> tuple[Any, list[Repeated]]:
    """The same, with the keys that stand twice: of each the last is in the content."""
    try:
        loader = _Loader(path.read_text(encoding="utf-8"))
        node = loader.get_single_node()
        if node is None:
            return None, []
        # looked for first: the constructor writes what a merge (<<) brings into the nodes
        repeated = [*_repeated(node, (), set())]
        return loader.construct_document(node), repeated
    except OSError as error:
        raise ConfigError([Fault(str(path), error.strerror or str(error))]) from error
    except UnicodeDecodeError as error:
        raise ConfigError([Fault(str(path), f"not UTF-8: {error.reason}")]) from error
    except yaml.YAMLError as error:
        raise ConfigError([Fault(str(path), str(error))]) from error


def _repeated(node: yaml.Node, place: tuple[str, ...], known: set[int]) -> Iterator[Repeated]:
    if id(node) in known:  # an alias of what was looked at where its anchor stands
        return
    known.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        for number, item in enumerate(node.value):
            yield from _repeated(item, (*place, str(number)), known)
    elif isinstance(node, yaml.MappingNode):
        names: set[str] = set()
        for key, value in node.value:
            name = key.value if isinstance(key, yaml.ScalarNode) else "?"
            if name in names and isinstance(key, yaml.ScalarNode):
                yield Repeated((*place, name), key.start_mark.line + 1)
            names.add(name)
            yield from _repeated(value, (*place, name), known)


def fault_of(error: ErrorDetails, prefix: str = "") -> Fault:
    """A pydantic error as one line with the path in the file."""
    path = ".".join(str(part) for part in (prefix, *error["loc"]) if part != "")
    return Fault(path or "(file)", error["msg"].removeprefix("Value error, "))
