"""Contributions are summed up by milestone and key result; what was kept of adding and subtracting goes."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"

Name = sa.String()
_COLUMNS = "owner, tracker, id, position, part, updated, created, above, standing, rank"


def upgrade() -> None:
    """Move the rows; what they add up to is made anew in the next run, by what they said until now."""
    _make()
    op.execute(
        f"INSERT INTO contributions ({_COLUMNS}, needs_engine, counts) "  # noqa: S608
        f"SELECT {_COLUMNS}, hard, counts FROM tags"
    )
    for name in ("tags", "over", "sums"):
        op.drop_table(name)
    op.drop_column("owners", "shared")
    op.add_column(
        "owners",
        sa.Column("tally", sa.Text, comment="what its tasks add up to, as JSON; NULL without any issue"),
    )
    op.create_table(
        "rollup_state",
        sa.Column("key", Name, nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_rollup_state"),
    )
    op.execute(
        "INSERT INTO rollup_state (key, value) "
        "SELECT key, value FROM tagging WHERE key NOT IN ('basis', 'seq', 'answers')"
    )
    op.drop_table("tagging")


def _make() -> None:
    op.create_table(
        "contributions",
        sa.Column("owner", Name, nullable=False),
        sa.Column("tracker", Name, nullable=False),
        sa.Column("id", Name, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("part", sa.Text, nullable=False),
        sa.Column("updated", sa.BigInteger, nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column("above", sa.Text, nullable=False),
        sa.Column("standing", sa.Integer, nullable=False),
        sa.Column("rank", sa.Text, nullable=False),
        sa.Column("needs_engine", sa.Integer, nullable=False),
        sa.Column("counts", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("owner", "tracker", "id", name="pk_contributions"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_contributions_tracker_id", "contributions", ["tracker", "id"])
    op.create_index(
        "ix_contributions_owner_counts_part", "contributions", ["owner", "counts", "part", "updated"]
    )
    _index_where("owner_above", ["owner", "tracker", "above", "part"], "above != '[]'")
    _index_where(
        "owner_standing_tracker_rank",
        ["owner", "standing", "tracker", "rank"],
        "counts = 1 AND standing < 2",
    )
    _index_where("needs_engine", ["owner"], "needs_engine = 1")
    _index_where("first", ["owner", "tracker"], "position = 0")


def _index_where(name: str, columns: list[str], where: str) -> None:
    op.create_index(f"ix_contributions_{name}", "contributions", columns, sqlite_where=sa.text(where))
