"""The page of bulletins: what callers are told, who says so, who heard it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from flask import make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from hotline import audit, clock, i18n
from hotline.auth import Role, access, current_account
from hotline.config import LocalText
from hotline.web import floor, language
from ivr import bulletins
from ivr.bulletins import REQUIRED, BulletinFacts, Draft, Saying
from ivr.config import Ivr
from ivr.errors import BulletinChanged
from ivr.pages.base import READS, blueprint, spoken_title
from tickets import service as tickets

#: Agents too should know what their callers have just heard.
SEES = (Role.AGENT, *READS)
WRITES = (Role.SUPERVISOR,)
#: Bulletins that are over on one page.
PAGE = 20
_LOCAL_FORM = "%Y-%m-%dT%H:%M"


@dataclass(frozen=True)
class Warned:
    """A warning: the end of its text's key, and what stands in it."""

    name: str
    values: Mapping[str, object]


def _config() -> Ivr:
    return floor().section(Ivr)


def places() -> Mapping[str, LocalText | str]:
    """The nodes of the flow where a bulletin can be heard, with their titles."""
    return _config().bulletin_places()


def place_title(place: str) -> str:
    """The title of a node; its name when the flow has it no more."""
    title = places().get(place, place)
    return title.for_(language()) if isinstance(title, LocalText) else title


def spoken_languages() -> list[str]:
    """Those of the hotline, and those that every bulletin has."""
    return list(dict.fromkeys([*_config().languages, *REQUIRED]))


# ---------------------------------------------------------------- the list


@blueprint.get("/bulletins")
@access(*SEES)
def bulletin_list() -> str:
    """What is on air, what is planned, what was."""
    now, before = clock.now(), request.args.get("before", type=int)
    with floor().db.read() as session:
        to_come = [] if before else bulletins.listing(session, now)
        past = bulletins.past(session, now, before=before, limit=PAGE + 1)
        shown = [*to_come, *past[:PAGE]]
        counts = bulletins.heard_counts(session, _config(), [each.id for each in shown])
        names = tickets.names_of(session, {each.author for each in shown})
    on_air = [each for each in to_come if each.state(now) == "on_air"]
    return render_template(
        "ivr/bulletins.html",
        sections=[
            ("on_air", on_air),
            ("planned", [each for each in to_come if each not in on_air]),
            ("past", past[:PAGE]),
        ],
        more=past[PAGE - 1].id if len(past) > PAGE else None,
        first_page=not before,
        crowded=_crowded(on_air),
        counts=counts,
        names=names,
        **_words(),
    )


def _words() -> dict[str, object]:
    """What the templates of bulletins ask for."""
    role = current_account().role
    return {
        "may_write": role in WRITES,
        "reads_calls": role in READS,
        "known_places": places(),
        "place_title": place_title,
        "spoken_title": spoken_title,
        "spoken_languages": spoken_languages(),
        "required": REQUIRED,
        "warnings": _warnings,
    }


def _warnings(texts: Mapping[str, str], starts_at: datetime, ends_at: datetime) -> list[Warned]:
    """What may be meant so, and may not."""
    rules = _config().bulletins
    said = [bulletins.said_to(texts, each) for each in spoken_languages()]
    found = [
        Warned(
            "is_long",
            {"spoken": i18n.language_name(each.language, language()), "seconds": each.seconds},
        )
        for each in said
        if each.seconds > rules.long_speech and not each.instead
    ]
    days = (ends_at - starts_at) / timedelta(days=1)
    if days > rules.long_days:
        found.append(Warned("lasts_long", {"days": round(days)}))
    return found


def _crowded(on_air: Sequence[BulletinFacts]) -> list[tuple[str, int, int]]:
    """Places where callers hear much before they get on: title, bulletins, seconds in the language
    that takes longest.
    """
    found = []
    for place in places():
        here = [each for each in on_air if place in each.places]
        longest = max(
            sum(each.said_to(code).seconds for each in here) for code in spoken_languages()
        )
        if len(here) > 1 and longest > _config().bulletins.long_speech:
            found.append((place_title(place), len(here), longest))
    return found


# ---------------------------------------------------------------- one bulletin, and its form


