"""The tables as they are now. Times are microseconds since 1970 in UTC, fractions `n/d`, documents JSON."""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)

VERSIONS: Final = ("0001",)
"""All schema versions that this program knows, in order; each is a file in `migrations/versions`."""
HEAD: Final = VERSIONS[-1]

# SQLite compares text by code point; PostgreSQL would by language, and so order issues differently.
Name = String().with_variant(String(collation="C"), "postgresql")

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(referred_table_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    }
)

# One document and the few columns that are searched: a pull writes one row per issue, whatever the issue has.
issues = Table(
    "issues",
    metadata,
    Column("tracker", Name, primary_key=True),
    Column("id", Name, primary_key=True),
    Column("key", Name, nullable=False),
    Column("updated", BigInteger, nullable=False),
    Column("gone", BigInteger, comment="since when the issue is deleted or out of reach"),
    Column("stored", BigInteger, nullable=False, comment="the pull that last changed this row"),
    Column("hash", LargeBinary, nullable=False, comment="128 bits of key and document"),
    Column("document", Text, nullable=False),
)
Index("ix_issues_tracker_updated", issues.c.tracker, issues.c.updated)
# Carries what counting and resolving need, so that neither reads the documents.
Index("ix_issues_tracker_key", issues.c.tracker, issues.c.key, issues.c.gone, issues.c.stored, issues.c.id)

aliases = Table(
    "aliases",
    metadata,
    Column("tracker", Name, primary_key=True),
    Column("key", Name, primary_key=True),
    Column("id", Name, nullable=False),
    ForeignKeyConstraint(["tracker", "id"], ["issues.tracker", "issues.id"], ondelete="CASCADE"),
)

unread = Table(
    "unread",
    metadata,
    Column("tracker", Name, primary_key=True),
    Column("about", Name, primary_key=True, comment="`id …`, or else `key …`, or else `why …`"),
    Column("id", Name),
    Column("key", Name),
    Column("why", Text, nullable=False),
)

pulls = Table(
    "pulls",
    metadata,
    Column("tracker", Name, primary_key=True),
    Column("cursor", Text),
    Column("read_at", BigInteger),
    Column("swept_at", BigInteger),
    Column("failed_at", BigInteger),
    Column("error", Text),
)

memory = Table(
    "memory",
    metadata,
    Column("tracker", Name, primary_key=True),
    Column("key", Name, primary_key=True),
    Column("value", Text, nullable=False),
)

publications = Table(
    "publications",
    metadata,
    Column("tracker", Name, primary_key=True),
    Column("id", Name, primary_key=True),
    Column("document", Text, nullable=False),
)

goal_values = Table(
    "goal_values",
    metadata,
    Column("goal", Name, primary_key=True),
    Column("delivered", Text),
    Column("achieved", Text),
    Column("rules", Text, nullable=False),
)

runs = Table(
    "runs",
    metadata,
    Column("run", Integer, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("begun", BigInteger, nullable=False),
    Column("ended", BigInteger),
    Column("outcome", Text),
    Column("said", Text, nullable=False),
    Column("counts", Text, nullable=False),
    sqlite_autoincrement=True,
)

entries = Table(
    "entries",
    metadata,
    Column("entry", Integer, primary_key=True),
    Column("run", Integer, ForeignKey("runs.run", ondelete="CASCADE"), nullable=False, index=True),
    Column("at", BigInteger, nullable=False),
    Column("document", Text, nullable=False),
    sqlite_autoincrement=True,
)

# What one pull has brought so far; lives in one connection. NULL for a document: as stored already.
staged = Table(
    "staged",
    MetaData(),
    Column("id", Name, primary_key=True),
    Column("key", Name, nullable=False),
    Column("updated", BigInteger, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("document", Text),
    prefixes=["TEMPORARY"],
    sqlite_with_rowid=False,
)
