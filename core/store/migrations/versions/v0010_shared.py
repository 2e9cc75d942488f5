"""What tasks add up to where they share the estimate of a parent."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Make the column; it is filled with the tags, which this version makes anew."""
    message = "what its tasks add up to where some share the estimate of a parent, as JSON"
    op.add_column("owners", sa.Column("shared", sa.Text, comment=message))
