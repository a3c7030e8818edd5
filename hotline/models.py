"""The floor's rows: accounts and how they sign in, the audit log, the outbox, nightly jobs."""

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from hotline.db import Base, BigId


class Account(Base):
    """Somebody who can sign in. What they do as an agent is the room `agents`' matter."""

    __tablename__ = "accounts"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    username: Mapped[str] = mapped_column(sa.String(64), unique=True)
    name: Mapped[str] = mapped_column(sa.String(120))
    role: Mapped[str] = mapped_column(sa.String(16))
    #: argon2id, with its parameters
    password: Mapped[str] = mapped_column(sa.String(200))
    active: Mapped[bool] = mapped_column(default=True)
    demo: Mapped[bool] = mapped_column(default=False)
    #: Wrong passwords and wrong codes in a row.
    failures: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[datetime | None]
    created_at: Mapped[datetime]
    #: Where the person is reached: a telephone number or an address, as somebody wrote it.
    contact: Mapped[str] = mapped_column(sa.String(120), default="", server_default="")
    #: Where notices are e-mailed; empty: nowhere.
    email: Mapped[str] = mapped_column(sa.String(254), default="", server_default="")
    #: When the city's own sign-in made it (`hotline.people.provisioning`); NULL: somebody here did.
    provisioned_at: Mapped[datetime | None]
    #: When its groups gave no role any more, and it was locked for that.
    group_gone_at: Mapped[datetime | None]


class Membership(Base):
    """That somebody is an administrator of a division, as the city's own sign-in says: besides
    those whom config.yaml names.
    """

    __tablename__ = "memberships"

    account_id: Mapped[int] = mapped_column(sa.ForeignKey("accounts.id"), primary_key=True)
    division: Mapped[str] = mapped_column(sa.String(64), primary_key=True)


class Stranger(Base):
    """A username that nobody has, and how often it was tried: it locks as an account does, so that
    the answer does not tell which names there are. Only a hash of the name is kept.
    """

    __tablename__ = "strangers"

    name_hash: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    failures: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[datetime | None]
    tried_at: Mapped[datetime] = mapped_column(index=True)


