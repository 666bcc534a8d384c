"""Listening sockets that outlive the processes that serve them."""

import os
import re
import socket
from pathlib import Path

from interlink.stack.layout import StackError
from interlink.stack.ports import HOST

BACKLOG = 2048
_WATCHED = re.compile(r"^tfd:\s+(\d+)", re.MULTILINE)


def listen(name: str, port: int) -> socket.socket:
    """A socket that already accepts connections: they wait until a process serves them."""
    opened = socket.socket()
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        opened.bind((HOST, port))
        opened.listen(BACKLOG)
    except OSError as error:
        opened.close()
        raise StackError(f"Port {port} for {name} was taken a moment ago: {error}. Start again.") from error
    opened.set_inheritable(True)
    return opened


def accepts(pid: int, listening: socket.socket) -> bool:
    """Whether a process waits for connections on that socket.

    Two processes share it during a restart, so asking over HTTP would not tell which one answered. Linux tells
    what each process's epoll watches (proc(5), fdinfo).
    """
    inode = os.fstat(listening.fileno()).st_ino
    folder = Path("/proc") / str(pid)
    try:
        ours = {fd.name for fd in (folder / "fd").iterdir() if _link(fd) == f"socket:[{inode}]"}
        polls = [fd.name for fd in (folder / "fd").iterdir() if _link(fd) == "anon_inode:[eventpoll]"]
        return any(ours & set(_WATCHED.findall((folder / "fdinfo" / poll).read_text())) for poll in polls)
    except OSError:
        return False  # it has just ended


def _link(descriptor: Path) -> str:
    try:
        return str(descriptor.readlink())
    except OSError:
        return ""  # closed while we looked
