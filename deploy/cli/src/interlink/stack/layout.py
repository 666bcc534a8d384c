"""Where the embedded stack finds its own files, and the errors it raises in words."""

import fcntl
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

DEPLOY = Path(__file__).resolve().parents[4]
LOCAL = DEPLOY / "local"
ROOT = DEPLOY.parent


class StackError(Exception):
    """Something the operator can mend; its text says how."""


@contextmanager
def only_one(lock: Path) -> Generator[None]:
    """Hold `lock` against other processes while a folder is prepared or a server is started."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def last_lines(log: Path, count: int = 10) -> str:
    """The end of a log, for an error that is told to a person."""
    try:
        return "\n".join(log.read_text(errors="replace").splitlines()[-count:])
    except FileNotFoundError:
        return "(there is no log)"
