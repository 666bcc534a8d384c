"""A process of the sandbox, run as the supervisor runs it."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from unit.sandbox.standins import CHANNEL_SECRET, SECRET

DEADLINE = 60


@contextmanager
def running(
    command: str, listening: socket.socket, home: Path, *, ends_by: signal.Signals = signal.SIGTERM
) -> Iterator[str]:
    """One of the processes; a request made before it is up waits in the socket's queue."""
    descriptor = listening.fileno()
    settings = {
        "INTERLINK_HOME": str(home),
        "SANDBOX_SECRET": SECRET,
        "SANDBOX_KEY_FILE": str(home / "issuer.key"),
        "SANDBOX_LIAISON_URL": "http://127.0.0.1:9",
        "SANDBOX_PROVIDER_SECRETS": f"provider-north={CHANNEL_SECRET}",
        f"SANDBOX_{command.upper()}_FD": str(descriptor),
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "sandbox", command],
        env={"PATH": os.defpath} | settings,
        cwd=home,
        pass_fds=[descriptor],
        stderr=subprocess.DEVNULL,
    )
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        process.send_signal(ends_by)
        process.wait(DEADLINE)
