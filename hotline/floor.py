"""The floor in one object: what every room is handed to stand on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from hotline.changes import Changes
from hotline.config import City, Section
from hotline.db import Database
from hotline.jobs import Job, Jobs, Sweep
from hotline.outbox import Handler
from hotline.schedule import Nightly
from hotline.settings import Settings
from hotline.telephony import Carrier

if TYPE_CHECKING:
    from hotline.i18n import Texts
    from hotline.privacy.keepers import Keeper


S = TypeVar("S", bound=Section)

#: How the paths of webhooks, and of what the carrier fetches, begin.
WEBHOOKS = ("/ivr/", "/sms/")


@dataclass
class Floor:
    """One process's view of one hotline. `hotline/app.py` builds it; nothing else does."""

    settings: Settings
    city: City
    db: Database
    jobs: Jobs
    carrier: Carrier
    texts: "Texts"
    sections: Mapping[type[Section], Section]
    job_names: dict[str, Job] = field(default_factory=dict)
    sweeps: dict[str, Sweep] = field(default_factory=dict)
    nightly: dict[str, Nightly] = field(default_factory=dict)
    #: The rooms that keep personal data, bottom up (`hotline.privacy`).
    keepers: "Sequence[Keeper]" = ()
    effects: dict[str, Handler] = field(default_factory=dict)
    #: Those that wait for a server which may hang: no call and no sweep waits with them.
    slow_effects: set[str] = field(default_factory=set)
    #: What tells the pages that are open; None: they find out by themselves.
    changes: Changes | None = None

    def section(self, kind: type[S]) -> S:
        """A room's section of config.yaml, by its class."""
        found = self.sections[kind]
        assert isinstance(found, kind)
        return found

    def job(self, name: str) -> Job:
        """The job registered under `name`; raises KeyError naming it."""
        return self.job_names[name]

    def url(self, path: str) -> str:
        """The address of `path` (which starts with a slash), as the carrier reaches it where it is
        a webhook's, and citizens where it is a page's.
        """
        ours = self.settings
        return (ours.webhooks_at if path.startswith(WEBHOOKS) else ours.public_url) + path

    def close(self) -> None:
        if self.changes is not None:
            self.changes.close()
        self.db.dispose()
