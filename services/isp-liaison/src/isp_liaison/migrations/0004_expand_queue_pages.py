"""The queues of isp-liaison keep their pages when they run empty."""

from alembic import op

from kit.migrations import v4

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """The kit's fourth version."""
    v4.upgrade(op)
