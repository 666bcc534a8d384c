"""One stack's folder: its data, secrets, ports, logs and state. Another folder is another stack."""

import json
import shutil
import tempfile
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

from interlink.stack import ports, secrets
from interlink.stack.environment import Outside

SOCKET_PATH_LIMIT = 100  # bytes; the kernel's is 108


@dataclass(frozen=True)
class Home:
    """The folder. Nothing is created before it is needed."""

    folder: Path

    @classmethod
    def open(cls, folder: Path | None = None) -> "Home":
        """The home of this command: `folder`, else `INTERLINK_HOME`, else `.local`."""
        return cls((folder or Outside().home).expanduser().resolve())

    def create(self) -> None:
        """Make the folder and its logs."""
        (self.folder / "logs").mkdir(parents=True, exist_ok=True)

    @cached_property
    def secrets(self) -> dict[str, str]:
        """All secrets by name, made at first use."""
        self.create()
        return secrets.load(self.folder / "secrets.json")

    @property
    def ports_file(self) -> Path:
        """Where the ports in use are written."""
        return self.folder / "ports.json"

    @property
    def ports(self) -> dict[str, int]:
        """The ports in use, or of the last run."""
        return ports.recorded(self.ports_file)

    @property
    def postgres(self) -> Path:
        """Data folder of Postgres."""
        return self.folder / "postgres"

    @property
    def kafka(self) -> Path:
        """Folder of Kafka."""
        return self.folder / "kafka"

    @property
    def state_file(self) -> Path:
        """Where the supervisor says how everything is."""
        return self.folder / "state.json"

    @property
    def control(self) -> Path:
        """The supervisor's control socket; elsewhere when the home's path is too long for one."""
        inside = self.folder / "control.sock"
        if len(str(inside)) <= SOCKET_PATH_LIMIT:
            return inside
        name = sha256(str(self.folder).encode()).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"interlink-{name}.sock"

    def log(self, name: str) -> Path:
        """Log file of a process."""
        return self.folder / "logs" / f"{name}.log"

    def state(self) -> dict[str, Any] | None:
        """The supervisor's last word, `None` if there is none."""
        try:
            return json.loads(self.state_file.read_text())
        except FileNotFoundError:
            return None

    def wipe(self) -> None:
        """Delete everything of this stack; the shared jar folder stays, it belongs to all homes."""
        self.control.unlink(missing_ok=True)
        for child in self.folder.iterdir() if self.folder.exists() else ():
            if child.name in SHARED:
                continue
            if child.is_dir():
                shutil.rmtree(child)
            else:
                child.unlink()
        if self.folder.exists() and not any(self.folder.iterdir()):
            self.folder.rmdir()


SHARED = frozenset({"kafka-jars", "asyncapi"})