@dataclass(frozen=True)
class Typed:
    """The form as it is filled in: local times as a browser writes them."""

    texts: Mapping[str, str]
    places: tuple[str, ...]
    starts: str
    ends: str
    #: The incident that it tells of (its id); empty: none.
    incident: str = ""

    @classmethod
    def new(cls, now: datetime) -> "Typed":
        """Empty, but for what is nearly always so. When it ends is for a person to say."""
        only = tuple(places()) if len(places()) == 1 else ()
        return cls({}, only, _local(now), "")

    @classmethod
    def of(cls, facts: BulletinFacts) -> "Typed":
        """A bulletin as it stands."""
        return cls(facts.texts, facts.places, _local(facts.starts_at), _local(facts.ends_at))

    @classmethod
    def of_request(cls) -> "Typed":
        """What was sent; a place that the flow does not have is none."""
        form = request.form
        return cls(
            {each: form.get(f"text.{each}", "") for each in spoken_languages()},
            tuple(each for each in form.getlist("places") if each in places()),
            form.get("starts_at", ""),
            form.get("ends_at", ""),
            _incident(form.get("incident", "")),
        )

    def draft(self, now: datetime) -> tuple[Draft, dict[str, str]]:
        """What is meant, and what is wrong with it: field → key of the words."""
        zone = floor().city.zone
        starts, ends = _moment(self.starts, zone), _moment(self.ends, zone)
        starts_at = starts or now
        ends_at = ends or max(starts_at, now) + timedelta(minutes=1)
        draft = Draft(self.texts, self.places, starts_at, ends_at)
        found = bulletins.faults(_config(), draft, now)
        for name, moment in (("starts_at", starts), ("ends_at", ends)):
            if moment is None:
                found[name] = "ivr.bulletin.no_time"
        return draft, found


def _incident(text: str) -> str:
    """The id of an incident as a form carries it."""
    return text if text.isdecimal() and len(text) < 19 else ""


def _local(at: datetime) -> str:
    return f"{clock.local(at, floor().city.zone):{_LOCAL_FORM}}"


def _moment(text: str, zone: ZoneInfo) -> datetime | None:
    """A local time as a form sends it, in UTC; None for anything else."""
    try:
        local = datetime.fromisoformat(text)
        return clock.utc(local.replace(tzinfo=zone)) if local.tzinfo is None else None
    except (ValueError, OverflowError):
        return None


@blueprint.get("/bulletins/new")
@access(*WRITES)
def new_bulletin() -> str:
    """An empty form, or (`?like=3`) one with the words of an older bulletin, or with those that
    another page has ready: `text.th` and so on, `ends_at`, the `incident` that it tells of.
    """
    ready, typed = request.args, Typed.new(clock.now())
    texts = {each: ready[f"text.{each}"] for each in spoken_languages() if f"text.{each}" in ready}
    if texts:
        incident, ends = _incident(ready.get("incident", "")), ready.get("ends_at", "")
        typed = replace(typed, texts=texts, ends=ends, incident=incident)
    like = request.args.get("like", type=int)
    if like is not None:
        with floor().db.read() as session:
            older = bulletins.find(session, like)
        still = tuple(each for each in older.places if each in places())
        typed = replace(typed, texts=older.texts, places=still)
    return _form(typed)


@blueprint.post("/bulletins")
@access(*WRITES)
def write_bulletin() -> ResponseReturnValue:
    """Put a bulletin on air, or (`do=preview`) show how it will be heard."""
    typed, now = Typed.of_request(), clock.now()
    draft, faults = typed.draft(now)
    if faults or request.form.get("do") == "preview":
        return _shown_again(typed, draft, faults)
    with floor().db.write() as session:
        made = bulletins.write(
            session,
            _config(),
            draft,
            by=current_account().username,
            now=now,
            incident=int(typed.incident) if typed.incident else None,
        )
        _audit(session, "ivr.bulletin_written", made)
    return redirect(url_for("ivr.bulletin_list"), 303)


@blueprint.get("/bulletins/<int:bulletin_id>")
@access(*SEES)
def bulletin_page(bulletin_id: int) -> str:
    """How it is heard, who heard it, what was done to it; and, for who may, the form."""
    with floor().db.read() as session:
        found = bulletins.find(session, bulletin_id)
        return _page(session, found)


