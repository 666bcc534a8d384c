"""Routing's first schema: entries, determinations, assignments, isolated from the first row."""

from alembic import op

from kit.migrations import policies, v1

revision = "0001"
down_revision = None

SCHEMA = "routing"

OF_PARTNER = "tenant text NOT NULL, testmode boolean NOT NULL"
CURRENT = "state IN ('assigned', 'accepted', 'closed')"
CALLER = "current_setting('kit.tenant', true)"

TABLES = (
    f"CREATE TABLE investigation (id uuid PRIMARY KEY, {OF_PARTNER}, created_at timestamptz NOT NULL)",
    f"CREATE TABLE investigation_referral (referral uuid PRIMARY KEY, {OF_PARTNER}, investigation uuid NOT NULL)",
    f"""
    CREATE TABLE entry (
        id uuid PRIMARY KEY, {OF_PARTNER},
        kind text NOT NULL, role text NOT NULL,
        referral uuid NOT NULL, number text NOT NULL, investigation uuid NOT NULL, version integer NOT NULL,
        priority text NOT NULL, handling text NOT NULL, grade text NOT NULL,
        offence_type text NOT NULL, offence_basis text NOT NULL, foreign_authority jsonb,
        incident_at timestamptz, received_at timestamptz NOT NULL, factors jsonb NOT NULL,
        state text NOT NULL CHECK (state IN ('open', 'withdrawn'))
    ) WITH (fillfactor = 90)
    """,
    f"""
    CREATE TABLE entry_part (
        entry uuid, version integer, part integer, {OF_PARTNER},
        parts integer NOT NULL, key uuid NOT NULL, nonce bytea NOT NULL, data bytea NOT NULL,
        PRIMARY KEY (entry, version, part)
    )
    """,
    f"CREATE TABLE early_withdrawal (entry uuid PRIMARY KEY, {OF_PARTNER}, version integer NOT NULL)",
    f"""
    CREATE TABLE answer (
        entry uuid, line uuid, {OF_PARTNER},
        request uuid NOT NULL, outcome text NOT NULL, completed_at timestamptz NOT NULL,
        country text, province text, municipality text, postal_area text, record uuid,
        PRIMARY KEY (entry, line)
    )
    """,
    f"""
    CREATE TABLE determination (
        id uuid PRIMARY KEY, {OF_PARTNER},
        entry uuid NOT NULL, version integer NOT NULL,
        branch text NOT NULL, body text NOT NULL, first_hop text, copies jsonb NOT NULL,
        rule text NOT NULL, confidence text NOT NULL,
        country text, province text, municipality text, reason text,
        snapshot text, directory text NOT NULL, alternatives jsonb NOT NULL, explanation jsonb NOT NULL,
        as_of date NOT NULL, determined_at timestamptz NOT NULL,
        UNIQUE (entry, version)
    )
    """,
    f"""
    CREATE TABLE assignment (
        id uuid PRIMARY KEY, {OF_PARTNER},
        entry uuid NOT NULL, kind text NOT NULL, referral uuid NOT NULL, investigation uuid NOT NULL,
        determination uuid NOT NULL, priority text NOT NULL, handling text NOT NULL,
        body text NOT NULL, holder text NOT NULL, holder_tenant text NOT NULL,
        copies jsonb NOT NULL, tried jsonb NOT NULL, hop integer NOT NULL,
        state text NOT NULL CHECK (
            state IN ('assigned', 'accepted', 'closed', 'declined', 'transferred', 'moved', 'withdrawn')
        ),
        overdue boolean NOT NULL, assigned_at timestamptz NOT NULL, due_at timestamptz NOT NULL,
        accepted_at timestamptz, ended_at timestamptz, reason text, successor uuid
    ) WITH (fillfactor = 90)
    """,
    f"""
    CREATE TABLE transfer_proposal (
        id uuid PRIMARY KEY, {OF_PARTNER},
        entry uuid NOT NULL, assignment uuid NOT NULL, determination uuid NOT NULL,
        body text NOT NULL, holder text NOT NULL,
        state text NOT NULL CHECK (state IN ('open', 'superseded', 'accepted', 'refused')),
        proposed_at timestamptz NOT NULL
    )
    """,
    f"""
    CREATE TABLE identification_request (
        id uuid PRIMARY KEY, {OF_PARTNER},
        entry uuid NOT NULL, determination uuid NOT NULL, items jsonb NOT NULL, marks jsonb NOT NULL,
        state text NOT NULL CHECK (state IN ('open', 'answered', 'cancelled')),
        requested_at timestamptz NOT NULL, ended_at timestamptz
    )
    """,
    f"""
    CREATE TABLE agency (
        id text PRIMARY KEY, {OF_PARTNER},
        kind text NOT NULL, name_en text NOT NULL, name_fr text NOT NULL, coverage jsonb NOT NULL,
        first_hop text, accepts_direct boolean NOT NULL, valid_from date NOT NULL, valid_to date,
        directory text NOT NULL, fingerprint text NOT NULL, retired_on date
    )
    """,
)

