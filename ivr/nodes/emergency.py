"""An emergency service: put through at once, logged as such; who cannot be put through reaches our
own people before everybody else.
"""

from typing import ClassVar, Literal

from ivr.nodes.transfer import Transfer


class Emergency(Transfer):
    """`kind: emergency`"""

    kind: Literal["emergency"]  # type: ignore[assignment]

    emergency: ClassVar[bool] = True
