"""What may be done in a conversation, read aloud."""

from itertools import product

import pytest

from ivr.talk.rules import PartyState, Talk, Verb, possible

PRESENT = (None, PartyState.DIALLING, PartyState.TALKING)
EVERY = [
    Talk(held, recorded, paused and recorded, party, called_back)
    for held, recorded, paused, party, called_back in product(
        (False, True), (False, True), (False, True), PRESENT, (False, True)
    )
]


@pytest.mark.parametrize("talk", EVERY, ids=str)
def test_each_pair_of_contraries_has_one_that_can_be_done(talk: Talk) -> None:
    verbs = possible(talk)
    assert len(verbs & {Verb.HOLD, Verb.RESUME}) == 1
    assert len(verbs & {Verb.PAUSE_RECORDING, Verb.RESUME_RECORDING}) == int(talk.recorded)
    assert len(verbs & {Verb.CALL_IN, Verb.DROP}) == 1


def test_what_has_silence_already_is_not_paused_and_may_go_on_later() -> None:
    recording = {Verb.PAUSE_RECORDING, Verb.RESUME_RECORDING}
    hushed = Talk(held=True, recorded=True, hushed=True)
    assert not possible(hushed) & recording
    paused = Talk(held=True, recorded=True, paused=True, hushed=True)
    assert possible(paused) & recording == {Verb.RESUME_RECORDING}


@pytest.mark.parametrize("talk", EVERY, ids=str)
def test_a_caller_is_left_only_to_who_has_answered(talk: Talk) -> None:
    assert (Verb.HAND_OVER in possible(talk)) == (talk.party is PartyState.TALKING)


@pytest.mark.parametrize("talk", EVERY, ids=str)
def test_nobody_is_passed_on_behind_the_back_of_a_third_party(talk: Talk) -> None:
    free = talk.party is None and not talk.called_back
    assert (Verb.TRANSFER in possible(talk)) == free