INDEXES = (
    # The one current assignment of each entry (spec §5.2): the database holds it, not the code.
    f"CREATE UNIQUE INDEX assignment_current ON assignment (entry) WHERE {CURRENT}",
    "CREATE INDEX assignment_of_entry ON assignment (entry, id)",
    "CREATE INDEX assignment_of_holder ON assignment (holder_tenant, id)",
    "CREATE INDEX assignment_due ON assignment (due_at) WHERE state = 'assigned' AND NOT overdue",
    "CREATE UNIQUE INDEX transfer_proposal_open ON transfer_proposal (assignment) WHERE state = 'open'",
    "CREATE INDEX transfer_proposal_of_entry ON transfer_proposal (entry)",
    "CREATE INDEX identification_request_of_entry ON identification_request (entry)",
)

# A partner sees the entries it reported, a holder the entries it holds now.
ENTRY_VISIBLE = f"""tenant = {CALLER} OR EXISTS (
    SELECT FROM assignment a WHERE a.entry = entry.id AND a.holder_tenant = {CALLER} AND a.{CURRENT}
)"""


def upgrade() -> None:
    """Everything routing needs at its birth."""
    v1.upgrade(op, SCHEMA)
    for statement in (*TABLES, *INDEXES):
        op.execute(statement)
    # Columns, because who holds an assignment may decide on it, not give it to another partner.
    decided = "UPDATE (state, accepted_at, ended_at, reason, successor, overdue)"
    policies.isolate(op, SCHEMA, "assignment", visible=f"holder_tenant = {CALLER}", api=f"SELECT, INSERT, {decided}")
    # A decision locks the entry, and a lock needs the right to change something.
    policies.isolate(op, SCHEMA, "entry", visible=ENTRY_VISIBLE, api="SELECT, UPDATE (state)")
    for table in ("determination", "identification_request"):
        policies.isolate(op, SCHEMA, table, visible=_of_visible("entry", table, "entry"), api="SELECT, INSERT")
    policies.isolate(
        op,
        SCHEMA,
        "transfer_proposal",
        visible=_of_visible("assignment", "transfer_proposal", "assignment"),
        api="SELECT, UPDATE (state)",
    )
    for table in ("investigation", "investigation_referral"):
        policies.isolate(op, SCHEMA, table, api="SELECT", centre="SELECT")
    # Sealed evidence, provider answers and early withdrawals are read by handlers alone.
    for table in ("entry_part", "answer", "early_withdrawal"):
        policies.isolate(op, SCHEMA, table, visible="false", api="SELECT", centre="SELECT")
    policies.isolate(op, SCHEMA, "agency", visible="true", api="SELECT", centre="SELECT")


def _of_visible(parent: str, child: str, column: str) -> str:
    """Rows of what the caller may see; the parent's own policy decides."""
    return f"EXISTS (SELECT FROM {parent} p WHERE p.id = {child}.{column})"
