"""Every number that a report may show, by its identifier: pure, from where each is defined."""

from collections.abc import Mapping
from typing import Final

from reports.attendance import PRESENCE_COUNTERS, PRESENCE_RATES
from reports.fleet import JOB_COUNTERS, JOB_RATES
from reports.matters import TICKET_COUNTERS, TICKET_RATES
from reports.meanings import COUNTERS, RATES
from reports.metrics import Metric
from reports.topics import FIRST_CALL_RATES, FIRST_CALLS

COUNTED: Final = (*COUNTERS, *FIRST_CALLS, *TICKET_COUNTERS, *PRESENCE_COUNTERS, *JOB_COUNTERS)
WORKED_OUT: Final = (*RATES, *FIRST_CALL_RATES, *TICKET_RATES, *PRESENCE_RATES, *JOB_RATES)
CATALOGUE: Final[Mapping[str, Metric]] = {each.id: each for each in (*COUNTED, *WORKED_OUT)}
