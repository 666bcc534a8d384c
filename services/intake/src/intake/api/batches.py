"""`/v1/referrals:batch`: a file of any size, handed in line by line, and its receipt once all of it is durable.

The body is read to its end before the response starts. Nothing of it is ever whole in memory: some lines are read,
sealed and committed as staged, then the next; the last step makes a referral of them. A body that was cut leaves
nothing behind, and is simply posted again.
"""

import asyncio
import hashlib
from collections.abc import AsyncGenerator, Sequence
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Header, Request, Response

from contracts import ids
from intake.api.referrals import KEY, ReceiptView, none_accepted
from intake.application import LONGEST_WAIT_SECONDS, Intake
from intake.commands import uploading
from intake.commands.accept import Prepared
from intake.commands.filing import NOTHING, Accepted, Filing, Partner
from intake.commands.staging import Staging, stage
from intake.commands.uploading import Upload
from intake.domain import assessing, imagery
from intake.domain.referral import Entry
from intake.formats import batch
from intake.formats.batch import Batch, Lines, Part
from intake.formats.posted import Posted, says_urgent
from kit.access import Principal
from kit.encryption import DataKey
from kit.errors import Refused, Rejected, Transient
from kit.http import body
from kit.http.app import application
from kit.http.auth import caller

router = APIRouter(tags=["referrals"])

App = Annotated[Intake, Depends(application)]

_DOCUMENTATION: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "description": "Newline-delimited JSON, at most 1 GiB, a line at most 1 MiB. The first line is a native "
        'referral without suspects and victims, each further one is `{"suspect": {…}}` or `{"victim": {…}}`.',
        "content": {batch.MEDIA_TYPE: {"schema": {"type": "string"}}},
    }
}


@router.post(
    "/v1/referrals:batch",
    status_code=201,
    response_model=ReceiptView,
    openapi_extra=_DOCUMENTATION,
    summary="Hand in a large file, line by line",
)
async def receive(
    request: Request,
    app: App,
    principal: Annotated[Principal, caller("referrals:write")],
    idempotency_key: Annotated[str | None, Header(pattern=KEY)] = None,
    interlink_reference: Annotated[str | None, Header(max_length=255)] = None,
    interlink_version: Annotated[str | None, Header(max_length=16)] = None,
    interlink_urgency: Annotated[str | None, Header(max_length=8)] = None,
) -> Response:
    """The receipt, once the file is durable. Its progress says `receiving` until all its entries were told."""
    partner = await app.partner(principal.tenant)
    media_type = body.media_type(request)
    if media_type.essence != batch.MEDIA_TYPE:
        raise Rejected("media.unknown_type", f"A batch is sent as {batch.MEDIA_TYPE}.", status=415)
    posted = Posted(
        body=b"",
        media_type=media_type.essence,
        charset=media_type.charset,
        received_at=app.clock.now(),
        reference=interlink_reference,
        version=interlink_version,
        urgency=interlink_urgency,
        zone=partner.clock_zone,
    )
    shed = app.pressure.refusal()
    if shed is not None and not (partner.urgent and says_urgent(interlink_urgency)):
        raise shed
    key = await app.keyring.new_key()
    receiving = _Receiving(app, posted, partner, principal, idempotency_key, key, shed)
    accepted = await _to_its_end(receiving, body.pieces(request, batch.LARGEST_BODY))
    headers = {"Location": f"/v1/referrals/{accepted.number}"}
    if accepted.replayed:
        headers["Idempotent-Replayed"] = "true"
    return Response(accepted.receipt, 201, headers, "application/json")


async def _to_its_end(receiving: "_Receiving", pieces: AsyncGenerator[bytes]) -> Accepted:
    """A refused body is read on and dropped: who still sends would not see the answer."""
    try:
        async for piece in pieces:
            await receiving.feed(piece)
        return await receiving.end()
    except Refused:
        async for _ in pieces:
            continue
        raise
    finally:
        await receiving.close()


