"""Tasks that went, or count otherwise, although nobody edited their issue: what no edit explains is held."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

Name = sa.String()


def upgrade() -> None:
    """Make the table; it is filled by the runs that follow."""
    op.create_table(
        "unexplained",
        sa.Column("owner", Name, nullable=False),
        sa.Column("tracker", Name, nullable=False),
        sa.Column("id", Name, nullable=False),
        sa.Column("part", sa.Text, nullable=False, comment="what it contributed before, as in tags"),
        sa.Column(
            "since", sa.BigInteger, nullable=False, comment="an edit of its issue since then would explain it"
        ),
        sa.PrimaryKeyConstraint("owner", "tracker", "id", name="pk_unexplained"),
        comment="tasks that nobody edited, and that went or count otherwise since the last numbers",
        sqlite_with_rowid=False,
    )
