"""How hard it is shot at: the short size fits into `make test`, the long one takes half an hour and more."""

from dataclasses import dataclass
from pathlib import Path

from contracts.registry import SERVICES
from interlink.stack.home import Home
from interlink.stack.secrets import schema_of

SHORTEST_LONG = 10.0
"""Minutes from which a run is a long one."""
CHUNK = 7
"""Entries in a transaction of a large file, so that a file of the load is many of them and kills fall in between."""
CHUNKS = {"INTAKE_LARGEST_DIRECT": CHUNK, "INTAKE_PUBLISH_CHUNK": CHUNK, "INTAKE_STAGE_CHUNK": CHUNK}


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """Bounds of everything that happens."""

    name: str
    kill_every: float
    """Seconds between two random kills."""
    least_kills: int
    broker_seconds: tuple[float, ...]
    snapshot_seconds: float
    jump_seconds: int
    """What a clock is off. From behind to ahead is twice that: more than a job's lease (two minutes), so that a worker
    takes its own running jobs for abandoned."""
    losses: bool
    """Whether the database is lost and restored, too."""
    session_seconds: float
    clients: int
    pace_seconds: float
    """What a client waits between two files."""
    most_files: int
    settle_seconds: float
    """Longest wait until everything is at rest."""

    def options(self, home: Home) -> dict[str, str]:
        """What services are told by their environment: short time-outs, clocks that can jump, small chunks."""
        told = {"SESSION_SECONDS": str(self.session_seconds), "CLOCK_FAULTS": str(clocks(home))}
        of_all = {f"{schema_of(service).upper()}_{name}": value for service in SERVICES for name, value in told.items()}
        return of_all | {name: str(entries) for name, entries in CHUNKS.items()}


SHORT = Size(
    name="short",
    kill_every=2.0,
    least_kills=30,
    broker_seconds=(10.0,),
    snapshot_seconds=15.0,
    jump_seconds=65,
    losses=False,
    session_seconds=6.0,
    clients=3,
    pace_seconds=1.5,
    most_files=300,
    settle_seconds=200.0,
)
LONG = Size(
    name="long",
    kill_every=5.0,
    least_kills=300,
    broker_seconds=(10.0, 60.0),
    snapshot_seconds=60.0,
    jump_seconds=90,
    losses=True,
    session_seconds=10.0,
    clients=4,
    pace_seconds=4.0,
    most_files=5_000,
    settle_seconds=900.0,
)


def of(minutes: float) -> Size:
    """The size of a run of so many minutes under fire."""
    return LONG if minutes >= SHORTEST_LONG else SHORT


def clocks(home: Home) -> Path:
    """The folder in which each process looks for what its clock is off."""
    return home.folder / "clocks"
