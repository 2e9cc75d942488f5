"""What comments told of stands beside them, so that all comments can be read without it."""

from typing import Any, Final

import orjson
import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_publications: Final = sa.table(
    "publications", sa.column("tracker"), sa.column("id"), sa.column("document"), sa.column("snapshots")
)


def upgrade() -> None:
    """Move the snapshots out of the documents, one comment at a time: together they may be large."""
    op.add_column(
        "publications",
        sa.Column(
            "snapshots",
            sa.Text,
            nullable=False,
            server_default="{}",
            comment="how each milestone stood when the comment was written",
        ),
    )
    connection = op.get_bind()
    places = sa.select(_publications.c.tracker, _publications.c.id)
    for tracker, id_ in connection.execute(places).all():
        _split(connection, _publications.c.tracker == tracker, _publications.c.id == id_)


def _split(connection: sa.Connection, *row: sa.ColumnElement[bool]) -> None:
    document = _read(connection.execute(sa.select(_publications.c.document).where(*row)).scalar_one())
    # A damaged row stays as it is: whoever reads it is told which one it is.
    if isinstance(document, dict) and isinstance(document.get("snapshots"), dict):
        snapshots = _written(document.pop("snapshots"))
        connection.execute(
            sa.update(_publications).where(*row).values(document=_written(document), snapshots=snapshots)
        )


def _read(stored: str) -> Any:
    try:
        return orjson.loads(stored)
    except orjson.JSONDecodeError:
        return None


def _written(document: dict[str, Any]) -> str:
    return orjson.dumps(document).decode()
