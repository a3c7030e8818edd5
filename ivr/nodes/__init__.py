"""The kinds of nodes that a flow is made of: one file each, with its fields, its ways out and its
step.

| kind | file |
| --- | --- |
| `language` | language.py |
| `menu` | menu.py |
| `say` | say.py |
| `goto` | goto.py |
| `hours` | hours.py |
| `bulletin` | bulletin.py |
| `queue` | queue.py |
| `emergency` | emergency.py |
| `transfer` | transfer.py |
| `ticket_status` | ticket_status.py |
| `callback` | callback.py |
| `recall` | recall.py |
| `voicemail` | voicemail.py |
| `survey` | survey.py |
| `refusal` | refusal.py |
| `hangup` | hangup.py |
"""

from typing import Annotated

from pydantic import Field

from ivr.nodes.bulletin import Bulletin
from ivr.nodes.callback import Callback
from ivr.nodes.emergency import Emergency
from ivr.nodes.goto import Goto
from ivr.nodes.hangup import Hangup
from ivr.nodes.hours import Hours
from ivr.nodes.language import LanguageChoice
from ivr.nodes.menu import Menu
from ivr.nodes.queue import ToQueue
from ivr.nodes.recall import Recall
from ivr.nodes.refusal import Refusal
from ivr.nodes.say import Say
from ivr.nodes.survey import Survey
from ivr.nodes.ticket_status import TicketStatus
from ivr.nodes.transfer import Transfer
from ivr.nodes.voicemail import Voicemail

Node = Annotated[
    LanguageChoice
    | Menu
    | Say
    | Goto
    | Hours
    | Bulletin
    | ToQueue
    | Emergency
    | Transfer
    | TicketStatus
    | Callback
    | Recall
    | Voicemail
    | Survey
    | Refusal
    | Hangup,
    Field(discriminator="kind"),
]

__all__ = [
    "Bulletin",
    "Callback",
    "Emergency",
    "Goto",
    "Hangup",
    "Hours",
    "LanguageChoice",
    "Menu",
    "Node",
    "Recall",
    "Refusal",
    "Say",
    "Survey",
    "TicketStatus",
    "ToQueue",
    "Transfer",
    "Voicemail",
]
