"""the reports: days by topic, of tickets and of presence, and buckets of the wait"""

from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

from hotline.db import Json, UtcDateTime

revision: str = "0035"
down_revision: str | None = "0034"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

OF_CALLS_BEFORE = """
calls not_queued transferred offered answered answered_in_threshold abandoned
abandoned_in_threshold short_abandoned left_queue left_for_callback wait_answered_ms
wait_answered_max_ms wait_abandoned_ms wait_abandoned_max_ms talked talk_ms talk_max_ms
answered_again held hold_ms hold_max_ms wrapped_up wrap_up_ms wrap_up_max_ms offers_made
offers_missed callbacks callbacks_reached callbacks_unreached wait_callback_ms
wait_callback_max_ms outgoing outgoing_reached outgoing_talk_ms
""".split()  # noqa: SIM905
OF_CALLS = """
ended_with_bulletin passed_out callbacks_asked callbacks_kept rated mark_sum waited_to_5s
waited_to_10s waited_to_15s waited_to_20s waited_to_30s waited_to_40s waited_to_50s
waited_to_60s waited_to_90s waited_to_120s waited_to_150s waited_to_180s waited_to_240s
waited_to_300s waited_to_420s waited_to_600s waited_to_900s waited_to_1200s waited_to_1800s
waited_longer
""".split()  # noqa: SIM905
OF_TOPICS = """
calls offered answered answered_on_line answered_in_threshold abandoned
""".split()  # noqa: SIM905
OF_TICKETS = """
tickets_received tickets_answered_at_once tickets_closed tickets_resolved tickets_cancelled
tickets_merged tickets_closed_due tickets_closed_on_time tickets_reopened deadlines_passed
resolve_ms tickets_judged judgement_sum categories_suggested categories_suggested_right
resolved_to_1h resolved_to_4h resolved_to_8h resolved_to_24h resolved_to_48h resolved_to_72h
resolved_to_120h resolved_to_168h resolved_to_240h resolved_to_336h resolved_to_504h
resolved_to_720h resolved_to_1080h resolved_to_1440h resolved_to_2160h resolved_to_4320h
resolved_to_8760h resolved_later tickets_open tickets_open_overdue open_to_1d open_to_3d
open_to_7d open_to_14d open_to_30d open_to_60d open_to_90d open_to_180d open_longer
""".split()  # noqa: SIM905
OF_PRESENCE = """
present_ms available_ms on_call_ms wrapping_up_ms monitoring_ms break_ms missed_ms shifts
shifts_late shifts_left_early shifts_absent planned_ms kept_ms unplanned_ms
""".split()  # noqa: SIM905


def upgrade() -> None:
    with op.batch_alter_table("call_intervals") as table:
        for column in _counters(OF_CALLS):
            table.add_column(column)
    _table(
        "call_days",
        {"day": sa.Date(), "queue": sa.String(64), "language": sa.String(8)},
        [*OF_CALLS_BEFORE, *OF_CALLS],
    )
    _table("call_topics", {"day": sa.Date(), "by": sa.String(12), "key": sa.String(64)}, OF_TOPICS)
    of_tickets = {name: sa.String(64) for name in ("category", "division", "area")}
    _table("ticket_days", {"day": sa.Date(), **of_tickets}, OF_TICKETS)
    flows = [name for name in OF_TICKETS if not name.startswith(("tickets_open", "open_"))]
    _table("ticket_months", {"month": sa.Date(), **of_tickets}, flows)
    _table("presence_days", {"day": sa.Date(), "agent_id": sa.BigInteger()}, OF_PRESENCE)
    op.create_table(
        "rollup_days",
        sa.Column("part", sa.String(length=12), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("counted_at", UtcDateTime(), nullable=False),
        sa.Column("revised_at", UtcDateTime(), nullable=True),
        sa.Column("rules", sa.String(length=80), nullable=False),
        sa.PrimaryKeyConstraint("part", "day", name=op.f("pk_rollup_days")),
    )
    with op.batch_alter_table("report_days") as table:
        table.add_column(sa.Column("rules", sa.String(80), nullable=False, server_default=""))
    with op.batch_alter_table("night_runs") as table:
        table.add_column(
            sa.Column("last_ticket_event_id", sa.BigInteger(), nullable=False, server_default="0")
        )
        table.add_column(sa.Column("data", Json, nullable=False, server_default="{}"))
    # what is counted already is told by day as well, until the night counts it by the new rules
    names = ", ".join(OF_CALLS_BEFORE)
    sums = ", ".join(
        f"{'MAX' if name.endswith('_max_ms') else 'SUM'}({name})" for name in OF_CALLS_BEFORE
    )
    op.execute(
        f"INSERT INTO call_days (day, queue, language, {names}) "  # noqa: S608 - names of ours
        f"SELECT day, queue, language, {sums} FROM call_intervals GROUP BY day, queue, language"
    )


def _table(name: str, keys: dict[str, Any], counters: Sequence[str]) -> None:
    op.create_table(
        name,
        *(sa.Column(key, kind, nullable=False) for key, kind in keys.items()),
        *_counters(counters),
        sa.PrimaryKeyConstraint(*keys, name=op.f(f"pk_{name}")),
    )


def _counters(names: Sequence[str]) -> Iterator[sa.Column[Any]]:
    for name in names:
        kind = sa.BigInteger() if name.endswith("_ms") else sa.Integer()
        yield sa.Column(name, kind, nullable=False, server_default="0")


def downgrade() -> None:
    with op.batch_alter_table("night_runs") as table:
        table.drop_column("data")
        table.drop_column("last_ticket_event_id")
    with op.batch_alter_table("report_days") as table:
        table.drop_column("rules")
    for name in (
        "rollup_days",
        "ticket_months",
        "presence_days",
        "ticket_days",
        "call_topics",
        "call_days",
    ):
        op.drop_table(name)
    with op.batch_alter_table("call_intervals") as table:
        for name in OF_CALLS:
            table.drop_column(name)
