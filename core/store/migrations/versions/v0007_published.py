"""What was published to its end at least once, by tracker: a first publication has a limit of its own."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

Name = sa.String()


def upgrade() -> None:
    """Take everything for published whose labels were compared before, on every tracker that was read."""
    op.create_table(
        "published",
        sa.Column("tracker", Name, nullable=False),
        sa.Column("owner", Name, nullable=False),
        sa.PrimaryKeyConstraint("tracker", "owner", name="pk_published"),
        comment="milestones, key results and goals that were once published to their end, by tracker",
        sqlite_with_rowid=False,
    )
    op.execute(
        "INSERT INTO published (tracker, owner) "
        "SELECT pulls.tracker, owners.owner FROM pulls, owners "
        "WHERE pulls.cursor IS NOT NULL AND owners.labelled IS NOT NULL"
    )
    op.execute(
        "INSERT INTO published (tracker, owner) SELECT pulls.tracker, goal_values.goal "
        "FROM pulls, goal_values WHERE pulls.cursor IS NOT NULL "
        "AND goal_values.goal NOT IN (SELECT owner FROM published)"
    )
