"""Changes are numbered, parents can be found, and tables for what issues contribute to each milestone."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any, Final

import orjson
import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

Name = sa.String()
_BATCH: Final = 1000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_TIMES: Final = ("updated", "created", "resolved")


def upgrade() -> None:
    """Rebuild the table of issues, count them, and make the tables of tags."""
    _issues()
    _pulls()
    _tags()
    _owners()


def _issues() -> None:
    # A table that others refer to cannot be dropped: their rows would go with it. So both are made anew.
    op.drop_index("ix_issues_tracker_updated", "issues")
    op.drop_index("ix_issues_tracker_key", "issues")
    op.rename_table("issues", "issues_1")
    op.rename_table("aliases", "aliases_1")
    made = op.create_table(
        "issues",
        sa.Column("tracker", Name, nullable=False),
        sa.Column("id", Name, nullable=False),
        sa.Column("key", Name, nullable=False),
        sa.Column("updated", sa.BigInteger, nullable=False),
        sa.Column("gone", sa.BigInteger, comment="since when the issue is deleted or out of reach"),
        sa.Column(
            "seq", sa.BigInteger, nullable=False, comment="number of the change that last touched this row"
        ),
        sa.Column(
            "moved",
            sa.BigInteger,
            nullable=False,
            comment="the seq at which key, parent or gone last changed",
        ),
        sa.Column("parent_id", Name),
        sa.Column("parent_key", Name, comment="only where the tracker names the parent by nothing else"),
        sa.Column("hash", sa.LargeBinary, nullable=False, comment="128 bits of key and document"),
        sa.Column("document", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("tracker", "id", name="pk_issues"),
    )
    _copy_issues(made)
    op.create_table(
        "aliases",
        sa.Column("tracker", Name, nullable=False),
        sa.Column("key", Name, nullable=False),
        sa.Column("id", Name, nullable=False),
        sa.PrimaryKeyConstraint("tracker", "key", name="pk_aliases"),
        sa.ForeignKeyConstraint(
            ["tracker", "id"],
            ["issues.tracker", "issues.id"],
            name="fk_aliases_issues",
            ondelete="CASCADE",
        ),
    )
    op.execute("INSERT INTO aliases (tracker, key, id) SELECT tracker, key, id FROM aliases_1")
    op.drop_table("aliases_1")
    op.drop_table("issues_1")
    op.create_index("ix_issues_seq", "issues", ["seq"])
    op.create_index("ix_issues_tracker_key", "issues", ["tracker", "key", "gone", "moved", "id"])
    _index_where("ix_issues_tracker_parent_id", "issues", ["tracker", "parent_id"], "parent_id IS NOT NULL")
    _index_where(
        "ix_issues_tracker_parent_key", "issues", ["tracker", "parent_key"], "parent_key IS NOT NULL"
    )


def _copy_issues(made: sa.Table) -> None:
    for rows in _batches():
        op.get_bind().execute(made.insert(), rows)


def _batches() -> Iterator[list[dict[str, Any]]]:
    """All rows as this version writes them."""
    last = ("", "")
    statement = sa.text(
        "SELECT tracker, id, key, updated, gone, stored, document FROM issues_1 "
        "WHERE (tracker, id) > (:tracker, :id) ORDER BY tracker, id LIMIT :batch"
    )
    numbers = _numbers()
    while True:
        names = {"tracker": last[0], "id": last[1], "batch": _BATCH}
        rows = op.get_bind().execute(statement, names).all()
        if not rows:
            return
        yield [_row(row, numbers[row.stored]) for row in rows]
        last = (rows[-1].tracker, rows[-1].id)


def _numbers() -> dict[int, int]:
    """Which number of change each time of storing becomes, so that the order of rows stays."""
    times = op.get_bind().execute(sa.text("SELECT DISTINCT stored FROM issues_1 ORDER BY stored")).scalars()
    return {stored: number for number, stored in enumerate(times, 1)}


def _row(row: Any, number: int) -> dict[str, Any]:
    document = _rewritten(orjson.loads(row.document))
    parent = document.get("parent_id") or None
    raw = orjson.dumps(document, option=orjson.OPT_UTC_Z)
    reported = raw[raw.index(b",") :]
    return {
        "tracker": row.tracker,
        "id": row.id,
        "key": row.key,
        "updated": row.updated,
        "gone": row.gone,
        "seq": number,
        "moved": number,
        "parent_id": parent,
        "parent_key": None if parent else document.get("parent_key") or None,
        "hash": blake2b(b"%b\0%b" % (row.key.encode(), reported), digest_size=16).digest(),
        "document": raw.decode(),
    }


def _rewritten(document: dict[str, Any]) -> dict[str, Any]:
    """The document with its time of change in front, which the hash leaves out, and all times as text."""
    snapshots = {name: _EPOCH + timedelta(microseconds=document[name]) for name in _TIMES if name in document}
    return {"updated": snapshots["updated"]} | document | snapshots


def _pulls() -> None:
    op.rename_table("pulls", "pulls_1")
    op.create_table(
        "pulls",
        sa.Column("tracker", Name, nullable=False),
        sa.Column("cursor", sa.Text),
        sa.Column("read_at", sa.BigInteger),
        sa.Column("swept_at", sa.BigInteger),
        sa.Column("failed_at", sa.BigInteger),
        sa.Column("error", sa.Text),
        sa.Column(
            "present", sa.BigInteger, nullable=False, comment="how many issues are stored and not gone"
        ),
        sa.PrimaryKeyConstraint("tracker", name="pk_pulls"),
    )
    op.execute(
        "INSERT INTO pulls (tracker, cursor, read_at, swept_at, failed_at, error, present) "
        "SELECT tracker, cursor, read_at, swept_at, failed_at, error, (SELECT count(*) FROM issues "
        "WHERE issues.tracker = pulls_1.tracker AND issues.gone IS NULL) FROM pulls_1"
    )
    op.drop_table("pulls_1")


def _tags() -> None:
    op.create_table(
        "tags",
        sa.Column("owner", Name, nullable=False),
        sa.Column("tracker", Name, nullable=False),
        sa.Column("id", Name, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column(
            "part",
            sa.Text,
            nullable=False,
            comment="state, estimate, fixed weight and credit, as the engine writes them",
        ),
        sa.Column("updated", sa.BigInteger, nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column(
            "above", sa.Text, nullable=False, comment="ids of the issues above it, nearest first, as JSON"
        ),
        sa.Column(
            "counts",
            sa.Integer,
            nullable=False,
            comment="1 if it counts as a task, 0 if tasks below it count instead",
        ),
        sa.Column("standing", sa.Integer, nullable=False, comment="0 in progress, 1 open, 2 closed"),
        sa.Column("rank", sa.Text, nullable=False, comment="its key in the order in which people count"),
        sa.Column(
            "hard",
            sa.Integer,
            nullable=False,
            comment="1 if one row cannot say what it contributes: boxes, mirrors, a cycle above it",
        ),
        sa.PrimaryKeyConstraint("owner", "tracker", "id", name="pk_tags"),
        comment="one issue in one milestone or key result, and what it contributes",
        sqlite_with_rowid=False,
    )
    op.create_index("ix_tags_tracker_id", "tags", ["tracker", "id"])
    op.create_index("ix_tags_owner_counts_part", "tags", ["owner", "counts", "part"])
    _index_where("ix_tags_owner_updated", "tags", ["owner", "updated"], "counts = 1")
    _index_where(
        "ix_tags_owner_standing_tracker_rank",
        "tags",
        ["owner", "standing", "tracker", "rank"],
        "counts = 1 AND standing < 2",
    )
    _index_where("ix_tags_owner_hard", "tags", ["owner"], "hard = 1")
    _index_where("ix_tags_owner_first", "tags", ["owner", "tracker"], "position = 0")


def _index_where(name: str, table: str, columns: list[str], where: str) -> None:
    op.create_index(name, table, columns, sqlite_where=sa.text(where))


def _owners() -> None:
    op.create_table(
        "over",
        sa.Column("owner", Name, nullable=False),
        sa.Column("tracker", Name, nullable=False),
        sa.Column("id", Name, nullable=False),
        sa.Column("n", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("owner", "tracker", "id", name="pk_over"),
        comment="how many live tagged issues stand below an issue, by owner",
        sqlite_with_rowid=False,
    )
    op.create_table(
        "sums",
        sa.Column("owner", Name, nullable=False),
        sa.Column("counts", sa.Integer, nullable=False),
        sa.Column("part", sa.Text, nullable=False),
        sa.Column("n", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("owner", "counts", "part", name="pk_sums"),
        comment="how many rows of tags say the same, by owner",
        sqlite_with_rowid=False,
    )
    op.create_table(
        "owners",
        sa.Column("owner", Name, nullable=False),
        sa.Column("open", sa.Text, comment="the open tasks that a comment lists, as JSON"),
        sa.Column(
            "labelled", sa.Text, comment="digest of the labels that its issues were last seen to carry"
        ),
        sa.PrimaryKeyConstraint("owner", name="pk_owners"),
    )
    op.create_table(
        "unsettled",
        sa.Column("tracker", Name, nullable=False),
        sa.Column("id", Name, nullable=False),
        sa.PrimaryKeyConstraint("tracker", "id", name="pk_unsettled"),
        comment="issues whose labels could not be brought into agreement yet",
        sqlite_with_rowid=False,
    )
    op.create_table(
        "tagging",
        sa.Column("key", Name, nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_tagging"),
        comment="what the tags follow from, and up to which seq",
    )
