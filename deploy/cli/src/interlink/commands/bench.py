"""`interlink bench`: how long one suspect takes on an idle system, and how many suspects a second a busy one takes.

Absolute figures of this machine and this moment; they are compared with nothing. Everything stays on: durability,
authentication, encryption, audit, validation.
"""

import json
import statistics
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Annotated
from uuid import UUID

import httpx
import typer
from rich.console import Console
from rich.progress import track
from rich.table import Table

from contracts.events.jurisdictions import AssignmentCreated
from interlink.commands.token import fetch
from interlink.demo.following import Follower
from interlink.stack import running
from interlink.stack.home import Home
from interlink.stack.layout import StackError
from interlink.stack.state import State
from kit.time import SystemClock
from sandbox.generator.files import files

console = Console(highlight=False, stderr=True)

PARTNER = "bureau-nl"
CLIENTS = 8
PATIENCE_SECONDS = 120.0
WARM_UP = 10
HEARING_SECONDS = 0.002  # a batch that is not full is waited for: longer would be measured as latency


@dataclass(frozen=True, slots=True, kw_only=True)
class Idle:
    """Single suspects, one after the other: from the post until `assignment.created` is read from Kafka."""

    suspects: int
    p50_ms: float
    p99_ms: float
    slowest_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Busy:
    """Files posted by several clients at once: from the first post until the last assignment is read from Kafka."""

    files: int
    suspects: int
    accepted_seconds: float
    assigned_seconds: float
    suspects_per_second: float


def bench(
    *,
    singles: Annotated[int, typer.Option(help="Single suspects on the idle system.", min=10, max=5_000)] = 200,
    bulk: Annotated[int, typer.Option(help="Files of 100 suspects at once.", min=1, max=500)] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, no table.")] = False,
) -> None:
    """Measure a running stack: latency of one suspect, throughput of many."""
    home = Home.open()
    found = running.required(home)
    with Follower(home) as follower, _client(home, found) as client:
        idle = _idle(follower, client, singles)
        busy = _busy(follower, client, bulk)
    if as_json:
        typer.echo(json.dumps({"idle": asdict(idle), "busy": asdict(busy)}, indent=2))
    else:
        Console(highlight=False).print(_table(idle, busy))


def _client(home: Home, found: State) -> httpx.Client:
    token = fetch(home, found.issuer, PARTNER, ["referrals:write"])
    return httpx.Client(
        base_url=found.services["intake"],
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
        timeout=60,
        trust_env=False,
    )


def _idle(follower: Follower, client: httpx.Client, singles: int) -> Idle:
    bodies = [made.body for made in files(_seed(), singles + WARM_UP, 1, now=SystemClock().now())]
    times: list[float] = []
    for body in track(bodies, "One suspect at a time", console=console):
        began = time.perf_counter()
        _post(client, body)
        next(_assigned(follower))
        times.append((time.perf_counter() - began) * 1000)
    measured = sorted(times[WARM_UP:])
    return Idle(
        suspects=singles,
        p50_ms=round(statistics.median(measured), 1),
        p99_ms=round(_percentile(measured, 0.99), 1),
        slowest_ms=round(measured[-1], 1),
    )


def _busy(follower: Follower, client: httpx.Client, bulk: int) -> Busy:
    bodies = [made.body for made in files(_seed(), bulk, 100, now=SystemClock().now())]
    with console.status(f"{bulk} files of 100 suspects"), ThreadPoolExecutor(CLIENTS) as pool:
        began = time.perf_counter()
        expected = sum(pool.map(lambda body: _post(client, body), bodies))
        accepted = time.perf_counter() - began
        seen: set[UUID] = set()
        for entry in _assigned(follower):
            seen.add(entry)
            if len(seen) == expected:
                break
        assigned = time.perf_counter() - began
    return Busy(
        files=bulk,
        suspects=expected,
        accepted_seconds=round(accepted, 2),
        assigned_seconds=round(assigned, 2),
        suspects_per_second=round(expected / assigned, 0),
    )


def _post(client: httpx.Client, body: bytes) -> int:
    """Accepted entries. Raises `StackError` with intake's words."""
    answer = client.post("/v1/referrals", content=body)
    if not answer.is_success:
        raise StackError(f"Intake refused a file: {answer.text[:600]}")
    return answer.json()["counts"]["entries"]["accepted"]


def _assigned(follower: Follower) -> Iterator[UUID]:
    """Entries as their assignment is heard of. Raises `StackError` when none comes for two minutes."""
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        for event in follower.heard(HEARING_SECONDS):
            if isinstance(event, AssignmentCreated):
                yield event.entry
                until = time.monotonic() + PATIENCE_SECONDS
    raise StackError(f"No assignment for {PATIENCE_SECONDS:.0f} s. See: interlink status")


def _seed() -> int:
    """A fresh one each time, so that no file is taken for an earlier one."""
    return time.time_ns() % 1_000_000_007


def _percentile(ordered: Sequence[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def _table(idle: Idle, busy: Busy) -> Table:
    table = Table(box=None)
    table.add_column("work")
    table.add_column("figure", justify="right")
    table.add_row(
        f"idle, {idle.suspects} single suspects, post → assignment.created on Kafka, p50", f"{idle.p50_ms} ms"
    )
    table.add_row("the same, p99", f"{idle.p99_ms} ms")
    table.add_row(
        f"{busy.files} files of 100 by {CLIENTS} clients, first post → last receipt", f"{busy.accepted_seconds} s"
    )
    table.add_row("the same, first post → last assignment", f"{busy.assigned_seconds} s")
    table.add_row("suspects a second, post to assignment", f"{busy.suspects_per_second:.0f}")
    return table
