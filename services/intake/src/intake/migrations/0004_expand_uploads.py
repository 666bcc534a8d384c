"""Large files come in piece by piece: their entries stand here before their referral does.

An upload's id becomes its referral's. Until that row exists nobody finds the entries, for every read begins at
the referral; so entries and payloads no longer need one. What nobody finished is deleted by a job.
"""

from alembic import op

from kit.migrations import policies

revision = "0004"
down_revision = "0003"

UPLOAD = """
CREATE TABLE upload (
    id uuid PRIMARY KEY,
    tenant text NOT NULL,
    testmode boolean NOT NULL,
    state text NOT NULL CHECK (state IN ('staging', 'accepted', 'abandoned')),
    touched_at timestamptz NOT NULL
)
"""

# The references of one upload, hashed: which are taken is known without holding them all in memory.
UPLOAD_REFERENCE = """
CREATE TABLE upload_reference (
    upload_id uuid NOT NULL REFERENCES upload,
    reference_key bytea NOT NULL,
    tenant text NOT NULL,
    given boolean NOT NULL,
    PRIMARY KEY (upload_id, reference_key)
)
"""


def upgrade() -> None:
    """Two tables, two constraints less, and a right that partners have not unless they are given it."""
    for table in (UPLOAD, UPLOAD_REFERENCE):
        op.execute(table)
    op.execute("CREATE INDEX upload_staging ON upload (touched_at) WHERE state = 'staging'")
    for table in ("upload", "upload_reference"):
        policies.isolate(op, "intake", table, centre="SELECT")
    op.execute("ALTER TABLE partner ADD COLUMN urgent boolean NOT NULL DEFAULT false")
    op.execute("ALTER TABLE entry DROP CONSTRAINT entry_referral_id_fkey")
    op.execute("ALTER TABLE payload DROP CONSTRAINT payload_referral_id_fkey")
