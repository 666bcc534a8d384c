"""A key of intake that is parked knows which dead letter it waits for."""

from alembic import op

from kit.migrations import v3

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """The kit's third version."""
    v3.upgrade(op)
