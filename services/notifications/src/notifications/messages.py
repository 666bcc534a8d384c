"""What a webhook and a feed carry: CloudEvents 1.0 in structured JSON.

A webhook is thin: how much there is, how urgent, until when, and a link. A feed has the events as they were
published, without the partner they came from and without anything of the transport.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import orjson

from contracts import envelope as envelopes
from contracts.envelope import MEDIA_TYPE, SPEC_VERSION, Envelope, rfc3339
from contracts.model import Contract
from notifications.domain import wording
from notifications.domain.notices import Frozen
from notifications.domain.subscriptions import EventType

SOURCE: Final = "/interlink/notifications"
ISSUED: Final = "interlink.notice.issued.v1"
ESCALATED: Final = EventType.NOTICE_ESCALATED.value
TEST: Final = "interlink.endpoint.test.v1"
HIDDEN: Final = frozenset({"tenant", "traceparent", "partitionkey"})
"""Who reported, and what belongs to the transport: no business of a reader of a feed."""


def of_event(envelope: Envelope, event: Contract) -> dict[str, Any]:
    """A published event as a feed has it."""
    attributes = {name: text for name, text in envelopes.attributes(envelope).items() if name not in HIDDEN}
    return {**attributes, "datacontenttype": MEDIA_TYPE, "data": event.model_dump(mode="json", exclude_none=True)}


def issued(webhook: UUID, frozen: Frozen, types: Mapping[str, int], public_url: str) -> str:
    """A notice goes out."""
    items = sum(types.values())
    text = wording.issued(items, frozen.terms.priority, frozen.acknowledge_by)
    told = {"items": items, "types": sorted(types), "text": text}
    return _of_notice(ISSUED, webhook, frozen, told, public_url, frozen.frozen_at)


def escalated(webhook: UUID, frozen: Frozen, public_url: str, now: datetime) -> str:
    """A notice that nobody acknowledged goes to the next rung."""
    told = {"rung": frozen.rung.value, "text": wording.escalated(frozen.terms.priority, frozen.acknowledge_by)}
    return _of_notice(ESCALATED, webhook, frozen, told, public_url, now)


def test(webhook: UUID, endpoint: UUID, now: datetime, *, testmode: bool) -> str:
    """An endpoint is tried out."""
    told = {"endpoint": str(endpoint), "text": wording.test()}
    return orjson.dumps(_cloud_event(TEST, webhook, str(endpoint), now, told, testmode=testmode)).decode()


def climbed(event: UUID, frozen: Frozen, public_url: str, now: datetime) -> dict[str, Any]:
    """What the centre reads in its feed of an agency that acknowledges nothing."""
    told = {**_data(frozen, public_url), "agency": frozen.terms.recipient.agency, "rung": frozen.rung.value}
    return _cloud_event(ESCALATED, event, str(frozen.terms.id), now, told, testmode=frozen.terms.testmode)


def of_ours(kind: str, event: UUID, subject: UUID, told: Contract, now: datetime, *, testmode: bool) -> dict[str, Any]:
    """An event that this service itself publishes, as a feed has it."""
    body = told.model_dump(mode="json", exclude_none=True)
    return _cloud_event(kind, event, str(subject), now, body, testmode=testmode)


def _of_notice(kind: str, webhook: UUID, frozen: Frozen, told: Mapping[str, Any], public_url: str, at: datetime) -> str:
    body = {**_data(frozen, public_url), **told}
    subject = str(frozen.terms.id)
    return orjson.dumps(_cloud_event(kind, webhook, subject, at, body, testmode=frozen.terms.testmode)).decode()


def _data(frozen: Frozen, public_url: str) -> dict[str, Any]:
    terms = frozen.terms
    return {
        "notice": str(terms.id),
        "referral": str(terms.referral),
        "priority": terms.priority,
        "acknowledge_by": None if frozen.acknowledge_by is None else rfc3339(frozen.acknowledge_by),
        "link": f"{public_url}/v1/notices/{terms.id}",
    }


def _cloud_event(
    kind: str, event: UUID, subject: str, at: datetime, data: Mapping[str, Any], *, testmode: bool
) -> dict[str, Any]:
    return {
        "specversion": SPEC_VERSION,
        "id": str(event),
        "type": kind,
        "source": SOURCE,
        "subject": subject,
        "time": rfc3339(at),
        "testmode": "true" if testmode else "false",
        "datacontenttype": MEDIA_TYPE,
        "data": data,
    }
