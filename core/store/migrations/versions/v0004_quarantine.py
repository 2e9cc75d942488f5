"""Writes that failed are remembered, with the time of their next try."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_NAME = sa.String()


def upgrade() -> None:
    """A table of its own: one row for each target of a write."""
    op.create_table(
        "quarantine",
        sa.Column("tracker", _NAME, nullable=False),
        sa.Column("kind", _NAME, nullable=False),
        sa.Column("place", _NAME, nullable=False),
        sa.Column("name", _NAME, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("tracker", "kind", "place", "name", name="pk_quarantine"),
    )
