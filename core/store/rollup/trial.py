"""Tags by other rules, of which nothing is stored."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

from sqlalchemy.schema import CreateIndex, CreateTable

from core.store.database import Database
from core.store.rollup.rollup_reader import SqlRollupReader
from core.store.rollup.rollup_writer import SqlRollupWriter
from core.store.schema import names, over, owners, sums, tagging, tags, unexplained


@contextmanager
def trial(database: Database) -> Iterator[tuple[SqlRollupWriter, SqlRollupReader]]:
    """Tags that can be brought into step with other rules without a trace: nothing of them is stored.

    Temporary tables of one connection stand before those of the same name.
    """
    with database.staging() as connection, connection.begin():
        for table in (tags, over, sums, owners, tagging, unexplained, names):
            made = str(CreateTable(table).compile(connection))
            connection.exec_driver_sql(made.replace("CREATE TABLE", "CREATE TEMPORARY TABLE", 1))
            for index in table.indexes:
                # SQLite looks for the table of an index beside the index.
                statement = str(CreateIndex(index).compile(connection))
                connection.exec_driver_sql(statement.replace("CREATE INDEX ", "CREATE INDEX temp.", 1))
        yield (
            SqlRollupWriter(database, connection),
            SqlRollupReader(database, lambda: nullcontext(connection)),
        )
