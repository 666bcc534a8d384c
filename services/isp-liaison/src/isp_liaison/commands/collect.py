"""What routing wants identified becomes lines in collecting drafts; what cannot be asked is kept for a person.

Here captures are readable; what goes on has IP addresses and ports sealed again, under the same referral's key.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from contracts import ids
from contracts.personal import AttributedCapture, AttributedCaptures, Capture
from isp_liaison import sealing
from isp_liaison.application import Application, Known
from isp_liaison.asking import AskedData, context
from isp_liaison.commands import adding, reference
from isp_liaison.commands.wanted import Wanted
from isp_liaison.domain import lines as rules
from isp_liaison.domain.entries import Provenance
from isp_liaison.domain.instruments import Instrument
from isp_liaison.domain.lines import CaptureFacts, LineKey, Placed, Unplaced
from isp_liaison.store import unplaced as kept
from kit.database import Transaction
from kit.encryption import DataKey, Sealed, keyed_hash


@dataclass(frozen=True, slots=True, kw_only=True)
class Collect:
    """Captures of one suspect or victim whose subscribers are wanted, sealed as they came."""

    of: Provenance
    key: UUID
    sealed: Sealed


class UnknownReferralKey(Exception):
    """The keyring lacks a referral's key. Not waited for: whatever arrives behind it would wait, too."""


async def collect(app: Application, tx: Transaction, batch: Sequence[Collect]) -> None:
    """Add a line for each capture and automatic instrument. A batch of any size is as many statements.

    Raises:
        UnknownReferralKey: the keyring lacks a referral's key, which nobody destroyed.
        Unreadable: a field was changed, or belongs elsewhere.
    """
    try:
        keys = await sealing.keys(app.keyring, {one.key for one in batch})
    except sealing.UnknownKey as error:
        raise UnknownReferralKey(error.detail) from error
    known = await reference.known(app, tx)
    wanted: list[Wanted] = []
    unplaced: list[kept.Unplaced] = []
    for one in batch:
        key = keys.get(one.key)
        if key is None:  # the referral was erased
            continue
        for told in _captures(one, key):
            placed = _placed(known, one.of, told, tx.now())
            if isinstance(placed, Unplaced):
                unplaced.append(_unplaced(one.of, told, placed, tx.now()))
            else:
                wanted.extend(_wanted(app, one.of, key, told.capture, placed))
    await kept.add(tx, sorted(unplaced, key=lambda one: (one.entry, one.item, one.why)))
    await adding.add(app, tx, wanted)


def _captures(one: Collect, key: DataKey) -> list[AttributedCapture]:
    sealed_for = f"{one.of.entry}:{one.of.investigation}".encode()
    return AttributedCaptures.model_validate_json(key.decrypt(one.sealed, sealed_for)).captures


def _placed(known: Known, of: Provenance, told: AttributedCapture, now: datetime) -> Placed | Unplaced:
    capture = told.capture
    facts = CaptureFacts(
        item=capture.item,
        grade=rules.UNUSABLE if capture.ip is None else capture.grade,
        asn=told.asn,
        country=told.country,
        at=capture.at,
    )
    return rules.place(facts, known.directory, known.instruments, testmode=of.testmode, today=now.date())


def _wanted(app: Application, of: Provenance, key: DataKey, capture: Capture, placed: Placed) -> Iterator[Wanted]:
    mark = keyed_hash(app.index_key, "line", f"{capture.ip}|{capture.port}|{placed.at.isoformat()}").hex()
    asked = AskedData(
        ip=capture.ip or "",
        port=capture.port,
        at=placed.at,
        raw_time=capture.raw_time,
        zone=capture.zone,
        zone_assumed=capture.zone_assumed,
        precision=capture.precision,
        tzdata=capture.tzdata,
    )
    sealed = key.encrypt(asked.model_dump_json(exclude_none=True).encode(), context(mark))
    for instrument in placed.instruments:
        yield Wanted(
            key=_line_key(of, placed, instrument, mark),
            draft=rules.draft_key(of, placed.provider.id, instrument.id),
            effect=instrument.effect,
            of=(of,),
            grade=capture.grade,
            at=placed.at,
            data_key=key.id,
            nonce=sealed.nonce,
            data=sealed.data,
            perishes_at=rules.perishes_at(placed.at, placed.provider),
        )


def _line_key(of: Provenance, placed: Placed, instrument: Instrument, mark: str) -> LineKey:
    return LineKey(
        provider=placed.provider.id,
        instrument=instrument.id,
        investigation=of.investigation,
        about=of.about.value,
        mark=mark,
    )


def _unplaced(of: Provenance, told: AttributedCapture, unplaced: Unplaced, now: datetime) -> kept.Unplaced:
    return kept.Unplaced(
        id=ids.new(),
        tenant=of.tenant,
        testmode=of.testmode,
        entry=of.entry,
        referral=of.referral,
        investigation=of.investigation,
        item=told.capture.item,
        grade=told.capture.grade,
        asn=told.asn,
        why=unplaced.why.value,
        recorded_at=now,
    )
