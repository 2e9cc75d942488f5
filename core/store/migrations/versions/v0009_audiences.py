"""Who may read projects and repositories, and which issues have a security level."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

Name = sa.String()


def upgrade() -> None:
    """Make the table and the index; the next run compares everything, and so learns the rest."""
    reported = "who may read it; empty: not to be told; NULL: not told yet"
    op.create_table(
        "audiences",
        sa.Column("tracker", Name, nullable=False),
        sa.Column("name", Name, nullable=False),
        sa.Column("audience", sa.Text, comment=reported),
        sa.PrimaryKeyConstraint("tracker", "name", name="pk_audiences"),
        comment="projects and repositories, casefolded, and who may read them as the tracker last told",
        sqlite_with_rowid=False,
    )
    there = sa.text("""instr(document, '"security":') > 0""")
    op.create_index("ix_issues_restricted", "issues", ["tracker", "id"], sqlite_where=there)
    op.execute("UPDATE pulls SET swept_at = NULL")
