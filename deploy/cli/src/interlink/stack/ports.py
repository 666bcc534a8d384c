"""Which ports a stack listens on: the usual ones if they are free, else others, the same again next time."""

import json
import random
import socket
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path

from interlink.stack.layout import LOCAL, StackError

FILE = LOCAL / "ports.toml"
HOST = "127.0.0.1"
OTHERS = range(20_000, 32_768)
"""Ports beside the usual ones. From 32768 on the system gives them to outgoing connections (Linux,
`net.ipv4.ip_local_port_range`): while a broker is down, a client that tries it again and again would get its port."""


def declared(file: Path = FILE) -> dict[str, int]:
    """The usual ports, by name."""
    ports = tomllib.loads(file.read_text())["ports"]
    if len(set(ports.values())) < len(ports):
        raise StackError(f"{file} names a port twice.")
    return ports


def choose(
    wanted: Mapping[str, int],
    before: Mapping[str, int],
    *,
    free: Callable[[int], bool],
    other: Callable[[], int],
) -> dict[str, int]:
    """A port for every name in `wanted`: as `before` if that is free, else the wanted one, else any `other`."""
    chosen: dict[str, int] = {}
    for name, usual in wanted.items():
        candidates = [before[name]] if name in before else []
        candidates.append(usual)
        taken = set(chosen.values())
        fitting = (port for port in candidates if port not in taken and free(port))
        port = next(fitting, None)
        while port is None:
            offered = other()
            port = offered if offered not in taken else None
        chosen[name] = port
    return chosen


def settled(file: Path) -> dict[str, int]:
    """Ports of a stack that is about to start, written to `file`."""
    return _record(file, choose(declared(), recorded(file), free=is_free, other=any_free))


def apart(file: Path) -> dict[str, int]:
    """Ports of a stack that leaves the usual ones to another, which may start at the same moment."""
    return _record(file, choose(declared(), {}, free=lambda _: False, other=any_free))


def _record(file: Path, ports: dict[str, int]) -> dict[str, int]:
    file.write_text(json.dumps(ports, indent=2) + "\n")
    return ports


def recorded(file: Path) -> dict[str, int]:
    """Ports that were written to `file`, none if it is not there."""
    try:
        return json.loads(file.read_text())
    except FileNotFoundError:
        return {}


def is_free(port: int) -> bool:
    """Whether nobody listens on that port of the loopback address."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def any_free() -> int:
    """A free port, another one each time."""
    port = random.choice(OTHERS)  # noqa: S311 - no secret
    return port if is_free(port) else any_free()
