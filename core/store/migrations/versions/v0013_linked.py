"""An index of the issues that others block."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Make the index; issues that are read from now on are in it."""
    there = sa.text("instr(document, '\"blocked_by\":') > 0")
    op.create_index("ix_issues_linked", "issues", ["tracker", "id"], sqlite_where=there)
