"""docs/api.md and the routes say the same; what is shown as an example is what is accepted."""

import json
import re
from pathlib import Path

from agents import demo

TEXT = (Path(__file__).parents[3] / "docs" / "api.md").read_text(encoding="utf-8")


def routes(app):
    """Every route of the API: method and path, an id written in capitals as in the text."""
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith("/api/"):
            path = re.sub(r"<(?:int:)?(?:\w+_)?(\w+)>", lambda found: found[1].upper(), rule.rule)
            yield from ((method, path) for method in rule.methods - {"HEAD", "OPTIONS"})


def test_every_route_of_the_api_is_documented_and_nothing_else(app):
    documented = set(re.findall(r"`(GET|POST|DELETE|PUT) (/api/[A-Za-z/-]+)`", TEXT))
    assert documented | {("POST", "/api/presence")} == set(routes(app))


def test_the_example_uses_what_the_demo_and_the_shipped_configuration_have(city_config):
    sign_in, *bodies = (json.loads(body) for body in re.findall(r"--json '({[^']*})'", TEXT))
    assert sign_in == {"username": demo.ACCOUNTS[3].username, "password": demo.PASSWORD}
    assert [body["status"] for body in bodies if "status" in body] == ["ready", "signed_out"]
    (outcome,) = (body for body in bodies if "outcome" in body)
    tickets = city_config.tickets
    assert outcome["outcome"] in {each.id for each in tickets.outcomes}
    assert outcome["category"] in tickets.categories


def test_every_code_that_an_agent_may_meet_is_documented():
    import ivr.errors
    from agents.web import NotAnAgent
    from hotline.errors import HotlineError

    met = [each for each in vars(ivr.errors).values() if isinstance(each, type)]
    codes = {
        each.code
        for each in met
        # bulletins, blocks and the floor are a supervisor's, on pages
        if issubclass(each, HotlineError)
        and not each.text.startswith(("ivr.bulletin.", "ivr.nuisance.", "ivr.floor."))
    } | {NotAnAgent.code}
    assert {code for code in codes if f"`{code}`" not in TEXT} == set()