class SignIn(Base):
    """One session of one account, in a browser or a program. Only a hash of its token is kept."""

    __tablename__ = "sign_ins"

    token_hash: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    account_id: Mapped[int] = mapped_column(sa.ForeignKey("accounts.id"), index=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    #: The last request, to the minute. None: a program, which does not rest.
    seen_at: Mapped[datetime | None]
    #: What the browser calls itself.
    browser: Mapped[str] = mapped_column(sa.String(200), default="", server_default="")
    #: A screen on a wall, which sees the wallboard and nothing else.
    screen: Mapped[bool] = mapped_column(default=False, server_default=sa.false())


class SignInOrigin(Base):
    """That an account was tried in vain from an address, or signed in to there
    (`hotline.origins`). Only hashes of both are kept.
    """

    __tablename__ = "sign_in_origins"
    __table_args__ = (sa.Index("ix_sign_in_origins_failed", "network", "failed_at"),)

    network: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    name_hash: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    failed_at: Mapped[datetime | None]
    entered_at: Mapped[datetime | None]


class SignInEvent(Base):
    """One attempt to sign in to an account; append-only, kept for a time (`auth.KEPT`)."""

    __tablename__ = "sign_in_events"
    __table_args__ = (sa.Index("ix_sign_in_events_account_id", "account_id", "id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    account_id: Mapped[int] = mapped_column(sa.ForeignKey("accounts.id"))
    at: Mapped[datetime] = mapped_column(index=True)
    #: `auth.Attempt`
    kind: Mapped[str] = mapped_column(sa.String(16))
    browser: Mapped[str] = mapped_column(sa.String(200))


class OpenIdGrant(Base):
    """With what the city's own sign-in can be asked again about somebody whom it let in
    (`hotline.people.rechecking`): apart from the account, and encrypted.
    """

    __tablename__ = "openid_grants"

    account_id: Mapped[int] = mapped_column(sa.ForeignKey("accounts.id"), primary_key=True)
    #: Whom the provider speaks of, as a hash.
    subject: Mapped[str] = mapped_column(sa.String(64))
    token: Mapped[str] = mapped_column(sa.Text)
    #: When it was asked last, or asked by who signed in.
    checked_at: Mapped[datetime]


class SecondFactor(Base):
    """What makes an account's one-time codes, apart from the account and encrypted."""

    __tablename__ = "second_factors"

    account_id: Mapped[int] = mapped_column(sa.ForeignKey("accounts.id"), primary_key=True)
    secret: Mapped[str] = mapped_column(sa.String(200))
    made_at: Mapped[datetime]
    #: None: a first code has not been given yet, and none is asked for.
    confirmed_at: Mapped[datetime | None]
    #: The time step of the last code that was taken (RFC 6238): a code is good once.
    last_step: Mapped[int | None] = mapped_column(sa.BigInteger)


class RecoveryCode(Base):
    """A code for who has lost the second factor; good once, then gone. Only a hash is kept."""

    __tablename__ = "recovery_codes"

    account_id: Mapped[int] = mapped_column(sa.ForeignKey("accounts.id"), primary_key=True)
    code_hash: Mapped[str] = mapped_column(sa.String(64), primary_key=True)


class PasswordReset(Base):
    """A link by which a password is set, once. Only a hash of its token is kept."""

    __tablename__ = "password_resets"

    token_hash: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    account_id: Mapped[int] = mapped_column(sa.ForeignKey("accounts.id"), index=True)
    expires_at: Mapped[datetime] = mapped_column(index=True)


class AuditEvent(Base):
    """What one account did to somebody or something of others; append-only (`hotline.audit`)."""

    __tablename__ = "audit_events"
    __table_args__ = (sa.Index("ix_audit_events_subject", "subject", "id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    #: None: from the command line of the machine. The name is kept as it was.
    account_id: Mapped[int | None] = mapped_column(sa.ForeignKey("accounts.id"), index=True)
    by: Mapped[str] = mapped_column(sa.String(120))
    kind: Mapped[str] = mapped_column(sa.String(40))
    #: To what: `account:7`, `agent:3`, `call:12`, `recording:5`, `queue:general`.
    subject: Mapped[str] = mapped_column(sa.String(64))
    reason: Mapped[str] = mapped_column(sa.String(500), default="")
    data: Mapped[dict[str, Any]]


class Effect(Base):
    """The outbox: something that must be done outside, written with the change that caused it.

    pending → sending → sent, or back to pending with a later `due_at`, or failed after the last
    attempt.
    """

    __tablename__ = "outbox"
    __table_args__ = (
        sa.Index(
            "ix_outbox_open",
            "due_at",
            sqlite_where=sa.text("state IN ('pending', 'sending')"),
            postgresql_where=sa.text("state IN ('pending', 'sending')"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    kind: Mapped[str] = mapped_column(sa.String(64))
    payload: Mapped[dict[str, Any]]
    #: The same key is written once however often it is posted.
    key: Mapped[str | None] = mapped_column(sa.String(120), unique=True)
    state: Mapped[str] = mapped_column(sa.String(12), default="pending")
    attempts: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    #: Pending: not before. Sending: the sender is given up on after.
    due_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    last_error: Mapped[str | None] = mapped_column(sa.Text)


class JobRun(Base):
    """One nightly job of one local day. The row is the lock: who moves it to running runs it.

    due → running → done, or failed, which becomes due again.
    """

    __tablename__ = "job_runs"

    name: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(sa.String(12), default="due")
    attempts: Mapped[int] = mapped_column(default=0)
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    #: Due: handed out (again) after. Running: the runner is given up on after. Failed: due after.
    due_at: Mapped[datetime]
    detail: Mapped[str] = mapped_column(sa.Text, default="")


def _where(condition: str) -> dict[str, Any]:
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}


_ON_ITS_WAY = "mail IN ('held', 'digest', 'posted', 'sending')"


class Notice(Base):
    """Something that one of the city's people is told (`hotline.notices`): in the pages, and by
    e-mail as they have chosen. It names records and nobody who called.
    """

    __tablename__ = "notices"
    __table_args__ = (
        # the same is told to the same person once, however often it is posted
        sa.UniqueConstraint("account_id", "key"),
        sa.Index("ix_notices_account", "account_id", "id"),
        sa.Index("ix_notices_subject", "subject", "id"),
        sa.Index("ix_notices_unseen", "account_id", **_where("seen_at IS NULL")),
        sa.Index("ix_notices_to_mail", "mail", "mail_due_at", **_where(_ON_ITS_WAY)),
        sa.Index("ix_notices_not_sent", "at", **_where("mail IN ('failed', 'unsure', 'nowhere')")),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    account_id: Mapped[int] = mapped_column(sa.ForeignKey("accounts.id"))
    key: Mapped[str] = mapped_column(sa.String(120))
    #: One of `hotline.notices.rules.Kind`, and what it is about: `ticket:12`, or empty.
    kind: Mapped[str] = mapped_column(sa.String(16))
    subject: Mapped[str] = mapped_column(sa.String(64))
    at: Mapped[datetime]
    #: Told whatever the hour.
    urgent: Mapped[bool]
    data: Mapped[dict[str, Any]]
    seen_at: Mapped[datetime | None]
    #: How far the e-mail is: one of `hotline.notices.rules.Mail`.
    mail: Mapped[str] = mapped_column(sa.String(12))
    #: Held: not before. NULL: with the next digest.
    mail_due_at: Mapped[datetime | None]
    #: When the mail server took it, or it was given up.
    mail_at: Mapped[datetime | None]
    mail_error: Mapped[str] = mapped_column(sa.String(200))
    #: When somebody dealt with it that it could not be e-mailed.
    settled_at: Mapped[datetime | None]


class NoticeChoice(Base):
    """How somebody wants to be told; without a row, as `hotline.notices.rules` begins."""

    __tablename__ = "notice_choices"

    account_id: Mapped[int] = mapped_column(sa.ForeignKey("accounts.id"), primary_key=True)
    #: Kind → `now`, `digest` or `no`.
    how: Mapped[dict[str, Any]]
    #: Hours (22:00) of the city in which nothing is e-mailed but what is urgent; empty: none.
    quiet_from: Mapped[str] = mapped_column(sa.String(5))
    quiet_until: Mapped[str] = mapped_column(sa.String(5))
