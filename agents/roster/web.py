"""The pages of the roster: the week, one shift, one day of it, one's own, who is here, adherence.

Supervisors write, managers read, agents see their own. `/roster/now` is a fragment for other pages.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from flask import Blueprint, Response, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from agents import service as agents
from agents.config import Agents, Roster
from agents.roster import attendance, files, importing, rules, service, sheets
from agents.roster.adherence import Difference, Here
from agents.roster.rules import ONE_DAY, BadRule, Pattern, Repeat, Series, Shift
from agents.roster.service import Act, Plan, Wish
from agents.web import NotAnAgent
from hotline import clock, i18n
from hotline.auth import Role, access, current_account, public
from hotline.errors import HotlineError, Invalid
from hotline.web import floor, fragment, language, t

#: Its templates are the room's.
blueprint = Blueprint("roster", __name__)

WRITES = (Role.SUPERVISOR,)
READS = (Role.SUPERVISOR, Role.MANAGER)
#: Who can be an agent.
WORKS = (Role.AGENT, Role.SUPERVISOR)
#: Ids as the database counts them.
_SHIFT = "/roster/shifts/<int(max=9223372036854775807):shift_id>"
#: Days of one's own roster, and at most of an export or of the page of adherence.
MINE, LONGEST_SPAN = 14, 366
LARGEST_FILE = 400 * 1024
#: Who needs a look comes first.
_HERE_ORDER = (Here.ABSENT, Here.LATE, Here.LEFT, Here.EXPECTED, Here.UNPLANNED, Here.PRESENT,
               Here.BEFORE)  # fmt: skip


class BadForm(Invalid):
    """A field that is missing or is not what it should be; `agents.roster.field.<name>`."""

    code, text = "bad-form", "agents.roster.bad_form"


# ---------------------------------------------------------------- the week


@blueprint.get("/roster")
@access(*READS)
def week() -> str:
    """A week (`week`: any day of it): agents by days, what conflicts, heads by the hour."""
    monday = _monday(_day("week", _act().today))
    days = [monday + n * ONE_DAY for n in range(7)]
    with floor().db.read() as session:
        people = service.people(session)
        found = _shifts(session, monday - ONE_DAY, days[-1] + ONE_DAY, also_off=True)
    works = [each for each in found if each.works]
    of_week = [each for each in found if days[0] <= each.day <= days[-1]]
    cells: dict[tuple[int, date], list[Shift]] = {}
    for each in of_week:
        cells.setdefault((each.agent_id, each.day), []).append(each)
    busy = {each.agent_id for each in of_week}
    return render_template(
        "agents/roster.html",
        monday=monday,
        before=monday - 7 * ONE_DAY,
        after=monday + 7 * ONE_DAY,
        days=days,
        people=[each for each in people if each.active or each.id in busy],
        cells=cells,
        conflicts=[
            each
            for each in rules.conflicts(works, _rules().rest)
            if each.earlier.day in days or each.later.day in days
        ],
        hours=[_heads_of(day, works) for day in days],
        may_write=current_account().role in WRITES,
        **_words(),
    )


@dataclass(frozen=True, slots=True)
class Hour:
    """How many are planned in an hour, and wanted, where that is said."""

    at: datetime
    planned: int
    wanted: int | None

    @property
    def short(self) -> bool:
        """Whether somebody is missing."""
        return self.wanted is not None and self.planned < self.wanted


def _heads_of(day: date, works: Sequence[Shift]) -> list[Hour]:
    zone = floor().city.zone
    at, end = clock.day_bounds(day, zone)
    hours = []
    while at < end:
        hours.append(at)
        at += timedelta(hours=1)
    planned = rules.heads(works, hours)
    return [
        Hour(each, count, _rules().wanted_at(day.weekday(), clock.local(each, zone).hour * 60))
        for each, count in zip(hours, planned, strict=True)
    ]


@blueprint.post("/roster/copy")
@access(*WRITES)
def copy() -> BaseResponse:
    """What is worked in one week once more in another."""
    monday, to = _monday(_date("week")), _monday(_date("to"))
    with floor().db.write() as session:
        service.copy_week(session, monday, to, _act())
    return redirect(url_for("roster.week", week=to.isoformat()))


# ---------------------------------------------------------------- one shift


@blueprint.get("/roster/shifts/new")
@access(*WRITES)
def new() -> str:
    """The form of a new shift; `agent` and `day` as given."""
    day = _day("day", _act().today + ONE_DAY)
    typed = {
        "agent": request.args.get("agent", ""),
        "first_day": day.isoformat(),
        "start": "08:00",
        "end": "16:00",
        "weekdays": [str(day.weekday())],
    }
    return _form(typed)


@blueprint.post("/roster/shifts/new")
@access(*WRITES)
def add() -> ResponseReturnValue:
    """Make a shift; a form that is wrong comes back with what was typed."""
    try:
        plan = _plan(_number("agent"))
        with floor().db.write() as session:
            service.add(session, plan, _act())
    except HotlineError as error:
        return _form(_typed(), error=error), error.status
    return redirect(url_for("roster.week", week=plan.first_day.isoformat()))


@blueprint.get(_SHIFT)
@access(*WRITES)
def shift(shift_id: int) -> str:
    """A series: how it repeats, what was changed on single days, the form to change it."""
    with floor().db.read() as session:
        series = service.find(session, shift_id)
    return _form(_as_typed(series), series=series)


@blueprint.post(_SHIFT)
@access(*WRITES)
def change(shift_id: int) -> ResponseReturnValue:
    """Change a series from a day on; what was before stays."""
    with floor().db.read() as session:
        old = service.find(session, shift_id)
    try:
        plan = _plan(old.agent_id, old)
        with floor().db.write() as session:
            service.change(session, shift_id, plan, _act(), version=_number("version"))
    except HotlineError as error:
        return _form(_typed(), series=old, error=error), error.status
    return redirect(url_for("roster.week", week=plan.first_day.isoformat()))


@blueprint.post(f"{_SHIFT}/remove")
@access(*WRITES)
def remove(shift_id: int) -> BaseResponse:
    """End a series: from a day on there is none of it."""
    since = _date("since")
    with floor().db.write() as session:
        service.remove(session, shift_id, since, _act(), version=_number("version"))
    return redirect(url_for("roster.week", week=since.isoformat()))


def _form(
    typed: Mapping[str, Any], *, series: Series | None = None, error: HotlineError | None = None
) -> str:
    with floor().db.read() as session:
        people = [each for each in service.people(session) if each.active]
    return render_template(
        "agents/roster_shift.html",
        typed=typed,
        series=series,
        error=error,
        people=people,
        weekdays=_weekdays(),
        tomorrow=_act().today + ONE_DAY,
        **_words(),
    )


def _typed() -> dict[str, Any]:
    return {**request.form.to_dict(), "weekdays": request.form.getlist("weekdays")}


def _as_typed(series: Series) -> dict[str, Any]:
    repeat = rules.repeat_of(series.rule, series.run)
    start = datetime.combine(series.first_day, series.start)
    future = max(series.first_day, _act().today + ONE_DAY)
    once = repeat.pattern is Pattern.ONCE
    return {
        "first_day": (series.first_day if once else future).isoformat(),
        "start": f"{series.start:%H:%M}",
        "end": f"{start + timedelta(minutes=series.minutes):%H:%M}",
        "pattern": repeat.pattern,
        "weekdays": [str(each) for each in repeat.weekdays],
        "every": repeat.every,
        "on": repeat.on,
        "off": repeat.off,
        "last_day": series.last_day.isoformat() if series.last_day and not once else "",
        "note": series.note,
    }


def _plan(agent_id: int, old: Series | None = None) -> Plan:
    """The shift of the form; raises BadForm, Invalid."""
    given = request.form
    first_day, start, end = _hours("first_day")
    pattern = given.get("pattern", Pattern.ONCE)
    try:
        if pattern == Pattern.OTHER and old is not None:
            rule, run = old.rule, old.run
        else:
            weekdays = tuple(int(each) for each in given.getlist("weekdays") if each in "0123456")
            numbers = (_number(name, 1) for name in ("every", "on", "off"))
            rule, run = rules.rule_of(Repeat(Pattern(pattern), weekdays, *numbers))
    except ValueError as error:
        raise BadForm(str(error), name=t("agents.roster.field.pattern")) from error
    # a series that begins in a night in which the clocks change is not an hour shorter for ever
    minutes = (
        sheets.nominal(start, end)
        if rule
        else sheets.length(first_day, start, end, floor().city.zone)
    )
    anchor = old.anchor if old is not None and (old.rule, old.run) == (rule, run) else first_day
    last = _last_day(Series(0, agent_id, "", first_day, start, minutes, anchor, rule, run))
    return Plan(agent_id, first_day, start, minutes, rule, run, last, given.get("note", ""))


def _hours(day_field: str) -> tuple[date, time, time]:
    """Day, beginning and end as they are in the form."""
    day = _date(day_field)
    start, end = (sheets.parsed_time(request.form.get(name, "")) for name in ("start", "end"))
    if start is None or end is None:
        missing = "start" if start is None else "end"
        raise BadForm(name=t(f"agents.roster.field.{missing}"))
    return day, start, end


def _last_day(series: Series) -> date | None:
    """The last day as it is said, or that of the last of so many shifts."""
    if request.form.get("last_day"):
        return _date("last_day")
    if not request.form.get("count"):
        return None
    try:
        return rules.nth_day(series, _number("count"))
    except BadRule as error:
        raise BadForm(str(error), name=t("agents.roster.field.count")) from error


# ---------------------------------------------------------------- one day of a shift


@blueprint.get(f"{_SHIFT}/days/<on>")
@access(*WRITES)
def one_day(shift_id: int, on: str) -> str:
    """One day of a shift: off, at another time, worked by somebody else."""
    return _day_form(shift_id, _parsed(on))


@blueprint.post(f"{_SHIFT}/days/<on>")
@access(*WRITES)
def alter(shift_id: int, on: str) -> ResponseReturnValue:
    """Change one day of a shift, with a reason."""
    day = _parsed(on)
    try:
        if request.form.get("off") == "planned":
            with floor().db.read() as session:
                series = service.find(session, shift_id)
            wish = Wish("", False, series.agent_id, day, series.start, series.minutes)
        else:
            wish = _wish()
        with floor().db.write() as session:
            service.alter(session, shift_id, day, wish, _act(), version=_number("version"))
    except service.NoSuchShift:
        raise
    except HotlineError as error:
        return _day_form(shift_id, day, error=error), error.status
    return redirect(url_for("roster.week", week=wish.day.isoformat()))


def _wish() -> Wish:
    day, start, end = _hours("day")
    minutes = sheets.length(day, start, end, floor().city.zone)
    given = request.form
    exchange = _date("exchange") if given.get("exchange") else None
    off = given.get("off") == "off"
    return Wish(given.get("reason", ""), off, _number("agent"), day, start, minutes, exchange)


def _day_form(shift_id: int, on: date, *, error: HotlineError | None = None) -> str:
    zone = floor().city.zone
    with floor().db.read() as session:
        series = service.find(session, shift_id)
        if on not in rules.planned_days(series, on, on):
            raise service.NoSuchShift(f"shift {shift_id} on {on}")
        people = service.people(session)
    found = rules.on_day(series, on, zone)
    start, end = (clock.local(each, zone) for each in (found.start, found.end))
    typed = request.form.to_dict() or {
        "day": found.day.isoformat(),
        "start": f"{start:%H:%M}",
        "end": f"{end:%H:%M}",
        "agent": str(found.agent_id),
        "off": "" if found.works else "off",
        "reason": found.reason,
    }
    return render_template(
        "agents/roster_day.html",
        series=series,
        on=on,
        found=found,
        typed=typed,
        error=error,
        people=[each for each in people if each.active or each.id == found.agent_id],
        names={each.id: each.name for each in people},
        **_words(),
    )


# ---------------------------------------------------------------- one's own


@blueprint.get("/roster/mine")
@access(*WORKS)
def mine() -> str:
    """An agent's own two weeks, and the address of their calendar."""
    return _mine()


