"""How many could answer: signed in, and taking calls; each agent counted once."""

from agents import service
from tests.service.agents.conftest import NOON


def counted(db, *skills):
    with db.read() as session:
        return service.signed_in(session, skills), service.able(session, skills)


def test_who_has_gone_home_is_not_there_and_who_is_away_takes_no_calls(db, hire):
    hire("Away", "complaint/th")
    ready, pause, missed, busy = (
        hire(name, "complaint/th", "information/th") for name in ("Noi", "Lek", "Dao", "Ploy")
    )
    with db.write() as session:
        for agent_id in (ready, pause, missed, busy):
            service.ready(session, agent_id, now=NOON)
        service.take_break(session, pause, reason="meal", now=NOON)
        for offer_id, agent_id in ((1, missed), (2, busy)):
            call_id = offer_id
            assert service.reserve(session, agent_id, offer_id=offer_id, call_id=call_id, now=NOON)
        assert service.missed(session, missed, offer_id=1, now=NOON)
        assert service.on_call(session, busy, offer_id=2, now=NOON)
    assert counted(db, "complaint/th") == (4, 2)
    assert counted(db, "complaint/th", "information/th") == (4, 2)
    assert counted(db, "complaint/en") == (0, 0)
    assert counted(db) == (0, 0)
    with db.write() as session:
        service.sign_out(session, ready, now=NOON)
    assert counted(db, "information/th") == (3, 1)
