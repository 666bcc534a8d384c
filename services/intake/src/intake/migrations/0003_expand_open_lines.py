"""An entry knows how many of its lines wait for a provider's answer."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """One column, empty for what was answered before."""
    op.execute("ALTER TABLE entry ADD COLUMN open_lines integer")
