"""A provider answers by line: each is taken, known already, or refused with its reason, independently of the others.

Who writes here is the provider itself, so it changes nothing but its own lines; what follows from an answer (events,
deadlines, where the request stands) is done by a job of ours.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

import orjson

from contracts import ids
from isp_liaison import sealing
from isp_liaison.application import Application
from isp_liaison.commands import loading, reference
from isp_liaison.commands.acknowledge import act, require_with_provider, schedule
from isp_liaison.domain import answers as rules
from isp_liaison.domain.answers import Answerer, AnswerId, AnswerState, AskedLine, Given, ReadTime, Repeated, Taken
from isp_liaison.domain.directory import Directory
from isp_liaison.domain.instruments import Effect
from isp_liaison.domain.lines import LineId
from isp_liaison.domain.refusals import Refusal
from isp_liaison.domain.requests import ProviderStatus, Request
from isp_liaison.store import answers, lines, requests
from isp_liaison.store.answers import NewAnswer, Record
from isp_liaison.store.lines import Line
from kit.access import Principal
from kit.audit import Entry as AuditEntry
from kit.database import Transaction
from kit.encryption import DataKey, keyed_hash
from kit.time import TZDATA, ParsedTime, UnknownZone, parse, zone


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscriber:
    """Whom the connection was sold to. Name, street and postal code are sealed as soon as this is kept."""

    name: str
    street: str
    municipality: str | None
    province: str | None
    postal_code: str | None
    country: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LineAnswer:
    """What a provider says of one line, as it wrote it."""

    line: UUID
    outcome: str
    assigned_from: str | None
    assigned_to: str | None
    redirect_to: str | None
    subscriber: Subscriber | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of it."""

    line: UUID
    outcome: Taken | Repeated | Refusal


async def answer(
    app: Application, tx: Transaction, number: str, zone_name: str, told: Sequence[LineAnswer], principal: Principal
) -> list[Verdict]:
    """Take what can be taken. Raises `NotFound`, `Conflict` for a request that waits for no answer."""
    request, found = await loading.visible(tx, number)
    require_with_provider(request)
    await act(tx, principal)
    known = await reference.known(app, tx)
    judging = _Judging(
        request=request,
        lines=found,
        standing=await answers.standing(tx, found),
        answerer=_answerer(known.directory, request, tx.now().date()),
    )
    given = [_given(app, zone_name, one) for one in told]
    verdicts = [Verdict(one.line, outcome) for one, outcome in zip(told, judging.of(given), strict=True)]
    taken = [
        (one, read, verdict.outcome)
        for one, read, verdict in zip(told, given, verdicts, strict=True)
        if isinstance(verdict.outcome, Taken)
    ]
    if taken:
        await _keep(app, tx, judging, taken, principal)
    counts = {"taken": len(taken), "told": len(told)}
    tx.audit(AuditEntry(actor=principal, action="request.answered", subject=number, detail=counts))
    return verdicts


@dataclass(slots=True, kw_only=True)
class _Judging:
    """The rules, line by line; a line that is told twice in one answer is known the second time."""

    request: Request
    lines: Mapping[LineId, Line]
    standing: dict[LineId, str]
    answerer: Answerer

    def of(self, given: Sequence[Given]) -> list[Taken | Repeated | Refusal]:
        return [self._one(one) for one in given]

    def _one(self, given: Given) -> Taken | Repeated | Refusal:
        outcome = rules.judge(given, self._asked(given.line), self.answerer)
        if isinstance(outcome, Taken):
            self.standing[given.line] = given.fingerprint
        return outcome

    def _asked(self, wanted: LineId) -> AskedLine | None:
        line = self.lines.get(wanted)
        if line is None:
            return None
        return AskedLine(
            id=line.id,
            effect=line.effect,
            state=line.state,
            at=line.at,
            answered_with=self.standing.get(line.id),
        )


def _answerer(directory: Directory, request: Request, today: date) -> Answerer:
    """Who answers. It may name only those for whom somebody else answers: for its predecessors it answers itself."""
    same = {one.id for one in directory.providers.values() if one.testmode is request.testmode}
    answering = {one: directory.answering(one, today) for one in same}
    others = {one for one, who in answering.items() if who is not None and who.id != request.provider}
    itself = directory.provider(request.provider)
    usual = None if itself is None else itself.reply_zone
    return Answerer(provider=request.provider, reply_zone=usual, others=frozenset(others))


