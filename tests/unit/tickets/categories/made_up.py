"""Made-up texts: what people say of four matters, in a few words that come in any order."""

import random
from collections.abc import Iterator
from itertools import cycle, islice

from tickets.categories.learning import Lesson

WORDS = {
    "flood": ["น้ำท่วม", "น้ำขัง", "ฝนตกหนัก", "ระบายไม่ทัน", "flooded"],
    "street_light": ["ไฟทางดับ", "ไฟไม่ติด", "หลอดไฟเสีย", "มืดมาก", "street light"],
    "rubbish": ["ขยะ", "ถังขยะล้น", "ไม่มาเก็บ", "ส่งกลิ่น", "garbage"],
    "noise": ["เสียงดัง", "เปิดเพลง", "คาราโอเกะ", "นอนไม่หลับ", "loud music"],
}
AROUND = ["ในซอย", "หน้าบ้าน", "ทุกคืน", "ช่วยมาดูด้วย", "ครับ", "ค่ะ", "แถวตลาด", "please"]


def lessons(count: int, seed: int = 1, labels: dict[str, list[str]] = WORDS) -> list[Lesson]:
    """Return so many different ones, each label as often as the others."""
    return list(islice(_endless(random.Random(seed), labels), count))


def _endless(chance: random.Random, labels: dict[str, list[str]]) -> Iterator[Lesson]:
    seen = set[str]()
    for label, words in cycle(labels.items()):
        text = _made(chance, words)
        while text in seen:
            text = _made(chance, words)
        seen.add(text)
        yield Lesson(text, label)


def _made(chance: random.Random, words: list[str]) -> str:
    said = [*chance.sample(words, 2), *chance.sample(AROUND, 3)]
    chance.shuffle(said)
    house = "".join(chance.choices("กขคงจฉชซ", k=2))
    return " ".join([*said, f"บ้านเลขที่ {house}"])
