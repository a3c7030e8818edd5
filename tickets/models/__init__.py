"""The rows of what the city promised, a module a subject.

=============== =====================================================================
ticket          the ticket itself, and the calls that it is the ticket of
events          what happened to tickets: the story that all figures are counted
                from; and the failures among it
attendance      who is away from their division
attention       what needed attention when a day was over: the nightly list
persons         the people who bring tickets, and the numbers that they call from
answers         what the city answers to what it is asked
citizens_page   what opens a ticket's page to its citizen: the links, and the wrong
                proofs
sms             what a ticket's citizen is told by SMS, and says by it
files           photos and documents of tickets
messages        the words that are offered for a message to a citizen
watching        who watches a ticket
related         several tickets, one matter: links between them and mergings
forwarding      what was handed to agencies outside the city
bulk            what was done with many tickets at once
inbox           how tickets are found and listed: the search, who has read what,
                saved views
categories      what tickets are about, as it was suggested and as it was chosen;
                the models that suggest
places          where tickets are, and the things of the city that have a number
=============== =====================================================================

Import them from here. The rows of crews in the field, incidents, callers with the same matter and
units stand in those packages (`tickets.field.models` and so on).
"""

from tickets.models.answers import Answer, AnswerEvent, AnswerUse
from tickets.models.attendance import Absence
from tickets.models.attention import AttentionDay
from tickets.models.bulk import BulkMove, BulkPart
from tickets.models.categories import CategoryChoice, CategoryModel, CategoryModelUse
from tickets.models.citizens_page import CitizenAttempt, CitizenLink
from tickets.models.events import EventKind, TicketEvent, TicketFault
from tickets.models.files import TicketFile
from tickets.models.forwarding import Forward
from tickets.models.inbox import TicketGram, TicketLook, TicketSearch, TicketView, TicketViewChosen
from tickets.models.messages import MessageTemplate, MessageTemplateEvent
from tickets.models.persons import CallCitizen, Citizen, CitizenEvent, CitizenNumber
from tickets.models.places import MISPLACED, Asset, TicketPlace
from tickets.models.related import TicketLink, TicketMerge
from tickets.models.sms import SmsReceived, SmsWish, TicketSms
from tickets.models.ticket import IS_INCOMPLETE, IS_OPEN, Ticket, TicketCall
from tickets.models.watching import Watch

__all__ = [
    "IS_INCOMPLETE",
    "IS_OPEN",
    "MISPLACED",
    "Absence",
    "Answer",
    "AnswerEvent",
    "AnswerUse",
    "Asset",
    "AttentionDay",
    "BulkMove",
    "BulkPart",
    "CallCitizen",
    "CategoryChoice",
    "CategoryModel",
    "CategoryModelUse",
    "Citizen",
    "CitizenAttempt",
    "CitizenEvent",
    "CitizenLink",
    "CitizenNumber",
    "EventKind",
    "Forward",
    "MessageTemplate",
    "MessageTemplateEvent",
    "SmsReceived",
    "SmsWish",
    "Ticket",
    "TicketCall",
    "TicketEvent",
    "TicketFault",
    "TicketFile",
    "TicketGram",
    "TicketLink",
    "TicketLook",
    "TicketMerge",
    "TicketPlace",
    "TicketSearch",
    "TicketSms",
    "TicketView",
    "TicketViewChosen",
    "Watch",
]

# whole packages of this room keep their own rows: whoever knows the room's rows knows theirs
import tickets.field.models
import tickets.incidents.models
import tickets.matters.models
import tickets.units.models  # noqa: F401
