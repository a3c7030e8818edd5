"""The words of a mail: short, plain, to be read aloud; as text and as a page, in one language.

Numbers lead to the lists behind them, which need an account: an address outside gets none of those
addresses.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime, formataddr
from functools import cache
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, PackageLoader, Template

from hotline import i18n, smtp
from hotline.floor import Floor
from ivr.config import Ivr
from reports import labels
from reports.catalogue import CATALOGUE
from reports.config import Reports
from reports.mailing.digest import Digest, Remark, Value
from reports.mailing.rules import Edition, Form
from reports.view import Period
from reports.wording import wording
from tickets.config import Tickets


@dataclass(frozen=True)
class Line:
    """A figure in words; `address` empty: it leads nowhere."""

    name: str
    value: str
    before: str
    address: str


@dataclass(frozen=True)
class Letter:
    """Everything that a mail says, in the reader's language."""

    language: str
    subject: str
    title: str
    opening: str
    lines: Sequence[Line]
    #: What stands out, each with where it leads.
    remarks: Sequence[tuple[str, str]]
    #: The report's page; empty for who has no account.
    page: str
    attached: str
    why: str
    stop: str


@dataclass(frozen=True)
class Addressed:
    """To whom: `outside` has no account; `stop` ends the subscription (an absolute address)."""

    email: str
    language: str
    outside: bool
    stop: str


def period(edition: Edition) -> Period:
    """Its days as the pages know them."""
    return Period(edition.kind.value, edition.first, edition.last)


def title(floor: Floor, edition: Edition, language: str) -> str:
    """What a report is called: its day, month or fiscal year."""
    words = wording(language, floor.texts, floor.section(Ivr), floor.section(Tickets))
    return labels.title(period(edition), words)


def shown(metric: str, value: Value, language: str) -> str:
    """A number as it is read."""
    unit = CATALOGUE[metric].unit
    if unit == "share":
        return i18n.percent(value, language)
    if unit == "milliseconds":
        return i18n.duration(None if value is None else value / 1000)
    return i18n.number(value, language)


def letter(
    floor: Floor, edition: Edition, found: Digest, to: Addressed, forms: Sequence[Form]
) -> Letter:
    """The words of one mail."""
    language = to.language

    def t(key: str, **values: Any) -> str:
        return floor.texts.get(key, language, **values)

    heading = title(floor, edition, language)
    level = shown("service_level", found.value("service_level"), language)
    words = wording(language, floor.texts, floor.section(Ivr), floor.section(Tickets))
    calls = labels.counted(words, "calls", found.value("calls"))
    has_level = found.value("service_level") is not None
    opening = _opening(floor, found, language)
    before = t(f"reports.mail.before.{edition.kind}", day=i18n.weekday(edition.first, language))
    name = floor.city.hotline_name.for_(language)
    return Letter(
        language=language,
        subject=t(
            "reports.mail.subject" if has_level else "reports.mail.subject_no_level",
            number=floor.city.number,
            title=heading,
            calls=calls,
            level=level,
        ),
        title=f"{name}: {heading}",
        opening=opening,
        lines=[
            Line(
                CATALOGUE[each.id].name[language],
                shown(each.id, each.value, language),
                t("reports.mail.was", before=before, value=shown(each.id, each.before, language)),
                "" if to.outside else _behind(floor, edition, each.id),
            )
            for each in found.figures
        ],
        remarks=[
            (
                _remark(floor, each, before, language),
                "" if to.outside else _behind(floor, edition, each.metric),
            )
            for each in found.remarks
        ],
        page="" if to.outside else floor.url(edition.path),
        attached=t("reports.mail.attached", forms=_named(forms)) if forms else "",
        why=t("reports.mail.why_outside" if to.outside else "reports.mail.why", name=name),
        stop=to.stop,
    )


