"""What is learned, what is remembered, and how sure one may be."""

from collections.abc import Sequence

import numpy as np
import pytest

from tests.unit.tickets.categories.made_up import WORDS, lessons
from tickets.categories import learning
from tickets.categories.learning import Lesson, TooLittle, learn
from tickets.categories.model import Model


@pytest.fixture(scope="module")
def model() -> Model:
    return learn(lessons(160))


def test_it_tells_matters_apart_that_it_has_not_seen(model: Model) -> None:
    unseen = lessons(80, seed=2)
    said = learning.judged(model, [each.text for each in unseen])
    right = [one.label == each.label for one, each in zip(said, unseen, strict=True)]
    assert sum(right) / len(right) > 0.95


def test_many_are_judged_as_one_is(model: Model) -> None:
    many = ["ถังขยะล้น ส่งกลิ่น", "???", "ไม่มีอะไรเลย"]
    for text, said in zip(many, learning.judged(model, many), strict=True):
        judged = model.judge(text)
        assert said.sure == judged.sure
        assert said.label == (judged.first.label if judged.first else "")


def test_it_says_why_in_the_words_of_the_text(model: Model) -> None:
    judged = model.judge("สวัสดีค่ะ ขอแจ้งว่าน้ำท่วมหน้าตลาด", words=["น้ำท่วม"])
    assert judged.first is not None and judged.first.label == "flood"
    assert judged.sure
    assert any("น้ำท่วม" in word for word in judged.words)
    assert all(word in "สวัสดีค่ะ ขอแจ้งว่าน้ำท่วมหน้าตลาด" for word in judged.words)


@pytest.mark.parametrize("text", ["", "ก", "???", "123", "Квартира"])
def test_of_what_it_has_never_seen_it_is_not_sure(model: Model, text: str) -> None:
    assert not model.judge(text).sure


def test_of_two_matters_at_once_it_names_both_and_is_less_sure(model: Model) -> None:
    both = model.judge("น้ำท่วม ไฟทางดับ")
    assert {each.label for each in both.candidates[:2]} == {"flood", "street_light"}
    assert both.candidates[0].share < model.judge("น้ำท่วม น้ำขัง ฝนตกหนัก").candidates[0].share


def test_what_the_city_has_not_is_not_suggested(model: Model) -> None:
    judged = model.judge("น้ำท่วม", among={"noise", "rubbish"})
    assert {each.label for each in judged.candidates} <= {"noise", "rubbish"}


def test_what_another_citys_table_has_no_name_for_stays_as_it_was(model: Model) -> None:
    two = {label: WORDS[label] for label in ("flood", "rubbish")}
    taught = learn(lessons(60, seed=5, labels=two), before=model, only_named=True)
    whole = learn(lessons(60, seed=5, labels=two), before=model)
    assert taught.labels == model.labels
    noisy, light = (model.labels.index(each) for each in ("noise", "street_light"))
    kept = np.searchsorted(taught.hashes, model.hashes)
    for k in (noisy, light):
        assert taught.biases[k] == model.biases[k] != whole.biases[k]
        assert np.allclose(taught.dense()[kept, k], model.dense()[:, k])
    flood = model.labels.index("flood")
    assert not np.allclose(taught.dense()[kept, flood], model.dense()[:, flood])


def test_a_file_is_the_same_model(model: Model) -> None:
    again = Model.of_bytes(model.as_bytes())
    text = "ถังขยะล้น ส่งกลิ่น"
    assert again.judge(text) == model.judge(text)
    assert again.about == model.about


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"not a model at all"])
def test_what_is_no_model_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        Model.of_bytes(content)


def test_a_file_that_would_run_something_is_refused() -> None:
    import io

    written = io.BytesIO()
    np.savez(written, said=np.array([object()], dtype=object), hashes=np.zeros(1))
    with pytest.raises(ValueError, match=r"."):
        Model.of_bytes(written.getvalue())


def test_the_same_lessons_make_the_same_model() -> None:
    one, other = learn(lessons(60)), learn(lessons(60))
    assert one.as_bytes() == other.as_bytes()


