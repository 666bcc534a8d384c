"""The Postgres roles of one service: who may log in, and as what.

`owner` migrates, `api` serves requests under row-level security, `centre` is entered from `api` for
coordinators and auditors, `system` runs handlers, relay and jobs. No role has any right on another
service's schema. Run by the bootstrap (a superuser, or one who may create roles); safe to repeat.
"""

from collections.abc import Iterator, Mapping

LOGINS: tuple[str, ...] = ("owner", "api", "system")
IDLE_IN_TRANSACTION = "30s"  # frees the shards of a frozen relay; above the relay's 10 s wait for acks
STATEMENT_TIMEOUT = "30s"


def statements(schema: str, passwords: Mapping[str, str]) -> Iterator[str]:
    """SQL that creates the schema and its roles. `passwords` maps each of `LOGINS` to its password.

    Passwords must be free of quotes (the bootstrap makes them of letters and digits); others are refused.
    """
    for login in LOGINS:
        yield from _login(f"{schema}_{login}", passwords[login])
    yield _ensure_role(f"{schema}_centre", "NOLOGIN")
    # NOINHERIT: the api role is not the centre until it says so, for one transaction (SET LOCAL ROLE).
    yield f"ALTER ROLE {schema}_api NOINHERIT"
    yield f"GRANT {schema}_centre TO {schema}_api"
    yield f"CREATE SCHEMA IF NOT EXISTS {schema} AUTHORIZATION {schema}_owner"
    yield f"REVOKE ALL ON SCHEMA {schema} FROM PUBLIC"
    yield f"GRANT USAGE ON SCHEMA {schema} TO {schema}_api, {schema}_centre, {schema}_system"
    for role in (*LOGINS, "centre"):
        yield f"ALTER ROLE {schema}_{role} SET search_path = {schema}"
    for role in ("api", "system"):
        yield f"ALTER ROLE {schema}_{role} SET statement_timeout = '{STATEMENT_TIMEOUT}'"
        yield f"ALTER ROLE {schema}_{role} SET idle_in_transaction_session_timeout = '{IDLE_IN_TRANSACTION}'"
        yield f"ALTER ROLE {schema}_{role} SET lock_timeout = '10s'"
    yield f"ALTER ROLE {schema}_owner SET lock_timeout = '4s'"


def _login(role: str, password: str) -> Iterator[str]:
    if not password.isalnum():
        raise ValueError(f"the password of {role} must be letters and digits")
    yield _ensure_role(role, "LOGIN")
    yield f"ALTER ROLE {role} PASSWORD '{password}'"


def _ensure_role(role: str, kind: str) -> str:
    return f"""
        DO $$ BEGIN
            IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN CREATE ROLE {role} {kind}; END IF;
        END $$"""