def _mine(address: str = "") -> str:
    act = _act()
    with floor().db.read() as session:
        me = _me(session)
        last = act.today + (MINE - 1) * ONE_DAY
        found = _shifts(session, act.today - ONE_DAY, last, also_off=True)
        since = service.feed_since(session, me.id)
        names = {each.id: each.name for each in service.people(session)}
        told = attendance.own_week(session, me.id, act, _rules().rules)
    own = [
        each
        for each in found
        if me.id in (each.agent_id, each.series.agent_id) and each.end > act.at
    ]
    days: dict[date, list[Shift]] = {}
    for each in own:
        days.setdefault(each.day, []).append(each)
    return render_template(
        "agents/roster_mine.html", me=me, by_day=days, since=since, address=address, names=names,
        told=told, minutes=_minutes, why=_why, rules=_rules(), **_words(),
    )  # fmt: skip


def _why(one: Difference) -> str:
    """A difference in words; less than half a minute is none."""
    breaks = floor().section(Agents).breaks
    title = breaks[one.reason].for_(language()) if one.reason in breaks else ""
    key = "break_for" if title else one.why.value
    return t(
        f"agents.roster.why.{key}",
        minutes=i18n.number(_minutes(one.how_long), language()),
        title=title,
    )


@blueprint.post("/roster/feed")
@access(*WORKS)
def make_feed() -> str:
    """A new secret address for one's own calendar, shown this once."""
    with floor().db.write() as session:
        token = service.make_feed(session, _me(session).id, at=clock.now())
    return _mine(floor().url(url_for("roster.feed", token=token)))


