"""<Enqueue>, <Leave> and <Dial><Queue>, by their tables."""

from __future__ import annotations

import pytest

from exchange import errors
from exchange.call import Call, Status
from exchange.scene import Scene
from exchange.twiml import Node
from exchange.verbs.enqueue import Stay
from exchange.webhook import Request
from tests.exchange.conftest import Line

QUEUE = '<Enqueue waitUrl="/wait" action="/after">help</Enqueue><Say>After the queue</Say>'


@pytest.fixture
def queue(line: Line) -> Line:
    line.app["/voice"] = QUEUE
    line.app["/wait"] = '<Play digits="1w"/><Pause length="10"/>'
    line.app["/after"] = "<Say>Goodbye</Say>"
    return line


async def test_the_wait_document_gets_the_queue_s_parameters(queue: Line) -> None:
    first = await queue.call()
    await queue.after(4)
    second = await queue.call(from_="+66800000002")
    [one, two] = queue.app.to("/wait")
    assert (one["QueuePosition"], one["CurrentQueueSize"], one["QueueTime"]) == ("1", "1", "0")
    assert (two["QueuePosition"], two["CurrentQueueSize"]) == ("2", "2")
    assert two["AvgQueueTime"] == "2", "the mean of those now waiting: 4 s and 0 s"
    assert two["MaxQueueSize"] == "1000"
    assert one["QueueSid"] == two["QueueSid"]
    assert one.method == "POST"
    assert first.where == second.where == "queue"
    assert first.queue == "help"


async def test_the_wait_document_is_asked_again_when_it_runs_out(queue: Line) -> None:
    await queue.call()
    await queue.after(35)
    times = [int(hit["QueueTime"]) for hit in queue.app.to("/wait")]
    assert times == [0, 10, 21, 32]


async def test_a_wait_document_that_takes_no_time_does_not_spin(queue: Line) -> None:
    queue.app["/wait"] = ""
    await queue.call()
    await queue.after(5)
    assert len(queue.app.to("/wait")) == 6


@pytest.mark.parametrize("wait", ["", ' waitUrl=""'])
async def test_music_or_silence_asks_nothing(queue: Line, wait: str) -> None:
    queue.app["/voice"] = f"<Enqueue{wait}>help</Enqueue>"
    call = await queue.call()
    await queue.after(600)
    assert call.live
    assert len(queue.app.hits) == 1
    assert call.waited_seconds == pytest.approx(600)


async def test_leave_asks_the_action_at_once(queue: Line) -> None:
    queue.app["/wait"] = ['<Pause length="5"/>', "<Leave/>"]
    call = await queue.call()
    await queue.after(5)
    [hit] = queue.app.to("/after")
    assert (hit["QueueResult"], hit["QueueTime"]) == ("leave", "5")
    assert queue.said(call) == ["Goodbye"]
    assert call.where == "menu"
    assert not list(queue.exchange.queues.obtain("help"))


async def test_without_an_action_the_next_verb_follows(queue: Line) -> None:
    queue.app["/voice"] = '<Enqueue waitUrl="/wait">help</Enqueue><Say>After</Say>'
    queue.app["/wait"] = "<Leave/>"
    call = await queue.call()
    assert queue.said(call) == ["After"]


async def test_a_gather_in_the_wait_document_may_lead_out(queue: Line) -> None:
    queue.app["/wait"] = '<Gather numDigits="1" action="/out" timeout="60"/>'
    queue.app["/out"] = "<Leave/>"
    call = await queue.call()
    await queue.after(3)
    call.press("1")
    await queue.clock.settle()
    assert queue.app.to("/out")[0]["QueuePosition"] == "1"
    assert queue.app.to("/after")[0]["QueueResult"] == "leave"


async def test_hangup_in_the_wait_document_ends_the_call(queue: Line) -> None:
    queue.app["/wait"] = "<Hangup/>"
    call = await queue.call()
    assert call.status is Status.COMPLETED
    assert queue.app.to("/after")[0]["QueueResult"] == "hangup"
    assert len(queue.exchange.queues.obtain("help")) == 0


