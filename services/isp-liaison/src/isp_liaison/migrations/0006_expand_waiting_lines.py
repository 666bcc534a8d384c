"""What perishes first of a request's lines that wait is found without looking through all that it ever had."""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """One index."""
    op.execute("CREATE INDEX line_waiting ON line (request, perishes_at) WHERE state IN ('open', 'answered')")
