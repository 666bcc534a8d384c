"""What the fourth version of the kit's tables changes. Frozen: a change is a `v5` beside it."""

from kit.migrations.policies import Operations


def upgrade(op: Operations) -> None:
    """The queues keep their pages when they run empty."""
    # A plan made while a table has no page at all reads it from end to end, which costs nothing then. It is kept while
    # the table fills, and reads all rows that were sent, or done, and not yet vacuumed: of the outbox, once a shard.
    for queue in ("outbox", "job"):
        op.execute(f"ALTER TABLE {queue} SET (vacuum_truncate = false)")
