"""The ways in: one-time codes, links, sessions that end, one's own account."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pyotp
import pytest
import sqlalchemy as sa

from agents import service as agents
from hotline import auth, clock, web
from hotline.auth import Role
from hotline.clock import DrivenClock
from hotline.floor import Floor
from hotline.models import Account, RecoveryCode, SecondFactor, SignIn, Stranger
from hotline.people import factors, resets, service, steps
from hotline.people.config import Accounts
from hotline.people.config import SecondFactor as Asked
from tests.service.hotline.people.conftest import BOTH, PASSWORD, Make, Person, proof_in

OTHER = "quite another password"


@pytest.fixture
def app_of_noi(noi: Person) -> tuple[pyotp.TOTP, list[str]]:
    return noi.sets_up_factor()


def token_link(floor: Floor, person: Person) -> str:
    with floor.db.write() as session:
        token = service.make_link(session, person.id, by=None, now=clock.now())
    return f"/reset/{token}"


# ---------------------------------------------------------------- the second factor


@BOTH
def test_a_code_is_asked_for_once_it_is_on(
    noi: Person, app_of_noi: tuple[pyotp.TOTP, list[str]], driven: DrivenClock
) -> None:
    app, codes = app_of_noi
    assert len(set(codes)) == factors.RECOVERY_CODES
    noi.sends("/sign-out")
    answer = noi.signs_in(next="/callbacks")
    assert answer.location == "/sign-in/code?next=/callbacks"
    assert noi.cookie == ""
    assert noi.looks("/desk").location.startswith("/sign-in")
    assert noi.looks("/sign-in/code").status_code == 200
    driven.advance(seconds=30)
    answer = noi.gives(app.at(clock.now()), next="/callbacks")
    assert answer.location == "/callbacks"
    assert noi.identity.second_factor
    assert noi.client.get_cookie("__Host-hotline_step") is None


@BOTH
def test_a_code_is_good_once(
    noi: Person, app_of_noi: tuple[pyotp.TOTP, list[str]], driven: DrivenClock, floor: Floor
) -> None:
    app, _ = app_of_noi
    noi.sends("/sign-out")
    noi.signs_in()
    # the one that turned it on, and the one before that, are used up
    for step in (-1, 0):
        assert noi.gives(app.at(clock.now(), counter_offset=step)).status_code == 401
    driven.advance(seconds=60)
    code = app.at(clock.now())
    proved = _proved(floor, noi)

    def gives(_number: int) -> bool:
        key, visit = floor.settings.secret_key, auth.PROGRAM
        try:
            factors.second_step(floor.db, proved, code, key=key, now=clock.now(), visit=visit)
        except factors.BadCode:
            return False
        return True

    with ThreadPoolExecutor(3) as threads:
        assert sum(threads.map(gives, range(3))) == 1


def _proved(floor: Floor, person: Person) -> auth.Proved:
    with floor.db.read() as session:
        password = session.scalar(sa.select(Account.password).where(Account.id == person.id))
    return auth.Proved(person.id, password or "")


@pytest.mark.parametrize(("seconds", "good"), [(-60, False), (-30, True), (30, True), (60, False)])
def test_a_telephones_clock_may_be_off_by_half_a_minute(
    noi: Person,
    app_of_noi: tuple[pyotp.TOTP, list[str]],
    driven: DrivenClock,
    seconds: int,
    good: bool,
) -> None:
    app, _ = app_of_noi
    noi.sends("/sign-out")
    driven.advance(minutes=5)
    noi.signs_in()
    answer = noi.gives(app.at(clock.now() + timedelta(seconds=seconds)))
    assert (answer.status_code == 302) is good


@pytest.mark.parametrize("code", ["", "000000", "12345", "abcdef", "１２３４５６", "0" * 400, "ก"])
def test_what_is_no_code_opens_nothing(
    noi: Person, app_of_noi: tuple[pyotp.TOTP, list[str]], code: str
) -> None:
    noi.sends("/sign-out")
    noi.signs_in()
    assert noi.gives(code).status_code == 401
    assert noi.cookie == ""


def test_a_recovery_code_is_good_once_however_it_is_typed(
    noi: Person, app_of_noi: tuple[pyotp.TOTP, list[str]], floor: Floor
) -> None:
    _, codes = app_of_noi
    noi.sends("/sign-out")
    noi.signs_in()
    assert noi.gives(codes[3].lower().replace("-", " ")).status_code == 302
    noi.sends("/sign-out")
    noi.signs_in()
    assert noi.gives(codes[3]).status_code == 401
    assert noi.gives(codes[4]).status_code == 302
    assert floor.texts.get("floor.factor.codes_left", "th", count=8) in noi.looks("/me").text


@BOTH
def test_wrong_codes_lead_to_the_same_growing_lock(
    noi: Person, app_of_noi: tuple[pyotp.TOTP, list[str]], driven: DrivenClock
) -> None:
    app, codes = app_of_noi
    noi.sends("/sign-out")
    driven.advance(minutes=1)
    for _ in range(2):
        noi.signs_in("wrong")
    for _ in range(3):
        # the right password in between forgets nothing
        noi.signs_in()
        assert noi.gives("000000").status_code == 401
    assert noi.gives(app.at(clock.now())).status_code == 429
    assert noi.gives(codes[0]).status_code == 429
    assert noi.signs_in().status_code == 429
    driven.advance(seconds=15)
    noi.signs_in()
    assert noi.gives("000000").status_code == 401
    driven.advance(seconds=29)
    assert noi.signs_in().status_code == 429


@pytest.mark.parametrize("change", ["time", "password", "lock", "forged"])
def test_the_first_step_is_not_kept_for_later(
    noi: Person,
    app_of_noi: tuple[pyotp.TOTP, list[str]],
    driven: DrivenClock,
    floor: Floor,
    change: str,
) -> None:
    app, _ = app_of_noi
    noi.sends("/sign-out")
    driven.advance(minutes=1)
    noi.signs_in()
    if change == "time":
        driven.advance(seconds=steps.LENGTH.total_seconds() + 1)
    elif change == "forged":
        note = steps.note(_proved(floor, noi), key="another secret", now=clock.now())
        noi.client.set_cookie("__Host-hotline_step", note)
    else:
        with floor.db.write() as session:
            if change == "lock":
                auth.lock_out(session, noi.id)
            else:
                auth.set_password(session, noi.id, OTHER)
    assert noi.gives(app.at(clock.now())).status_code == 401
    assert noi.cookie == ""


def test_neither_secret_nor_code_is_kept_as_it_is(
    noi: Person, app_of_noi: tuple[pyotp.TOTP, list[str]], floor: Floor
) -> None:
    app, codes = app_of_noi
    with floor.db.read() as session:
        kept = str(session.execute(sa.select(SecondFactor.__table__)).all())
        kept += str(session.execute(sa.select(RecoveryCode.__table__)).all())
    for secret in (app.secret, *codes, *(code.replace("-", "") for code in codes)):
        assert secret not in kept
    assert app.secret not in noi.looks("/me/second-factor").text
    assert app.secret not in noi.sends("/me/second-factor", password=PASSWORD).text


def test_a_secret_sealed_under_another_key_opens_nothing(
    noi: Person, app_of_noi: tuple[pyotp.TOTP, list[str]], floor: Floor
) -> None:
    app, _ = app_of_noi
    later = clock.now() + timedelta(minutes=1)
    with pytest.raises(factors.BadCode), floor.db.write() as session:
        factors.take(session, noi.id, app.at(later), key="another", now=later)


def test_a_slip_while_it_is_set_up_shows_the_same_key_again(noi: Person) -> None:
    page = noi.sends("/me/second-factor", password=PASSWORD).text
    first = re.search(r'class="key">(\w+)<', page)
    wrong = noi.sends("/me/second-factor", code="000000", proof=proof_in(page))
    again = re.search(r'class="key">(\w+)<', wrong.text)
    assert first is not None and again is not None
    assert (wrong.status_code, again[1]) == (401, first[1])
    assert 'src="data:image/svg+xml;base64,' in wrong.text
    assert not noi.identity.second_factor


@pytest.mark.parametrize("given", [{}, {"password": "a wrong one"}, {"proof": "x.y"}])
def test_a_session_alone_sets_up_no_second_factor(noi: Person, given: dict[str, str]) -> None:
    answer = noi.sends("/me/second-factor", code="000000", **given)
    assert answer.status_code == 401
    assert 'class="key"' not in answer.text
    assert 'name="password"' in answer.text


def test_a_session_alone_changes_no_second_factor(
    noi: Person, app_of_noi: tuple[pyotp.TOTP, list[str]]
) -> None:
    _, codes = app_of_noi
    for password in ("", "a wrong one"):
        for path in ("/me/second-factor/off", "/me/second-factor/codes"):
            answer = noi.sends(path, code=codes[0], password=password)
            assert answer.status_code == 401, (path, password)
    assert noi.identity.second_factor
    again = noi.sends("/me/second-factor/codes", code=codes[0], password=PASSWORD)
    assert again.status_code == 200  # nothing has used up the code


def test_a_wrong_password_there_counts_as_at_the_sign_in(noi: Person) -> None:
    for _ in range(5):
        assert noi.sends("/me/second-factor", password="a wrong one").status_code == 401
    locked = noi.sends("/me/second-factor", password=PASSWORD)
    assert (locked.status_code, "Retry-After" in locked.headers) == (429, True)
    assert "รหัสผ่านผิด" in noi.looks("/me").text


def test_what_was_proved_is_good_for_a_while_in_this_session_alone(
    noi: Person, floor: Floor, driven: DrivenClock
) -> None:
    page = noi.sends("/me/second-factor", password=PASSWORD).text
    app = pyotp.TOTP(re.search(r'class="key">(\w+)<', page)[1])  # type: ignore[index]
    elsewhere = Person(floor, noi.client.application.test_client(), noi.id, "noi")
    elsewhere.signs_in()
    given = {"code": app.at(clock.now()), "proof": proof_in(page)}
    assert elsewhere.sends("/me/second-factor", **given).status_code == 401
    driven.advance(minutes=15, seconds=1)
    given["code"] = app.at(clock.now())
    assert noi.sends("/me/second-factor", **given).status_code == 401
    assert not noi.identity.second_factor


def test_turning_it_on_ends_other_sessions(noi: Person, floor: Floor) -> None:
    elsewhere = Person(floor, noi.client.application.test_client(), noi.id, "noi")
    elsewhere.signs_in()
    noi.sets_up_factor()
    assert elsewhere.looks("/me").status_code == 302
    assert noi.looks("/me").status_code == 200


def test_it_is_turned_off_and_renewed_with_a_code(
    noi: Person, app_of_noi: tuple[pyotp.TOTP, list[str]], driven: DrivenClock
) -> None:
    app, codes = app_of_noi
    mine = {"password": PASSWORD}
    assert noi.sends("/me/second-factor/off", code="000000", **mine).status_code == 401
    assert noi.sends("/me/second-factor/codes", code="000000", **mine).status_code == 401
    driven.advance(seconds=60)
    renewed = noi.sends("/me/second-factor/codes", code=app.at(clock.now()), **mine)
    fresh = re.findall(r"<code>([\w-]+)</code>", renewed.text)
    assert len(fresh) == len(codes) and not set(fresh) & set(codes)
    assert noi.sends("/me/second-factor/off", code=codes[0], **mine).status_code == 401
    assert noi.sends("/me/second-factor/off", code=fresh[0], **mine).status_code == 303
    assert not noi.identity.second_factor
    kinds = [kind for _, kind, _ in noi.log()]
    assert kinds == ["floor.factor_off", "floor.recovery_codes", "floor.factor_on"]


def test_a_program_gives_the_code_with_the_password(
    noi: Person, app_of_noi: tuple[pyotp.TOTP, list[str]], driven: DrivenClock
) -> None:
    app, _ = app_of_noi
    driven.advance(seconds=60)
    client = noi.client.application.test_client()
    body = {"username": "noi", "password": PASSWORD}
    asked = client.post("/api/session", json=body)
    assert (asked.status_code, asked.json["error"]["code"]) == (401, "second-factor-needed")
    wrong = client.post("/api/session", json=body | {"code": "000000"})
    assert wrong.json["error"]["code"] == "bad-code"
    given = client.post("/api/session", json=body | {"code": app.at(clock.now())})
    assert given.json["username"] == "noi"


# ---------------------------------------------------------------- who must have one


@pytest.fixture
def required(floor: Floor) -> None:
    asked = Asked(required=(Role.ADMINISTRATOR,))
    floor.sections = {**floor.sections, Accounts: Accounts(second_factor=asked)}


def test_who_must_have_one_is_led_to_it_and_reaches_nothing_else(
    required: None, root: Person, noi: Person, driven: DrivenClock
) -> None:
    for path in ("/reports", "/people", "/me", "/tickets"):
        assert root.looks(path).location == "/me/second-factor", path
    assert root.sends("/people/new", username="x").status_code == 403
    answer = root.client.get("/api/outcomes")
    assert (answer.status_code, answer.json["error"]["code"]) == (403, "second-factor-required")
    assert root.looks("/me/second-factor").status_code == 200
    root.sets_up_factor()
    assert root.looks("/people").status_code == 200
    assert root.sends("/me/second-factor/off", code="1", password=PASSWORD).status_code == 409
    assert noi.looks("/desk").status_code == 200


def test_who_must_have_one_may_sign_out_without(required: None, root: Person) -> None:
    assert root.sends("/sign-out").status_code == 302
    assert root.cookie == ""


def test_demo_accounts_stay_usable(required: None, root: Person, floor: Floor) -> None:
    with floor.db.write() as session:
        session.execute(sa.update(Account).values(demo=True))
    assert root.looks("/people").status_code == 200


# ---------------------------------------------------------------- a link for a password


@BOTH
def test_a_link_sets_a_password_once_and_ends_sessions(noi: Person, floor: Floor) -> None:
    path = token_link(floor, noi)
    elsewhere = Person(floor, noi.client.application.test_client(), noi.id, "noi")
    page = elsewhere.looks(path)
    assert page.status_code == 200
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert page.headers["Cache-Control"] == "no-store"
    for short in ("short", "noi noi noi", "qwerty123456"):
        assert elsewhere.sends(path, password=short, again=short).status_code == 422
    assert elsewhere.sends(path, password=OTHER, again="x").status_code == 422
    done = elsewhere.sends(path, password=OTHER, again=OTHER)
    assert done.location == "/sign-in?done=password"
    assert noi.looks("/me").status_code == 302
    assert elsewhere.looks(path).status_code == 404
    assert elsewhere.sends(path, password=PASSWORD, again=PASSWORD).status_code == 404
    assert elsewhere.signs_in(PASSWORD).status_code == 401
    assert elsewhere.signs_in(OTHER).status_code == 302


@BOTH
def test_a_link_that_two_use_at_once_is_used_once(noi: Person, floor: Floor) -> None:
    token = token_link(floor, noi).rpartition("/")[2]
    hashed = auth.hashed(OTHER, "noi")

    def uses(_number: int) -> bool:
        try:
            with floor.db.write() as session:
                resets.use(session, token, hashed, now=clock.now())
        except resets.LinkOver:
            return False
        return True

    with ThreadPoolExecutor(3) as threads:
        assert sum(threads.map(uses, range(3))) == 1


@pytest.mark.parametrize("why", ["old", "replaced", "locked", "password", "never", "factor"])
def test_every_link_that_is_not_good_is_told_alike(
    noi: Person, floor: Floor, driven: DrivenClock, why: str
) -> None:
    path = token_link(floor, noi)
    if why == "old":
        driven.advance(minutes=60)
    elif why == "replaced":
        token_link(floor, noi)
    elif why == "never":
        path = "/reset/never-made"
    elif why == "factor":
        noi.sets_up_factor()  # a link sets the password and takes no second factor away
        noi.sends(path, password=OTHER, again=OTHER)
        assert noi.signs_in(OTHER).location.startswith("/sign-in/code")
    else:
        with floor.db.write() as session:
            if why == "locked":
                auth.lock_out(session, noi.id)
            else:
                auth.set_password(session, noi.id, OTHER)
    nobody = noi.client.application.test_client()
    answer = nobody.get(path)
    assert answer.status_code == 404
    assert floor.texts.get("floor.reset.over", "th") in answer.text
    assert "noi" not in answer.text.replace(path, "")


# ---------------------------------------------------------------- sessions


def test_a_browser_at_rest_is_signed_out(noi: Person, driven: DrivenClock, floor: Floor) -> None:
    idle = floor.section(Accounts).idle
    for _ in range(3):
        driven.advance(seconds=idle.total_seconds() - 61)
        assert noi.looks("/desk/presence").status_code != 302  # what the desk asks by itself
    driven.advance(seconds=idle.total_seconds())
    assert noi.looks("/desk").status_code == 302
    with floor.db.write() as session:
        auth.expire_sign_ins(session, clock.now(), idle)
    with floor.db.read() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(SignIn)) == 0


@pytest.mark.parametrize(("address", "after"), [(None, "signed_out"), ("+66812345678", "ready")])
def test_an_agent_whose_browser_rests_goes_home_unless_the_telephone_is_another(
    noi: Person, driven: DrivenClock, floor: Floor, address: str | None, after: str
) -> None:
    with floor.db.write() as session:
        facts = {"name": "Noi", "skills": ["complaint/th"], "address": address, "now": clock.now()}
        them = agents.set_work(session, noi.id, **facts)
        agents.ready(session, them.id, now=clock.now())
    driven.advance(seconds=floor.section(Accounts).idle.total_seconds() + 1)
    floor.sweeps["auth.expire"](floor, clock.now())
    with floor.db.read() as session:
        assert agents.presence_of(session, them.id).status == after
    assert noi.looks("/desk").status_code == 302


def test_a_program_does_not_rest(noi: Person, driven: DrivenClock, floor: Floor) -> None:
    body = {"username": "noi", "password": PASSWORD}
    token = noi.client.application.test_client().post("/api/session", json=body).json["token"]
    driven.advance(seconds=floor.section(Accounts).idle.total_seconds() + 1)
    client = noi.client.application.test_client()
    headers = {"Authorization": f"Bearer {token}"}
    assert client.get("/api/outcomes", headers=headers).status_code == 200
    driven.advance(hours=14)
    assert client.get("/api/outcomes", headers=headers).status_code == 401


def test_that_a_session_is_in_use_is_written_once_a_minute(
    noi: Person, driven: DrivenClock, floor: Floor
) -> None:
    began = clock.now()

    def seen() -> object:
        with floor.db.read() as session:
            return session.scalar(sa.select(SignIn.seen_at))

    for seconds, written in ((59, began), (1, began + timedelta(seconds=60))):
        driven.advance(seconds=seconds)
        noi.looks("/me")
        assert seen() == written


def test_a_cookie_that_no_neighbour_can_plant(noi: Person, app: object) -> None:
    noi.sends("/sign-out")
    headers = noi.signs_in().headers.getlist("Set-Cookie")
    (cookie,) = (each for each in headers if "session=" in each)
    assert cookie.startswith("__Host-hotline_session=")
    for part in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"):
        assert part in cookie
    assert "Domain" not in cookie
    # the name without its prefix, which a neighbour could set, opens nothing
    noi.client.set_cookie(auth.PLAIN_COOKIE, noi.cookie)
    noi.client.delete_cookie(auth.COOKIE)
    assert noi.looks("/me").status_code == 302


# ---------------------------------------------------------------- one's own account


def test_another_password_of_ones_own(noi: Person, floor: Floor, driven: DrivenClock) -> None:
    elsewhere = Person(floor, noi.client.application.test_client(), noi.id, "noi")
    elsewhere.signs_in()
    path = token_link(floor, noi)
    form = {"password": OTHER, "again": OTHER}
    for wrong in (
        {"old": "wrong"},
        {"again": "x"},
        {"password": "noinoinoin", "again": "noinoinoin"},
    ):
        answer = noi.sends("/me/password", **{"old": PASSWORD, **form, **wrong})
        assert answer.status_code == 422, wrong
    assert noi.sends("/me/password", old=PASSWORD, **form).location == "/me?done=password"
    assert noi.looks("/me").status_code == 200
    assert elsewhere.looks("/me").status_code == 302
    assert elsewhere.looks(path).status_code == 404, "a link made before is good no more"
    assert elsewhere.signs_in(OTHER).status_code == 302
    assert noi.log()[0] == ("noi", "floor.password_changed", "")


def test_guessing_the_old_password_locks_as_at_the_sign_in(noi: Person) -> None:
    for _ in range(5):
        assert noi.sends("/me/password", old="x", password=OTHER, again=OTHER).status_code == 422
    answer = noi.sends("/me/password", old=PASSWORD, password=OTHER, again=OTHER)
    assert answer.status_code == 429


def test_one_ends_ones_own_sessions(noi: Person, boss: Person, floor: Floor) -> None:
    others = [Person(floor, noi.client.application.test_client(), noi.id, "noi") for _ in "12"]
    for each in others:
        each.signs_in()
    bosses = re.findall(r'name="session" value="(\w+)"', boss.looks("/me").text)
    assert bosses == [], "this one is not offered"
    handles = re.findall(r'name="session" value="(\w+)"', noi.looks("/me").text)
    assert len(handles) == 2
    noi.sends("/me/sessions", session=auth.handle_of(boss.cookie))
    assert boss.looks("/me").status_code == 200
    noi.sends("/me/sessions", session=handles[0])
    assert sorted(each.looks("/me").status_code for each in others) == [200, 302]
    noi.sends("/me/sessions")
    assert [each.looks("/me").status_code for each in others] == [302, 302]
    assert noi.looks("/me").status_code == 200


def test_the_last_sign_ins_are_told(noi: Person, floor: Floor, driven: DrivenClock) -> None:
    noi.sends("/sign-out")
    noi.signs_in("wrong")
    noi.signs_in()
    told = re.findall(r"<strong[^>]*>([^<]*)</strong>", noi.looks("/me").text)
    words = [floor.texts.get(f"floor.attempt.{each}", "th") for each in ("in", "wrong_password")]
    assert [each for each in told if each in words] == [words[0], words[1], words[0]]
    driven.advance(days=auth.KEPT.days)
    with floor.db.write() as session:
        auth.expire_sign_ins(session, clock.now())
    noi.signs_in()
    assert noi.looks("/me").text.count(words[0]) == 1


# ---------------------------------------------------------------- who is there is not told


@BOTH
def test_names_that_nobody_has_lock_as_accounts_do(
    noi: Person, make: Make, floor: Floor, driven: DrivenClock
) -> None:
    known = make("mali", Role.AGENT, signed_in=False)
    unknown = Person(floor, noi.client.application.test_client(), 0, "stranger")

    def answers(person: Person) -> list[tuple[int, str]]:
        said = []
        for advance in (0, 0, 0, 0, 0, 0, 15, 0, 29, 1):
            driven.advance(seconds=advance)
            answer = person.signs_in("wrong")
            said.append((answer.status_code, answer.text.replace(person.username, "NAME")))
        return said

    began = clock.now()
    first = answers(known)
    with clock.driven(began) as again:
        driven = again
        assert answers(unknown) == first
    assert [status for status, _ in first] == [401] * 5 + [429, 401, 429, 429, 401]
    with floor.db.read() as session:
        kept = session.execute(sa.select(Stranger.__table__)).all()
    assert len(kept) == 1 and "stranger" not in str(kept)
    with floor.db.write() as session:
        auth.expire_sign_ins(session, began + auth.STRANGERS_KEPT + timedelta(hours=1))
    with floor.db.read() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Stranger)) == 0


def test_an_account_without_a_password_takes_as_long_as_any(
    noi: Person, floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    with floor.db.write() as session:
        facts = {"by": None, "now": clock.now()}
        service.make(session, username="fresh", name="Fresh", role=Role.AGENT, **facts)
    asked: list[str] = []
    matches = auth._matches

    def counted(password_hash: str, password: str) -> bool:
        asked.append(password_hash)
        return matches(password_hash, password)

    monkeypatch.setattr(auth, "_matches", counted)
    for username in ("fresh", "noi", "nobody at all"):
        with pytest.raises(auth.BadCredentials):
            auth.sign_in(floor.db, username, "wrong", now=clock.now())
    assert len(asked) == 3 and all(each.startswith("$argon2id$") for each in asked)


def test_home_of_everybody() -> None:
    assert set(web.HOME) == set(Role)
