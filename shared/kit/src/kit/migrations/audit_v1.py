"""The tables of the audit, first version. Frozen: a change is an `audit_v2` beside it.

`audit_entry` takes INSERT and nothing else from those who act; `audit_seal` chains it; `audit_head` is the
signed end of the chain and where the sealer may start to look. A trigger refuses UPDATE, DELETE and TRUNCATE
even to the owner, so that an accident fails; who drops the trigger is found by `kit.audit_verification`.
"""

from typing import Final, Protocol

ENTRY: Final = """
CREATE TABLE {schema}.audit_entry (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL,
    actor text,
    client text,
    tenant text NOT NULL,
    action text NOT NULL,
    subject text NOT NULL,
    purpose text,
    detail jsonb NOT NULL,
    request_id text
)
"""

SEAL: Final = """
CREATE TABLE {schema}.audit_seal (
    position bigint PRIMARY KEY,
    entry bigint NOT NULL UNIQUE,
    hash bytea NOT NULL CHECK (octet_length(hash) = 32)
)
"""

HEAD: Final = """
CREATE TABLE {schema}.audit_head (
    single boolean PRIMARY KEY DEFAULT true CHECK (single),
    position bigint NOT NULL,
    hash bytea NOT NULL,
    sealed_at timestamptz NOT NULL,
    signature bytea NOT NULL,
    sealed_up_to bigint NOT NULL
) WITH (fillfactor = 50)
"""

REFUSE: Final = """
CREATE FUNCTION {schema}.audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% on % is refused: the audit is append-only', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END $$
"""

TRIGGER: Final = """
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {schema}.{table}
    FOR EACH STATEMENT EXECUTE FUNCTION {schema}.audit_is_append_only()
"""

# What the api role may add but never read; the centre's auditors read; FORCE needs the owner named too.
POLICIES: Final = (
    "ALTER TABLE {schema}.audit_entry ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE {schema}.audit_entry FORCE ROW LEVEL SECURITY",
    "CREATE POLICY audit_entry_api ON {schema}.audit_entry FOR INSERT TO {schema}_api WITH CHECK (true)",
)

GRANTS: Final = (
    "GRANT INSERT ON {schema}.audit_entry TO {schema}_api",
    "GRANT SELECT, INSERT ON {schema}.audit_entry TO {schema}_centre, {schema}_system",
    "GRANT SELECT, INSERT ON {schema}.audit_seal TO {schema}_system",
    "GRANT SELECT, INSERT, UPDATE ON {schema}.audit_head TO {schema}_system",
    "GRANT SELECT ON {schema}.audit_seal, {schema}.audit_head TO {schema}_centre",
)


class Operations(Protocol):
    """The one method of Alembic's `op` that is needed here."""

    def execute(self, sqltext: str) -> None:
        """Run one statement."""
        ...


SEES_ALL: Final = """
CREATE POLICY audit_entry_{role} ON {schema}.audit_entry TO {schema}_{role} USING (true) WITH CHECK (true)
"""


def upgrade(op: Operations, schema: str) -> None:
    """Create the audit tables, their rights and their triggers in `schema`, whose roles exist already."""
    for template in (ENTRY, SEAL, HEAD, REFUSE):
        op.execute(template.format(schema=schema))
    for table in ("audit_entry", "audit_seal"):
        op.execute(TRIGGER.format(schema=schema, table=table))
    for role in ("owner", "system", "centre"):
        op.execute(SEES_ALL.format(schema=schema, role=role))
    for template in (*POLICIES, *GRANTS):
        op.execute(template.format(schema=schema))
