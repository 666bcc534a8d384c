"""Where the embedded stack finds its own files, and the errors it raises in words."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

DEPLOY = Path(__file__).resolve().parents[4]
LOCAL = DEPLOY / "local"
ROOT = DEPLOY.parent


class StackError(Exception):
    """Something the operator can mend; its text says how."""


@contextmanager
def only_one(lock: Path) -> Iterator[None]:
    """Hold `lock` against other processes while a folder is prepared or a server is started."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
