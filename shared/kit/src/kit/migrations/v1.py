"""The tables of the kit's mechanisms, first version. Frozen: a change is a `v2` beside it."""

from kit.migrations import audit_v1
from kit.migrations.policies import Operations, isolate

SHARDS = 16

OUTBOX = """
CREATE TABLE outbox (
    id bigint GENERATED ALWAYS AS IDENTITY,
    shard smallint NOT NULL,
    topic text NOT NULL,
    key bytea,
    headers bytea NOT NULL,
    payload bytea,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (shard, id)
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0)
"""

OUTBOX_DEAD = """
CREATE TABLE outbox_dead (
    id bigint PRIMARY KEY,
    topic text NOT NULL,
    key bytea,
    headers bytea NOT NULL,
    payload bytea,
    created_at timestamptz NOT NULL,
    error text NOT NULL,
    died_at timestamptz NOT NULL DEFAULT clock_timestamp()
)
"""

OUTBOX_SHARD = "CREATE TABLE outbox_shard (shard smallint PRIMARY KEY)"

EVENT_SEQUENCE = """
CREATE TABLE event_sequence (
    topic text NOT NULL,
    subject text NOT NULL,
    last bigint NOT NULL,
    PRIMARY KEY (topic, subject)
) WITH (fillfactor = 80)
"""

INBOX = """
CREATE TABLE inbox (
    event_id uuid NOT NULL,
    PRIMARY KEY (event_id)
) PARTITION BY RANGE (event_id)
"""

# UUIDv7 begins with 48 bits of Unix milliseconds (RFC 9562 §5.7), so a month is a range of ids.
INBOX_BOUND = """
CREATE FUNCTION inbox_bound(at timestamptz) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
    SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '00000000000000000000')::uuid
$$
"""

# The function belongs to the owner, so that `system` may keep partitions without the right to create tables. Months
# are counted without a zone, as UTC: in a session of another one, adding a month leads to another day. What came
# while a month had no partition yet is moved into it; Postgres would refuse the partition otherwise.
INBOX_PARTITIONS = """
CREATE FUNCTION inbox_partitions(at timestamptz, keep interval) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    first timestamp := date_trunc('month', at AT TIME ZONE 'UTC');
    month timestamp;
    name text;
    low uuid;
    high uuid;
    old record;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('inbox_partitions ' || current_schema()));
    FOR month IN SELECT generate_series(first - interval '1 month', first + interval '2 months', '1 month') LOOP
        name := 'inbox_' || to_char(month, 'YYYY_MM');
        CONTINUE WHEN to_regclass(name) IS NOT NULL;
        low := inbox_bound(month AT TIME ZONE 'UTC');
        high := inbox_bound((month + interval '1 month') AT TIME ZONE 'UTC');
        EXECUTE format('CREATE TABLE %I (LIKE inbox INCLUDING ALL)', name);
        EXECUTE format('WITH moved AS (DELETE FROM inbox_default WHERE event_id >= %L AND event_id < %L RETURNING *)
            INSERT INTO %I SELECT * FROM moved', low, high, name);
        EXECUTE format('ALTER TABLE inbox ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', name, low, high);
    END LOOP;
    FOR old IN
        SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'inbox'::regclass AND c.relname ~ '^inbox_[0-9]{4}_[0-9]{2}$'
          AND to_date(substr(c.relname, 7), 'YYYY_MM') + interval '1 month' < (at - keep) AT TIME ZONE 'UTC'
    LOOP
        EXECUTE format('DROP TABLE %I', old.relname);
    END LOOP;
END $$
"""

CONSUMER_POSITION = """
CREATE TABLE consumer_position (
    topic text NOT NULL,
    partition integer NOT NULL,
    next bigint NOT NULL,
    PRIMARY KEY (topic, partition)
) WITH (fillfactor = 50)
"""

JOB = """
CREATE TABLE job (
    id uuid PRIMARY KEY,
    kind text NOT NULL,
    key text NOT NULL,
    due_at timestamptz NOT NULL,
    state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'running', 'dead')),
    attempts integer NOT NULL DEFAULT 0,
    lease_until timestamptz,
    token uuid,
    tenant text NOT NULL,
    payload jsonb NOT NULL,
    error text,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (kind, key)
)
"""


def upgrade(op: Operations, schema: str) -> None:
    """Create the mechanism tables in the service's schema (the connection's search path)."""
    for statement in (OUTBOX, OUTBOX_DEAD, OUTBOX_SHARD, EVENT_SEQUENCE, INBOX, INBOX_BOUND, INBOX_PARTITIONS):
        op.execute(statement)
    op.execute("CREATE TABLE inbox_default PARTITION OF inbox DEFAULT")
    op.execute("SELECT inbox_partitions(now(), interval '130 days')")
    op.execute(f"INSERT INTO outbox_shard SELECT generate_series(0, {SHARDS - 1})")
    op.execute(CONSUMER_POSITION)
    op.execute(JOB)
    op.execute("CREATE INDEX job_due ON job (due_at) WHERE state = 'pending'")
    op.execute("CREATE INDEX job_leased ON job (lease_until) WHERE state = 'running'")
    _grant(op, schema)
    isolate(op, schema, "job", api="INSERT", centre="SELECT, INSERT")
    audit_v1.upgrade(op, schema)


def _grant(op: Operations, schema: str) -> None:
    writers = f"{schema}_api, {schema}_centre"
    op.execute(f"GRANT INSERT ON outbox TO {writers}")
    op.execute(f"GRANT SELECT, INSERT, UPDATE ON event_sequence TO {writers}")
    op.execute(
        "GRANT SELECT, INSERT, UPDATE, DELETE ON outbox, outbox_dead, outbox_shard, event_sequence, inbox, "
        f"consumer_position TO {schema}_system"
    )
    op.execute("REVOKE ALL ON FUNCTION inbox_partitions FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION inbox_partitions TO {schema}_system")
