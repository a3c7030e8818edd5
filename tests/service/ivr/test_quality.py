"""Quality: who marks, who reads, what is kept. On both engines."""

import re
from dataclasses import replace
from functools import partial

import pytest

from agents import service as agents
from hotline import audit, auth, clock
from hotline.auth import Identity, Role
from hotline.i18n import masked
from hotline.web import LANGUAGE_COOKIE
from ivr.config import Ivr
from ivr.quality import rules, service
from ivr.quality.service import ChangedMeanwhile, NoSuchMark, OwnCall, Sheet, Unanswered
from tests.service.ivr.world import Agent, Caller, World
from tests.support.floors import sign_in_as


def talk(world: World, agent: Agent) -> Caller:
    """A conversation that is over and written up."""
    caller = world.caller().to_queue()
    agent.talks_with(caller).hangs_up().finishes("information")
    caller.hangs_up()
    return caller


def identity(world: World, role: Role, username: str = "") -> Identity:
    token = sign_in_as(world.floor, role, username)
    found = world.read(partial(auth.identify, now=clock.now()), token)
    assert found is not None
    return found


@pytest.fixture
def boss(world: World) -> Identity:
    return identity(world, Role.SUPERVISOR)


@pytest.fixture
def agent(world: World) -> Agent:
    return world.agent()


@pytest.fixture
def called(world: World, agent: Agent) -> Caller:
    return talk(world, agent)


def form(world: World) -> rules.Form:
    return world.floor.section(Ivr).quality.forms["conversation"].named("conversation")


def full(world: World, **answers: int | None) -> Sheet:
    """Every question with all its points, but for these."""
    given = {each.id: each.points for each in form(world).questions}
    return Sheet(form(world), {**given, **answers}, "ดีมาก")


def write(world: World, verb, *arguments, **named):
    with world.floor.db.write() as session:
        return verb(session, *arguments, **named)


def published(world: World, called: Caller, agent: Agent, boss: Identity, **answers) -> int:
    sheet = full(world, **answers)
    made = write(world, service.draft, called.id, agent.id, sheet, by=boss, at=clock.now())
    write(world, service.publish, made, n=1, by=boss, at=clock.now())
    return int(made)


def get(world: World, path: str, role: Role, username: str = ""):
    world.client.set_cookie(LANGUAGE_COOKIE, "en")
    token = sign_in_as(world.floor, role, username)
    return world.client.get(path, headers={"Authorization": f"Bearer {token}"})


def post(world: World, path: str, role: Role = Role.SUPERVISOR, username: str = "", **typed):
    world.client.set_cookie(LANGUAGE_COOKIE, "en")
    token = sign_in_as(world.floor, role, username)
    return world.client.post(path, data=typed, headers={"Authorization": f"Bearer {token}"})


# ---------------------------------------------------------------- marking


def test_a_mark_is_a_draft_then_published_and_told_of(
    world: World, called: Caller, agent: Agent, boss: Identity
) -> None:
    sheet = Sheet(form(world), {"greeting": 5})
    made = write(world, service.draft, called.id, agent.id, sheet, by=boss, at=clock.now())
    with pytest.raises(Unanswered):
        write(world, service.publish, made, n=1, by=boss, at=clock.now())
    write(world, service.change, made, full(world, greeting=0, place=None), n=1, by=boss)
    write(world, service.publish, made, n=2, by=boss, at=clock.now())
    mark = world.read(service.find, made)
    assert (mark.state, mark.by, mark.score.points, mark.score.possible) == (
        "published",
        "the-supervisor",
        85,
        90,
    )
    kinds = [
        each.kind
        for each in world.read(partial(audit.lines, asked=audit.Asked(subject=f"call:{called.id}")))
    ]
    assert kinds == ["ivr.mark_published", "ivr.marked"]
    with pytest.raises(ChangedMeanwhile):
        write(world, service.change, made, full(world), n=3, by=boss)


