"""Subscriber records, opened by an officer of whoever holds the suspect or victim now, with a purpose, and audited.

What belongs to somebody else and what is not there read the same.
"""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from isp_liaison import queries
from isp_liaison.api.answers import SubscriberView, disclosed
from isp_liaison.application import Application
from kit.access import Principal
from kit.audit import Entry as AuditEntry
from kit.errors import NotFound
from kit.http.app import application
from kit.http.auth import caller_with_purpose

router = APIRouter(tags=["subscribers"])

App = Annotated[Application, Depends(application)]
PERSONS = ("officer", "coordinator")
"""Roles that people have: an agency's system, or an auditor, opens nothing."""


class RecordView(BaseModel):
    """A subscriber record."""

    record: UUID
    line: UUID
    subscriber: SubscriberView
    received_at: datetime
    checked_at: datetime
    testmode: bool
    caution: str = "connection, not person"


@router.get("/v1/subscribers/{record}")
async def show_subscriber(
    record: UUID, app: App, principal: Annotated[Principal, caller_with_purpose("subscribers:read")]
) -> RecordView:
    """Who the connection was sold to at the time that was asked about."""
    if not principal.has_role(*PERSONS):
        raise NotFound
    async with app.database.acting_for(principal) as tx:
        found = await queries.record(app, tx, record)
        if found is None:
            raise NotFound
        tx.audit(AuditEntry(actor=principal, action="subscriber.read", subject=str(record)))
    row = found.row
    return RecordView(
        record=record,
        line=row.line,
        subscriber=disclosed(found),
        received_at=row.received_at,
        checked_at=row.released_at,
        testmode=row.testmode,
    )
