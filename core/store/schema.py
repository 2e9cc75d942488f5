"""The tables as they are now. Times are microseconds since 1970 in UTC, fractions `n/d`, documents JSON."""

from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    and_,
    literal_column,
)

VERSIONS: Final = (
    "0001",
    "0002",
    "0003",
    "0004",
    "0005",
    "0006",
    "0007",
    "0008",
    "0009",
    "0010",
    "0011",
    "0012",
    "0013",
    "0014",
)
"""All schema versions that this program knows, in order; each is a file in `migrations/versions`."""
HEAD: Final = VERSIONS[-1]

# Names are ordered by code point, which is how SQLite compares text.
Name = String()

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(referred_table_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    }
)


def _index_where(name: str, where: ColumnElement[bool], *columns: Column[Any]) -> None:
    Index(name, *columns, sqlite_where=where)


# One document and the few columns that are searched: a pull writes one row per issue, whatever the issue has.
issues = Table(
    "issues",
    metadata,
    Column("tracker", Name, primary_key=True),
    Column("id", Name, primary_key=True),
    Column("key", Name, nullable=False),
    Column("updated", BigInteger, nullable=False),
    Column("gone", BigInteger, comment="since when the issue is deleted or out of reach"),
    Column("seq", BigInteger, nullable=False, comment="number of the change that last touched this row"),
    Column("moved", BigInteger, nullable=False, comment="the seq at which key, parent or gone last changed"),
    Column("parent_id", Name),
    Column("parent_key", Name, comment="only where the tracker names the parent by nothing else"),
    Column("hash", LargeBinary, nullable=False, comment="128 bits of key and document"),
    Column("document", Text, nullable=False),
)
Index("ix_issues_seq", issues.c.seq)
# Carries what resolving needs, so that it reads no documents.
Index("ix_issues_tracker_key", issues.c.tracker, issues.c.key, issues.c.gone, issues.c.moved, issues.c.id)
_index_where(
    "ix_issues_tracker_parent_id", issues.c.parent_id.is_not(None), issues.c.tracker, issues.c.parent_id
)
_index_where(
    "ix_issues_tracker_parent_key", issues.c.parent_key.is_not(None), issues.c.tracker, issues.c.parent_key
)

# As the encoder writes it: within a text its quotes would be escaped. Looked for as text, since SQLite would
# refuse every change of a row whose document is damaged if the index had to read it as JSON.
restricted: ColumnElement[bool] = literal_column("instr(document, '\"security\":') > 0")
"""Whether an issue has a security level."""
_index_where("ix_issues_restricted", restricted, issues.c.tracker, issues.c.id)

linked: ColumnElement[bool] = literal_column("instr(document, '\"blocked_by\":') > 0")
"""Whether the tracker told of issues that block an issue; the encoder writes this key for each such."""
_index_where("ix_issues_linked", linked, issues.c.tracker, issues.c.id)

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
    Column("present", BigInteger, nullable=False, comment="how many issues are stored and not gone"),
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
    # Last, so that SQLite reads it from the file only where it is asked for.
    Column(
        "snapshots",
        Text,
        nullable=False,
        server_default="{}",
        comment="how each milestone stood when the comment was written",
    ),
)

goal_values = Table(
    "goal_values",
    metadata,
    Column("goal", Name, primary_key=True),
    Column("delivered", Text),
    Column("achieved", Text),
    Column("rules", Text, nullable=False),
)

published = Table(
    "published",
    metadata,
    Column("tracker", Name, primary_key=True),
    Column("owner", Name, primary_key=True),
    comment="milestones, key results and goals that were once published to their end, by tracker",
    sqlite_with_rowid=False,
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
    Column("target", Name, comment="what a failed action was to change; NULL for one that did not fail"),
    Column("times", Integer, nullable=False, server_default="1", comment="how often it failed alike"),
    Column("last", BigInteger, comment="when it last failed alike; NULL for once"),
    sqlite_autoincrement=True,
)
_index_where("ix_entries_target", entries.c.target.is_not(None), entries.c.target)

quarantine = Table(
    "quarantine",
    metadata,
    Column("tracker", Name, primary_key=True),
    Column("kind", Name, primary_key=True),
    Column("place", Name, primary_key=True),
    Column("name", Name, primary_key=True),
    Column("document", Text, nullable=False),
)

facts = Table(
    "facts",
    metadata,
    Column("key", Name, primary_key=True),
    Column("value", Text, nullable=False),
    comment="what this installation is to remember of itself, such as its id",
    sqlite_with_rowid=False,
)

contention = Table(
    "contention",
    metadata,
    Column("tracker", Name, primary_key=True),
    Column("kind", Name, primary_key=True),
    Column("place", Name, primary_key=True),
    Column("name", Name, primary_key=True),
    Column("wish", Text, nullable=False, comment="digest of what was written last"),
    Column("writes", Integer, nullable=False, comment="how often that was written"),
    Column("document", Text, nullable=False, comment="other writers and what is held, as JSON; or empty"),
    comment="what was written how often without a change of meaning, and who else writes there",
    sqlite_with_rowid=False,
)
_index_where("ix_contention_open", contention.c.document != "", contention.c.tracker)

