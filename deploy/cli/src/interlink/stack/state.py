"""What the supervisor says of the stack, for `interlink status` and for tests: one file, replaced atomically."""

import json
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path


class Phase(StrEnum):
    """Where a stack is in its life."""

    STARTING = "starting"
    RUNNING = "running"
    STOPPING = "stopping"


@dataclass(slots=True, kw_only=True)
class ServerState:
    """Postgres or Kafka."""

    embedded: bool
    address: str = ""
    pid: int | None = None
    restarts: int = 0


@dataclass(slots=True, kw_only=True)
class ProcessState:
    """One supervised process."""

    name: str
    service: str
    role: str
    port: int
    pid: int | None = None
    created: float = 0.0
    ready: bool = False
    restarts: int = 0
    reason: str = ""
    log: str = ""


@dataclass(slots=True, kw_only=True)
class State:
    """The whole stack."""

    supervisor: int
    created: float
    phase: Phase
    doing: str
    issuer: str
    services: dict[str, str]
    sandbox: dict[str, str]
    """Base URLs of the simulated outside world, by role."""
    postgres: ServerState
    kafka: ServerState
    processes: list[ProcessState] = field(default_factory=list)

    @property
    def ready(self) -> bool:
        """Whether everything that should run is ready."""
        return self.phase is Phase.RUNNING and all(process.ready for process in self.processes)


def write(file: Path, state: State) -> None:
    """Replace the file; a reader sees the old or the new one, never half of it."""
    fresh = file.with_suffix(".new")
    fresh.write_text(json.dumps(asdict(state), indent=2) + "\n")
    fresh.replace(file)


def read(file: Path) -> State | None:
    """The last word of a supervisor, `None` if there is none."""
    try:
        found = json.loads(file.read_text())
    except FileNotFoundError:
        return None
    found["phase"] = Phase(found["phase"])
    found["postgres"] = ServerState(**found["postgres"])
    found["kafka"] = ServerState(**found["kafka"])
    found["processes"] = [ProcessState(**process) for process in found["processes"]]
    return State(**found)
