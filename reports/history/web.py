"""The page of imports: which files of an old exchange the reports count, for those who answer for
the figures.
"""

from flask import Blueprint, render_template

from hotline.auth import Role, access
from hotline.web import floor
from reports import numerals
from reports.history import service

blueprint = Blueprint("imports", __name__)
numerals.on(blueprint)


@blueprint.get("/reports/imports")
@access(Role.MANAGER, Role.ADMINISTRATOR)
def imports() -> str:
    """Every import, the newest first."""
    with floor().db.read() as session:
        found = service.imports(session)
    return render_template("reports/imports.html", imports=found)
