"""What has happened in the town of the pictures: tickets, a flood that many tell of, units that go
out, somebody who is away.
"""

from collections.abc import Mapping
from datetime import timedelta

from sqlalchemy.orm import Session

from hotline import clock, settings
from hotline.app import build_floor
from hotline.floor import Floor
from tickets import attendance
from tickets import service as tickets
from tickets.config import Tickets
from tickets.facts import Actor, TicketFacts
from tickets.incidents import service as incidents
from tickets.places import service as places
from tickets.places.rules import Pin
from tickets.units import fleet
from tickets.units import service as units
from tickets.workflow import Role

BOSS, CREW = Actor("supervisor", Role.SUPERVISOR), Actor("crew", Role.CREW)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
#: Calls of the past have names that no call of the pictures has.
FIRST_CALL = 900_001
#: How long ago, the category, what was said, the soi, and where it is.
FLOOD = (
    (22 * MINUTE, "flood", "น้ำท่วมซอยบัวขาว สูงครึ่งเข่า รถผ่านไม่ได้", "บัวขาว", Pin(12.9312, 100.8845)),
    (20 * MINUTE, "flood", "น้ำเข้าบ้านแล้ว ซอยบัวขาว ขอกระสอบทราย", "บัวขาว", Pin(12.9308, 100.8841)),
    (17 * MINUTE, "road_surface", "Soi Buakhao is flooded, cars are stuck", "บัวขาว", None),
    (15 * MINUTE, "drain", "น้ำท่วมขังหน้าร้าน ซอยบัวขาว", "บัวขาว", Pin(12.9301, 100.8849)),
    (12 * MINUTE, "flood", "น้ำรอระบาย ถนนจมน้ำ ซอยบัวขาว", "บัวขาว", Pin(12.9309, 100.8852)),
    (10 * MINUTE, "flood", "น้ำท่วมถนน ซอยบัวขาว มอเตอร์ไซค์ดับ", "บัวขาว", Pin(12.9306, 100.8846)),
    (8 * MINUTE, "flood", "น้ำท่วมสูงขึ้นเรื่อยๆ ซอยบัวขาว", "บัวขาว", Pin(12.9304, 100.8847)),
)
OTHERS = (
    (9 * DAY, "street_light", "ไฟถนนดับสามดวงติดกัน ซอยมืดมาก", "เขาตาโล", Pin(12.9166, 100.8989)),
    (6 * DAY, "rubbish", "ขยะไม่ได้เก็บมาสองสัปดาห์ มีกลิ่น", "นาเกลือ 12", Pin(12.9527, 100.8907)),
    (4 * DAY, "road_surface", "ถนนเป็นหลุมลึก มีคนล้ม", "เทพประสิทธิ์ 8", Pin(12.9107, 100.8842)),
    (26 * MINUTE, "fallen_tree", "ต้นไม้ล้มขวางถนน รถผ่านไม่ได้", "จอมเทียน 9", Pin(12.8930, 100.8730)),
    (19 * MINUTE, "dangerous_animals", "งูเหลือมเข้าบ้าน", "นาเกลือ 16", Pin(12.9510, 100.8930)),
    (6 * MINUTE, "public_safety", "สายไฟห้อยต่ำหน้าโรงเรียน", "สุขุมวิท 45", Pin(12.9350, 100.8890)),
)


def write(environment: Mapping[str, str]) -> None:
    """Write it down in the hotline of this environment, as of now."""
    floor = build_floor(settings.from_environment(environment))
    try:
        numbers = {
            what[1]: _told(floor, FIRST_CALL + call, *what).number
            for call, what in enumerate((*FLOOD, *OTHERS))
        }
        with floor.db.write() as session:
            _incident(session, floor.section(Tickets))
        with floor.db.write() as session:
            _units(session, floor.section(Tickets), numbers)
        with floor.db.write() as session:
            _away(session, floor.section(Tickets))
    finally:
        floor.close()


def _told(
    floor: Floor, call: int, ago: timedelta, category: str, text: str, soi: str, pin: Pin | None
) -> TicketFacts:
    config, at = floor.section(Tickets), clock.now() - ago
    fields = {"place_soi": soi}
    if pin is not None:
        fields |= {"place_latitude": str(pin.latitude), "place_longitude": str(pin.longitude)}
    with floor.db.write() as session:
        where = places.entered(session, config, fields)
        made = tickets.record_call(
            session,
            config,
            call_id=call,
            outcome="complaint",
            category=category,
            note=text,
            caller=f"+6681{call:07}",
            by="agent1",
            area=where.area,
            now=at,
        )
        places.placed_in_call(session, config, made, where, by="agent1", now=at)
        return made


def _incident(session: Session, config: Tickets) -> None:
    """Proposed: whether it is one thing is for a supervisor to say."""
    incidents.detect(session, config, clock.now())


def _units(session: Session, config: Tickets, numbers: Mapping[str, str]) -> None:
    """The first unit, whose crew the demo's is, has a job; two wait for one."""
    now = clock.now()
    first = next(iter(config.units.fleet))
    if fleet.free_crews(session):
        fleet.put_on(session, first, CREW.username, actor=BOSS, by=None, now=now)
    pin = Pin(12.9350, 100.8810)
    units.report_position(session, first, pin, accuracy_m=12, by=CREW, at=now, now=now)
    units.dispatch(
        session, config, first, numbers["fallen_tree"], by=BOSS, now=now, note="เลื่อยยนต์อยู่ท้ายรถ"
    )
    snake = tickets.by_number(session, numbers["dangerous_animals"])
    units.ask(session, snake, text="มีเด็กเล็กในบ้าน", by=BOSS, now=now)


def _away(session: Session, config: Tickets) -> None:
    now = clock.now()
    today = config.day(now)
    attendance.be_away(
        session,
        config,
        username="division",
        first=today + DAY,
        last=today + 4 * DAY,
        substitute=None,
        actor=BOSS,
        now=now,
    )