async def test_the_caller_hangs_up_while_waiting(queue: Line) -> None:
    call = await queue.call({"hang_up": {"in": "queue", "after": 7}})
    await queue.after(7)
    assert call.ended
    assert call.waited_seconds == pytest.approx(7)
    [hit] = queue.app.to("/after")
    assert (hit["QueueResult"], hit["QueueTime"], hit["CallStatus"]) == ("hangup", "7", "completed")
    assert queue.said(call) == []


async def test_a_full_queue_is_told_to_the_action(queue: Line) -> None:
    queue.app["/voice"] = '<Enqueue waitUrl="/wait" action="/after" maxQueueSize="1">help</Enqueue>'
    await queue.call()
    second = await queue.call()
    assert queue.app.to("/after")[0]["QueueResult"] == "queue-full"
    assert [fault.code for fault in second.errors] == [errors.QUEUE_FULL]


async def test_an_error_while_waiting_is_told_to_the_action(queue: Line) -> None:
    queue.app["/wait"] = "<Dial>191</Dial>"
    call = await queue.call()
    assert queue.app.to("/after")[0]["QueueResult"] == "error"
    assert [fault.code for fault in call.errors] == [errors.SCHEMA]
    assert not queue.app.to("/fallback")


async def test_an_error_while_waiting_without_an_action_asks_the_fallback(queue: Line) -> None:
    queue.app["/voice"] = '<Enqueue waitUrl="/wait">help</Enqueue>'
    queue.app["/wait"] = "<Dial>191</Dial>"
    queue.app["/fallback"] = "<Say>Sorry</Say>"
    call = await queue.call()
    assert queue.said(call) == ["Sorry"]
    assert len(queue.exchange.queues.obtain("help")) == 0


async def test_rest_takes_a_caller_out_and_the_action_is_told(queue: Line) -> None:
    call = await queue.call()
    await queue.after(3)
    queue.app["/elsewhere"] = "<Say>You were moved</Say>"
    url = queue.app.url + "/elsewhere"
    await queue.rest(lambda c: c.calls(call.sid).update(url=url, method="GET"))
    assert queue.said(call) == ["You were moved"]
    [hit] = queue.app.to("/after")
    assert (hit["QueueResult"], hit["QueueTime"]) == ("redirected", "3")
    assert queue.app.to("/elsewhere")[0].method == "GET"
    assert len(queue.exchange.queues.obtain("help")) == 0
    await queue.after(2)
    assert call.ended


async def test_an_agent_dials_the_queue_and_gets_the_first_caller(queue: Line) -> None:
    first = await queue.call()
    await queue.after(2)
    second = await queue.call(from_="+66800000002")
    queue.app["/agent"] = (
        '<Dial action="/dialled"><Queue url="/about">help</Queue></Dial><Say>Never</Say>'
    )
    queue.app["/about"] = '<Pause length="4"/>'
    queue.app["/dialled"] = "<Hangup/>"
    agent = await queue.rest(
        lambda c: c.calls.create(to="client:a1", from_="1337", url=queue.app.url + "/agent")
    )
    leg = queue.exchange.call(agent.sid)
    assert leg is not None
    [about] = queue.app.to("/about")
    assert about["CallSid"] == first.sid
    assert about["DequeingCallSid"] == leg.sid
    assert about["QueueTime"] == "2"
    await queue.after(4)
    assert (first.where, leg.where, second.where) == ("dial", "dial", "queue")
    await queue.after(30)
    assert not queue.app.to("/after"), "after a bridge the action waits for its end"
    leg.end()
    await queue.clock.settle()
    [hit] = queue.app.to("/after")
    assert (hit["QueueResult"], hit["QueueTime"]) == ("bridged", "2")
    assert queue.said(first) == ["Goodbye"]
    assert second.where == "queue"


