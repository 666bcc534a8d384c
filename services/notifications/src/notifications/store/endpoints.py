"""Endpoints. A deleted one stays as a row, because its deliveries are a ledger; nobody sees it any more."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, TypeAlias
from uuid import UUID

from sqlalchemy import text

from kit.database import Transaction
from kit.rows import arrays, inserting
from notifications.domain.endpoints import Endpoint, EndpointId, Health, Secrets
from notifications.domain.recipients import Recipient
from notifications.domain.subscriptions import Audience, Subscription
from notifications.store import tables

INSERT = inserting(tables.endpoint)
COUNT = text("SELECT count(*) FROM endpoint WHERE tenant = :tenant AND state <> 'deleted'")
FIND = text("SELECT * FROM endpoint WHERE id = :id AND state <> 'deleted'")
LOCK = text("SELECT * FROM endpoint WHERE id = :id FOR UPDATE")
LISTENING = text("""
    SELECT * FROM endpoint WHERE tenant = ANY (CAST(:tenants AS text[])) AND state = 'enabled' ORDER BY tenant, id
""")
# Also those that are disabled: whoever enables one has it locked, and is waited for.
LOCK_OF_AGENCIES = text("""
    SELECT * FROM endpoint WHERE agency = ANY (CAST(:agencies AS text[])) AND state <> 'deleted' ORDER BY id FOR UPDATE
""")
SAVE_HEALTH = text("""
    UPDATE endpoint SET failing_since = :failing_since, failures = :failures, rest_until = :rest_until WHERE id = :id
""")
SAVE_SECRETS = text("UPDATE endpoint SET secret_version = :version, previous_until = :previous_until WHERE id = :id")
DISABLE = text("""
    UPDATE endpoint SET state = :state, disabled_reason = :reason, disabled_at = :now
    WHERE id = ANY (CAST(:ids AS uuid[]))
""")
ENABLE = text("""
    UPDATE endpoint SET state = 'enabled', disabled_reason = NULL, disabled_at = NULL,
                        failing_since = NULL, failures = 0, rest_until = NULL
    WHERE id = :id
""")

Listening: TypeAlias = tuple[str, bool]
"""Whose endpoints, and whether sandboxes."""


async def insert(tx: Transaction, endpoint: Endpoint) -> None:
    """Save a new endpoint."""
    await tx.execute(INSERT, arrays(tables.endpoint, [_row(endpoint)]))


async def count(tx: Transaction, tenant: str) -> int:
    """How many endpoints a tenant has."""
    return await tx.scalar(COUNT, {"tenant": tenant})


async def find(tx: Transaction, endpoint: UUID) -> Endpoint | None:
    """One endpoint, without a lock; None where it is gone or the caller sees none."""
    row = await tx.row(FIND, {"id": endpoint})
    return None if row is None else _endpoint(row)


async def lock(tx: Transaction, endpoint: UUID) -> Endpoint | None:
    """One endpoint, locked, also a deleted one; None where the caller sees none."""
    row = await tx.row(LOCK, {"id": endpoint})
    return None if row is None else _endpoint(row)


async def listening(tx: Transaction, tenants: Iterable[str]) -> dict[Listening, list[Endpoint]]:
    """The enabled endpoints of these recipients: sandboxes for test notices, the others for real ones."""
    found: dict[Listening, list[Endpoint]] = {}
    for row in await tx.rows(LISTENING, {"tenants": sorted(set(tenants))}):
        found.setdefault((row.tenant, row.testmode), []).append(_endpoint(row))
    return found


async def lock_of_agencies(tx: Transaction, agencies: Sequence[str]) -> list[Endpoint]:
    """The endpoints of these bodies, enabled or not, locked in order of ids."""
    return [_endpoint(row) for row in await tx.rows(LOCK_OF_AGENCIES, {"agencies": list(agencies)})]


async def save_health(tx: Transaction, endpoint: EndpointId, health: Health) -> None:
    """Save what the last attempt says; the endpoint is locked."""
    await tx.execute(
        SAVE_HEALTH,
        {
            "id": endpoint,
            "failing_since": health.failing_since,
            "failures": health.failures,
            "rest_until": health.rest_until,
        },
    )


async def save_secrets(tx: Transaction, endpoint: EndpointId, secrets: Secrets) -> None:
    """Save which secret signs; the endpoint is locked."""
    await tx.execute(
        SAVE_SECRETS, {"id": endpoint, "version": secrets.version, "previous_until": secrets.previous_until}
    )


async def disable(tx: Transaction, ids: Sequence[EndpointId], *, state: str, reason: str, now: datetime) -> None:
    """Save that these get nothing any more (`disabled` or `deleted`); they are locked."""
    await tx.execute(DISABLE, {"ids": sorted(ids), "state": state, "reason": reason, "now": now})


async def enable(tx: Transaction, endpoint: EndpointId) -> None:
    """Save that it gets notices again, with a clean record; it is locked."""
    await tx.execute(ENABLE, {"id": endpoint})


def _row(one: Endpoint) -> dict[str, Any]:
    return {
        "id": one.id,
        "tenant": one.owner.tenant,
        "testmode": one.testmode,
        "agency": one.owner.agency,
        "url": one.url,
        "audience": one.subscription.audience.value,
        "types": sorted(one.subscription.types),
        "least_priority": one.subscription.least_priority,
        "state": one.state,
        "disabled_reason": None,
        "disabled_at": None,
        "failing_since": one.health.failing_since,
        "failures": one.health.failures,
        "rest_until": one.health.rest_until,
        "secret_version": one.secrets.version,
        "previous_until": one.secrets.previous_until,
        "created_at": one.created_at,
    }


def _endpoint(row: Any) -> Endpoint:
    return Endpoint(
        id=EndpointId(row.id),
        owner=Recipient(row.agency, row.tenant),
        testmode=row.testmode,
        url=row.url,
        subscription=Subscription(
            types=frozenset(row.types), least_priority=row.least_priority, audience=Audience(row.audience)
        ),
        created_at=row.created_at,
        secrets=Secrets(version=row.secret_version, previous_until=row.previous_until),
        health=Health(failing_since=row.failing_since, failures=row.failures, rest_until=row.rest_until),
        state=row.state,
    )
