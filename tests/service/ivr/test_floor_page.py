"""The supervisor's page: all at once, without JavaScript; an act comes back to it with words."""

import re

from hotline import auth
from hotline.i18n import masked
from tests.service.ivr.world import Agent, World


class Browser:
    """A supervisor's, which keeps a cookie, and so sends a CSRF token with every change."""

    def __init__(self, world: World, supervisor: Agent) -> None:
        self.client = world.client.application.test_client()
        self.client.set_cookie(auth.COOKIE, supervisor.token)

    def opens(self, path: str = "/floor", **query: str) -> str:
        response = self.client.get(path, query_string={"lang": "en", **query})
        assert response.status_code == 200, response.text
        return response.text

    def sends(self, path: str, **fields: object) -> str:
        """Sends a form of the page; the words on the page that comes back."""
        found = re.search(r'name="csrf_token" value="([^"]+)"', self.opens())
        assert found is not None
        answer = self.client.post(
            path + "?lang=en", data=fields | {"csrf_token": found.group(1)}, follow_redirects=True
        )
        assert answer.status_code == 200, answer.text
        said = re.search(r'<p class="notice (\w+)" id="said"[^>]*>([^<]*)</p>', answer.text)
        assert said is not None, answer.text
        return f"{said.group(1)}: {said.group(2)}"


def test_the_floor_as_it_is(world: World) -> None:
    supervisor = world.supervisor()
    browser = Browser(world, supervisor)
    assert "Nobody waits on the line" in browser.opens()
    agent = world.agent(queues=["information"])
    caller = world.caller().to_queue()
    agent.talks_with(caller)
    waits = world.caller().to_queue("1", "2")
    text = browser.opens()
    numbers = [masked(each.number) for each in (caller, waits)]
    for shown in (agent.username, *numbers, "On a call", "Nothing so far", "open the desk"):
        assert shown in text, shown
    assert caller.number not in text
    for part in ("calls", "waiting", "agents", "done"):
        assert browser.opens(f"/floor/{part}")
    assert 'href="/bulletins"' in text


def test_who_withholds_the_number_is_said_to(world: World) -> None:
    """Not `ano·····ous`, wherever a caller's number stands."""
    supervisor, agent = world.supervisor(), world.agent(queues=["information"])
    caller = world.caller("anonymous").to_queue()
    fragment = "/calls/current?lang=en"
    assert "Number withheld" in agent.ask("GET", fragment).get_data(True)
    agent.talks_with(caller)
    world.caller("+266696687").to_queue("1", "2")
    pages = [agent.ask("GET", fragment).get_data(True)]
    pages += [Browser(world, supervisor).opens(each) for each in ("/floor", "/calls")]
    for page in pages:
        assert "Number withheld" in page
        assert "·····" not in page and "anonymous" not in page


def test_an_emergency_can_be_moved_by_hand(world: World) -> None:
    """Their priority is above what a supervisor gives: a field out of its range would keep the
    browser from sending any button of the form.
    """
    browser = Browser(world, world.supervisor())
    emergency, other = world.caller().to_queue("1", "3", "0"), world.caller().to_queue("1", "2")
    fields = re.findall(r'<input name="priority"[^>]*>', browser.opens())
    assert len(fields) == 2
    for field in fields:
        most = re.search(r'max="(\d+)"', field)
        value = re.search(r'value="(-?\d*)"', field)
        assert most is not None
        assert value is None or 0 <= int(value[1]) <= int(most[1]), field
    assert 'placeholder="100"' in fields[0] + fields[1]
    move = {"how": "queue", "queue": "complaint", "reason": "no emergency after all"}
    said = browser.sends(f"/floor/waiting/{emergency.id}", **move)
    assert said.startswith("good: "), said
    refused = browser.sends(f"/floor/waiting/{other.id}", how="priority", priority="", reason="x")
    assert refused.startswith("bad: "), refused


