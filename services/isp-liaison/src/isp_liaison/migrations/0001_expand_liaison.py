"""Liaison's first schema: reference data, requests, lines, answers and sealed records, isolated from the first row."""

from alembic import op

from kit.migrations import policies, v1, v2

revision = "0001"
down_revision = None

SCHEMA = "isp_liaison"

OF = "tenant text NOT NULL, testmode boolean NOT NULL"
SOURCED = "valid_from date NOT NULL, valid_to date, source text NOT NULL, confidence text NOT NULL"
CALLER = "current_setting('kit.tenant', true)"

REFERENCE = (
    f"""
    CREATE TABLE provider (
        id text PRIMARY KEY, {OF},
        name_en text NOT NULL, name_fr text NOT NULL, legal_entity text NOT NULL, brands jsonb NOT NULL,
        kind text NOT NULL, channel text NOT NULL CHECK (channel IN ('http', 'none')), needs_port boolean,
        retention_days integer, retention_source text NOT NULL, retention_as_of date, reply_zone text,
        languages jsonb NOT NULL, max_lines integer NOT NULL CHECK (max_lines > 0), accepts jsonb NOT NULL,
        {SOURCED}
    )
    """,
    f"""
    CREATE TABLE network (
        asn bigint, {OF}, provider text NOT NULL, {SOURCED}, PRIMARY KEY (asn, testmode, valid_from)
    )
    """,
    f"""
    CREATE TABLE provider_owner (
        provider text, {OF}, owner text NOT NULL, {SOURCED}, PRIMARY KEY (provider, valid_from)
    )
    """,
    f"""
    CREATE TABLE instrument (
        id text, {OF},
        section text NOT NULL, title_en text NOT NULL, title_fr text NOT NULL, form text NOT NULL,
        issuer text NOT NULL, threshold text NOT NULL, days_canadian integer, days_foreign integer,
        reaches_foreign_offence boolean NOT NULL, repeatable boolean NOT NULL,
        effect text NOT NULL CHECK (effect IN ('preserves', 'produces')), grades jsonb NOT NULL,
        challenge_days integer, review_days integer, {SOURCED},
        PRIMARY KEY (id, valid_from)
    )
    """,
)

TABLES = (
    f"""
    CREATE TABLE request (
        id uuid PRIMARY KEY, {OF}, number text NOT NULL UNIQUE,
        provider text NOT NULL, provider_tenant text NOT NULL, instrument text NOT NULL, urgency text NOT NULL,
        handling text NOT NULL, investigation uuid NOT NULL,
        about text NOT NULL CHECK (about IN ('suspects', 'victims')),
        state text NOT NULL CHECK (
            state IN ('draft', 'submitted', 'approved', 'sent', 'answered', 'closed', 'returned', 'withdrawn')
        ),
        desired_status text NOT NULL, provider_status text NOT NULL, provider_reference text,
        drafters jsonb NOT NULL, perishes_at timestamptz NOT NULL, created_at timestamptz NOT NULL,
        submitted_by text, submitted_at timestamptz, approved_by text, approved_at timestamptz,
        offered_at timestamptz, sent_at timestamptz, closed_at timestamptz,
        attempts integer NOT NULL, next_attempt_at timestamptz, channel_error text,
        channel_refused boolean NOT NULL, body_sha256 text,
        -- The rule of two people, once more: nothing leaves that one person submitted and approved (spec §5.3).
        CHECK (approved_by IS NULL OR (submitted_by IS NOT NULL AND approved_by <> submitted_by))
    ) WITH (fillfactor = 80)
    """,
    f"""
    CREATE TABLE sealed_text (
        request uuid, kind text, {OF}, keys jsonb NOT NULL, data bytea NOT NULL, PRIMARY KEY (request, kind)
    )
    """,
    f"""
    CREATE TABLE line (
        id uuid PRIMARY KEY, {OF}, request uuid NOT NULL,
        provider text NOT NULL, instrument text NOT NULL, effect text NOT NULL, investigation uuid NOT NULL,
        about text NOT NULL, mark text NOT NULL, grade text NOT NULL CHECK (grade <> 'X'), at timestamptz NOT NULL,
        state text NOT NULL CHECK (state IN ('open', 'answered', 'done', 'dropped', 'lapsed')), outcome text,
        key uuid NOT NULL, nonce bytea NOT NULL, data bytea NOT NULL,
        perishes_at timestamptz NOT NULL, redirected_from uuid, created_at timestamptz NOT NULL, done_at timestamptz
    ) WITH (fillfactor = 80)
    """,
    f"""
    CREATE TABLE line_entry (
        line uuid, entry uuid, {OF}, kind text NOT NULL, referral uuid NOT NULL, investigation uuid NOT NULL,
        priority text NOT NULL, handling text NOT NULL, foreign_investigating boolean NOT NULL,
        state text NOT NULL CHECK (state IN ('current', 'cancelled')), added_at timestamptz NOT NULL,
        PRIMARY KEY (line, entry)
    )
    """,
    f"""
    CREATE TABLE unplaced (
        id uuid PRIMARY KEY, {OF}, entry uuid NOT NULL, referral uuid NOT NULL, investigation uuid NOT NULL,
        item text NOT NULL, grade text NOT NULL, asn bigint, why text NOT NULL, recorded_at timestamptz NOT NULL,
        UNIQUE (entry, item, why)
    )
    """,
    f"""
    CREATE TABLE authority (
        request uuid PRIMARY KEY, {OF}, kind text NOT NULL, basis text NOT NULL, offence text NOT NULL,
        made_on date NOT NULL, zone text NOT NULL, reference text NOT NULL, court text, due_on date,
        expires_on date, challenge_until date, review_on date, document_sha256 text, tzdata text NOT NULL
    )
    """,
    f"""
    CREATE TABLE answer (
        id uuid PRIMARY KEY, {OF}, request uuid NOT NULL, line uuid NOT NULL, provider text NOT NULL,
        outcome text NOT NULL, state text NOT NULL CHECK (state IN ('pending', 'confirmed', 'refused', 'applied')),
        zone text NOT NULL, raw_from text, raw_to text, assigned_from timestamptz, assigned_to timestamptz,
        tzdata text NOT NULL, flags jsonb NOT NULL, redirect_to text, record uuid, fingerprint text NOT NULL,
        submitted_by text NOT NULL, submitted_at timestamptz NOT NULL, checked_by text, checked_at timestamptz,
        CHECK (checked_by IS NULL OR checked_by <> submitted_by)
    ) WITH (fillfactor = 80)
    """,
    f"""
    CREATE TABLE subscriber_record (
        id uuid PRIMARY KEY, {OF}, line uuid NOT NULL, key uuid NOT NULL, nonce bytea, data bytea,
        country text NOT NULL, province text, municipality text, postal_area text,
        received_at timestamptz NOT NULL, released_at timestamptz
    ) WITH (fillfactor = 80)
    """,
    f"CREATE TABLE holder (entry uuid PRIMARY KEY, {OF}, holder_tenant text, sequence bigint NOT NULL)",
)

