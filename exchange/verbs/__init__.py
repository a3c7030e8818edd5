"""The verbs that this exchange plays: one module each, with its attribute table."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from exchange.scene import Scene, Step
from exchange.twiml import Node
from exchange.verbs import (
    client,
    conference,
    dial,
    enqueue,
    gather,
    hangup,
    leave,
    number,
    pause,
    play,
    queue,
    record,
    redirect,
    reject,
    say,
)
from exchange.verbs.spec import Spec

Verb = Callable[[Scene, Node], Awaitable[Step]]

_MODULES = (say, play, pause, gather, redirect, enqueue, leave, dial, record, reject, hangup)
VERBS: dict[str, Verb] = {module.SPEC.name: module.run for module in _MODULES}
NOUNS: dict[str, Spec] = {
    spec.name: spec
    for spec in (
        number.SPEC,
        client.SPEC,
        client.IDENTITY,
        client.PARAMETER,
        conference.SPEC,
        queue.SPEC,
    )
}
SPECS: dict[str, Spec] = {module.SPEC.name: module.SPEC for module in _MODULES} | NOUNS | say.SSML
"""Everything that may stand in a document; what may stand at its top is in VERBS."""