class _Receiving:
    """One batch on its way in."""

    def __init__(
        self,
        app: Intake,
        posted: Posted,
        partner: Partner,
        principal: Principal,
        idempotency_key: str | None,
        key: DataKey,
        shed: Transient | None,
    ) -> None:
        self._app = app
        self._posted = posted
        self._partner = partner
        self._principal = principal
        self._idempotency_key = idempotency_key
        self._key = key
        self._shed = shed
        self._referral = ids.new()
        self._lines = Lines()
        self._batch = Batch(posted)
        self._hash = hashlib.sha256()
        self._size = 0
        self._waiting: list[bytes] = []
        self._weight = 0
        self._staging: Staging | None = None
        self._known = False

    async def feed(self, piece: bytes) -> None:
        """The next bytes; whole lines are worked on once there are enough of them."""
        if not self._size and imagery.is_media(piece[:512]):
            raise Rejected("media.magic", "The body is media or an archive, whatever its type says.", status=415)
        self._hash.update(piece)
        self._size += len(piece)
        await self._take(self._lines.feed(piece))

    async def end(self) -> Accepted:
        """The body is complete: what was staged becomes a referral."""
        await self._take(self._lines.end())
        await self._step(last=True)
        digest = self._hash.digest()
        submission = self._batch.submission(digest)
        if self._staging is not None and not submission.accepted_entries and submission.rejected_entries:
            raise none_accepted(submission)
        filing = Filing(
            partner=self._partner,
            principal=self._principal,
            submission=submission,
            body=b"",
            size=self._size,
            body_sha256=digest,
            media_type=self._posted.media_type,
            idempotency_key=self._idempotency_key,
            received_at=self._posted.received_at,
            data_key=self._key,
            deadline=asyncio.get_running_loop().time() + LONGEST_WAIT_SECONDS,
            referral=self._referral,
        )
        staged = self._staging.content if self._staging is not None else NOTHING
        return await self._app.settle(Prepared(filing=filing, staged=staged), self._upload())

    async def close(self) -> None:
        """What did not become a referral is given up; a job deletes it."""
        if self._staging is not None:
            async with self._app.database.as_tenant(self._partner.tenant) as tx:
                await uploading.abandon(tx, self._staging.upload, self._app.clock.now())

    async def _take(self, lines: Sequence[bytes]) -> None:
        settings = self._app.settings
        for line in lines:
            self._waiting.append(line)
            self._weight += len(line)
            if len(self._waiting) >= settings.stage_chunk or self._weight >= settings.stage_bytes:
                await self._step()

    async def _step(self, *, last: bool = False) -> None:
        """Read the waiting lines, then name, seal and store what they tell. Media in them refuses all of it before."""
        lines, self._waiting, self._weight = self._waiting, [], 0
        async with self._app.staging:
            part = await asyncio.to_thread(self._batch.read, lines)
            staging = await self._begun()
            if staging is None:
                return
            accepted = await self._named(staging.upload, part)
            step = await asyncio.to_thread(staging.seal, accepted, b"".join(lines), last=last)
            async with self._app.database.as_tenant(self._partner.tenant) as tx:
                await stage(tx, staging.upload, step, self._app.clock.now())

    async def _begun(self) -> Staging | None:
        """Where entries are staged; None where the file is known and is only read on, to be compared."""
        if self._staging is not None or self._known:
            return self._staging
        if self._shed is not None and not assessing.urgent_of_itself(self._batch.head, self._posted.received_at):
            raise self._shed  # only a file that says so itself is taken now
        upload, reference = self._upload(), self._batch.reference
        async with self._app.database.as_tenant(upload.tenant) as tx:
            self._known = await uploading.standing(tx, upload.tenant, self._idempotency_key, reference)
            if self._known:
                return None
            await uploading.begin(tx, upload, self._app.clock.now())
        self._staging = Staging(upload, self._batch.head, self._key, self._app.index_key, self._posted.received_at)
        return self._staging

    def _upload(self) -> Upload:
        head = self._batch.head
        return Upload(
            referral=self._referral,
            partner=self._partner,
            testmode=self._partner.testmode or head.synthetic,
            version=head.version,
        )

    async def _named(self, upload: Upload, part: Part) -> list[Entry]:
        async with self._app.database.as_tenant(upload.tenant) as tx:
            named = await uploading.name(tx, upload, part.entries, self._app.index_key)
        accepted = part.accept(named)
        self._batch.count(part, accepted)
        return accepted
