from flask import Blueprint

blueprint = Blueprint("incidents", __name__)
BULLETINS = "tickets.incident_bulletins"
