"""A request knows how many of its attempts its provider's channel refused; any other one may have arrived."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """One column. Of what was refused before nobody knows how often: such a request counts as perhaps arrived."""
    op.execute("ALTER TABLE request ADD COLUMN refusals integer NOT NULL DEFAULT 0")
