"""What processes cost: CPU time and memory of every process of the stack, from /proc. Linux only.

Postgres is a process per connection, so its CPU is that of the postmaster, of all it ever waited for, and of those
that live; each living one is named after the service whose role it serves.
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path

from interlink.observing.report import memory
from interlink.stack.state import State

TICK = os.sysconf("SC_CLK_TCK")
BACKEND = re.compile(r"postgres: (?:\S+: )?(?P<role>[a-z_]+?)_(?:api|system|centre|owner) ")

STAGES = {
    "intake-api": "accept (intake-api, and its relay)",
    "intake-worker": "progress (intake-worker, and its relay)",
    "routing-worker": "routing (and its relay)",
    "isp-liaison-worker": "liaison (and its relay)",
    "notifications-worker": "notifications (and its relay)",
    "kafka": "broker",
}
"""What each process does for a suspect, in words."""
OTHER = "all other processes"


def cpu(found: State) -> dict[str, float]:
    """Seconds of CPU that each process has used since it began, by name; Postgres split by service."""
    used = {one.name: _own(one.pid) for one in found.processes if one.pid is not None}
    if found.kafka.pid is not None:
        used["kafka"] = _own(found.kafka.pid)
    if found.postgres.pid is not None:
        used |= _postgres(found.postgres.pid)
    return used


def split(before: Mapping[str, float], after: Mapping[str, float], suspects: int) -> dict[str, float]:
    """Microseconds per suspect and stage between two looks; the largest first, what is small together at the end."""
    stages: dict[str, float] = {}
    for name, seconds in after.items():
        stage = STAGES.get(name, name if name.startswith("Postgres") else OTHER)
        spent = max(0.0, seconds - before.get(name, 0.0))
        stages[stage] = stages.get(stage, 0.0) + spent * 1e6 / suspects
    return dict(sorted(stages.items(), key=lambda one: (one[0] == OTHER, -one[1])))


def pss(found: State) -> dict[str, float]:
    """MB of memory of each service process, shared pages counted in proportion."""
    seen = {one.name: memory(one.pid) for one in found.processes if one.service != "sandbox"}
    return {name: size / 1e6 for name, size in seen.items() if size is not None}


def _own(pid: int) -> float:
    return sum(_ticks(pid)[:2]) / TICK


def _postgres(postmaster: int) -> dict[str, float]:
    """Living backends by the service they serve; the rest (writers, WAL, backends that ended) together."""
    used: dict[str, float] = {"Postgres itself (WAL, checkpoints, vacuum)": sum(_ticks(postmaster)) / TICK}
    for child in _children(postmaster):
        served = BACKEND.match(_command(child))
        name = f"Postgres for {served['role'].replace('_', '-')}" if served else next(iter(used))
        used[name] = used.get(name, 0.0) + _own(child)
    return used


def _ticks(pid: int) -> tuple[int, ...]:
    """Clock ticks in user and system mode, own and of ended children that were waited for (proc(5), stat)."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return (0, 0, 0, 0)  # it has just ended
    return tuple(int(field) for field in fields[11:15])


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""
