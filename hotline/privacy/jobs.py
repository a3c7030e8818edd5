"""What runs each night: what is kept no longer goes."""

from collections import Counter
from datetime import date, time

from hotline import clock
from hotline.floor import Floor
from hotline.notices import service as notices
from hotline.privacy import service

#: In the city's time: after the night has been counted, before anybody comes.
AT = time(2, 30)


def run(floor: Floor, _day: date) -> str:
    """Do all that is due; how much of what."""
    now = clock.now()
    done = Counter(each.act for each in service.run(floor, now))
    with floor.db.write() as session:
        old = notices.forget(session, now)
    said = [f"{act}: {number}" for act, number in sorted(done.items())]
    return ", ".join([*said, f"notices: {old}"])
