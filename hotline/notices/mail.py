"""One notice, or a night of them, as an e-mail to one person: in Thai, and below it in English.

It names records and no citizen, so that no mail server learns who called. A message goes out at
most once: what may have arrived, since the connection broke after its last word, is not sent again
but told of (`Mail.UNSURE`).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime, formataddr
from typing import Any

from hotline import clock, i18n, smtp
from hotline.config import READER_LANGUAGES
from hotline.floor import Floor
from hotline.notices import service
from hotline.notices.rules import Kind, Mail
from hotline.notices.service import NoticeFacts
from hotline.outbox import Hopeless
from hotline.smtp import Outcome


def deliver(floor: Floor, payload: dict[str, Any]) -> None:
    """Send the e-mail of a notice; raises to have it tried again, `Hopeless` when it is in vain."""
    notice_id = int(payload["notice"])
    with floor.db.write() as session:
        ids = service.begin(session, notice_id)
        found = [each for id_ in ids if (each := service.find(session, id_))]
        email = service.email_of(session, found[0].account_id) if found else ""
    if not found:
        return
    error, mail = _sent(floor, found, email)
    said = "" if error is None else smtp.said(error)
    with floor.db.write() as session:
        service.end(session, ids, mail, clock.now(), error=said)
    if error is not None:
        if mail is Mail.POSTED:
            raise error
        raise Hopeless(str(error)) from error


def _sent(floor: Floor, found: Sequence[NoticeFacts], email: str) -> tuple[Exception | None, Mail]:
    """What went wrong (None: nothing), and how far the message is."""
    if not email or not floor.settings.smtp_url:
        return RuntimeError("there is no address, or no mail server any more"), Mail.NOWHERE
    outcome, error = smtp.send(floor.settings, message(floor, found, email), email)
    return error, _MEANS[outcome]


_MEANS: Mapping[Outcome, Mail] = {
    Outcome.TAKEN: Mail.SENT,
    Outcome.LATER: Mail.POSTED,
    Outcome.REFUSED: Mail.FAILED,
    Outcome.NO_ADDRESS: Mail.FAILED,
    Outcome.UNSURE: Mail.UNSURE,
}


# ---------------------------------------------------------------- words


def message(floor: Floor, found: Sequence[NoticeFacts], email: str) -> EmailMessage:
    """The message of these notices to one person; the first gives the subject."""
    first = found[0]
    made = EmailMessage(policy=smtp.TRAVELLING)
    sender = floor.settings.mail_from
    made["From"] = formataddr((floor.city.hotline_name.for_("th"), sender))
    made["To"] = email
    titles = dict.fromkeys(title(floor, first, language) for language in READER_LANGUAGES)
    made["Subject"] = f"[{floor.city.number}] " + " · ".join(titles)
    made["Date"] = format_datetime(first.at)
    # the same however often it is tried: a mail program shows it once
    made["Message-ID"] = f"<notice-{first.id}.{first.at:%Y%m%d%H%M%S}@{sender.rpartition('@')[2]}>"
    made["Auto-Submitted"] = "auto-generated"
    made.set_content("\n\n".join(_body(floor, found, each) for each in READER_LANGUAGES))
    return made


def _body(floor: Floor, found: Sequence[NoticeFacts], language: str) -> str:
    t = floor.texts.get
    lines = [t("floor.notice.hello", language, name=found[0].name), ""]
    for notice in found:
        if notice.kind is Kind.DIGEST:
            continue
        at = i18n.moment(notice.at, language, floor.city.zone)
        lines += [f"• {title(floor, notice, language)} ({at})"]
        lines += [f"  {more}" for more in details(floor, notice, language)]
        if address := address_of(notice):
            lines.append(f"  {floor.url(address)}")
    where = floor.url("/me/notices")
    return "\n".join([*lines, "", t("floor.notice.why", language, address=where)])


def title(floor: Floor, notice: NoticeFacts, language: str) -> str:
    """What a notice says, in one line."""
    return floor.texts.get(
        f"floor.notice.{notice.kind}", language, **_values(floor, notice, language)
    )


def details(floor: Floor, notice: NoticeFacts, language: str) -> list[str]:
    """What else it says: of the night's list, a line for each division."""
    return [
        floor.texts.get("floor.notice.row", language, **_said(floor, row, language))
        for row in notice.data.get("rows", ())
    ]


def _values(floor: Floor, notice: NoticeFacts, language: str) -> dict[str, Any]:
    return _said(floor, notice.data, language)


def _said(floor: Floor, data: Any, language: str) -> dict[str, Any]:
    """Values as a reader of `language` sees them: texts of several languages, moments, numbers."""
    said: dict[str, Any] = {}
    for name, value in data.items():
        if isinstance(value, dict):
            said[name] = value.get(language) or value.get("en", "")
        elif name in ("until", "since") and isinstance(value, str):
            at = datetime.fromisoformat(value)
            said[name] = i18n.moment(at, language, floor.city.zone)
        elif name == "day":
            said[name] = i18n.day(datetime.fromisoformat(str(value)).date(), language)
        elif isinstance(value, int):
            said[name] = i18n.number(value, language)
        elif not isinstance(value, list):
            said[name] = value
    return said


def address_of(notice: NoticeFacts) -> str:
    """The page that a notice is about."""
    if notice.subject.startswith("ticket:"):
        return f"/tickets/{notice.data['ticket']}"
    return str(notice.data.get("address", ""))
