"""The kit's mechanisms and one table to see effects in."""

from alembic import op

from kit.migrations import policies, v1

revision = "0001"
down_revision = None


def upgrade() -> None:
    v1.upgrade(op, "probe")
    op.execute("CREATE TABLE effect (id bigint GENERATED ALWAYS AS IDENTITY, event uuid, key text, number int)")
    op.execute("GRANT SELECT, INSERT ON effect TO probe_system")
    op.execute("CREATE TABLE note (id int PRIMARY KEY, tenant text NOT NULL, text text NOT NULL)")
    policies.isolate(op, "probe", "note")
