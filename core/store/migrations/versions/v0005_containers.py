"""Projects and repositories have identities: their ids, what they are called, and what they were called."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

Name = sa.String()


def upgrade() -> None:
    """Make the two tables; they are filled by the next reconciliation."""
    op.create_table(
        "containers",
        sa.Column("tracker", Name, nullable=False),
        sa.Column("id", Name, nullable=False),
        sa.Column("name", Name, nullable=False),
        sa.Column("archived", sa.Integer, nullable=False),
        sa.Column("writable", sa.Integer, comment="1 or 0; NULL where the tracker does not say"),
        sa.Column("error", sa.Text, nullable=False, comment="why it could not be listed; empty if it was"),
        sa.Column("failed_at", sa.BigInteger, comment="since when it cannot be listed"),
        sa.Column("doubt", sa.Text, nullable=False, comment="why its silence is not believed yet"),
        sa.PrimaryKeyConstraint("tracker", "id", name="pk_containers"),
        comment="projects and repositories as the tracker last told of them",
        sqlite_with_rowid=False,
    )
    op.create_table(
        "container_names",
        sa.Column("tracker", Name, nullable=False),
        sa.Column("name", Name, nullable=False),
        sa.Column("id", Name, nullable=False),
        sa.PrimaryKeyConstraint("tracker", "name", name="pk_container_names"),
        comment="every name that a container bears or bore, casefolded, and whose it is now",
        sqlite_with_rowid=False,
    )
