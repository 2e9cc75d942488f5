"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

Name = sa.String()


def upgrade() -> None:
    """Make all tables of version 0001."""
    _issues()
    _pulls()
    _ledger()


def _issues() -> None:
    op.create_table(
        "issues",
        sa.Column("tracker", Name, nullable=False),
        sa.Column("id", Name, nullable=False),
        sa.Column("key", Name, nullable=False),
        sa.Column("updated", sa.BigInteger, nullable=False),
        sa.Column("gone", sa.BigInteger, comment="since when the issue is deleted or out of reach"),
        sa.Column("stored", sa.BigInteger, nullable=False, comment="the pull that last changed this row"),
        sa.Column("hash", sa.LargeBinary, nullable=False, comment="128 bits of key and document"),
        sa.Column("document", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("tracker", "id", name="pk_issues"),
    )
    op.create_index("ix_issues_tracker_updated", "issues", ["tracker", "updated"])
    op.create_index("ix_issues_tracker_key", "issues", ["tracker", "key", "gone", "stored", "id"])
    op.create_table(
        "aliases",
        sa.Column("tracker", Name, nullable=False),
        sa.Column("key", Name, nullable=False),
        sa.Column("id", Name, nullable=False),
        sa.PrimaryKeyConstraint("tracker", "key", name="pk_aliases"),
        sa.ForeignKeyConstraint(
            ["tracker", "id"],
            ["issues.tracker", "issues.id"],
            name="fk_aliases_issues",
            ondelete="CASCADE",
        ),
    )
    op.create_table(
        "unread",
        sa.Column("tracker", Name, nullable=False),
        sa.Column("about", Name, nullable=False, comment="`id …`, or else `key …`, or else `why …`"),
        sa.Column("id", Name),
        sa.Column("key", Name),
        sa.Column("why", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("tracker", "about", name="pk_unread"),
    )


def _pulls() -> None:
    op.create_table(
        "pulls",
        sa.Column("tracker", Name, nullable=False),
        sa.Column("cursor", sa.Text),
        sa.Column("read_at", sa.BigInteger),
        sa.Column("swept_at", sa.BigInteger),
        sa.Column("failed_at", sa.BigInteger),
        sa.Column("error", sa.Text),
        sa.PrimaryKeyConstraint("tracker", name="pk_pulls"),
    )
    op.create_table(
        "memory",
        sa.Column("tracker", Name, nullable=False),
        sa.Column("key", Name, nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("tracker", "key", name="pk_memory"),
    )


def _ledger() -> None:
    op.create_table(
        "publications",
        sa.Column("tracker", Name, nullable=False),
        sa.Column("id", Name, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("tracker", "id", name="pk_publications"),
    )
    op.create_table(
        "goal_values",
        sa.Column("goal", Name, nullable=False),
        sa.Column("delivered", sa.Text),
        sa.Column("achieved", sa.Text),
        sa.Column("rules", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("goal", name="pk_goal_values"),
    )
    op.create_table(
        "runs",
        sa.Column("run", sa.Integer, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("begun", sa.BigInteger, nullable=False),
        sa.Column("ended", sa.BigInteger),
        sa.Column("outcome", sa.Text),
        sa.Column("said", sa.Text, nullable=False),
        sa.Column("counts", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("run", name="pk_runs"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "entries",
        sa.Column("entry", sa.Integer, nullable=False),
        sa.Column("run", sa.Integer, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("entry", name="pk_entries"),
        sa.ForeignKeyConstraint(["run"], ["runs.run"], name="fk_entries_runs", ondelete="CASCADE"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_entries_run", "entries", ["run"])
