"""Wires the pages and the webhooks of every room: what hangs together beyond one room's own page
stands here, once. The floor under them is wired in `hotline/app.py`.
"""

from flask import Flask

import agents.floor
import agents.roster.web
import agents.service
import agents.web
import hotline.notices.web
import hotline.people.log
import hotline.people.me
import hotline.people.web
import hotline.privacy.web
import ivr.config
import ivr.pages
import ivr.pages.floor
import ivr.web
import reports.behind_web
import reports.board_web
import reports.call_lists
import reports.dashboard_web
import reports.history.web
import reports.library
import reports.mailing.public
import reports.mailing.web
import reports.open_data.web
import reports.web
import tickets.answers.web
import tickets.board
import tickets.caller_web
import tickets.categories.web
import tickets.citizens_desk
import tickets.citizens_web
import tickets.config
import tickets.field.web
import tickets.files.view
import tickets.files.web
import tickets.inbox.web
import tickets.incidents.web
import tickets.life.bulk_web
import tickets.life.templates_web
import tickets.life.web
import tickets.matters.web
import tickets.persons.web
import tickets.places.web
import tickets.units.web
import tickets.web
from hotline import web
from hotline.auth import Role
from hotline.floor import Floor
from hotline.navigation import Entry
from hotline.people import naming, openid, telling
from hotline.people.rules import MANAGERS

BLUEPRINTS = (
    hotline.people.web.blueprint,
    hotline.people.me.blueprint,
    hotline.people.log.blueprint,
    hotline.notices.web.blueprint,
    hotline.privacy.web.blueprint,
    agents.web.blueprint,
    agents.roster.web.blueprint,
    tickets.web.blueprint,
    tickets.caller_web.blueprint,
    tickets.board.blueprint,
    tickets.citizens_desk.blueprint,
    tickets.citizens_web.blueprint,
    tickets.files.web.blueprint,
    tickets.field.web.blueprint,
    tickets.life.web.blueprint,
    tickets.life.bulk_web.blueprint,
    tickets.life.templates_web.blueprint,
    tickets.inbox.web.blueprint,
    tickets.incidents.web.blueprint,
    tickets.places.web.blueprint,
    tickets.units.web.blueprint,
    tickets.persons.web.blueprint,
    tickets.answers.web.blueprint,
    tickets.categories.web.blueprint,
    tickets.matters.web.blueprint,
    ivr.web.blueprint,
    ivr.pages.blueprint,
    reports.web.blueprint,
    reports.dashboard_web.blueprint,
    reports.library.blueprint,
    reports.history.web.blueprint,
    reports.open_data.web.blueprint,
    reports.behind_web.blueprint,
    reports.mailing.web.blueprint,
    reports.mailing.public.blueprint,
)
_CALLERS, _TOLD, _TEAM, _MINE = "floor.callers", "floor.told", "floor.team", "floor.mine"
_WATCH = (Role.SUPERVISOR, Role.MANAGER)
#: A crew has a page of its own, for one hand.
_TICKETS, _MATTERS = "floor.tickets", tuple(each for each in Role if each is not Role.CREW)
_ANSWERABLE = (Role.DIVISION, *_WATCH, Role.ADMINISTRATOR)
#: What the header offers; the order is that of a working day.
NAVIGATION = (
    Entry("floor.desk", "/desk", (Role.AGENT, Role.SUPERVISOR)),
    Entry("ivr.floor", "/floor", (Role.SUPERVISOR,)),
    Entry("floor.wallboard", "/wallboard", (Role.AGENT, *_WATCH)),
    Entry("floor.callbacks", "/callbacks", (Role.AGENT, Role.SUPERVISOR), _CALLERS),
    Entry("floor.calls", "/calls", _WATCH, _CALLERS),
    Entry("tickets.persons", "/citizens", (Role.SUPERVISOR,), _CALLERS),
    Entry("ivr.nuisance", "/nuisance", _WATCH, _CALLERS),
    Entry("tickets.field", "/field", (Role.CREW,)),
    Entry("tickets.list", "/tickets", _MATTERS, _TICKETS),
    Entry("tickets.units.short", "/tickets/units", _MATTERS, _TICKETS),
    Entry("tickets.incidents", "/tickets/incidents", _MATTERS, _TICKETS),
    Entry("tickets.map.short", "/tickets/map", _MATTERS, _TICKETS),
    Entry("tickets.attention", "/tickets/attention", _ANSWERABLE, _TICKETS),
    Entry("tickets.categories", "/categories", (*_WATCH, Role.ADMINISTRATOR), _TICKETS),
    Entry("tickets.answers", "/answers", (Role.AGENT, *_WATCH), _TOLD),
    Entry("ivr.bulletins", "/bulletins", (Role.AGENT, *_WATCH), _TOLD),
    Entry("agents.roster", "/roster", _WATCH, _TEAM),
    Entry("ivr.quality", "/quality", _WATCH, _TEAM),
    Entry("floor.people", "/people", MANAGERS, _TEAM),
    Entry("floor.log", "/audit", MANAGERS, _TEAM),
    Entry("floor.privacy", "/privacy", (Role.ADMINISTRATOR,), _TEAM),
    Entry("agents.roster.mine", "/roster/mine", (Role.AGENT,), _MINE),
    Entry("ivr.quality.mine", "/quality/mine", (Role.AGENT,), _MINE),
    Entry("floor.reports", "/reports", (*_WATCH, Role.ADMINISTRATOR)),
)


