"""`/v1/referrals`: hand in a file, get its receipt at once; see how far its entries are."""

import asyncio
import hashlib
import re
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, Field

from intake import queries
from intake.application import LONGEST_WAIT_SECONDS, Intake
from intake.commands.accept import Prepared, prepare
from intake.commands.drafting import label_context
from intake.commands.filing import Filing, Partner
from intake.domain import assessing
from intake.domain.priority import URGENT, most_pressing
from intake.domain.progress import Answered, Identification, identification
from intake.domain.referral import Submission
from intake.domain.verdicts import Severity
from intake.formats import door
from intake.formats.posted import Posted, says_urgent
from kit.access import Principal
from kit.audit import Entry as AuditEntry
from kit.encryption import DataKey, Sealed, Unreadable
from kit.errors import NotFound, Problem, Rejected
from kit.http import body, headers
from kit.http.app import application
from kit.http.auth import caller
from kit.http.pages import Page, PageOf, page

router = APIRouter(tags=["referrals"])

App = Annotated[Intake, Depends(application)]
KEY: Final = r"^[\x21-\x7e]{1,255}$"
NUMBER: Final = re.compile(r"IL-\d{4}-\d{6,12}", re.ASCII)
LAST_POSITION: Final = 2**31 - 1
MOST_ENTRIES: Final = 1_000


class CountOfEntries(BaseModel):
    """How many entries were accepted and rejected."""

    accepted: int
    rejected: int


class CountOfItems(BaseModel):
    """How many items were accepted and rejected; `warned` is a part of `accepted`."""

    accepted: int
    warned: int
    rejected: int


class Counts(BaseModel):
    """What became of the file's content."""

    entries: CountOfEntries
    items: CountOfItems


class VerdictView(BaseModel):
    """One finding, at the level of the file, an entry or an item."""

    level: str
    pointer: str
    code: str
    severity: str
    message: str


class ReceiptView(BaseModel):
    """What a partner gets back at once, and the same bytes whenever the same file is posted."""

    number: str
    partner: str
    reference: str
    version: int
    received_at: datetime
    sha256: str
    status: str
    counts: Counts
    verdicts: list[VerdictView]


class JurisdictionView(BaseModel):
    """What evidence says of the place."""

    state: str
    branch: str | None
    country: str | None
    province: str | None


class AssignmentView(BaseModel):
    """Who holds the entry."""

    state: str
    holder: str
    since: datetime


class IdentificationView(BaseModel):
    """Whether a provider was asked, and what came of it. A connection, not a person."""

    state: Identification
    outcome: str | None = Field(description="Of the identified line, else of the newest answer; null before any.")
    at: datetime = Field(description="Of that answer, else of the request.")


class EntryProgress(BaseModel):
    """How far one suspect or victim is."""

    id: UUID
    reference: str | None = Field(description="The partner's own; null once the referral was erased.")
    kind: str
    role: str
    state: str = Field(description="`current`, or `withdrawn` by a later version.")
    review: bool = Field(description="A person must decide whether it is an entry of an earlier version.")
    grade: str
    priority: str
    jurisdiction: JurisdictionView | None
    assignment: AssignmentView | None
    identification: IdentificationView | None


class ReferralSummary(BaseModel):
    """One referral in a list. `status` is `receiving` until all its entries were told to routing."""

    number: str
    partner: str
    reference: str
    version: int
    format: str
    status: str
    testmode: bool
    received_at: datetime
    updated_at: datetime


class ReferralView(ReferralSummary):
    """A referral with the progress of its entries, `next` being the position to go on after."""

    id: UUID
    receipt: ReceiptView
    entries: list[EntryProgress]
    next: int | None


class PostHeaders(BaseModel):
    """What is said of a file beside it."""

    key: str | None = Field(alias="idempotency-key", pattern=KEY)
    reference: str | None = Field(alias="interlink-reference", max_length=255)
    version: str | None = Field(alias="interlink-version", max_length=16)
    urgency: str | None = Field(alias="interlink-urgency", max_length=8)