def test_what_others_taught_is_not_forgotten(model: Model) -> None:
    """A few lessons of one matter do not take the others away, and a new matter is learned."""
    new = {"beach": ["ชายหาด", "ร่มเตียง", "เจ็ตสกี", "แมงกะพรุน", "jet ski"]}
    few = lessons(24, seed=5, labels=new) + lessons(8, seed=6)
    onto = learn(few, before=model)
    assert set(onto.labels) == {*WORDS, "beach"}
    unseen = lessons(40, seed=7) + lessons(10, seed=8, labels=new)
    said = learning.judged(onto, [each.text for each in unseen])
    right = [one.label == each.label for one, each in zip(said, unseen, strict=True)]
    assert sum(right) / len(right) > 0.9


def test_a_correction_is_a_lesson(model: Model) -> None:
    """What the city calls something else than others do is called so in the end."""
    here = [Lesson(each.text, "noise") for each in lessons(200, seed=9) if each.label == "rubbish"]
    onto = learn(here + [e for e in lessons(60, seed=10) if e.label != "rubbish"], before=model)
    first = onto.judge("ถังขยะล้น ไม่มาเก็บ ครับ").first
    assert first is not None and first.label == "noise"


def both(labels: Sequence[str], count: int) -> list[Lesson]:
    """Texts that name two things at once."""
    one, other = labels
    said = [(WORDS[one][n % 3], WORDS[other][n // 3 % 3]) for n in range(count)]
    return [Lesson(f"{a} {b} {n}", one, frozenset({other})) for n, (a, b) in enumerate(said)]


def test_what_names_several_is_learned_as_each_of_them() -> None:
    """Both words together are as much the one as the other; each of them alone stays what it is."""
    two = ("flood", "street_light")
    model = learn([*lessons(120, seed=3), *both(two, 30)])
    judged = model.judge(f"{WORDS['flood'][0]} {WORDS['street_light'][0]}")
    assert {each.label for each in judged.candidates[:2]} == set(two)
    assert judged.candidates[1].share > 0.2
    unseen = lessons(40, seed=4)
    said = learning.judged(model, [each.text for each in unseen])
    assert all(one.label == each.label for one, each in zip(said, unseen, strict=True))


def test_in_which_order_it_names_them_is_one() -> None:
    plain = lessons(60)
    one = learn([*plain, *both(("flood", "noise"), 12)])
    turned = [Lesson(e.text, "noise", frozenset({"flood"})) for e in both(("flood", "noise"), 12)]
    assert learn([*plain, *turned]).as_bytes() == one.as_bytes()


def test_of_what_names_several_only_what_is_learned_at_all_counts() -> None:
    """A label that stands in two texts is none; what those say of the other is kept."""
    rare = [Lesson(f"แมงกะพรุนที่หาด ขยะ {n}", "beach", frozenset({"rubbish"})) for n in "กข"]
    kept = learning.enough([*lessons(60), *rare])
    assert [(each.label, each.also) for each in kept[-2:]] == [("rubbish", frozenset())] * 2
    assert "beach" not in learn([*lessons(60), *rare]).labels


def test_an_ngram_of_one_text_is_not_learned() -> None:
    """Somebody's name stands in one text: it must not be found in the model."""
    from tickets.categories import text

    taught = [*lessons(60), Lesson("น้ำท่วม บ้านคุณเฉลิมพงษ์ธนากุล", "flood")]
    known = set(learn(taught).hashes.tolist())
    letters = text.read("เฉลิมพงษ์ธนากุล").letters
    found = text.grams(letters)
    long = found.hashes[found.lengths == text.LONGEST].tolist()
    assert long and not known & set(long)


def test_nothing_is_learned_from_nothing() -> None:
    with pytest.raises(TooLittle):
        learn([])
    with pytest.raises(TooLittle):
        learn([Lesson(f"น้ำท่วม {n}", "flood") for n in "กขคงจ"])


def test_a_label_with_too_few_texts_is_left_out() -> None:
    taught = [*lessons(60), Lesson("แมงกะพรุนที่หาด", "beach")]
    assert "beach" not in learn(taught).labels
