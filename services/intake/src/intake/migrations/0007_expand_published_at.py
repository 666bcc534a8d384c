"""A referral that is being told knows when its last chunk was."""

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """One column, empty until the next chunk, which follows without waiting."""
    op.execute("ALTER TABLE referral ADD COLUMN published_at timestamptz")