@blueprint.post("/bulletins/<int:bulletin_id>")
@access(*WRITES)
def change_bulletin(bulletin_id: int) -> ResponseReturnValue:
    """Change it from the next call on, or (`do=preview`) show how it would be heard."""
    typed, now = Typed.of_request(), clock.now()
    version = request.form.get("version", 0, type=int)
    draft, faults = typed.draft(now)
    if faults or request.form.get("do") == "preview":
        return _shown_again(typed, draft, faults, bulletin_id, version)
    by = current_account().username
    try:
        with floor().db.write() as session:
            bulletins.change(
                session, _config(), bulletin_id, draft, version=version, by=by, now=now
            )
            _audit(session, "ivr.bulletin_changed", bulletin_id)
    except BulletinChanged:
        return _somebody_was_first(bulletin_id, typed, draft)
    return redirect(url_for("ivr.bulletin_list"), 303)


@blueprint.post("/bulletins/<int:bulletin_id>/withdraw")
@access(*WRITES)
def withdraw_bulletin(bulletin_id: int) -> ResponseReturnValue:
    """No caller hears it any more."""
    version, by = request.form.get("version", 0, type=int), current_account().username
    with floor().db.write() as session:
        bulletins.withdraw(session, bulletin_id, version=version, by=by, now=clock.now())
        _audit(session, "ivr.bulletin_withdrawn", bulletin_id)
    return redirect(url_for("ivr.bulletin_list"), 303)


def _audit(session: Session, kind: str, bulletin_id: int) -> None:
    """What callers were told in the night is asked about in the morning; its words stand there."""
    subject = f"bulletin:{bulletin_id}"
    audit.record(session, kind, subject, by=current_account(), at=clock.now())


def bulletins_of_incident(
    session: Session, incident_id: int, now: datetime
) -> list[tuple[str, str, bool]]:
    """See `tickets.incidents.web.BULLETINS`."""
    return [
        (
            each.text_for(language()),
            url_for("ivr.bulletin_page", bulletin_id=each.id),
            each.state(now) == "on_air",
        )
        for each in bulletins.of_incident(session, incident_id)
    ]


def _page(session: Session, found: BulletinFacts) -> str:
    history = bulletins.history(session, found.id)
    return render_template(
        "ivr/bulletin.html",
        bulletin=found,
        state=found.state(clock.now()),
        sayings=[found.said_to(each) for each in spoken_languages()],
        counts=bulletins.heard_counts(session, _config(), [found.id]),
        history=history,
        incident=bulletins.incident_of(session, found.id),
        moment=datetime.fromisoformat,
        names=tickets.names_of(session, {found.author, *(each.by for each in history)}),
        typed=Typed.of(found),
        faults={},
        **_words(),
    )


def _form(
    typed: Typed,
    *,
    faults: Mapping[str, str] | None = None,
    sayings: Sequence[Saying] = (),
    warned: Sequence[Warned] = (),
    target: tuple[int, int] | None = None,
    first: BulletinFacts | None = None,
) -> str:
    """The form by itself. `target`: the bulletin that it changes, and the version that was seen;
    `first`: how it stands since somebody else changed or withdrew it.
    """
    return render_template(
        "ivr/bulletin_form.html",
        typed=typed,
        faults=faults or {},
        sayings=sayings,
        warned=warned,
        target=target,
        first=first,
        **_words(),
    )


def _shown_again(
    typed: Typed, draft: Draft, faults: Mapping[str, str], bulletin_id: int = 0, version: int = 0
) -> ResponseReturnValue:
    """The form with what was typed, what is wrong with it, and how it would be heard."""
    said = [bulletins.said_to(typed.texts, each) for each in spoken_languages()]
    page = _form(
        typed,
        faults=faults,
        sayings=[each for each in said if each.text],
        warned=_warnings(typed.texts, draft.starts_at, draft.ends_at),
        target=(bulletin_id, version) if bulletin_id else None,
    )
    return make_response(page, 422 if faults else 200)


def _somebody_was_first(bulletin_id: int, typed: Typed, draft: Draft) -> ResponseReturnValue:
    """What was typed is not lost: saved again it wins, or, of a withdrawn one, is a new one."""
    with floor().db.read() as session:
        first = bulletins.find(session, bulletin_id)
    page = _form(
        typed,
        warned=_warnings(typed.texts, draft.starts_at, draft.ends_at),
        target=None if first.withdrawn_at else (bulletin_id, first.version),
        first=first,
    )
    return make_response(page, BulletinChanged.status)
