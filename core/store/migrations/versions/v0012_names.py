"""Names that issues bear: labels, types, people and so on, so that misspelt ones in rules can be told."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

Name = sa.String()


def upgrade() -> None:
    """Make the table; the next run tags everything anew and fills it."""
    op.create_table(
        "names",
        sa.Column("tracker", Name, nullable=False),
        sa.Column("kind", Name, nullable=False, comment="label, type, status and so on"),
        sa.Column("name", Name, nullable=False),
        sa.PrimaryKeyConstraint("tracker", "kind", "name", name="pk_names"),
        comment="every name that an issue bears, as of the last comparison with all that is there, and since",
        sqlite_with_rowid=False,
    )
    op.execute("DELETE FROM tagging WHERE key IN ('basis', 'seq', 'answers')")
