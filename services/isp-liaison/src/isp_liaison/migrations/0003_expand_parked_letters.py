"""A key of liaison that is parked knows which dead letter it waits for."""

from alembic import op

from kit.migrations import v3

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """The kit's third version."""
    v3.upgrade(op)