# The tables below keep what issues contribute to milestones and key results, so that a run works out only
# what follows from changes.
contributions = Table(
    "contributions",
    metadata,
    Column("owner", Name, primary_key=True),
    Column("tracker", Name, primary_key=True),
    Column("id", Name, primary_key=True),
    Column("position", Integer, nullable=False),
    Column(
        "part",
        Text,
        nullable=False,
        comment="state, estimate, fixed weight and credit, as the engine writes them",
    ),
    Column("updated", BigInteger, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("above", Text, nullable=False, comment="ids of the issues above it, nearest first, as JSON"),
    Column("standing", Integer, nullable=False, comment="0 in progress, 1 open, 2 closed"),
    Column("rank", Text, nullable=False, comment="its key in the order in which people count"),
    Column(
        "needs_engine",
        Integer,
        nullable=False,
        comment="1 if the row does not say what its issue contributes: boxes, mirrors, a cycle above it",
    ),
    Column(
        "counts",
        Integer,
        nullable=False,
        comment="1 if it counts as a task, 0 if tasks below it count instead",
    ),
    comment="one issue in one milestone or key result, and what it contributes",
    sqlite_with_rowid=False,
)
Index("ix_contributions_tracker_id", contributions.c.tracker, contributions.c.id)
# Carries what is summed up, so that sums read no rows.
Index(
    "ix_contributions_owner_counts_part",
    contributions.c.owner,
    contributions.c.counts,
    contributions.c.part,
    contributions.c.updated,
)
_index_where(
    "ix_contributions_owner_above",
    contributions.c.above != "[]",
    contributions.c.owner,
    contributions.c.tracker,
    contributions.c.above,
    contributions.c.part,
)
_index_where(
    "ix_contributions_owner_standing_tracker_rank",
    and_(contributions.c.counts == 1, contributions.c.standing < 2),
    contributions.c.owner,
    contributions.c.standing,
    contributions.c.tracker,
    contributions.c.rank,
)
_index_where("ix_contributions_needs_engine", contributions.c.needs_engine == 1, contributions.c.owner)
_index_where(
    "ix_contributions_first", contributions.c.position == 0, contributions.c.owner, contributions.c.tracker
)

owners = Table(
    "owners",
    metadata,
    Column("owner", Name, primary_key=True),
    Column("open", Text, comment="the open tasks that a comment lists, as JSON"),
    Column("labelled", Text, comment="digest of the labels that its issues were last seen to carry"),
    Column("tally", Text, comment="what its tasks add up to, as JSON; NULL without any issue"),
    comment="milestones and key results",
)

unexplained = Table(
    "unexplained",
    metadata,
    Column("owner", Name, primary_key=True),
    Column("tracker", Name, primary_key=True),
    Column("id", Name, primary_key=True),
    Column("part", Text, nullable=False, comment="what it contributed before, as in contributions"),
    Column("since", BigInteger, nullable=False, comment="an edit of its issue since then would explain it"),
    comment="tasks that nobody edited, and that went or count otherwise since the last numbers",
    sqlite_with_rowid=False,
)

names = Table(
    "names",
    metadata,
    Column("tracker", Name, primary_key=True),
    Column("kind", Name, primary_key=True, comment="label, type, status and so on"),
    Column("name", Name, primary_key=True),
    comment="every name that an issue bears, as of the last comparison with all that is there, and since",
    sqlite_with_rowid=False,
)

unsettled = Table(
    "unsettled",
    metadata,
    Column("tracker", Name, primary_key=True),
    Column("id", Name, primary_key=True),
    comment="issues whose labels could not be brought into agreement yet",
    sqlite_with_rowid=False,
)

rollup_state = Table(
    "rollup_state",
    metadata,
    Column("key", Name, primary_key=True),
    Column("value", Text, nullable=False),
    comment="what the contributions follow from, and up to which seq",
)

containers = Table(
    "containers",
    metadata,
    Column("tracker", Name, primary_key=True),
    Column("id", Name, primary_key=True),
    Column("name", Name, nullable=False),
    Column("archived", Integer, nullable=False),
    Column("writable", Integer, comment="1 or 0; NULL where the tracker does not say"),
    Column("error", Text, nullable=False, comment="why it could not be listed; empty if it was"),
    Column("failed_at", BigInteger, comment="since when it cannot be listed"),
    Column("doubt", Text, nullable=False, comment="why its silence is not believed yet"),
    comment="projects and repositories as the tracker last told of them",
    sqlite_with_rowid=False,
)

container_names = Table(
    "container_names",
    metadata,
    Column("tracker", Name, primary_key=True),
    Column("name", Name, primary_key=True),
    Column("id", Name, nullable=False),
    comment="every name that a container bears or bore, casefolded, and whose it is now",
    sqlite_with_rowid=False,
)

audiences = Table(
    "audiences",
    metadata,
    Column("tracker", Name, primary_key=True),
    Column("name", Name, primary_key=True),
    Column("audience", Text, comment="who may read it; empty: not to be told; NULL: not told yet"),
    comment="projects and repositories, casefolded, and who may read them as the tracker last told",
    sqlite_with_rowid=False,
)

# What one pull has brought so far; lives in one connection. NULL for a document: as stored already.
staged = Table(
    "staged",
    MetaData(),
    Column("id", Name, primary_key=True),
    Column("key", Name, nullable=False),
    Column("updated", BigInteger, nullable=False),
    Column("parent_id", Name),
    Column("parent_key", Name),
    Column("hash", LargeBinary, nullable=False),
    Column("document", Text),
    prefixes=["TEMPORARY"],
    sqlite_with_rowid=False,
)
