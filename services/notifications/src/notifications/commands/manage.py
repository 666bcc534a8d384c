"""An agency's endpoints: registered, tried out, their secrets rotated, enabled again, deleted."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from contracts import ids
from kit.access import Principal
from kit.audit import Entry as AuditEntry
from kit.database import Transaction
from kit.errors import Conflict, NotFound, Rejected, or_reject
from notifications import events, messages
from notifications.commands import lanes
from notifications.commands.replay import Round, schedule_round
from notifications.domain import endpoints as rules
from notifications.domain import recipients, urls
from notifications.domain.deliveries import Delivery
from notifications.domain.endpoints import Disabling, Endpoint, EndpointId, lane
from notifications.domain.recipients import Recipient
from notifications.domain.subscriptions import Subscription
from notifications.store import agencies, deliveries
from notifications.store import endpoints as store

TEST_PRIORITY = "P4"


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """An endpoint somebody wants. `agency` None is the caller's own body; a `sandbox` gets test notices alone."""

    agency: str | None
    url: str
    sandbox: bool
    subscription: Subscription


@dataclass(frozen=True, slots=True)
class Rotated:
    """The version of the new secret, and until when the one before signs beside it."""

    version: int
    previous_until: datetime


async def register(tx: Transaction, command: Register, principal: Principal) -> Endpoint:
    """A new endpoint. Raises `Rejected` for a body nobody knows, for somebody else's, for too many, and for its URL."""
    owner = await _owner(tx, command.agency, principal)
    or_reject(urls.check(command.url, sandbox=command.sandbox))
    or_reject(rules.one_more(await store.count(tx, owner.tenant)))
    endpoint = Endpoint(
        id=EndpointId(ids.new()),
        owner=owner,
        testmode=command.sandbox,
        url=command.url,
        subscription=command.subscription,
        created_at=tx.now(),
    )
    await store.insert(tx, endpoint)
    _audit(tx, principal, "endpoint.registered", endpoint.id)
    return endpoint


async def _owner(tx: Transaction, agency: str | None, principal: Principal) -> Recipient:
    slug = principal.slug if agency is None else agency
    if slug != principal.slug and not principal.of_centre:
        raise Rejected("agency.of_another", "An agency manages its own endpoints alone.", status=403)
    await agencies.take_turns(tx, [slug])  # until the commit: nobody retires it meanwhile, or counts without this one
    kind = await agencies.active_kind(tx, slug)
    owner = recipients.recipient(slug, {} if kind is None else {slug: kind})
    if kind is None or not (principal.of_centre or owner.tenant == principal.tenant):
        raise Rejected("agency.unknown", "The directory has no such body that takes assignments.")
    return owner


async def rotate(tx: Transaction, endpoint: UUID, principal: Principal) -> Rotated:
    """A new secret; the present one signs beside it for a day."""
    found = await _found(tx, endpoint)
    secrets = rules.rotate(found.secrets, tx.now())
    await store.save_secrets(tx, found.id, secrets)
    _audit(tx, principal, "endpoint.secret_rotated", endpoint)
    return Rotated(secrets.version, tx.now() + rules.GRACE)


async def enable(tx: Transaction, endpoint: UUID, principal: Principal) -> None:
    """It gets notices again from now on; what it missed is replayed on request."""
    found = await _found(tx, endpoint)
    if await agencies.active_kind(tx, found.owner.agency) is None:
        raise Rejected("agency.unknown", "The directory has no such body that takes assignments.")
    if not found.enabled:
        await store.enable(tx, found.id)
        _audit(tx, principal, "endpoint.enabled", endpoint)


async def delete(tx: Transaction, endpoint: UUID, principal: Principal) -> None:
    """It gets nothing any more, and what waits for it is ended."""
    found = await _found(tx, endpoint)
    await store.disable(tx, [found.id], state="deleted", reason=Disabling.BY_OWNER.value, now=tx.now())
    tx.publish(*events.disabled(found, Disabling.BY_OWNER, tx.now()))
    lanes.wake_soon(tx, found.id, found.owner.tenant, tx.now())
    _audit(tx, principal, "endpoint.deleted", endpoint)


async def test(tx: Transaction, endpoint: UUID, principal: Principal) -> UUID:
    """Send a test event. Returns its webhook id. Raises `Conflict` for an endpoint that is disabled."""
    found = await _found(tx, endpoint)
    _require_enabled(found)
    webhook, now = ids.new(), tx.now()
    delivery = Delivery(
        id=webhook,
        tenant=found.owner.tenant,
        testmode=found.testmode,
        endpoint=found.id,
        lane=lane(webhook),
        kind="test",
        notice=None,
        referral=None,
        agency=found.owner.agency,
        priority=TEST_PRIORITY,
        origin=recipients.CENTRE.tenant,
        handling="NONE",
        body=messages.test(webhook, found.id, now, testmode=found.testmode),
        due_at=now,
        created_at=now,
    )
    await deliveries.insert(tx, [delivery])
    lanes.wake_soon(tx, found.id, found.owner.tenant, tx.now())
    _audit(tx, principal, "endpoint.tested", endpoint)
    return webhook


async def replay(tx: Transaction, endpoint: UUID, since: datetime, principal: Principal) -> None:
    """Have everything since then delivered (again). Raises `Conflict` for an endpoint that is disabled."""
    found = await _found(tx, endpoint)
    _require_enabled(found)
    schedule_round(tx, Round(endpoint=endpoint, since=since), found.owner.tenant, at=tx.now())
    _audit(tx, principal, "endpoint.replayed", endpoint)


async def _found(tx: Transaction, endpoint: UUID) -> Endpoint:
    """The endpoint, locked. Raises `NotFound` for one that the caller may not see, or that is deleted."""
    found = await store.lock(tx, endpoint)
    if found is None or found.deleted:
        raise NotFound
    return found


def _require_enabled(found: Endpoint) -> None:
    if not found.enabled:
        raise Conflict("endpoint.disabled", "The endpoint is disabled; enable it first.")


def _audit(tx: Transaction, principal: Principal, action: str, endpoint: UUID) -> None:
    tx.audit(AuditEntry(actor=principal, action=action, subject=str(endpoint)))
