"""What the measure of duplicates counts, on a table that can be read at a glance."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from tickets.matters import measuring
from tickets.matters.measuring import Heard, Report
from tickets.matters.rules import Limits, Matter
from tickets.places.rules import Pin

NOW = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
HERE, FAR = Pin(13.75, 100.5), Pin(13.80, 100.5)
SOI = "12 ซอย ลาดพร้าว 1 แขวงจอมพล"


def report(id_: str, text: str, pin: Pin = HERE, place: str = SOI, minutes: int = 0) -> Report:
    at = NOW + timedelta(minutes=minutes)
    limits = Limits(500, timedelta(hours=6))
    return Report(id_, Matter(0, text, at, limits, "flood", "works", pin, place=place))


def test_streets_are_what_enough_addresses_name() -> None:
    streets = measuring.streets_of([SOI, "9 ซอยลาดพร้าว 1", "3 ซอย ลาดพร้าว 101", "1 ถนน สีลม"], 2)
    assert streets("น้ำท่วมซอยลาดพร้าว 1 ครับ") == {"ซอยลาดพร้าว1"}
    assert streets("ซอยลาดพร้าว 12 น้ำท่วม") == streets("ถนนสีลม") == frozenset()
    assert measuring.streets_of([SOI, SOI], 3)("ซอยลาดพร้าว 1") == frozenset()


def test_a_street_is_found_by_its_name_alone_where_nothing_else_is_called_so() -> None:
    sois = ["9 ซอย บัวขาว", "3 ซอยลาดพร้าว 1", "ซอยพัทยาใต้ แขวงพัทยาใต้", "ซอยสีลม", "1 ถนน สีลม"]
    alone = measuring.streets_of(sois, 1, alone=True)
    assert alone("น้ำท่วมบัวขาว") == {"ซอยบัวขาว"}
    assert alone("น้ำท่วมลาดพร้าว 1") == {"ซอยลาดพร้าว1"}
    assert alone("ลาดพร้าว 12") == alone("พัทยาใต้") == alone("น้ำท่วมสีลม") == frozenset()
    assert measuring.streets_of(sois, 1)("น้ำท่วมบัวขาว") == frozenset()


def test_what_is_offered_too_far_apart_is_counted() -> None:
    """Nobody has a pin, and the street is in the words alone: with it the true one is found, and so
    is what was said of the same name elsewhere.
    """
    words = "น้ำท่วมซอยลาดพร้าว 1 รถผ่านไม่ได้"
    rows = [report("a", words), report("a", words, minutes=5), report("b", words, FAR, minutes=9)]
    deaf = Heard(pin=False, address=False)
    without = measuring.measure(rows, deaf)
    assert (without.second, without.three, without.offered) == (1, 0, 0)
    known = replace(deaf, streets=measuring.streets_of([SOI], 1))
    found = measuring.measure(rows, known)
    assert (found.three, found.offered, found.far, found.merged_far) == (1, 2, 1, 1)
    assert found.as_json()["share_far"] == 0.5


def test_pins_that_are_far_apart_need_no_name() -> None:
    rows = [report("a", "น้ำท่วม"), report("b", "น้ำท่วม", FAR, minutes=1)]
    found = measuring.measure(rows, Heard(streets=measuring.streets_of([SOI], 1)))
    assert (found.new, found.new_merged) == (1, 0)
