"""`python -m sandbox issuer` serves on the socket it inherits, and its tokens survive a restart."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from sandbox.clients import client_secret

SECRET = "only-for-tests-0123456789"
DEADLINE = 60


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as opened:
        yield opened


@contextmanager
def running(listening: socket.socket, key_file: Path) -> Iterator[str]:
    """The issuer as a process; a request made before it is up waits in the socket's queue."""
    descriptor = listening.fileno()
    settings = {
        "SANDBOX_SECRET": SECRET,
        "SANDBOX_KEY_FILE": str(key_file),
        "SANDBOX_ISSUER_FD": str(descriptor),
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "sandbox", "issuer"],
        env={"PATH": os.defpath} | settings,
        cwd=key_file.parent,
        pass_fds=[descriptor],
        stderr=subprocess.DEVNULL,
    )
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        process.terminate()
        process.wait(DEADLINE)


def test_a_token_survives_a_restart_of_the_issuer(listening: socket.socket, tmp_path: Path) -> None:
    key_file = tmp_path / "issuer.key"
    with running(listening, key_file) as url:
        form = {
            "grant_type": "client_credentials",
            "client_id": "clearinghouse",
            "client_secret": client_secret(SECRET, "clearinghouse"),
        }
        token = httpx.post(f"{url}/token", data=form, timeout=DEADLINE).json()["access_token"]
    with running(listening, key_file) as url:
        published = KeySet.import_key_set(httpx.get(f"{url}/jwks", timeout=DEADLINE).json())
    claims = jwt.decode(token, published, algorithms=["ES256"]).claims
    assert (claims["iss"], claims["tenant"]) == (url, "partner:clearinghouse")
