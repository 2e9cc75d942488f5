"""The memory of a tracker: small texts by key, for its connector and for the steps of a run."""

from sqlalchemy import select

from core.store.codec.scalars import clean
from core.store.database import Database
from core.store.schema import memory
from core.store.upsert import upsert


class SqlMemory:
    """A connector's facts, as they are: a repository may be named as tokens look.

    That no credential gets here is seen to by `connectors.redaction`, which knows the configured ones.
    """

    def __init__(self, database: Database, tracker: str) -> None:
        self._database = database
        self._tracker = tracker

    def get(self, key: str) -> str | None:
        """The value that was set last, or None."""
        with self._database.reading() as connection:
            result = connection.execute(
                select(memory.c.value).where(memory.c.tracker == self._tracker, memory.c.key == clean(key))
            ).scalar()
        return None if result is None else str(result)

    def set(self, key: str, value: str) -> None:
        """Keep a value."""
        row = {"tracker": self._tracker, "key": clean(key), "value": clean(value)}
        with self._database.writing() as connection:
            connection.execute(upsert(memory, ("value",)), row)
