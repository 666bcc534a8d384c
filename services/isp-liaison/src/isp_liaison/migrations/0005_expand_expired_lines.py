"""A line knows when it was told that its preservation is over."""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """One column, empty where nothing was told."""
    op.execute("ALTER TABLE line ADD COLUMN expired_at timestamptz")