def _given(app: Application, zone_name: str, told: LineAnswer) -> Given:
    return Given(
        line=LineId(told.line),
        outcome=told.outcome,
        zone=zone_name,
        zone_known=_is_zone(zone_name),
        assigned_from=_read(told.assigned_from, zone_name),
        assigned_to=_read(told.assigned_to, zone_name),
        redirect_to=told.redirect_to,
        has_subscriber=told.subscriber is not None,
        fingerprint=_fingerprint(app, zone_name, told),
    )


def _is_zone(name: str) -> bool:
    """Whether times can be read with it: an offset reads as one, a name is one of the pinned rules."""
    try:
        zone(name)
    except UnknownZone:
        return parse("2000-01-01T00:00:00", name).zone == name
    return True


def _read(raw: str | None, zone_name: str) -> ReadTime | None:
    if raw is None:
        return None
    read: ParsedTime = parse(raw, zone_name)
    return ReadTime(raw=raw, at=read.at, problem=read.problem)


def _fingerprint(app: Application, zone_name: str, told: LineAnswer) -> str:
    """Equal for equal answers, and useless without the index key."""
    content = orjson.dumps([zone_name, told], option=orjson.OPT_SORT_KEYS)
    return keyed_hash(app.index_key, "answer", content.decode()).hex()


async def _keep(
    app: Application,
    tx: Transaction,
    judging: _Judging,
    taken: Sequence[tuple[LineAnswer, Given, Taken]],
    principal: Principal,
) -> None:
    with_subscriber = {judging.lines[read.line].key for told, read, _ in taken if told.subscriber is not None}
    keys = await sealing.keys(app.keyring, with_subscriber)
    new: list[NewAnswer] = []
    records: list[Record] = []
    for told, read, outcome in taken:
        line = judging.lines[read.line]
        record = None
        if told.subscriber is not None and line.key in keys:
            record = _record(line, told.subscriber, keys[line.key], tx)
            records.append(record)
        new.append(_new(judging.request, line, read, outcome, record, principal, tx))
    await answers.insert(tx, new, records)
    await lines.answered(tx, [one.line for one in new])
    if judging.request.provider_status is ProviderStatus.UNKNOWN:  # at once: what it answers is not asked anew
        await requests.say(tx, judging.request.id, ProviderStatus.IN_PROGRESS, None)
    schedule(tx, judging.request, [one.id for one in new])


def _new(
    request: Request,
    line: Line,
    read: Given,
    outcome: Taken,
    record: Record | None,
    principal: Principal,
    tx: Transaction,
) -> NewAnswer:
    produces = line.effect is Effect.PRODUCES
    return NewAnswer(
        id=AnswerId(ids.new()),
        testmode=request.testmode,
        request=request.id,
        line=line.id,
        provider=request.provider,
        outcome=read.outcome,
        state=(AnswerState.PENDING if produces else AnswerState.APPLIED).value,
        zone=read.zone,
        raw_from=read.assigned_from and read.assigned_from.raw,
        raw_to=read.assigned_to and read.assigned_to.raw,
        assigned_from=read.assigned_from and read.assigned_from.at,
        assigned_to=read.assigned_to and read.assigned_to.at,
        tzdata=TZDATA,
        flags=sorted(outcome.flags),
        redirect_to=read.redirect_to,
        record=record and record.id,
        fingerprint=read.fingerprint,
        submitted_by=principal.subject,
        submitted_at=tx.now(),
    )


def _record(line: Line, told: Subscriber, key: DataKey, tx: Transaction) -> Record:
    record = ids.new()
    private = {"name": told.name, "street": told.street, "postal_code": told.postal_code}
    sealed = key.encrypt(orjson.dumps(private), sealing.record_context(record))
    return Record(
        id=record,
        testmode=line.testmode,
        line=line.id,
        key=key.id,
        nonce=sealed.nonce,
        data=sealed.data,
        country=told.country,
        province=told.province,
        municipality=told.municipality,
        postal_area=_postal_area(told),
        received_at=tx.now(),
    )


def _postal_area(told: Subscriber) -> str | None:
    """The forward sortation area: the first three characters of a Canadian postal code."""
    code = (told.postal_code or "").replace(" ", "").upper()
    return code[:3] if told.country == "CA" and len(code) == 6 else None
