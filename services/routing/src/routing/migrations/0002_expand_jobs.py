"""Jobs of routing can be woken while they run, and events wait behind a dead one of their key."""

from alembic import op

from kit.migrations import v2

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """The kit's second version."""
    v2.upgrade(op, "routing")
