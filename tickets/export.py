"""Tickets as a spreadsheet's rows, in the reader's words; telephone numbers are masked."""

from collections.abc import Callable, Sequence
from datetime import datetime

from hotline import clock, spreadsheets
from hotline.i18n import masked
from hotline.web import floor, t
from tickets import masking, words
from tickets.config import Tickets
from tickets.facts import TicketFacts

Column = tuple[str, Callable[[TicketFacts], str]]


def columns(config: Tickets) -> Sequence[Column]:
    """Return the columns of the export: heading, and what stands below it."""

    def named(key: str) -> str:
        return t(f"tickets.column.{key}")

    return (
        (named("number"), lambda ticket: ticket.number_shown),
        (named("kind"), words.kind),
        (named("category"), lambda ticket: words.category(config, ticket.category)),
        (named("division"), lambda ticket: words.division(config, ticket.division)),
        (named("state"), lambda ticket: t(f"tickets.state.{ticket.state}")),
        (named("priority"), lambda ticket: t(f"tickets.priority.{ticket.priority}")),
        (named("owner"), lambda ticket: ticket.owner or ""),
        (named("received"), lambda ticket: _local(ticket.received_at)),
        (named("due"), lambda ticket: _local(ticket.due_at)),
        (named("closed"), lambda ticket: _local(ticket.closed_at)),
        (
            named("result"),
            lambda ticket: t(f"tickets.result.{ticket.result}") if ticket.result else "",
        ),
        (named("language"), lambda ticket: ticket.language),
        (
            named("caller"),
            lambda ticket: masked(ticket.caller_number) if ticket.caller_number else "",
        ),
        (named("source"), lambda ticket: t(f"tickets.source.{ticket.source}")),
        (
            named("incomplete"),
            lambda ticket: t("tickets.yes") if ticket.incomplete else t("tickets.no"),
        ),
        (named("text"), lambda ticket: masking.masked(ticket.text)),
    )


def heading(of: Sequence[Column]) -> str:
    """Return the first line of the file."""
    names = [*(name for name, _ in of), t("tickets.column.callers")]
    return spreadsheets.BYTE_ORDER_MARK + spreadsheets.line(names)


def line(of: Sequence[Column], ticket: TicketFacts, callers: int) -> str:
    """Return one ticket's line; `callers`: how many came with it."""
    return spreadsheets.line([*(value(ticket) for _, value in of), str(callers)])


def _local(at: datetime | None) -> str:
    return "" if at is None else f"{clock.local(at, floor().city.zone):%Y-%m-%d %H:%M}"
