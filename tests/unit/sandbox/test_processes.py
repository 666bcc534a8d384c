"""The sandbox's processes serve on the sockets they inherit, and what they accepted survives kill -9."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import httpx
import orjson
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet
from unit.sandbox.process import DEADLINE, running
from unit.sandbox.standins import CHANNEL_SECRET, SECRET, signed

from sandbox.clients import client_secret


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as opened:
        yield opened


def test_a_token_survives_a_restart_of_the_issuer(listening: socket.socket, tmp_path: Path) -> None:
    with running("issuer", listening, tmp_path) as url:
        form = {
            "grant_type": "client_credentials",
            "client_id": "clearinghouse",
            "client_secret": client_secret(SECRET, "clearinghouse"),
        }
        token = httpx.post(f"{url}/token", data=form, timeout=DEADLINE).json()["access_token"]
    with running("issuer", listening, tmp_path) as url:
        published = KeySet.import_key_set(httpx.get(f"{url}/jwks", timeout=DEADLINE).json())
    claims = jwt.decode(token, published, algorithms=["ES256"]).claims
    assert (claims["iss"], claims["tenant"]) == (url, "partner:clearinghouse")


def test_no_accepted_request_is_lost_by_kill_9_of_the_providers(listening: socket.socket, tmp_path: Path) -> None:
    line = {"line": str(uuid4()), "ip": "24.48.1.2", "at": "2026-11-22T08:00:00Z"}
    numbers = [f"IR-2026-{number:06}" for number in range(1, 6)]
    with running("providers", listening, tmp_path, ends_by=signal.SIGKILL) as url:
        for number in numbers:
            body = orjson.dumps({"number": number, "instrument": "production_order", "lines": [line]})
            headers = signed(body, number) | {"Idempotency-Key": number}
            answer = httpx.post(f"{url}/north/requests", content=body, headers=headers, timeout=DEADLINE)
            assert answer.status_code == 202
    with running("providers", listening, tmp_path) as url:
        kept = httpx.get(f"{url}/north/requests", timeout=DEADLINE).json()["items"]
    assert [one["number"] for one in kept] == numbers


def test_no_accepted_webhook_is_lost_by_kill_9_of_the_receivers(listening: socket.socket, tmp_path: Path) -> None:
    body = b'{"type":"interlink.notice.issued.v1","subject":"n-1"}'
    with running("receivers", listening, tmp_path, ends_by=signal.SIGKILL) as url:
        httpx.put(f"{url}/agencies/ice-on", json={"secrets": [CHANNEL_SECRET]}, timeout=DEADLINE).raise_for_status()
        taken = httpx.post(f"{url}/hooks/ice-on", content=body, headers=signed(body, "d-1"), timeout=DEADLINE)
        assert taken.status_code == 204
    with running("receivers", listening, tmp_path) as url:
        kept = httpx.get(f"{url}/received", timeout=DEADLINE).json()["items"]
        again = httpx.post(f"{url}/hooks/ice-on", content=body, headers=signed(body, "d-1"), timeout=DEADLINE)
    assert [(one["id"], one["subject"]) for one in kept] == [("d-1", "n-1")]
    assert again.status_code == 204


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"SANDBOX_SECRET": "short"},
        {"SANDBOX_SECRET": SECRET, "SANDBOX_PROVIDER_SECRETS": "provider-north"},
    ],
)
def test_providers_without_what_they_need_say_so(told: dict[str, str], tmp_path: Path) -> None:
    answer = subprocess.run(
        [sys.executable, "-m", "sandbox", "providers"],
        env={"PATH": os.defpath, "INTERLINK_HOME": str(tmp_path)} | told,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
    )
    assert answer.returncode == 1
    assert "SANDBOX_" in answer.stderr
    assert "short" not in answer.stderr
