"""Row-level security, the same for every tenant table of every service (spec §6).

The policy of `api` looks at settings that the transaction makes: `kit.tenant` (who reads) and `kit.tenants`
(for whom a group may insert). The centre is a role of its own, never an OR inside a policy: that OR cost a
page query two orders of magnitude when it was measured.
"""

from typing import Protocol

OWN = "tenant = current_setting('kit.tenant', true)"
INSERTABLE = "tenant = ANY (string_to_array(current_setting('kit.tenants', true), ','))"


class Operations(Protocol):
    """The one method of Alembic's `op` that is needed here."""

    def execute(self, sqltext: str) -> None:
        """Run one statement."""
        ...


def isolate(
    op: Operations,
    schema: str,
    table: str,
    *,
    visible: str = OWN,
    api: str = "SELECT, INSERT, UPDATE",
    centre: str = "SELECT, INSERT, UPDATE",
) -> None:
    """Put a table with a `tenant` column under row-level security.

    `visible` is the condition under which `api` sees and locks a row; `api` and `centre` are their table rights.
    `owner` and `system` see everything; FORCE makes that explicit for the owner, whose backfills would
    otherwise touch no row in silence.
    """
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    for role in ("owner", "system", "centre"):
        op.execute(f"CREATE POLICY {table}_{role} ON {table} TO {schema}_{role} USING (true) WITH CHECK (true)")
    op.execute(f"CREATE POLICY {table}_api_read ON {table} FOR SELECT TO {schema}_api USING ({visible})")
    # The changed row is checked too: else a row could be moved to another tenant, and be out of its owner's sight.
    op.execute(f"CREATE POLICY {table}_api_update ON {table} FOR UPDATE TO {schema}_api USING ({visible})")
    op.execute(f"CREATE POLICY {table}_api_insert ON {table} FOR INSERT TO {schema}_api WITH CHECK ({INSERTABLE})")
    op.execute(f"GRANT {api} ON {table} TO {schema}_api")
    op.execute(f"GRANT {centre} ON {table} TO {schema}_centre")
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO {schema}_system")