@blueprint.post("/roster/feed/revoke")
@access(*WORKS)
def revoke_feed() -> BaseResponse:
    """The address opens nothing any more."""
    with floor().db.write() as session:
        service.revoke_feed(session, _me(session).id)
    return redirect(url_for("roster.mine"))


@blueprint.get("/roster/feed/<token>")
@public
def feed(token: str) -> Response:
    """An agent's calendar, for who knows its secret address: no telephone signs in."""
    act = _act()
    with floor().db.read() as session:
        owner = service.agent_of_feed(session, token.removesuffix(".ics"))
        found = service.series_of(session, owner.id, since=act.today - 90 * ONE_DAY)
    return _calendar(found, owner, act)


def _calendar(series: Sequence[Series], owner: agents.AgentFacts, act: Act) -> Response:
    hotline = floor().city.hotline_name.for_(language())
    content = files.of_series(series, owner.id, owner.name, act, hotline)
    response = Response(content, mimetype="text/calendar")
    response.headers["Content-Disposition"] = 'inline; filename="roster.ics"'
    response.headers["Cache-Control"] = "private, no-store"
    return response


# ---------------------------------------------------------------- who is here, who was


@blueprint.get("/roster/now")
@access(*READS)
def now() -> BaseResponse:
    """Who should be here now and who is: a fragment for other pages."""
    return fragment("agents/_roster_now.html", **_standing())


