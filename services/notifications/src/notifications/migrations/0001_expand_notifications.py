"""The first schema of notifications: feeds, notices, endpoints and their ledger, isolated from the first row."""

from alembic import op

from kit.migrations import policies, v1, v2

revision = "0001"
down_revision = None

SCHEMA = "notifications"

OF_RECIPIENT = "tenant text NOT NULL, testmode boolean NOT NULL"

TABLES = (
    f"""
    CREATE TABLE agency (
        id text PRIMARY KEY, {OF_RECIPIENT},
        kind text NOT NULL, name_en text NOT NULL, name_fr text NOT NULL, directory text NOT NULL,
        retired_on date, sequence bigint NOT NULL
    )
    """,
    f"""
    CREATE TABLE holding (
        assignment uuid PRIMARY KEY, {OF_RECIPIENT},
        entry uuid NOT NULL, holder text NOT NULL, copies jsonb NOT NULL,
        state text NOT NULL CHECK (state IN ('assigned', 'accepted', 'ended'))
    ) WITH (fillfactor = 90)
    """,
    """
    CREATE TABLE feed_position (
        tenant text PRIMARY KEY, testmode boolean NOT NULL, last bigint NOT NULL
    ) WITH (fillfactor = 50)
    """,
    f"""
    CREATE TABLE item (
        event uuid, {OF_RECIPIENT},
        position bigint NOT NULL, notice uuid NOT NULL, type text NOT NULL, body jsonb NOT NULL,
        PRIMARY KEY (tenant, event), UNIQUE (tenant, position)
    )
    """,
    f"""
    CREATE TABLE notice (
        id uuid PRIMARY KEY, {OF_RECIPIENT},
        agency text NOT NULL, referral uuid NOT NULL,
        priority text NOT NULL, origin text NOT NULL, handling text NOT NULL,
        state text NOT NULL CHECK (state IN ('collecting', 'frozen', 'acknowledged')),
        rung text NOT NULL CHECK (rung IN ('officer', 'unit', 'centre')),
        opened_at timestamptz NOT NULL, frozen_at timestamptz, acknowledge_by timestamptz,
        acknowledged_at timestamptz, acknowledged_by text,
        CHECK ((state = 'collecting') = (frozen_at IS NULL)),
        CHECK ((state = 'acknowledged') = (acknowledged_at IS NOT NULL))
    ) WITH (fillfactor = 90)
    """,
    f"""
    CREATE TABLE endpoint (
        id uuid PRIMARY KEY, {OF_RECIPIENT},
        agency text NOT NULL, url text NOT NULL,
        audience text NOT NULL CHECK (audience IN ('officer', 'unit')),
        types jsonb NOT NULL, least_priority text NOT NULL,
        state text NOT NULL CHECK (state IN ('enabled', 'disabled', 'deleted')),
        disabled_reason text, disabled_at timestamptz,
        failing_since timestamptz, failures integer NOT NULL, rest_until timestamptz,
        secret_version integer NOT NULL, previous_until timestamptz,
        created_at timestamptz NOT NULL
    ) WITH (fillfactor = 80)
    """,
    f"""
    CREATE TABLE delivery (
        id uuid PRIMARY KEY, {OF_RECIPIENT},
        endpoint uuid NOT NULL, lane smallint NOT NULL,
        kind text NOT NULL CHECK (kind IN ('issued', 'escalated', 'test')),
        notice uuid, referral uuid, agency text NOT NULL,
        priority text NOT NULL, origin text NOT NULL, handling text NOT NULL,
        body text NOT NULL,
        state text NOT NULL CHECK (state IN ('pending', 'succeeded', 'failed')),
        reason text, tries integer NOT NULL, attempts integer NOT NULL,
        due_at timestamptz NOT NULL, created_at timestamptz NOT NULL, ended_at timestamptz,
        UNIQUE (endpoint, notice, kind),
        CHECK ((kind = 'test') = (notice IS NULL))
    ) WITH (fillfactor = 80)
    """,
    f"""
    CREATE TABLE attempt (
        delivery uuid, number integer, {OF_RECIPIENT},
        at timestamptz NOT NULL, status integer, error text, milliseconds integer NOT NULL,
        PRIMARY KEY (delivery, number),
        CHECK ((status IS NULL) <> (error IS NULL))
    )
    """,
)

INDEXES = (
    "CREATE INDEX holding_current ON holding (entry, assignment) WHERE state <> 'ended'",
    "CREATE INDEX item_of_notice ON item (notice, position)",
    # One notice collects per recipient and referral (spec §5.4): the database holds it, not the code.
    "CREATE UNIQUE INDEX notice_collecting ON notice (tenant, referral, testmode) WHERE state = 'collecting'",
    "CREATE INDEX notice_of_tenant ON notice (tenant, id)",
    "CREATE INDEX notice_frozen ON notice (tenant, frozen_at, id)",
    "CREATE INDEX endpoint_of_tenant ON endpoint (tenant, id) WHERE state <> 'deleted'",
    "CREATE INDEX endpoint_of_agency ON endpoint (agency) WHERE state = 'enabled'",
    "CREATE INDEX delivery_due ON delivery (endpoint, lane, priority, due_at, id) WHERE state = 'pending'",
    "CREATE INDEX delivery_of_endpoint ON delivery (endpoint, id)",
    "CREATE INDEX delivery_of_notice ON delivery (notice)",
)


def upgrade() -> None:
    """Everything notifications needs at its birth."""
    v1.upgrade(op, SCHEMA)
    v2.upgrade(op, SCHEMA)
    for statement in (*TABLES, *INDEXES):
        op.execute(statement)
    policies.isolate(op, SCHEMA, "agency", visible="true", api="SELECT", centre="SELECT")
    policies.isolate(op, SCHEMA, "holding", visible="false", api="SELECT", centre="SELECT")  # read by handlers alone
    for table in ("feed_position", "item", "attempt"):
        policies.isolate(op, SCHEMA, table, api="SELECT", centre="SELECT")
    # Columns, because whoever has read a notice may say so, not change it.
    read = "SELECT, UPDATE (state, acknowledged_at, acknowledged_by)"
    policies.isolate(op, SCHEMA, "notice", api=read, centre=read)
    managed = (
        "SELECT, INSERT, UPDATE (state, disabled_reason, disabled_at, failing_since, failures, rest_until,"
        " secret_version, previous_until)"
    )
    policies.isolate(op, SCHEMA, "endpoint", api=managed, centre=managed)
    policies.isolate(op, SCHEMA, "delivery", api="SELECT, INSERT", centre="SELECT, INSERT")  # test events