def test_what_cannot_be_marked(world: World, called: Caller, agent: Agent, boss: Identity) -> None:
    other = world.agent()
    with pytest.raises(NoSuchMark):
        write(world, service.draft, called.id, other.id, full(world), by=boss, at=clock.now())
    own = identity(world, Role.AGENT, agent.username)
    supervising = replace(own, role=Role.SUPERVISOR)
    with pytest.raises(OwnCall):
        write(
            world, service.draft, called.id, agent.id, full(world), by=supervising, at=clock.now()
        )
    made = published(world, called, agent, boss)
    with pytest.raises(ChangedMeanwhile):
        write(world, service.draft, called.id, agent.id, full(world), by=boss, at=clock.now())
    with pytest.raises(OwnCall):
        write(world, service.correct, made, "why", by=supervising, at=clock.now())


def test_a_correction_is_a_new_version_and_the_old_one_stays(
    world: World, called: Caller, agent: Agent, boss: Identity
) -> None:
    first = published(world, called, agent, boss, polite=0)
    assert world.read(service.find, first).share == 0
    second = write(world, service.correct, first, "heard it again", by=boss, at=clock.now())
    # until it is published the old one holds
    assert [each.id for each in world.read(service.of_agent, agent.id)] == [first]
    with pytest.raises(ChangedMeanwhile):
        write(world, service.correct, first, "once more", by=boss, at=clock.now())
    write(world, service.change, second, full(world), n=1, by=boss)
    write(world, service.publish, second, n=2, by=boss, at=clock.now())
    assert [each.id for each in world.read(service.of_agent, agent.id)] == [second]
    old = world.read(service.find, first)
    assert (old.state, old.share, old.version) == ("replaced", 0, 1)
    kinds = [
        each.kind
        for each in world.read(partial(audit.lines, asked=audit.Asked(subject=f"call:{called.id}")))
    ]
    assert kinds[:2] == ["ivr.mark_published", "ivr.mark_corrected"]


def test_a_changed_file_changes_no_mark(
    world: World, called: Caller, agent: Agent, boss: Identity
) -> None:
    made = published(world, called, agent, boss, greeting=1)
    section = world.floor.section(Ivr)
    question = section.quality.forms["conversation"].sections["opening"].questions["greeting"]
    before = world.read(service.find, made)
    # what no city can do while it runs: the same file with other weights
    object.__setattr__(question, "points", 100)
    try:
        assert world.read(service.find, made) == before
        assert before.score.possible == 100
        assert rules.score(form(world), before.answers).possible == 195
    finally:
        object.__setattr__(question, "points", 5)


# ---------------------------------------------------------------- who sees what


def test_an_agent_sees_their_own_marks_and_nobody_elses(
    world: World, called: Caller, agent: Agent, boss: Identity
) -> None:
    other = world.agent()
    made = write(world, service.draft, called.id, agent.id, full(world), by=boss, at=clock.now())
    page = f"/quality/{made}"
    assert get(world, page, Role.AGENT, agent.username).status_code == 404, "a draft"
    write(world, service.publish, made, n=1, by=boss, at=clock.now())
    mine = get(world, "/quality/mine", Role.AGENT, agent.username).text
    assert f'href="{page}"' in mine
    seen = get(world, page, Role.AGENT, agent.username)
    assert seen.status_code == 200
    assert "ดีมาก" in seen.text
    assert "/correct" not in seen.text
    assert f'href="{page}"' in get(world, f"/calls/{called.id}", Role.AGENT, agent.username).text

    assert get(world, page, Role.AGENT, other.username).status_code == 404
    assert f'href="{page}"' not in get(world, "/quality/mine", Role.AGENT, other.username).text
    assert post(world, f"{page}/comments", Role.AGENT, other.username, text="hm").status_code == 404
    for path in ("/quality", "/quality.csv", f"/calls/{called.id}/mark"):
        assert get(world, path, Role.AGENT, agent.username).status_code == 403
    assert post(world, page, Role.AGENT, agent.username, n=2).status_code == 403
    assert get(world, page, Role.MANAGER).status_code == 200
    assert post(world, f"{page}/comments", Role.MANAGER, text="hm").status_code == 403


