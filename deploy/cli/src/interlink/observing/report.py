"""Everything an operator asks first, in one object, with words for what is wrong."""

import asyncio
import time
from dataclasses import dataclass, field
from pathlib import Path

from contracts import access
from contracts.access import Declaration
from interlink.observing import wording
from interlink.observing.broker import Extent, as_operator, extents
from interlink.observing.databases import Waiting, waiting
from interlink.stack import running, topics
from interlink.stack.home import Home
from interlink.stack.layout import StackError
from interlink.stack.state import ProcessState, ServerState, State


@dataclass(slots=True, kw_only=True)
class ProcessReport:
    """A process or server. Memory is its proportional share (PSS), bytes."""

    name: str
    service: str
    role: str
    pid: int | None
    port: int | None
    memory: int | None
    ready: bool
    restarts: int


@dataclass(slots=True, kw_only=True)
class OutboxReport:
    """Rows that have not left yet, and the age of the oldest in seconds; dead ones will not leave by themselves."""

    rows: int
    oldest_seconds: float
    dead: int


@dataclass(slots=True, kw_only=True)
class DueReport:
    """The oldest job that is due: its kind, empty where none is, and for how many seconds."""

    kind: str
    oldest_seconds: float


@dataclass(slots=True, kw_only=True)
class LagReport:
    """Records of a topic that a service has not handled yet."""

    topic: str
    service: str
    lag: int


@dataclass(slots=True, kw_only=True)
class Report:
    """The state of a stack. `problems` are sentences; an empty list means it is well."""

    home: str
    phase: str
    issuer: str = ""
    kafka: str = ""
    services: dict[str, str] = field(default_factory=dict[str, str])
    processes: list[ProcessReport] = field(default_factory=list[ProcessReport])
    lag: list[LagReport] = field(default_factory=list[LagReport])
    outbox: dict[str, OutboxReport] = field(default_factory=dict[str, OutboxReport])
    due: dict[str, DueReport] = field(default_factory=dict[str, DueReport])
    dead_letters: dict[str, int] = field(default_factory=dict[str, int])
    parked: dict[str, int] = field(default_factory=dict[str, int])
    """Events per service that wait behind a dead one of their key."""
    last_commit: dict[str, float | None] = field(default_factory=dict[str, float | None])
    """Seconds since each service last committed the effects of events that it read; None where it is not known."""
    problems: list[str] = field(default_factory=list[str])


def look(home: Home) -> Report:
    """Look at the stack of this home; whatever does not answer is a problem in words, never an exception."""
    found = running.current(home)
    if found is None:
        words = f"No stack is running in {home.folder}. Start it: interlink up --detach"
        return Report(home=str(home.folder), phase="down", problems=[words])
    report = Report(
        home=str(home.folder),
        phase=found.phase.value,
        issuer=found.issuer,
        kafka=found.kafka.address,
        services=found.services,
        processes=_processes(found),
    )
    report.problems += wording.of_processes(found, time.time())
    databases = _databases(home, found, report)
    _look_at_kafka(home, databases, report)
    return report


def memory(pid: int | None) -> int | None:
    """Proportional share of a process's memory in bytes; `None` if it has gone or is not ours to see."""
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return None
    return next((int(line.split()[1]) * 1024 for line in rollup.splitlines() if line.startswith("Pss:")), None)


def lags(
    declared: Declaration, ends: dict[tuple[str, int], Extent], positions: dict[tuple[str, int], int]
) -> list[LagReport]:
    """How far a service is behind, per topic it reads. A partition it never read counts from its beginning."""
    found: list[LagReport] = []
    for topic in access.topics_read(declared):
        for name in (topic.name, access.replays(topic.name, declared.name)):
            behind = [
                extent.next - max(extent.first, positions.get(place, 0))
                for place, extent in ends.items()
                if place[0] == name
            ]
            found.append(LagReport(topic=name, service=declared.name, lag=sum(max(0, each) for each in behind)))
    return found


def _processes(found: State) -> list[ProcessReport]:
    return [
        *(_process(process) for process in found.processes),
        _server("postgres", found.postgres, port=None),
        _server("kafka", found.kafka, port=int(found.kafka.address.rpartition(":")[2])),
    ]


def _process(process: ProcessState) -> ProcessReport:
    return ProcessReport(
        name=process.name,
        service=process.service,
        role=process.role,
        pid=process.pid,
        port=process.port,
        memory=memory(process.pid),
        ready=process.ready,
        restarts=process.restarts,
    )


def _server(name: str, server: ServerState, port: int | None) -> ProcessReport:
    return ProcessReport(
        name=name,
        service=name,
        role="server" if server.embedded else "elsewhere",
        pid=server.pid,
        port=port,
        memory=memory(server.pid),
        ready=not server.embedded or server.pid is not None,
        restarts=server.restarts,
    )


def _databases(home: Home, found: State, report: Report) -> dict[str, Waiting]:
    looked: dict[str, Waiting] = {}
    for service in found.services:
        try:
            seen = asyncio.run(waiting(home, service))
        except StackError as error:
            report.problems.append(str(error))
            continue
        looked[service] = seen
        report.outbox[service] = OutboxReport(
            rows=seen.outbox_rows, oldest_seconds=seen.outbox_age, dead=seen.outbox_dead
        )
        report.due[service] = DueReport(kind=seen.job_kind, oldest_seconds=seen.job_age)
        report.parked[service] = seen.parked_records
        report.last_commit[service] = seen.last_commit
        report.problems += wording.of_database(service, seen)
    return looked


def _look_at_kafka(home: Home, databases: dict[str, Waiting], report: Report) -> None:
    declared = topics.declarations()
    planned = access.topics(declared)
    dead = [topic.name for topic in planned if ".dlq." in topic.name]
    read = {topic.name for each in declared for topic in access.topics_read(each)}
    replays = {topic.name for topic in planned if ".replay." in topic.name}
    try:
        ends = extents(as_operator(home), [*read, *replays, *dead])
    except StackError as error:
        report.problems.append(str(error))
        return
    for each in declared:
        if each.name in databases:
            report.lag += lags(each, ends, databases[each.name].positions)
    for (topic, _), extent in ends.items():
        if topic in dead and extent.next > extent.first:
            report.dead_letters[topic] = report.dead_letters.get(topic, 0) + extent.next - extent.first
    report.problems += wording.of_dead_letters(report.dead_letters)
    report.problems += wording.of_lag(((lag.service, lag.topic, lag.lag) for lag in report.lag), report.last_commit)