@blueprint.get("/roster/here")
@access(*READS)
def here() -> str:
    """The same as a page."""
    return render_template("agents/roster_here.html", **_standing(), **_words())


def _standing() -> dict[str, Any]:
    with floor().db.read() as session:
        found = attendance.standing(session, _act(), _rules().rules)
        names = {each.id: each.name for each in service.people(session)}
    found.sort(key=lambda each: (_HERE_ORDER.index(each.here), names[each.agent_id]))
    planned = (Here.PRESENT, Here.EXPECTED, Here.LATE, Here.ABSENT, Here.LEFT)
    return {
        "standing": found,
        "names": names,
        "planned": sum(each.here in planned for each in found),
        "present": sum(each.here is Here.PRESENT for each in found),
    }


@blueprint.get("/roster/adherence")
@access(*READS)
def adherence() -> str:
    """What was planned beside what was, of a day or a week (`from`, `until`)."""
    act = _act()
    first = _day("from", _monday(act.today))
    last = _day("until", min(first + 6 * ONE_DAY, max(first, act.today)))
    _check_span(first, last, 31)
    with floor().db.read() as session:
        found = attendance.adherence_of(session, first, last, act, _rules().rules)
        names = {each.id: each.name for each in service.people(session)}
    shown = [each for each in found if each.shifts or each.unplanned]
    return render_template(
        "agents/roster_adherence.html", first=first, last=last, found=shown, names=names,
        minutes=_minutes, rules=_rules(), **_words(),
    )  # fmt: skip


