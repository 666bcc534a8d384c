"""Row 10: a million suspects stored; a page of fifty, one story, the progress of one file, beside the same SQL by psql.

The second database is filled; the services' own API processes serve it, one read after the other over one connection.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote
from uuid import UUID

from intake import queries as of_intake
from interlink.benching import posting
from interlink.benching.figures import Goal, Row, at_most, percentile, spread
from interlink.benching.filling import fill, sequential_scans
from interlink.benching.ground import Ground
from interlink.benching.load import Connection, Place, refuse_unexpected, request
from interlink.benching.references import psql
from interlink.benching.scratch import Scratch, scratch
from routing import queries as of_routing

OK = 200
LARGE_FROM = 100_000
"""Suspects; with fewer, the planner reads small tables from end to end, and rightly."""
PAGE = 50
ENTRIES = 1_000
AGENCY, PARTNER = "n-7", "bureau-n7"
MINE = "SELECT entry FROM routing.assignment WHERE holder_tenant = $1 ORDER BY id LIMIT $2"
FILES = "SELECT number, id FROM intake.referral WHERE tenant = $1 ORDER BY id LIMIT $2"
STORY = (of_routing.ENTRY, of_routing.DETERMINATIONS, of_routing.ASSIGNMENTS, of_routing.REQUESTS, of_routing.PROPOSALS)


@dataclass(slots=True)
class Read:
    """One kind of read: how long each took, and the statements behind each."""

    name: str
    role: str
    tenant: str
    taken: list[float] = field(default_factory=list[float])
    """Milliseconds."""
    statements: list[Sequence[str]] = field(default_factory=list[Sequence[str]])
    beside: list[float] = field(default_factory=list[float])
    """Milliseconds of psql."""

    @property
    def p99(self) -> float:
        """Milliseconds that 99 of 100 reads do not exceed."""
        return percentile(self.taken, 0.99)


async def measure(ground: Ground) -> Row:
    """Milliseconds of each read, and whether a large table was read from end to end."""
    rows, count = ground.size(1_000_000, 5_000), ground.size(300, 20)
    await posting.told(ground, posting.CLIENTS)
    async with scratch(ground) as second:
        await fill(ground, second, rows)
        before = await sequential_scans(second)
        async with second.serving("routing-api") as routing, second.serving("intake-api") as intake:
            reads = [
                await _pages(ground, routing, count),
                await _stories(ground, second, routing, count),
                await _progress(ground, second, intake, count),
            ]
        scans = await sequential_scans(second) - before  # a process that ended has told its figures
        for read in reads:
            settings = [f"SET kit.tenant = '{read.tenant}';"]
            read.beside = await psql.milliseconds(second.role_url(read.role), settings, read.statements)
    return _row(rows, reads, scans)


def _row(rows: int, reads: Sequence[Read], scans: int) -> Row:
    parts = {f"{read.name}, p50 ms": percentile(read.taken, 0.5) for read in reads}
    parts |= {f"{read.name}, psql p50 ms": percentile(read.beside, 0.5) for read in reads}
    return Row(
        row="10",
        work=f"{rows:,} suspects stored: a page of {PAGE}, one story, the progress of one file",
        unit="ms (p99 of each)",
        ours=spread([read.p99 for read in reads]),
        reference=spread([percentile(read.beside, 0.99) for read in reads]),
        against="the same statements by psql, as the same role and tenant; ms (p99 of each)",
        ratio=spread([percentile(read.taken, 0.5) / percentile(read.beside, 0.5) for read in reads]),
        goals=[
            *(at_most(f"{read.name}: p99 < 50 ms", read.p99, 50) for read in reads),
            Goal("no sequential scan on a large table", scans, scans == 0 or rows < LARGE_FROM),
        ],
        parts=parts,
        notes=["The ratio is of the medians; a service's answer also has authentication, the audit and the JSON."],
    )


async def _pages(ground: Ground, url: str, count: int) -> Read:
    """An agency turns the pages of what it holds, from the newest on and again from the beginning."""
    read = Read(f"page of {PAGE}", "routing_api", f"agency:{AGENCY}")
    token = ground.token("assignments:read", client=AGENCY)
    connection = await Connection.open(Place.of(url))
    before, cursor = of_routing.NEWEST, ""
    for number in range(count + 1):
        told = await _ask(connection, read, f"/v1/assignments?limit={PAGE}{cursor}", token, warm=number == 0)
        asked = {"before": before, "states": list(of_routing.STATES), "fetch": PAGE + 1}
        read.statements.append([psql.written(of_routing.PAGE_OF_ASSIGNMENTS, asked)])
        before = UUID(told["items"][-1]["id"]) if told["next"] else of_routing.NEWEST
        cursor = f"&cursor={quote(told['next'])}" if told["next"] else ""
    await connection.close()
    return read


async def _stories(ground: Ground, second: Scratch, url: str, count: int) -> Read:
    """An agency opens what it holds, one suspect after the other."""
    read = Read("one story", "routing_api", f"agency:{AGENCY}")
    token = ground.token("suspects:read", client=AGENCY)
    connection = await Connection.open(Place.of(url))
    held = await second.rows(MINE, read.tenant, count)
    for number, row in enumerate([held[0], *held]):
        await _ask(connection, read, f"/v1/suspects/{row['entry']}", token, warm=number == 0)
        read.statements.append([psql.written(one, {"id": row["entry"], "kind": "suspect"}) for one in STORY])
    await connection.close()
    return read


async def _progress(ground: Ground, second: Scratch, url: str, count: int) -> Read:
    """A partner asks how far its files are."""
    read = Read("progress of a file", "intake_api", f"partner:{PARTNER}")
    token = ground.token("referrals:read", client=PARTNER)
    connection = await Connection.open(Place.of(url))
    posted = await second.rows(FILES, read.tenant, count)
    for number, row in enumerate([posted[0], *posted]):
        await _ask(connection, read, f"/v1/referrals/{row['number']}", token, warm=number == 0)
        asked = {"referral": row["id"], "after": 0, "limit": ENTRIES + 1}
        read.statements.append(
            [
                psql.written(of_intake.BY_NUMBER, {"number": row["number"]}),
                psql.written(of_intake.ENTRIES, asked),
            ]
        )
    await connection.close()
    return read


async def _ask(connection: Connection, read: Read, path: str, token: str, *, warm: bool) -> Any:
    """One read, kept unless it only warms the way. What it said."""
    answer = await connection.ask(request("GET", path, token=token, Interlink_Purpose="bench"))
    refuse_unexpected([answer], OK)
    if not warm:
        read.taken.append(answer.seconds * 1000)
    return answer.json()