async def test_the_queued_caller_hangs_up_in_the_talk(queue: Line) -> None:
    caller = await queue.call()
    queue.app["/agent"] = '<Dial action="/dialled"><Queue>help</Queue></Dial>'
    queue.app["/dialled"] = "<Hangup/>"
    await queue.rest(
        lambda c: c.calls.create(to="client:a1", from_="1337", url=queue.app.url + "/agent")
    )
    await queue.after(9)
    caller.end(cause="caller hung up")
    await queue.clock.settle()
    [hit] = queue.app.to("/dialled")
    assert (hit["DialCallStatus"], hit["DialCallDuration"]) == ("completed", "9")
    assert hit["DialCallSid"] == caller.sid
    assert queue.app.to("/after")[0]["QueueResult"] == "bridged"


@pytest.mark.parametrize(
    ("seconds", "redirect", "result"),
    [
        (2, False, "bridging-in-process"),
        (9, False, "bridged"),
        (9, True, "redirected-from-bridged"),
    ],
)
async def test_a_queued_caller_who_is_gone_while_or_after_being_joined(
    queue: Line, seconds: float, redirect: bool, result: str
) -> None:
    caller = await queue.call()
    queue.app["/agent"] = '<Dial action="/dialled"><Queue url="/about">help</Queue></Dial>'
    queue.app["/about"] = '<Pause length="4"/>'
    queue.app["/dialled"] = "<Hangup/>"
    await queue.rest(
        lambda c: c.calls.create(to="client:a1", from_="1337", url=queue.app.url + "/agent")
    )
    await queue.after(seconds)
    if redirect:
        caller.redirect(Request(queue.app.url + "/wait"))
    else:
        caller.end(cause="caller hung up")
    await queue.clock.settle()
    assert queue.app.to("/after")[0]["QueueResult"] == result
    assert queue.app.to("/dialled")[0]["DialBridged"] == str(seconds > 4).lower()


@pytest.mark.parametrize("attributes", ['timeLimit="7"', 'hangupOnStar="true"'])
async def test_when_the_agent_lets_go_the_caller_gets_the_action(
    queue: Line, attributes: str
) -> None:
    caller = await queue.call()
    queue.app["/agent"] = f'<Dial {attributes}><Queue>help</Queue></Dial><Pause length="60"/>'
    made = await queue.rest(
        lambda c: c.calls.create(to="client:a1", from_="1337", url=queue.app.url + "/agent")
    )
    agent = queue.exchange.call(made.sid)
    assert agent is not None
    await queue.after(7)
    agent.press("*")
    await queue.clock.settle()
    assert agent.live
    assert queue.app.to("/after")[0]["QueueResult"] == "bridged"
    assert queue.said(caller) == ["Goodbye"]


async def test_dialling_an_empty_queue_waits_for_somebody(queue: Line) -> None:
    queue.exchange.queues.create("help")
    queue.app["/agent"] = '<Dial timeout="20" action="/dialled"><Queue>help</Queue></Dial>'
    queue.app["/dialled"] = "<Hangup/>"
    await queue.rest(
        lambda c: c.calls.create(to="client:a1", from_="1337", url=queue.app.url + "/agent")
    )
    await queue.after(19)
    caller = await queue.call()
    assert caller.where == "dial"
    caller.end()
    await queue.clock.settle()
    assert queue.app.to("/dialled")[0]["DialCallStatus"] == "completed"


@pytest.mark.parametrize(("exists", "status"), [(True, "no-answer"), (False, "failed")])
async def test_dialling_a_queue_in_vain(queue: Line, exists: bool, status: str) -> None:
    if exists:
        queue.exchange.queues.create("help")
    queue.app["/agent"] = '<Dial timeout="20" action="/dialled"><Queue>help</Queue></Dial>'
    queue.app["/dialled"] = "<Hangup/>"
    await queue.rest(
        lambda c: c.calls.create(to="client:a1", from_="1337", url=queue.app.url + "/agent")
    )
    await queue.after(20)
    assert queue.app.to("/dialled")[0]["DialCallStatus"] == status


async def test_an_agent_who_gives_up_leaves_the_queue_as_it_was(queue: Line) -> None:
    queue.exchange.queues.create("help")
    queue.app["/agent"] = "<Dial><Queue>help</Queue></Dial>"
    agent = await queue.rest(
        lambda c: c.calls.create(to="client:a1", from_="1337", url=queue.app.url + "/agent")
    )
    leg = queue.exchange.call(agent.sid)
    assert leg is not None
    leg.end()
    caller = await queue.call()
    assert (caller.where, len(queue.exchange.queues.obtain("help"))) == ("queue", 1)