def _minutes(how_long: timedelta) -> int:
    return round(how_long.total_seconds() / 60)


# ---------------------------------------------------------------- files


@blueprint.get("/roster/shifts.csv")
@access(*READS)
def export() -> Response:
    """The shifts of some days (`from`, `until`) as a table."""
    first = _day("from", _monday(_act().today))
    last = _day("until", first + 6 * ONE_DAY)
    _check_span(first, last, LONGEST_SPAN)
    with floor().db.read() as session:
        text = files.table(session, first, last, _act())
    response = Response(text, mimetype="text/csv")
    name = f"roster-{first}-{last}.csv"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@blueprint.get("/roster/calendars/<int(max=9223372036854775807):agent_id>.ics")
@access(*READS)
def export_calendar(agent_id: int) -> Response:
    """All shifts of an agent as a calendar file."""
    with floor().db.read() as session:
        owner = agents.agent(session, agent_id)
        found = service.series_of(session, agent_id)
    return _calendar(found, owner, _act())


@blueprint.get("/roster/import")
@access(*WRITES)
def import_form() -> str:
    """The form to bring in a file."""
    return _import_page()


@blueprint.post("/roster/import")
@access(*WRITES)
def bring_in() -> ResponseReturnValue:
    """Show what a file would do; with `do`, do it, if no line is bad."""
    file = request.files.get("file")
    content = (file.read(LARGEST_FILE + 1) if file else b"") or request.form.get(
        "text", ""
    ).encode()
    act = _act()
    try:
        if not content or len(content) > LARGEST_FILE:
            raise Invalid(text="agents.roster.no_file")
        with floor().db.write() as session:
            preview = files.preview(session, content, request.form.get("agent", ""), act)
            done = request.form.get("do") == "1" and not preview.bad
            if done:
                importing.bring(session, preview, act)
    except Invalid as error:
        return _import_page(error=error), error.status
    text = content.decode("utf-8", "replace")
    status = 422 if preview.bad else 200
    return _import_page(preview=preview, content=text, done=done), status


def _import_page(
    preview: importing.Preview | None = None,
    content: str = "",
    *,
    done: bool = False,
    error: HotlineError | None = None,
) -> str:
    with floor().db.read() as session:
        people = [each for each in service.people(session) if each.active]
    return render_template(
        "agents/roster_import.html",
        preview=preview,
        content=content,
        done=done,
        error=error,
        people=people,
        names={each.id: each.name for each in people},
        agent=request.form.get("agent", ""),
        columns=", ".join(sheets.COLUMNS),
        **_words(),
    )


