"""What the fourth version of the kit's tables changes. Frozen: a change is a `v5` beside it."""

from kit.migrations.policies import Operations


def upgrade(op: Operations) -> None:
    """The outbox keeps its pages when it runs empty."""
    # A plan made while a table has no page at all reads it from end to end, which costs nothing then. It is kept while
    # the table fills, and reads once for each shard all rows that were sent and not yet vacuumed.
    op.execute("ALTER TABLE outbox SET (vacuum_truncate = false)")
