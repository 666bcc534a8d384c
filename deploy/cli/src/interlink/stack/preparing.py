"""What stands between two running servers and the first process: credentials, schemas, and no leftovers."""

import asyncio
import sys
from pathlib import Path

import psutil

from interlink.stack import processes, stamps
from interlink.stack.environment import inherited
from interlink.stack.home import Home
from interlink.stack.layout import StackError, last_lines
from interlink.stack.processes import Surroundings, base_url, migration_environment
from interlink.stack.secrets import SCHEMAS, schema_of
from interlink.stack.servers import Broker
from interlink.stack.state import State

POSTGRES = "postgres."
END_SECONDS = 10


def postgres_passwords(home: Home) -> dict[str, str]:
    """The password of each login role."""
    return {name.removeprefix(POSTGRES): secret for name, secret in home.secrets.items() if name.startswith(POSTGRES)}


def surroundings(home: Home, database_admin_url: str) -> Surroundings:
    """What processes of this home are told."""
    return Surroundings(
        home=home.folder,
        database_admin_url=database_admin_url,
        kafka=Broker(home=home).address,
        issuer=base_url(home.ports["issuer"]),
        addresses={process.name: base_url(home.ports[process.port]) for process in processes.load()},
        secrets=home.secrets,
    )


def schemas_from(home: Home) -> str:
    """One word for all that roles and schemas follow from."""
    files = stamps.sources("kit", "migrations", "roles.py", "keyring_migrations.py")
    files += stamps.sources("interlink", "stack/bootstrap.py")
    for package in SCHEMAS:
        files += stamps.sources(package, "migrations")
    return stamps.digest(files, *sorted(f"{role} {word}" for role, word in postgres_passwords(home).items()))


async def migrate(service: str, around: Surroundings, log: Path) -> None:
    """Bring a service's schema to this build. Raises `StackError` with the end of its log."""
    with log.open("wb") as output:
        running = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            schema_of(service),
            "migrate",
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={**inherited(), **migration_environment(service, around)},
        )
    if await running.wait():
        raise StackError(f"The schema of {service} could not be migrated. The end of {log}:\n{last_lines(log)}")


def end_leftovers(state: State | None) -> None:
    """End the processes of a supervisor that was killed: they would share our sockets' ports and our groups."""
    found = [
        psutil.Process(process.pid)
        for process in (state.processes if state is not None else ())
        if process.pid is not None and started_at(process.pid) == process.created
    ]
    for process in found:
        process.terminate()
    _, alive = psutil.wait_procs(found, timeout=END_SECONDS)
    for process in alive:
        process.kill()
    psutil.wait_procs(alive, timeout=END_SECONDS)


def started_at(pid: int | None) -> float:
    """When that process began, as the system counts it; 0 if it has ended. With the pid it names a process."""
    try:
        process = psutil.Process(pid) if pid is not None else None
        if process is None or process.status() == psutil.STATUS_ZOMBIE:
            return 0.0
        return process.create_time()
    except psutil.NoSuchProcess:
        return 0.0
