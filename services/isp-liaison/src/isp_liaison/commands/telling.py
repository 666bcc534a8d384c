"""What becomes of a line is told to each suspect and victim it is asked for: one event for each (spec §4)."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime

from isp_liaison import events
from isp_liaison.domain.answers import PRESERVED
from isp_liaison.domain.deadlines import Kind
from isp_liaison.domain.instruments import Effect
from isp_liaison.domain.lines import LineId, LineState
from isp_liaison.domain.requests import Desired, Request
from isp_liaison.events import Of, Place
from isp_liaison.store import answers, lines, requests
from isp_liaison.store.answers import Record
from isp_liaison.store.lines import Line, LineEntry
from kit.database import Transaction


def about(line: Line, entry: LineEntry) -> Of:
    """Whom an event about this line is told for."""
    key = line.key_of_data
    return Of(of=entry.of, request=line.request, line=line.id, provider=key.provider, instrument=key.instrument)


def place(record: Record | None) -> Place | None:
    """What may be told of a subscriber record."""
    if record is None:
        return None
    return Place(
        country=record.country,
        province=record.province,
        municipality=record.municipality,
        postal_area=record.postal_area,
        record=record.id,
    )


async def joined(tx: Transaction, found: Iterable[Line], fresh: Sequence[LineEntry]) -> None:
    """Suspects and victims for whom lines are asked from now on, each told what these lines have been through."""
    by_id = {line.id: line for line in found}
    asked = await requests.read(tx, {line.request for line in by_id.values()})
    for entry in fresh:
        line = by_id[entry.line]
        of = about(line, entry)
        told = events.drafted(of, drafted_at=tx.now(), perishes_at=line.perishes_at)
        tx.publish(told, of.origin)
        request = asked[line.request]
        if request.sent_at is not None:
            tx.publish(events.sent(of, number=request.number, sent_at=request.sent_at), of.origin)
    again = [request.id for request in asked.values() if request.desired is Desired.CANCELLED]
    if again:
        await requests.want_again(tx, again)
    done = [entry for entry in fresh if by_id[entry.line].state is LineState.DONE]
    if done:
        await _answered_already(tx, by_id, done)
    over = [entry for entry in fresh if by_id[entry.line].expired_at is not None]
    if over:
        await _over_already(tx, by_id, over)


async def _answered_already(tx: Transaction, by_id: Mapping[LineId, Line], fresh: Sequence[LineEntry]) -> None:
    produced = [one for one in fresh if by_id[one.line].effect is Effect.PRODUCES]
    await completed(tx, by_id, produced)
    kept = [one for one in fresh if by_id[one.line].outcome == PRESERVED]
    await preserved(tx, by_id, kept)


async def _over_already(tx: Transaction, by_id: Mapping[LineId, Line], fresh: Sequence[LineEntry]) -> None:
    authorities = await requests.authorities(tx, {by_id[one.line].request for one in fresh})
    for one in fresh:
        line = by_id[one.line]
        carrying = authorities[line.request]
        if (on := carrying.days.expires_on) is not None:
            expired(tx, [(line, one)], deadline=Kind.PRESERVATION_EXPIRY.value, on=on, zone=carrying.zone)


async def completed(tx: Transaction, by_id: Mapping[LineId, Line], told: Sequence[LineEntry]) -> None:
    """Tell the checked outcome of producing lines."""
    if not told:
        return
    records = await answers.records_of(tx, {one.line for one in told})
    waiting = await lines.open_lines(tx, {one.of.entry for one in told})
    for one in told:
        line = by_id[one.line]
        of = about(line, one)
        event = events.completed(
            of,
            outcome=line.outcome or "data_error",
            completed_at=tx.now(),
            place=place(records.get(line.id)),
            open_lines=waiting.get(one.of.entry, 0),
        )
        tx.publish(event, of.origin)


async def preserved(tx: Transaction, by_id: Mapping[LineId, Line], told: Sequence[LineEntry]) -> None:
    """Tell that a provider keeps what it has, and until when."""
    if not told:
        return
    authorities = await requests.authorities(tx, {by_id[one.line].request for one in told})
    for one in told:
        of = about(by_id[one.line], one)
        carrying = authorities[by_id[one.line].request]
        until = carrying.days.expires_on
        if until is not None:
            event = events.preserved(of, preserved_at=tx.now(), expires_on=until, zone=carrying.zone)
            tx.publish(event, of.origin)


async def sent(tx: Transaction, request: Request, now: datetime) -> None:
    """Tell that the provider has every line of a request; what was dropped before is not in its bytes."""
    every = await lines.of_requests(tx, [request.id])
    found = {line.id: line for line in every.values() if line.state is not LineState.DROPPED}
    for line, several in (await lines.entries(tx, found)).items():
        for one in several:
            if one.current:
                of = about(found[line], one)
                tx.publish(events.sent(of, number=request.number, sent_at=now), of.origin)


def approaching(
    tx: Transaction, told: Iterable[tuple[Line, LineEntry]], *, deadline: str, on: date, zone: str, days_left: int
) -> None:
    """Tell that a day comes near."""
    for line, entry in told:
        of = about(line, entry)
        tx.publish(events.approaching(of, deadline=deadline, on=on, zone=zone, days_left=days_left), of.origin)


def expired(tx: Transaction, told: Iterable[tuple[Line, LineEntry]], *, deadline: str, on: date, zone: str) -> None:
    """Tell that it is over."""
    for line, entry in told:
        of = about(line, entry)
        tx.publish(events.expired(of, deadline=deadline, on=on, zone=zone), of.origin)