def test_an_act_says_in_words_what_happened(world: World) -> None:
    supervisor, agent = world.supervisor(), world.agent(queues=["information"])
    browser = Browser(world, supervisor)
    act = f"/floor/agents/{agent.id}/status"
    said = browser.sends(act, choice="break:meal", reason="eat something", seen="ready:")
    assert said == f"good: {agent.username}: now “Break · Meal”."
    assert agent.doing == "break/idle"
    said = browser.sends(act, choice="signed_out", reason="x", seen="ready:")
    assert said.startswith(f"bad: {agent.username} was changed meanwhile by {supervisor.username}")
    assert browser.sends(act, choice="ready", reason="") == "bad: Please give a reason."
    assert browser.sends(act, choice="asleep", reason="x").startswith("bad: There is no such")
    strip = agent.ask("GET", "/desk/presence?lang=en").get_data(True)
    assert f"{supervisor.username} set you to “Break · Meal”" in strip
    assert "eat something" in strip
    text = browser.opens()
    assert f"Set on a break · {agent.username}" in text
    assert "eat something" in text
    assert 'id="said"' not in browser.opens(said="forged")


def test_after_this_call(world: World) -> None:
    supervisor, agent = world.supervisor(), world.agent(queues=["information"])
    caller = world.caller().to_queue()
    agent.talks_with(caller)
    browser = Browser(world, supervisor)
    act = f"/floor/agents/{agent.id}/status"
    said = browser.sends(act, choice="signed_out", reason="late")
    assert said == f"bad: {agent.username} is with a caller; you can have it done after this call."
    assert 'name="after"' in browser.opens("/floor/agents")
    said = browser.sends(act, choice="signed_out", reason="late", after="1")
    assert said == f"good: {agent.username}: “Signed out” after this call."
    agent.hangs_up().finishes()
    assert agent.doing == "signed_out/idle"


def test_moved_to_other_queues_who_waits_is_rung_at_once(world: World) -> None:
    supervisor, agent = world.supervisor(), world.agent(queues=["information"])
    waits = world.caller().to_queue("1", "2")
    browser = Browser(world, supervisor)
    seen = {f"seen-{agent.id}": "information/en,information/th"}
    assert f'name="seen-{agent.id}" value="information/en,information/th"' in browser.opens()
    said = browser.sends(
        "/floor/skills",
        agent=str(agent.id),
        give=["complaint/th"],
        take=["information/th", "information/en"],
        reason="rain",
        **seen,
    )
    assert said == f"good: Moved: {agent.username}. It counts from now on."
    assert agent.offer["call_id"] == waits.id
    again = browser.sends(
        "/floor/skills", agent=str(agent.id), take=["complaint/th"], reason="x", **seen
    )
    assert "was changed meanwhile" in again
    assert browser.sends("/floor/skills", give=["complaint/th"], reason="x").startswith("bad")
    strip = agent.ask("GET", "/desk/presence?lang=en").get_data(True)
    assert "changed your queues, added complaint/th" in strip


def test_who_speaks_the_callers_language_comes_first_and_of_the_others_it_is_said(
    world: World,
) -> None:
    supervisor = world.supervisor()
    browser = Browser(world, supervisor)
    caller = world.caller().to_queue("2")
    speaks = world.agent(queues=["complaint"], languages=["en"])
    speaks_not = world.agent(queues=["complaint"], languages=["th"])
    parts = re.findall(r'<optgroup label="([^"]+)">(.*?)</optgroup>', browser.opens(), re.DOTALL)
    shown = {label: re.findall(r'value="(\d+)"', options) for label, options in parts}
    assert [*shown.items()] == [
        ("Answers in English", [str(speaks.id)]),
        ("Does not answer in English", [str(speaks_not.id)]),
    ]
    act = f"/floor/waiting/{caller.id}"
    said = browser.sends(act, how="agent", agent=str(speaks_not.id), reason="only one")
    ringing = f"good: Ringing at {speaks_not.username}"
    assert said == f"{ringing} · Does not answer in English", "and yet it is done"
    assert speaks_not.offer["call_id"] == caller.id
    speaks_not.declines()
    said = browser.sends(act, how="agent", agent=str(speaks.id), reason="English")
    assert said == f"good: Ringing at {speaks.username}"
