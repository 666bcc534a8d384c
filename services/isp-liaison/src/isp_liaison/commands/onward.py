"""What was asked of a provider that named another one is wanted of that one too, also for who joins later."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from isp_liaison.application import Application
from isp_liaison.commands import reference
from isp_liaison.commands.wanted import Wanted
from isp_liaison.domain.answers import REDIRECT
from isp_liaison.domain.lines import LineKey, LineState, perishes_at
from isp_liaison.store import answers
from isp_liaison.store.lines import Line
from kit.database import Transaction


async def onward(
    app: Application, tx: Transaction, wanted: Sequence[Wanted], found: Mapping[LineKey, Line]
) -> list[Wanted]:
    """What is wanted at the named providers. The lines are locked: who redirects one later sees who has joined it."""
    redirected = {
        found[one.key].id
        for one in wanted
        if found[one.key].state is LineState.DONE and found[one.key].outcome == REDIRECT
    }
    if not redirected:
        return []
    known, today = await reference.known(app, tx), tx.now().date()
    named = {line: known.directory.answering(to, today) for line, to in (await answers.named(tx, redirected)).items()}
    return [
        replace(
            one,
            key=replace(one.key, provider=provider.id),
            draft=replace(one.draft, provider=provider.id),
            perishes_at=perishes_at(one.at, provider),
            redirected_from=line,
        )
        for one in wanted
        if (provider := named.get(line := found[one.key].id)) is not None
    ]