# ---------------------------------------------------------------- shared


def _act() -> Act:
    # at the secret address nobody is signed in
    return Act(g.get("identity"), clock.now(), floor().city.zone)


def _rules() -> Roster:
    return floor().section(Agents).roster


def _shifts(session: Session, first: date, last: date, *, also_off: bool) -> list[Shift]:
    return service.shifts_between(session, first, last, floor().city.zone, also_off=also_off)


def _me(session: Session) -> agents.AgentFacts:
    me = agents.agent_of_account(session, current_account().id)
    if me is None:
        raise NotAnAgent(current_account().username)
    return me


def _monday(day: date) -> date:
    return day - day.weekday() * ONE_DAY


def _day(name: str, otherwise: date) -> date:
    """A day of the address."""
    text = request.args.get(name)
    return _parsed(text) if text else otherwise


def _parsed(text: str) -> date:
    found = sheets.parsed_date(text)
    if found is None:
        raise BadForm(text, name=t("agents.roster.field.day"))
    return found


def _date(name: str) -> date:
    """A day of the form; raises BadForm with the field's name."""
    found = sheets.parsed_date(request.form.get(name, ""))
    if found is None:
        raise BadForm(name=t(f"agents.roster.field.{name}"))
    return found


def _number(name: str, otherwise: int | None = None) -> int:
    text = request.form.get(name, "")
    if not text and otherwise is not None:
        return otherwise
    if not text.isdecimal() or len(text) > 18:
        raise BadForm(text, name=t(f"agents.roster.field.{name}"))
    return int(text)


def _check_span(first: date, last: date, longest: int) -> None:
    if not 0 <= (last - first).days <= longest:
        raise Invalid(f"{first} – {last}", text="agents.roster.bad_span", days=longest)


def _weekdays() -> list[tuple[str, str]]:
    """Numbers from Monday, and names."""
    monday = date(2026, 1, 5)
    names = (i18n.weekday(monday + n * ONE_DAY, language()) for n in range(7))
    return [(str(n), name) for n, name in enumerate(names)]


def _words() -> dict[str, Any]:
    """What the pages say of a shift."""
    return {"repeats": _repeats, "steps": list(_steps())}


def _audited_rule(rule: str, data: Mapping[str, Any]) -> str:
    return _rule(rule, data.get("run", 1)) or rule


#: How the roster says what stands in its lines of the audit log (`hotline.people.telling`).
AUDITED = {"rule": _audited_rule}


def _repeats(series: Series) -> str:
    """How a shift repeats, in words."""
    words = _rule(series.rule, series.run)
    if words is None:
        return series.rule or t("agents.roster.once")
    if series.last_day is None:
        return words
    return f"{words} · {t('agents.roster.until', day=i18n.day(series.last_day, language()))}"


def _rule(rule: str, run: int) -> str | None:
    """A rule in words; None for one that the form has no words for."""
    repeat = rules.repeat_of(rule, run)
    names = dict(_weekdays())
    days = ", ".join(names[str(each)] for each in repeat.weekdays)
    if repeat.pattern is Pattern.WEEKLY and repeat.every > 1:
        return t("agents.roster.every_weeks", days=days, every=repeat.every)
    if repeat.pattern is Pattern.WEEKLY:
        return t("agents.roster.every_week", days=days)
    if repeat.pattern is Pattern.ON_OFF:
        return t("agents.roster.on_off", on=repeat.on, off=repeat.off)
    return None


def _steps() -> Iterator[tuple[str, str, bool]]:
    """The pages of the roster: words, address, whether this is it."""
    for name in ("week", "here", "adherence", "import_form"):
        if name == "import_form" and current_account().role not in WRITES:
            continue
        if current_account().role in READS:
            address = url_for(f"roster.{name}")
            yield t(f"agents.roster.page.{name}"), address, request.path == address