def test_comments_go_to_and_fro_and_stay_over_a_correction(
    world: World, called: Caller, agent: Agent, boss: Identity
) -> None:
    made = published(world, called, agent, boss)
    page = f"/quality/{made}"
    assert post(world, f"{page}/comments", Role.AGENT, agent.username, text=" ").status_code == 422
    for role, name, text in ((Role.AGENT, agent.username, "<why>"), (Role.SUPERVISOR, "", "so")):
        assert post(world, f"{page}/comments", role, name, text=text).status_code == 302
    answer = post(world, f"{page}/correct", reason="agreed")
    corrected = answer.location
    assert post(world, f"{page}/correct", reason=" ").status_code == 422
    shown = get(world, page, Role.AGENT, agent.username).text
    assert "&lt;why&gt;" in shown
    assert shown.index("&lt;why&gt;") < shown.index(">so<")
    assert corrected not in shown, "the agent sees no draft"
    assert post(world, corrected, n=1, do="publish", **answers(world)).status_code == 302
    after = get(world, corrected, Role.AGENT, agent.username).text
    assert "&lt;why&gt;" in after
    assert f'href="{page}"' in after


def answers(world: World, **given: str) -> dict[str, str]:
    whole = {f"q-{each.id}": str(each.points) for each in form(world).questions}
    return {**whole, **{f"q-{name}": value for name, value in given.items()}}


def test_a_call_is_marked_from_its_page(world: World, called: Caller, agent: Agent) -> None:
    page = get(world, f"/calls/{called.id}", Role.SUPERVISOR).text
    (way,) = re.findall(r'href="(/calls/\d+/mark[^"]+)"', page)
    way = way.replace("&amp;", "&")
    empty = get(world, way, Role.SUPERVISOR)
    assert empty.text.count("<select") == len(list(form(world).questions))
    assert masked(called.number) in empty.text
    kept = post(world, way, do="publish", **answers(world, greeting="", place="na"), note="x")
    assert kept.status_code == 422
    assert "Not answered yet: 1" in kept.text
    action = re.search(r'action="(/quality/\d+)"', kept.text)
    assert action is not None
    form_again = {**answers(world, place="na"), "n": "1", "note": "x", "do": "publish"}
    assert post(world, action.group(1), **form_again).status_code == 302
    assert "100 %" in get(world, action.group(1), Role.SUPERVISOR).text
    assert post(world, action.group(1), **form_again).status_code == 409
    assert post(world, way, **answers(world, greeting="99")).status_code == 422
    assert post(world, way, **answers(world, greeting="x")).status_code == 422
    assert (
        get(
            world, f"/calls/{called.id}/mark?agent=999&form=conversation", Role.SUPERVISOR
        ).status_code
        == 404
    )
    assert get(world, way.replace("conversation", "other"), Role.SUPERVISOR).status_code == 404


# ---------------------------------------------------------------- averages, the lot


def test_averages_by_agent_and_question_and_the_same_as_a_table(
    world: World, agent: Agent, boss: Identity
) -> None:
    published(world, talk(world, agent), agent, boss, greeting=0)
    published(world, talk(world, agent), agent, boss, polite=0)
    page = re.sub(r"<[^>]+>|\s+", " ", get(world, "/quality", Role.MANAGER).text)
    page = re.sub(r" +", " ", page)
    # 95 of 100, and nothing
    assert f"{agent.username} 48 % 2 1" in page
    assert "Greets and names the hotline 50 % 2" in page
    table = get(world, f"/quality.csv?agent={agent.id}", Role.MANAGER).text
    assert table.count("\r\n") == 1 + 2 * len(list(form(world).questions))
    assert get(world, "/quality.csv?agent=999", Role.MANAGER).text.count("\r\n") == 1
    assert get(world, "/quality?from=2026-01-01&until=2028-01-01", Role.MANAGER).status_code == 422


def test_the_lot_draws_last_weeks_conversations_and_none_of_ones_own(
    world: World, boss: Identity
) -> None:
    busy, quiet = world.agent(), world.agent(ready=False)
    calls = {talk(world, busy).id for _ in range(5)}
    busy.goes_home()
    quiet.ready()
    alone = talk(world, quiet).id
    zone = world.floor.city.zone
    monday = clock.local_day(clock.now(), zone)
    monday = monday.fromordinal(monday.toordinal() - monday.weekday())

    def drawn(but: int | None = None) -> list[tuple[int, int]]:
        found = world.read(partial(service.picked, but=but), monday, zone, 3)
        return [(each.call_id, each.agent_id) for each in found]

    found = drawn()
    assert len(found) == 4
    assert {call for call, who in found if who == busy.id} < calls
    assert (alone, quiet.id) in found
    assert {who for _, who in drawn(but=busy.id)} == {quiet.id}
    world.clock.advance(days=7)
    page = get(world, "/quality", Role.SUPERVISOR).text
    assert page.count("/mark?") == 4
    named = identity(world, Role.SUPERVISOR)
    assert world.read(agents.agent_of_account, named.id) is None