INDEXES = (
    # One collecting draft of each kind, and one line of the same data (spec §5.3): the database holds it, not the code.
    """
    CREATE UNIQUE INDEX request_draft ON request
        (provider, instrument, urgency, handling, investigation, about, testmode) WHERE state = 'draft'
    """,
    """
    CREATE UNIQUE INDEX line_of_data ON line (mark, investigation, provider, instrument, about)
        WHERE state NOT IN ('dropped', 'lapsed')
    """,
    """
    CREATE INDEX request_queue ON request (perishes_at, id)
        WHERE state NOT IN ('closed', 'returned', 'withdrawn')
    """,
    "CREATE INDEX request_in_state ON request (state, perishes_at, id)",
    "CREATE INDEX request_of_provider ON request (provider_tenant, perishes_at, id)",
    "CREATE INDEX line_of_request ON line (request, id)",
    "CREATE INDEX line_entry_of_entry ON line_entry (entry, line)",
    "CREATE UNIQUE INDEX answer_standing ON answer (line) WHERE state <> 'refused'",
    "CREATE INDEX answer_pending ON answer (id) WHERE state = 'pending'",
    "CREATE INDEX answer_of_request ON answer (request, id)",
    "CREATE INDEX subscriber_record_of_line ON subscriber_record (line)",
    "CREATE INDEX holder_of_tenant ON holder (holder_tenant, entry)",
)

# A provider sees what was offered to it; a holder the suspects and victims it holds now.
OFFERED = f"provider_tenant = {CALLER} AND offered_at IS NOT NULL"
HELD = f"EXISTS (SELECT FROM holder h WHERE h.entry = line_entry.entry AND h.holder_tenant = {CALLER})"
# `line_entry` itself shows the holder's own entries alone, also those for whom nothing more is asked.
RELEASED = "released_at IS NOT NULL AND EXISTS (SELECT FROM line_entry e WHERE e.line = subscriber_record.line)"


def upgrade() -> None:
    """Everything liaison needs at its birth."""
    v1.upgrade(op, SCHEMA)
    v2.upgrade(op, SCHEMA)
    for statement in (*REFERENCE, *TABLES, *INDEXES):
        op.execute(statement)
    op.execute("CREATE SEQUENCE request_number")
    op.execute(f"GRANT USAGE ON SEQUENCE request_number TO {SCHEMA}_system, {SCHEMA}_centre")
    for table in ("provider", "network", "provider_owner", "instrument"):
        policies.isolate(op, SCHEMA, table, visible="true", api="SELECT", centre="SELECT")
    # What a provider may change: what it says of a request, and that a line is answered.
    said = "UPDATE (provider_status, provider_reference)"
    policies.isolate(op, SCHEMA, "request", visible=OFFERED, api=f"SELECT, {said}")
    offered = _of_offered("line")
    policies.isolate(op, SCHEMA, "line", visible=offered, api="SELECT, UPDATE (state)")
    policies.isolate(op, SCHEMA, "answer", visible=_of_offered("answer"), api="SELECT, INSERT")
    policies.isolate(op, SCHEMA, "authority", visible=_of_offered("authority"), api="SELECT")
    policies.isolate(op, SCHEMA, "sealed_text", visible="false", api="INSERT")
    policies.isolate(op, SCHEMA, "line_entry", visible=HELD, api="SELECT")
    policies.isolate(op, SCHEMA, "holder", visible=f"holder_tenant = {CALLER}", api="SELECT", centre="SELECT")
    policies.isolate(op, SCHEMA, "subscriber_record", visible=RELEASED, api="SELECT, INSERT")
    policies.isolate(op, SCHEMA, "unplaced", visible="false", api="SELECT", centre="SELECT")


def _of_offered(table: str) -> str:
    """Rows of a request that the caller may see; the request's own policy decides."""
    return f"EXISTS (SELECT FROM request r WHERE r.id = {table}.request)"
