"""A base backup, and beside it the log since, received as it is written: what a lost database is made of again.

A commit is answered only once its log is on the receiver's disk too (`pg_receivewal --synchronous`, named in
`synchronous_standby_names`), so what was acknowledged is restored to the last commit. Each restored database gets a
backup of its own. Not promised: speed; whoever commits while the receiver connects again waits some seconds.
"""

import asyncio
import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import asyncpg

from interlink.stack.environment import inherited
from interlink.stack.home import Home
from interlink.stack.layout import StackError, last_lines
from interlink.stack.postgres import Postgres, StopMode

RECEIVER = "pg_receivewal"
SLOT = "faults"
END_SECONDS = 10
STREAMING_SECONDS = 120.0
STEP_SECONDS = 0.1
PARTIAL = ".partial"
STREAMING = "SELECT true FROM pg_stat_replication WHERE application_name = 'pg_receivewal' AND state = 'streaming'"
IN_STEP = "SELECT true FROM pg_stat_replication WHERE application_name = 'pg_receivewal' AND sync_state = 'sync'"
RECOVERED = "SELECT NOT pg_is_in_recovery()"


class Archive:
    """Use in a `with` block."""

    def __init__(self, home: Home) -> None:
        """For the running Postgres of that home."""
        self._home = home
        self._count = 0
        self._receiving: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "Archive":
        """Receive from now on. Raises `StackError` where that does not come about."""
        with ExitStack() as undo:
            undo.callback(self._end)
            self._begin()
            undo.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        """Nobody waits for the receiver any more, and it ends."""
        running = Postgres.running(self._home.postgres)
        try:
            if running is not None:
                _tell(running, "ALTER SYSTEM RESET synchronous_standby_names", "SELECT pg_reload_conf()")
        finally:
            self._end()

    def lose_and_restore(self) -> None:
        """The database is lost as in a crash, its folder is gone, and it is made again to its last commit.

        Raises `StackError` where it does not come back; the supervisor starts it, as after any crash.
        """
        running = self._running()
        self._until(lambda: _answers(running, IN_STEP), "The receiver is not in step")
        spent, lost = self._folder, self._folder.with_name("lost")
        with running.down(StopMode.IMMEDIATE):
            self._end()
            self._home.postgres.rename(lost)
            self._restore(running.system_user)
        self._until(self._is_back, "The restored database does not come up")
        self._begin()
        for folder in (lost, spent):  # only now: until then the log was needed, and a person may want to look
            shutil.rmtree(folder)

    @property
    def _folder(self) -> Path:
        return self._home.folder / "archive" / str(self._count)

    @property
    def _log(self) -> Path:
        return self._folder / "wal"

    def _restore(self, user: str | None) -> None:
        """The backup, told to replay the received log to its end and to go on from there."""
        for piece in self._log.glob(f"*{PARTIAL}"):
            piece.rename(piece.with_suffix(""))
        base = self._folder / "base"
        settings = base / "postgresql.auto.conf"
        settings.write_text(settings.read_text() + f"restore_command = 'cp {self._log}/%f %p'\nhot_standby = off\n")
        signal = base / "recovery.signal"
        signal.touch()
        if user is not None:
            shutil.chown(signal, user)
        base.rename(self._home.postgres)

    def _begin(self) -> None:
        """The log first, then the backup: what is written while it is taken belongs to it."""
        running = self._running()
        self._count += 1
        self._log.mkdir(parents=True)
        if running.system_user is not None:
            shutil.chown(self._folder, running.system_user)
            shutil.chown(self._log, running.system_user)
        slot = ("--slot", SLOT)
        self._run(running, RECEIVER, *slot, "--create-slot", "--if-not-exists")
        command = self._command(running, RECEIVER, *slot, "--synchronous", "--directory", str(self._log))
        with self._said.open("ab") as output:
            self._receiving = subprocess.Popen(
                command,
                user=running.system_user,
                env=inherited(),
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        self._until(lambda: _answers(running, STREAMING), "Nothing is received")
        _tell(running, f"ALTER SYSTEM SET synchronous_standby_names = '{RECEIVER}'", "SELECT pg_reload_conf()")
        backup = ("--pgdata", str(self._folder / "base"), "--wal-method", "none", "--checkpoint", "fast")
        self._run(running, "pg_basebackup", *backup)

    def _end(self) -> None:
        receiving, self._receiving = self._receiving, None
        if receiving is None:
            return
        receiving.terminate()
        try:
            receiving.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            receiving.kill()
            receiving.wait()

    @property
    def _said(self) -> Path:
        return self._home.log("archive")

    def _command(self, running: Postgres, program: str, *arguments: str) -> list[str]:
        return [str(running.programs / program), "--dbname", running.admin_url, "--no-password", *arguments]

    def _run(self, running: Postgres, program: str, *arguments: str) -> None:
        with self._said.open("ab") as output:
            done = subprocess.run(
                self._command(running, program, *arguments),
                user=running.system_user,
                env=inherited(),
                cwd=self._folder,
                check=False,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        if done.returncode:
            raise StackError(f"{program} failed:\n{last_lines(self._said)}")

    def _running(self) -> Postgres:
        found: list[Postgres] = []

        def runs() -> bool:
            found.extend(filter(None, [Postgres.running(self._home.postgres)]))
            return bool(found)

        self._until(runs, "Postgres is away")
        return found[0]

    def _is_back(self) -> bool:
        running = Postgres.running(self._home.postgres)
        return running is not None and _answers(running, RECOVERED)

    def _until(self, fact: Callable[[], bool], otherwise: str) -> None:
        deadline = time.monotonic() + STREAMING_SECONDS
        while not fact():
            if time.monotonic() > deadline:
                raise StackError(f"{otherwise} after {STREAMING_SECONDS:.0f} s:\n{last_lines(self._said)}")
            time.sleep(STEP_SECONDS)


def _tell(running: Postgres, *statements: str) -> None:
    asyncio.run(_asked(running, statements))


def _answers(running: Postgres, question: str) -> bool:
    """Whether it answers, and with yes."""
    try:
        return bool(asyncio.run(_asked(running, [question])))
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return False


async def _asked(running: Postgres, statements: Sequence[str]) -> Any:
    """The answer to the last one, each in a transaction of its own."""
    connection = await asyncpg.connect(running.admin_url, timeout=10)
    try:
        return [await connection.fetchval(statement, timeout=10) for statement in statements][-1]
    finally:
        connection.terminate()
