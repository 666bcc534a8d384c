"""Partners, referrals with their versions and encrypted payloads, entries with their progress."""

from alembic import op

from kit.migrations import policies, v1

revision = "0001"
down_revision = None

PARTNER = """
CREATE TABLE partner (
    tenant text PRIMARY KEY,
    name_en text NOT NULL,
    name_fr text NOT NULL,
    kind text NOT NULL,
    country text,
    clock_zone text,
    handling_codes text[] NOT NULL,
    handling_tlp text NOT NULL,
    testmode boolean NOT NULL,
    created_at timestamptz NOT NULL
)
"""

REFERRAL = """
CREATE TABLE referral (
    id uuid PRIMARY KEY,
    tenant text NOT NULL,
    number text NOT NULL UNIQUE,
    reference text NOT NULL,
    format text NOT NULL,
    version integer NOT NULL CHECK (version >= 1),
    key_id uuid NOT NULL,
    testmode boolean NOT NULL,
    state text NOT NULL CHECK (state IN ('receiving', 'accepted')),
    published_to integer NOT NULL,
    received_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    UNIQUE (tenant, reference)
)
"""

REFERRAL_VERSION = """
CREATE TABLE referral_version (
    referral_id uuid NOT NULL REFERENCES referral,
    version integer NOT NULL,
    tenant text NOT NULL,
    received_at timestamptz NOT NULL,
    media_type text NOT NULL,
    body_sha256 bytea NOT NULL CHECK (octet_length(body_sha256) = 32),
    content_sha256 bytea NOT NULL CHECK (octet_length(content_sha256) = 32),
    size integer NOT NULL,
    frame jsonb NOT NULL,
    receipt bytea NOT NULL,
    PRIMARY KEY (referral_id, version)
)
"""

PAYLOAD = """
CREATE TABLE payload (
    referral_id uuid NOT NULL REFERENCES referral,
    version integer NOT NULL,
    chunk integer NOT NULL,
    tenant text NOT NULL,
    nonce bytea NOT NULL,
    data bytea NOT NULL,
    PRIMARY KEY (referral_id, version, chunk)
)
"""

ENTRY = """
CREATE TABLE entry (
    id uuid PRIMARY KEY,
    tenant text NOT NULL,
    referral_id uuid NOT NULL REFERENCES referral,
    position integer NOT NULL,
    version integer NOT NULL,
    kind text NOT NULL CHECK (kind IN ('suspect', 'victim')),
    role text NOT NULL CHECK (role IN ('suspect', 'victim', 'intended_recipient')),
    state text NOT NULL CHECK (state IN ('current', 'withdrawn')),
    review boolean NOT NULL,
    naming text NOT NULL,
    reference_key bytea NOT NULL,
    digest bytea NOT NULL,
    fingerprints bytea NOT NULL,
    label_nonce bytea NOT NULL,
    label_data bytea NOT NULL,
    parts integer NOT NULL,
    grade text NOT NULL CHECK (grade IN ('A', 'B', 'C', 'D', 'X')),
    priority text NOT NULL CHECK (priority IN ('P0', 'P1', 'P2', 'P3', 'P4')),
    factors text[] NOT NULL,
    handling text NOT NULL,
    determination_sequence bigint NOT NULL DEFAULT 0,
    determination text,
    branch text,
    country text,
    province text,
    assignment_sequence bigint NOT NULL DEFAULT 0,
    assignment_id uuid,
    assignment text,
    holder text,
    assignment_at timestamptz,
    request_sequence bigint NOT NULL DEFAULT 0,
    requested_at timestamptz,
    answer_sequence bigint NOT NULL DEFAULT 0,
    answer text,
    answered_at timestamptz,
    UNIQUE (referral_id, position)
) WITH (fillfactor = 80)
"""

ENTRY_PART = """
CREATE TABLE entry_part (
    entry_id uuid NOT NULL REFERENCES entry,
    version integer NOT NULL,
    part integer NOT NULL,
    tenant text NOT NULL,
    nonce bytea NOT NULL,
    data bytea NOT NULL,
    PRIMARY KEY (entry_id, version, part)
)
"""

IDEMPOTENCY = """
CREATE TABLE idempotency (
    tenant text NOT NULL,
    key text NOT NULL,
    body_sha256 bytea NOT NULL,
    referral_id uuid NOT NULL REFERENCES referral,
    version integer NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant, key)
)
"""

WRITTEN_ONCE = ("referral_version", "payload", "entry_part", "idempotency")


def upgrade() -> None:
    """Every table of a partner is isolated from its first row on."""
    v1.upgrade(op, "intake")
    op.execute("CREATE SEQUENCE referral_number")
    op.execute("GRANT USAGE ON SEQUENCE referral_number TO intake_api, intake_system")
    for table in (PARTNER, REFERRAL, REFERRAL_VERSION, PAYLOAD, ENTRY, ENTRY_PART, IDEMPOTENCY):
        op.execute(table)
    op.execute("CREATE INDEX referral_newest ON referral (tenant, id DESC)")
    op.execute("CREATE INDEX idempotency_age ON idempotency (created_at)")
    policies.isolate(op, "intake", "partner", api="SELECT", centre="SELECT, INSERT, UPDATE")
    for table in ("referral", "entry"):
        policies.isolate(op, "intake", table, centre="SELECT")
    for table in WRITTEN_ONCE:
        policies.isolate(op, "intake", table, api="SELECT, INSERT", centre="SELECT")