def create(floor: Floor) -> Flask:
    """The web application on a floor."""
    app = web.create(floor, NAVIGATION)
    openid.register(app, floor)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    # how the floor stands, on top of the wallboard
    app.extensions[agents.web.FIGURES] = reports.board_web.board_now
    # an account's page tells which calls somebody answers; the lines of callers are above that room
    app.extensions[hotline.people.web.PARTS] = (agents.web.work_part,)
    # the audit log tells of agents by their names
    agent = naming.Room("agent", agents.service.names, agents.service.of_accounts)
    app.extensions[naming.ROOMS] = (agent,)
    app.extensions[telling.VALUES] = {
        **hotline.privacy.web.AUDITED,
        **agents.web.AUDITED,
        **agents.roster.web.AUDITED,
        **tickets.units.web.AUDITED,
        **ivr.pages.floor.AUDITED,
    }
    callers = floor.section(ivr.config.Ivr)
    titles = {name: queue.title for name, queue in callers.queues.items()}
    app.extensions[agents.web.LINES] = agents.web.Lines(titles, tuple(callers.languages))
    # a ticket links to its calls, which a room above it keeps: only to who may open them
    app.extensions[tickets.web.READABLE_CALLS] = ivr.pages.readable_calls
    app.extensions[tickets.web.RECORDINGS] = ivr.pages.hearable
    # whose earlier tickets an agent sees: the caller's whom they have at hand, and nobody else's
    app.extensions[tickets.web.NUMBER_AT_HAND] = ivr.pages.number_at_hand
    # the list of calls has those that were imported, too, and is read where the reports say so
    app.extensions[ivr.pages.call_list.ABOVE] = reports.call_lists.CallLists()
    # what an agent can be asked to answer: the queues and languages of the caller's side
    app.extensions[agents.floor.SKILLS] = ivr.pages.skill_titles
    # where an agent who reads a ticket calls its caller
    app.extensions[tickets.files.view.PIN] = tickets.places.web.pin_of_photo
    app.extensions[tickets.web.CALLS_OUT] = ivr.pages.to_call_out
    # what callers hear about an incident
    app.extensions[tickets.incidents.web.BULLETINS] = ivr.pages.bulletins_of_incident
    app.extensions[tickets.web.SPOKEN] = tuple(callers.languages)
    # pictures of streets come from the one host that the city has chosen, if it has
    tiles = floor.section(tickets.config.Tickets).places.tiles
    app.extensions[web.IMAGES] = () if tiles is None else (tiles.site,)
    return app
