"""The ledger counts what fails again and again, instead of keeping it again and again."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

Name = sa.String()


def upgrade() -> None:
    """Make the columns; what is there already stays as it is until its age prunes it."""
    whose = "what a failed action was to change; NULL for one that did not fail"
    often, last = "how often it failed alike", "when it last failed alike; NULL for once"
    op.add_column("entries", sa.Column("target", Name, comment=whose))
    op.add_column(
        "entries", sa.Column("times", sa.Integer, nullable=False, server_default="1", comment=often)
    )
    op.add_column("entries", sa.Column("last", sa.BigInteger, comment=last))
    there = sa.text("target IS NOT NULL")
    op.create_index("ix_entries_target", "entries", ["target"], sqlite_where=there)