_POST_DOCUMENTATION: Final[dict[str, Any]] = headers.documented(PostHeaders) | {
    "requestBody": {
        "required": True,
        "description": "A native referral, or a CyberTipline report; at most 16 MiB. Media is refused.",
        "content": {
            "application/json": {"schema": {"type": "object"}},
            "application/xml": {"schema": {"type": "string"}},
            "text/xml": {"schema": {"type": "string"}},
        },
    }
}


@router.post(
    "/v1/referrals",
    status_code=201,
    response_model=ReceiptView,
    openapi_extra=_POST_DOCUMENTATION,
    summary="Hand in a file",
)
async def receive(
    request: Request,
    app: App,
    principal: Annotated[Principal, caller("referrals:write")],
) -> Response:
    """The receipt, once the file is durable. The same file again gets the same bytes and no second effect."""
    said = headers.read(PostHeaders, request)
    partner = await app.partner(principal.tenant)
    received_at = app.clock.now()
    media_type = body.media_type(request)
    shed = app.pressure.refusal()
    if shed is not None and not (partner.urgent and says_urgent(said.urgency)):
        raise shed
    content = await body.read(request, door.LARGEST_BODY)
    posted = Posted(
        body=content,
        media_type=media_type.essence,
        charset=media_type.charset,
        received_at=received_at,
        reference=said.reference,
        version=said.version,
        urgency=said.urgency,
        zone=partner.clock_zone,
    )
    submission = await _beside(app, content, lambda: readable(posted))
    if shed is not None and not assessing.urgent_of_itself(submission, received_at):
        raise shed
    key = await app.keyring.new_key()
    filing = _filing(posted, submission, partner, principal, said.key, key)
    prepared: Prepared = await _beside(app, content, lambda: prepare(filing, app.index_key))
    pressing = most_pressing(entry.priority for entry in prepared.entries)
    accepted = await app.submit(prepared, urgent=pressing in URGENT)
    told = {"Location": f"/v1/referrals/{accepted.number}"}
    if accepted.replayed:
        told["Idempotent-Replayed"] = "true"
    return Response(accepted.receipt, 201, told, "application/json")


async def _beside(app: Intake, content: bytes, work: Any) -> Any:
    """Large bodies are worked on in a thread: the event loop answers others meanwhile."""
    if len(content) < app.settings.parse_in_thread:
        return work()
    return await asyncio.to_thread(work)


def readable(posted: Posted) -> Submission:
    """The submission. Raises `Rejected`, also where entries were sent and none could be accepted."""
    submission = door.read(posted)
    if not submission.accepted_entries and submission.rejected_entries:
        raise none_accepted(submission)
    return submission


def none_accepted(submission: Submission) -> Rejected:
    """Entries were sent, and all of them were refused."""
    errors = [
        Problem(verdict.pointer, verdict.code, verdict.message)
        for verdict in submission.verdicts
        if verdict.severity is Severity.ERROR
    ]
    return Rejected("referral.no_entry_accepted", "None of the entries could be accepted.", errors=errors)


def _filing(
    posted: Posted,
    submission: Submission,
    partner: Partner,
    principal: Principal,
    idempotency_key: str | None,
    key: DataKey,
) -> Filing:
    return Filing(
        partner=partner,
        principal=principal,
        submission=submission,
        body=posted.body,
        size=len(posted.body),
        body_sha256=hashlib.sha256(posted.body).digest(),
        media_type=posted.media_type,
        idempotency_key=idempotency_key,
        received_at=posted.received_at,
        data_key=key,
        deadline=asyncio.get_running_loop().time() + LONGEST_WAIT_SECONDS,
    )


