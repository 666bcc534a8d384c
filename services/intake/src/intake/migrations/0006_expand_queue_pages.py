"""The queues of intake keep their pages when they run empty."""

from alembic import op

from kit.migrations import v4

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """The kit's fourth version."""
    v4.upgrade(op)
