"""What the third version of the kit's tables adds. Frozen: a change is a `v4` beside it."""

from kit.migrations.policies import Operations


def upgrade(op: Operations) -> None:
    """A parked key knows which dead letter it waits for."""
    # Where that letter's record first stood in the key's topic, as partition/offset. Empty for what was parked before,
    # and for what the build before parks while both run: there any decision about the key releases it, as it did.
    op.execute("ALTER TABLE parked_key ADD COLUMN letter text")
