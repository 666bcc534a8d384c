"""Whoever retires a body finds all its endpoints, also those that are disabled."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """One index. `endpoint_of_agency` stays for processes of the release before."""
    op.execute("CREATE INDEX endpoint_kept_of_agency ON endpoint (agency, id) WHERE state <> 'deleted'")
