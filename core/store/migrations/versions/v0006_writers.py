"""Several writers: the id of this installation, and how often what was written had to be set back."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

Name = sa.String()


def upgrade() -> None:
    """Make the two tables; they are filled by the runs that follow."""
    op.create_table(
        "facts",
        sa.Column("key", Name, nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_facts"),
        comment="what this installation is to remember of itself, such as its id",
        sqlite_with_rowid=False,
    )
    op.create_table(
        "contention",
        sa.Column("tracker", Name, nullable=False),
        sa.Column("kind", Name, nullable=False),
        sa.Column("place", Name, nullable=False),
        sa.Column("name", Name, nullable=False),
        sa.Column("wish", sa.Text, nullable=False, comment="digest of what was written last"),
        sa.Column("writes", sa.Integer, nullable=False, comment="how often that was written"),
        sa.Column(
            "document",
            sa.Text,
            nullable=False,
            comment="other writers and what is held, as JSON; or empty",
        ),
        sa.PrimaryKeyConstraint("tracker", "kind", "place", "name", name="pk_contention"),
        comment="what was written how often without a change of meaning, and who else writes there",
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_contention_open",
        "contention",
        ["tracker"],
        sqlite_where=sa.text("document != ''"),
    )
