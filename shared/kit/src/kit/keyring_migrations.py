"""The keyring's schema and who may do what in it. Safe to repeat, so it runs at every `migrate`.

A maker inserts keys, readers unwrap them, nobody but the owner (the erase command) destroys one; a destroyed
key can be neither changed back nor deleted, so that the answer "erased" stays provable.
Not promised: that Postgres forgets at once. The wrapped key lingers in WAL and backups until they expire.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import asyncpg

OWNER: Final = "keyring_owner"

TABLE: Final = """
CREATE TABLE IF NOT EXISTS keyring.data_key (
    id uuid PRIMARY KEY,
    wrapped bytea,
    created_at timestamptz NOT NULL,
    destroyed_at timestamptz,
    CHECK ((wrapped IS NULL) = (destroyed_at IS NOT NULL))
)
"""

ONLY_DESTROYING: Final = """
CREATE OR REPLACE FUNCTION keyring.only_destroying() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.destroyed_at IS NULL AND NEW.wrapped IS NULL AND NEW.id = OLD.id THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'a data key is only ever destroyed' USING ERRCODE = 'insufficient_privilege';
END $$
"""

TRIGGER: Final = """
CREATE OR REPLACE TRIGGER only_destroying BEFORE UPDATE OR DELETE ON keyring.data_key
    FOR EACH ROW EXECUTE FUNCTION keyring.only_destroying()
"""

EXISTING: Final = "SELECT rolname FROM pg_roles WHERE rolname = ANY($1::text[]) ORDER BY rolname"


def bootstrap(password: str) -> Iterator[str]:
    """SQL for one who may create roles: the owner and its schema.

    Raises:
        ValueError: the password is not of letters and digits (it stands in SQL text).
    """
    if not password.isalnum():
        raise ValueError(f"the password of {OWNER} must be letters and digits")
    yield f"""
        DO $$ BEGIN
            IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{OWNER}') THEN
                CREATE ROLE {OWNER} LOGIN;
            END IF;
        END $$"""
    yield f"ALTER ROLE {OWNER} PASSWORD '{password}'"
    yield f"ALTER ROLE {OWNER} SET search_path = keyring"
    yield f"ALTER ROLE {OWNER} SET lock_timeout = '4s'"
    yield f"CREATE SCHEMA IF NOT EXISTS keyring AUTHORIZATION {OWNER}"
    yield "REVOKE ALL ON SCHEMA keyring FROM PUBLIC"


async def migrate(owner_url: str, *, makers: Sequence[str], readers: Sequence[str]) -> None:
    """Create or update the keyring as its owner.

    `makers` are the roles that may add keys (`intake_system`), `readers` those that may read them (each
    service's `_system` and `_api`). A role that does not exist yet is left out: run again once it does.
    """
    connection: Any = await asyncpg.connect(owner_url)
    try:
        # Several processes may migrate at once; the lock ends with the transaction.
        async with connection.transaction():
            await connection.execute("SELECT pg_advisory_xact_lock(hashtext('migrate keyring'))")
            for statement in (TABLE, ONLY_DESTROYING, TRIGGER):
                await connection.execute(statement)
            for row in await connection.fetch(EXISTING, [*makers, *readers]):
                await connection.execute(_grant(row["rolname"], makers))
    finally:
        await connection.close()


def _grant(role: str, makers: Sequence[str]) -> str:
    rights = "SELECT, INSERT" if role in makers else "SELECT"
    return f'GRANT USAGE ON SCHEMA keyring TO "{role}"; GRANT {rights} ON keyring.data_key TO "{role}"'