async def waiting_agent(queue: Line) -> Call:
    """An agent who has dialled the empty queue and waits for somebody."""
    queue.exchange.queues.create("help")
    queue.app["/agent"] = '<Dial timeout="600"><Queue>help</Queue></Dial>'
    made = await queue.rest(
        lambda c: c.calls.create(to="client:a1", from_="1337", url=queue.app.url + "/agent")
    )
    agent = queue.exchange.call(made.sid)
    assert agent is not None
    return agent


async def test_a_caller_gone_in_the_instant_of_being_fetched_is_not_joined(queue: Line) -> None:
    agent = await waiting_agent(queue)
    gone = queue.exchange.place(from_="+66800000001", to="1337", direction="inbound")
    member = queue.exchange.queues.obtain("help").join(gone)
    stay = Stay(Scene(gone, ""), Node("Enqueue", text="help"), member)
    with gone.staying(stay.left):
        gone.end()  # the waiting agent has been given this caller, and has not run since
    await queue.clock.settle()
    caller = await queue.call()
    await queue.after(5)
    assert (agent.where, caller.where) == ("dial", "dial")


async def test_an_agent_gone_in_the_instant_of_fetching_puts_the_caller_back(queue: Line) -> None:
    agent = await waiting_agent(queue)
    help_queue = queue.exchange.queues.obtain("help")
    caller = queue.exchange.place(from_="+66800000001", to="1337", direction="inbound")
    member = help_queue.join(caller)
    assert not list(help_queue), "fetched at once by who was waiting"
    agent.end()
    await queue.clock.settle()
    assert list(help_queue) == [member]
    assert member.waiting
    caller.end()


async def test_who_dialled_first_is_served_first(queue: Line) -> None:
    agents = [await waiting_agent(queue)]
    made = await queue.rest(
        lambda c: c.calls.create(to="client:a2", from_="1337", url=queue.app.url + "/agent")
    )
    second = queue.exchange.call(made.sid)
    assert second is not None
    caller = await queue.call()
    assert f"connected to {caller.to}" in [entry.text for entry in agents[0].transcript]
    assert "dial" not in [entry.kind for entry in second.transcript]


async def test_the_action_s_url_is_checked_before_anybody_waits(queue: Line) -> None:
    twiml = '<Response><Enqueue action="relative">help</Enqueue></Response>'
    agent = await queue.rest(lambda c: c.calls.create(to="client:a1", from_="1337", twiml=twiml))
    leg = queue.exchange.call(agent.sid)
    assert leg is not None
    assert [fault.code for fault in leg.errors] == [errors.INVALID_URL]
    await queue.after(5)


async def test_hundreds_of_callers_keep_their_order(queue: Line) -> None:
    queue.app["/wait"] = '<Pause length="300"/>'
    calls = [queue.exchange.dial_in(f"+668{n:08d}", "1337") for n in range(300)]
    await queue.clock.settle()
    waiting = [member.call for member in queue.exchange.queues.obtain("help")]
    assert sorted(c.sid for c in waiting) == sorted(c.sid for c in calls)
    positions = sorted(int(hit["QueuePosition"]) for hit in queue.app.to("/wait"))
    assert positions[-1] == 300
    for call in waiting[:150]:
        call.end()
    await queue.clock.settle()
    assert [m.call for m in queue.exchange.queues.obtain("help")] == waiting[150:]
    assert all(call.tasks == 0 for call in waiting[:150])


async def test_a_script_that_hangs_up_in_the_queue_not_in_the_talk(queue: Line) -> None:
    caller = await queue.call({"hang_up": {"in": "queue", "after": 10}})
    queue.app["/agent"] = "<Dial><Queue>help</Queue></Dial>"
    await queue.after(5)
    await queue.rest(
        lambda c: c.calls.create(to="client:a1", from_="1337", url=queue.app.url + "/agent")
    )
    await queue.after(60)
    assert caller.live