def _opening(floor: Floor, found: Digest, language: str) -> str:
    """The report in a sentence or two that can be read aloud."""
    words = wording(language, floor.texts, floor.section(Ivr), floor.section(Tickets))
    if not found.value("calls"):
        return words.text("reports.mail.opening_none")
    said = [
        words.text(
            "reports.mail.opening",
            calls=labels.counted(words, "times", found.value("calls")),
            answered=labels.counted(words, "calls", found.value("answered")),
        )
    ]
    if found.value("service_level") is not None:
        threshold = f"{floor.section(Reports).service_level.threshold_seconds:g}"
        level = shown("service_level", found.value("service_level"), language)
        said.append(words.text("reports.mail.opening_level", threshold=threshold, level=level))
    return " ".join(said)


def _named(forms: Sequence[Form]) -> str:
    return ", ".join(each.upper() for each in forms)


def _behind(floor: Floor, edition: Edition, metric: str) -> str:
    """The list behind a number."""
    days = {"from": edition.first.isoformat(), "until": edition.last.isoformat()}
    return floor.url(f"/reports/behind?{urlencode({'metric': metric, **days})}")


def _remark(floor: Floor, remark: Remark, before: str, language: str) -> str:
    values: dict[str, str] = {}
    for name, value in remark.values.items():
        if name in ("level", "target", "share"):
            values[name] = i18n.percent(value, language, 0 if name == "share" else 1)
        elif name == "hour":
            values[name] = f"{value:02}:00"
            values["until"] = f"{int(value or 0) + 1:02}:00"
        else:
            values[name] = i18n.number(value, language)
    key = f"reports.mail.stands_out.{remark.kind}"
    return floor.texts.get(key, language, before=before, **values)


# ---------------------------------------------------------------- as a message


def as_text(floor: Floor, said: Letter) -> str:
    """The letter as plain text."""

    def t(key: str, **values: Any) -> str:
        return floor.texts.get(key, said.language, **values)

    lines = [said.title, "", said.opening, ""]
    for each in said.lines:
        lines.append(f"{each.name}: {each.value} ({each.before})")
        lines += [f"  {each.address}"] if each.address else []
    lines += ["", t("reports.mail.stands_out")]
    # their figures lead to the lists above
    lines += [f"- {words}" for words, _ in said.remarks]
    if not said.remarks:
        lines.append(t("reports.mail.nothing_stands_out"))
    lines.append("")
    if said.page:
        lines.append(t("reports.mail.page", address=said.page))
    lines += [said.attached] if said.attached else []
    lines += ["", "-- ", said.why, t("reports.mail.stop", address=said.stop), ""]
    return "\n".join(lines)


def as_html(floor: Floor, said: Letter) -> str:
    """The letter as a page without a style of its own: a mail program has the reader's."""

    def t(key: str, **values: Any) -> str:
        return floor.texts.get(key, said.language, **values)

    # on a telephone a number must not stand on another line than its sign
    return _template().render(said=said, t=t).replace(" %", "\u00a0%")


@cache
def _template() -> Template:
    loader = PackageLoader("reports.mailing")
    made = Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True)
    return made.get_template("mailing/mail.html")


def message(
    floor: Floor,
    edition: Edition,
    found: Digest,
    to: Addressed,
    files: Mapping[Form, bytes],
    *,
    name: str,
    at: datetime,
) -> EmailMessage:
    """The message: the same whenever it is tried. `name` is unique to it, `at` (aware) its date."""
    said = letter(floor, edition, found, to, list(files))
    made = EmailMessage(policy=smtp.TRAVELLING)
    sender = floor.settings.mail_from
    made["From"] = formataddr((floor.city.hotline_name.for_(to.language), sender))
    made["To"] = to.email
    made["Subject"] = said.subject
    made["Date"] = format_datetime(at)
    # the same however often it is tried: a mail program shows it once
    made["Message-ID"] = f"<{name}@{sender.rpartition('@')[2]}>"
    made["Auto-Submitted"] = "auto-generated"
    # a mail program ends it by one click, and asks nobody (RFC 8058)
    made["List-Unsubscribe"] = f"<{to.stop}>"
    made["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    made.set_content(as_text(floor, said))
    made.add_alternative(as_html(floor, said), subtype="html")
    for form, content in files.items():
        main, _, sub = form.mime.partition("/")
        file_name = f"{floor.city.number}-{edition.name}-{to.language}.{form}"
        made.add_attachment(content, maintype=main, subtype=sub, filename=file_name)
    return made
