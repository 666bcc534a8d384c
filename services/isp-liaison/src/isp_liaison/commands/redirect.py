"""A provider names a reseller: the same data is asked there, in its own draft and under an authority of its own.

It never loops: the same data of the same provider is one line, so a reseller that was asked already is not asked
again.
"""

from collections.abc import Sequence
from dataclasses import replace

from isp_liaison.application import Application
from isp_liaison.commands import adding, reference
from isp_liaison.commands.wanted import Wanted
from isp_liaison.domain.instruments import Instrument, in_force
from isp_liaison.domain.lines import LineId, perishes_at
from isp_liaison.domain.requests import Request
from isp_liaison.store import lines, requests
from isp_liaison.store.lines import Line
from kit.database import Transaction


async def open_lines(
    app: Application, tx: Transaction, request: Request, elsewhere: Sequence[tuple[Line, str]]
) -> frozenset[LineId]:
    """Ask the named providers. Returns the lines whose data was asked there before: a person looks."""
    if not elsewhere:
        return frozenset()
    known = await reference.known(app, tx)
    today = tx.now().date()
    asked_for = await lines.entries(tx, {line.id for line, _ in elsewhere})
    wanted: dict[LineId, Wanted] = {}
    for line, to in elsewhere:
        provider = known.directory.answering(to, today)
        instrument = in_force(known.instruments, request.instrument, today)
        of = tuple(one.of for one in asked_for.get(line.id, ()) if one.current)
        if not of or provider is None or not isinstance(instrument, Instrument):
            continue
        wanted[line.id] = Wanted(
            key=replace(line.key_of_data, provider=provider.id),
            draft=replace(requests.key_of(request), provider=provider.id),
            effect=line.effect,
            of=of,
            grade=line.grade,
            at=line.at,
            data_key=line.key,
            nonce=line.nonce,
            data=line.data,
            perishes_at=perishes_at(line.at, provider),
            redirected_from=line.id,
        )
    added = await adding.add(app, tx, list(wanted.values()))
    return frozenset(line for line, one in wanted.items() if one.key not in added.new)
