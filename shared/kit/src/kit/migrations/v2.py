"""What the second version of the kit's tables adds. Frozen: a change is a `v3` beside it."""

from kit.migrations.policies import Operations


def upgrade(op: Operations) -> None:
    """Jobs that can be woken: `asked` counts how often, so that whoever runs one notices."""
    op.execute("ALTER TABLE job ADD COLUMN asked bigint NOT NULL DEFAULT 0")