@router.get("/v1/referrals", summary="Own referrals, newest first")
async def list_referrals(
    app: App,
    principal: Annotated[Principal, caller("referrals:read")],
    asked: Annotated[Page, page("referrals")],
) -> PageOf[ReferralSummary]:
    """A page of referrals; a partner sees its own."""
    before = UUID(asked.after[0]) if asked.after else None
    async with app.database.acting_for(principal) as tx:
        tenant = None if principal.of_centre else principal.tenant
        rows = await queries.newest(tx, tenant, before, asked.fetch)
    kept, following = asked.close(rows, lambda row: [str(row.id)])
    return PageOf(items=[ReferralSummary(**_summary(row)) for row in kept], next=following)


@router.get("/v1/referrals/{number}", summary="One referral and how far its entries are")
async def show(
    number: str,
    app: App,
    principal: Annotated[Principal, caller("referrals:read")],
    after: Annotated[int, Query(ge=0, le=LAST_POSITION, description="`next` of the page before.")] = 0,
    limit: Annotated[int, Query(ge=1, le=MOST_ENTRIES)] = MOST_ENTRIES,
) -> ReferralView:
    """The newest receipt and the progress per entry; the centre says why. Somebody else's number is no number."""
    if principal.of_centre and principal.purpose is None:  # a reference may be an account
        raise Rejected("purpose-missing", "Reading personal data needs the header Interlink-Purpose.", status=400)
    if NUMBER.fullmatch(number) is None:
        raise NotFound
    async with app.database.acting_for(principal) as tx:
        row = await queries.referral(tx, number)
        if row is None:
            raise NotFound
        entries = await queries.entries(tx, row.id, after, limit + 1)
        if principal.of_centre:
            tx.audit(AuditEntry(actor=principal, action="referral.read", subject=str(row.id)))
    keys = await app.keyring.open([row.key_id])
    return ReferralView(
        **_summary(row),
        id=row.id,
        receipt=ReceiptView.model_validate_json(bytes(row.receipt)),
        entries=[_progress(entry, keys.get(row.key_id)) for entry in entries[:limit]],
        next=entries[limit - 1].position if len(entries) > limit else None,
    )


def _summary(row: Any) -> dict[str, Any]:
    return {
        "number": row.number,
        "partner": row.tenant.rpartition(":")[2],
        "reference": row.reference,
        "version": row.version,
        "format": row.format,
        "status": row.state,
        "testmode": row.testmode,
        "received_at": row.received_at,
        "updated_at": row.updated_at,
    }


def _progress(row: Any, key: DataKey | None) -> EntryProgress:
    return EntryProgress(
        id=row.id,
        reference=_label(row, key),
        kind=row.kind,
        role=row.role,
        state=row.state,
        review=row.review,
        grade=row.grade,
        priority=row.priority,
        jurisdiction=_jurisdiction(row),
        assignment=_assignment(row),
        identification=_identification(row),
    )


def _label(row: Any, key: DataKey | None) -> str | None:
    if key is None:
        return None
    try:
        return key.decrypt(Sealed(bytes(row.label_nonce), bytes(row.label_data)), label_context(row.id)).decode()
    except Unreadable:
        return None


def _jurisdiction(row: Any) -> JurisdictionView | None:
    if row.determination is None:
        return None
    return JurisdictionView(state=row.determination, branch=row.branch, country=row.country, province=row.province)


def _assignment(row: Any) -> AssignmentView | None:
    if row.assignment is None:
        return None
    return AssignmentView(state=row.assignment, holder=row.holder, since=row.assignment_at)


def _identification(row: Any) -> IdentificationView | None:
    answer = None
    if row.answer is not None:
        answer = Answered(entry=row.id, sequence=0, outcome=row.answer, at=row.answered_at, open_lines=row.open_lines)
    state = identification(requested_at=row.requested_at, answer=answer)
    if state is None:
        return None
    return IdentificationView(state=state, outcome=row.answer, at=row.answered_at or row.requested_at)