# ---------------------------------------------------------------- drafts that are thrown away


def test_a_draft_is_discarded_with_a_reason(
    world: World, called: Caller, agent: Agent, boss: Identity
) -> None:
    sheet = Sheet(form(world), {"greeting": 5})
    made = write(world, service.draft, called.id, agent.id, sheet, by=boss, at=clock.now())
    path = f"/quality/{made}/discard"
    assert post(world, path, n=1, reason=" ").status_code == 422
    assert post(world, path, n=2, reason="changed").status_code == 409
    assert post(world, path, Role.MANAGER, n=1, reason="x").status_code == 403
    assert post(world, path, Role.AGENT, n=1, reason="x").status_code == 403
    page = get(world, f"/quality/{made}", Role.SUPERVISOR).text
    assert "Discard this draft" in page
    gone = post(world, path, n=1, reason="the wrong form")
    assert gone.location == f"/calls/{called.id}"
    with pytest.raises(NoSuchMark):
        world.read(service.find, made)
    line = world.read(partial(audit.lines, asked=audit.Asked(subject=f"call:{called.id}")))[0]
    assert (line.kind, line.reason) == ("ivr.mark_discarded", "the wrong form")
    assert (line.data["begun_by"], line.data["answered"]) == ("the-supervisor", 1)
    published(world, called, agent, boss)  # it may be marked anew


def test_what_is_published_is_not_discarded_and_holds_when_its_correction_is(
    world: World, called: Caller, agent: Agent, boss: Identity
) -> None:
    first = published(world, called, agent, boss)
    for n in (1, 2):
        with pytest.raises(ChangedMeanwhile):
            write(world, service.discard, first, "why", n=n, by=boss, at=clock.now())
    made = write(world, service.correct, first, "too hard", by=boss, at=clock.now())
    write(world, service.discard, made, "it was right", n=1, by=boss, at=clock.now())
    assert world.read(service.find, first).state == "published"
    again = write(world, service.correct, first, "after all", by=boss, at=clock.now())
    assert world.read(service.find, again).version == 2


def test_nobody_discards_a_mark_of_their_own_conversation(world: World, boss: Identity) -> None:
    agent = world.agent(role=Role.SUPERVISOR)
    called = talk(world, agent)
    made = write(world, service.draft, called.id, agent.id, full(world), by=boss, at=clock.now())
    answer = world.client.post(
        f"/quality/{made}/discard",
        data={"n": 1, "reason": "mine"},
        headers={"Authorization": f"Bearer {agent.token}"},
    )
    assert answer.status_code == 403
    assert world.read(service.find, made).state == "draft"


def test_the_list_is_filtered_by_form_and_version(
    world: World, agent: Agent, boss: Identity
) -> None:
    newer, other = replace(form(world), version=9), replace(form(world), name="other")
    calls = {}
    for which in (form(world), newer, other):
        called = talk(world, agent)
        sheet = replace(full(world), form=which)
        made = write(world, service.draft, called.id, agent.id, sheet, by=boss, at=clock.now())
        write(world, service.publish, made, n=1, by=boss, at=clock.now())
        calls[which.name, which.version] = called.id

    def shown(query: str) -> set[int]:
        page = get(world, f"/quality?{query}", Role.MANAGER).text
        rows = get(world, f"/quality.csv?{query}", Role.MANAGER).text.splitlines()[1:]
        listed = set(map(int, re.findall(r"Call (\d+) ·", page)))
        assert listed == {int(row.split(",")[0]) for row in rows}, query
        return listed

    old = form(world).version
    assert shown("") == set(calls.values())
    assert shown("form=conversation") == {calls["conversation", old], calls["conversation", 9]}
    assert shown("form=conversation:9") == {calls["conversation", 9]}
    assert shown("form=other") == {calls["other", old]}
    assert shown(f"form=other&agent={agent.id + 999}") == set()
    assert 'value="conversation:9"' in get(world, "/quality", Role.MANAGER).text
