"""What a filled form scores, and which conversations the lot draws."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.quality import rules
from ivr.quality.config import Quality
from ivr.quality.rules import Form, Part, Question

TEXT = {"th": "ก", "en": "a"}
FORM = Form(
    "talk",
    3,
    TEXT,
    (
        Part(TEXT, (Question("hello", TEXT, 5), Question("place", TEXT, 10, not_applicable=True))),
        Part(TEXT, (Question("polite", TEXT, 10, fatal=True),)),
    ),
)


def test_the_points_of_those_that_are_possible():
    found = rules.score(FORM, {"hello": 4, "place": 5, "polite": 10})
    assert (found.points, found.possible, found.share) == (19, 25, 19 / 25)
    assert (found.fatal, found.missing) == ((), ())


def test_what_does_not_apply_counts_neither_way():
    found = rules.score(FORM, {"hello": 5, "place": None, "polite": 5})
    assert (found.points, found.possible) == (10, 15)
    none = Form("n", 1, TEXT, (Part(TEXT, (Question("a", TEXT, 5, not_applicable=True),)),))
    assert rules.score(none, {"a": None}).share is None


def test_a_fatal_question_without_a_point_makes_the_whole_nothing():
    found = rules.score(FORM, {"hello": 5, "place": 10, "polite": 0})
    assert (found.points, found.share, found.fatal) == (15, 0.0, ("polite",))
    assert rules.score(FORM, {"hello": 0, "place": 0, "polite": 1}).fatal == ()


def test_what_is_not_answered_is_missing():
    found = rules.score(FORM, {"hello": 5})
    assert found.missing == ("place", "polite")
    assert (found.points, found.possible) == (5, 5)
    assert rules.score(FORM, {}).share is None


@pytest.mark.parametrize(
    ("answers", "wrong"),
    [
        ({"hello": 5, "place": None, "polite": 0}, []),
        ({"hello": 6}, ["hello"]),
        ({"hello": -1}, ["hello"]),
        ({"hello": None}, ["hello"]),
        ({"other": 1}, ["other"]),
    ],
)
def test_answers_that_the_form_does_not_allow(answers, wrong):
    assert rules.wrong(FORM, answers) == wrong


def test_a_form_is_kept_whole():
    assert Form.from_json(FORM.as_json()) == FORM


def test_averages_are_of_the_marks_in_which_a_question_applied():
    answers = [{"hello": 5, "place": None, "polite": 5}, {"hello": 0, "place": 5, "polite": 10}]
    found = rules.averages((FORM, each) for each in answers)
    assert found[("talk", "hello")] == (0.5, 2)
    assert found[("talk", "place")] == (0.5, 1)


WEEK = date(2026, 11, 16)


@given(st.lists(st.tuples(st.integers(1, 50), st.integers(1, 4)), max_size=80), st.integers(0, 5))
def test_the_lot_draws_as_many_of_everybody(talks, count):
    found = rules.picked(talks, WEEK, count)
    assert found == rules.picked(reversed(talks), WEEK, count)
    for agent in {agent for _, agent in talks}:
        theirs = {each for each in talks if each[1] == agent}
        drawn = [each for each in found if each[1] == agent]
        assert len(drawn) == len(set(drawn)) == min(count, len(theirs))
        assert set(drawn) <= theirs


def test_each_week_draws_anew_and_every_call_may_be_drawn():
    talks = [(call, 1) for call in range(1, 11)]
    drawn = {rules.picked(talks, date(2026, 1, day), 1)[0] for day in range(1, 32)}
    assert len(drawn) > 5


def test_a_question_stands_once_in_a_form():
    question = {"text": TEXT, "points": 5}
    part = {"title": TEXT, "questions": {"a": question}}
    form = {"title": TEXT, "sections": {"one": part, "two": part}}
    section = Quality.model_validate({"forms": {"f": form}})
    assert [each.path for each in section.faults()] == ["forms.f.sections.two.questions.a"]
