"""What the second version of the kit's tables adds. Frozen: a change is a `v3` beside it."""

from kit.migrations.policies import Operations

PARKED_KEY = """
CREATE TABLE parked_key (
    topic text NOT NULL,
    key bytea NOT NULL,
    state text NOT NULL CHECK (state IN ('parked', 'releasing')),
    since timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (topic, key)
)
"""

PARKED_RECORD = """
CREATE TABLE parked_record (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic text NOT NULL,
    key bytea NOT NULL,
    origin text NOT NULL,
    partition integer NOT NULL,
    record_offset bigint NOT NULL,
    timestamp bigint NOT NULL,
    headers bytea NOT NULL,
    payload bytea
)
"""


def upgrade(op: Operations, schema: str) -> None:
    """Jobs that can be woken, and events that wait behind a dead one of their key."""
    # `asked` counts how often, so that whoever runs a job notices; `worker` is whoever runs it, by its instance's name.
    op.execute("ALTER TABLE job ADD COLUMN asked bigint NOT NULL DEFAULT 0, ADD COLUMN worker text")
    op.execute(PARKED_KEY)
    op.execute(PARKED_RECORD)
    op.execute("CREATE INDEX parked_record_of_key ON parked_record (topic, key, id)")
    op.execute("CREATE INDEX parked_key_releasing ON parked_key (topic, key) WHERE state = 'releasing'")
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON parked_key, parked_record TO {schema}_system")
