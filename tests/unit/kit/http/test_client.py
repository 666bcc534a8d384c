"""The way out never leads back in."""

import asyncio
import socket
import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.http.client import (
    AddressRefusedError,
    AnswerTooLargeError,
    get_json,
    is_public,
    outgoing,
    resolve,
    retry_after,
)
from kit.testing.eventually import eventually

NOW = datetime(2026, 11, 23, 15, tzinfo=UTC)


def resolving(*addresses: str):
    async def resolve(_host: str, _port: int) -> Sequence[str]:
        return addresses

    return resolve


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "224.0.0.1", "0.0.0.0",  # noqa: S104 - nothing is bound
        "255.255.255.255", "192.0.2.1", "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "ff02::1",
        "::ffff:127.0.0.1", "::ffff:169.254.169.254", "64:ff9b::7f00:1", "2002:7f00:1::", "2002:808:808::1",
        "2001:db8::1", "nonsense",
    ],
)  # fmt: skip
def test_an_address_that_is_not_plainly_public_is_never_called(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700:4700::1111", "::ffff:8.8.8.8"])
def test_a_public_address_may_be_called(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://2130706433/",
        "http://0x7f.1/",
        "http://localhost/",
    ],
)
async def test_a_literal_of_our_own_network_is_refused(url: str) -> None:
    async with outgoing() as client:
        with pytest.raises((AddressRefusedError, httpx.ConnectError)):
            await client.get(url)


@pytest.mark.parametrize("addresses", [["169.254.169.254"], ["8.8.8.8", "10.0.0.1"]])
async def test_a_name_with_any_private_address_is_refused(addresses: list[str]) -> None:
    async with outgoing(resolver=resolving(*addresses)) as client:
        with pytest.raises(AddressRefusedError):
            await client.get("https://partner.example.org/hook")


async def test_a_name_without_an_address_is_an_ordinary_failure() -> None:
    async with outgoing(resolver=resolving()) as client:
        with pytest.raises(httpx.ConnectError) as caught:
            await client.get("https://partner.example.org/hook")
    assert not isinstance(caught.value, AddressRefusedError)


async def test_a_host_on_the_allow_list_is_called_and_a_redirect_is_not_followed(local_server: str) -> None:
    async with outgoing(allowed=["127.0.0.1"]) as client:
        answer = await client.get(f"{local_server}/redirect")
        assert answer.status_code == 307
        assert await get_json(client, f"{local_server}/json", limit=100) == {"ok": True}
        with pytest.raises(httpx.HTTPError):
            await get_json(client, f"{local_server}/redirect", limit=100)
        with pytest.raises(AnswerTooLargeError):
            await get_json(client, f"{local_server}/json", limit=5)


async def test_the_allow_list_can_name_a_port(local_server: str) -> None:
    port = httpx.URL(local_server).port
    async with outgoing(allowed=[f"127.0.0.1:{port}"]) as client:
        assert (await client.get(f"{local_server}/json")).status_code == 200
    async with outgoing(allowed=["127.0.0.1:1"]) as client:
        with pytest.raises(AddressRefusedError):
            await client.get(f"{local_server}/json")


async def test_names_whose_servers_are_silent_hold_up_no_other_name(monkeypatch: pytest.MonkeyPatch) -> None:
    answered, asked = threading.Event(), threading.Semaphore(0)
    real = socket.getaddrinfo

    def look_up(host: str, *rest: Any, **named: Any) -> Any:
        if host.startswith("silent"):
            asked.release()
            answered.wait(30)
        return real("127.0.0.1" if host.startswith("silent") else host, *rest, **named)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
        for number in range(20):
            tasks.create_task(resolve(f"silent-{number}.example", 80))
        try:
            await eventually(lambda: asked.acquire(blocking=False))
            assert "127.0.0.1" in await resolve("127.0.0.1", 80)
        finally:
            answered.set()


@pytest.mark.parametrize(
    ("text", "wait"),
    [
        ("120", timedelta(minutes=2)),
        (" 0 ", timedelta()),
        ("9" * 60, timedelta(seconds=999_999_999)),
        ("Mon, 23 Nov 2026 15:01:00 GMT", timedelta(minutes=1)),
        ("Mon, 23 Nov 2026 15:01:00 -0000", timedelta(minutes=1)),  # a date without a zone is UTC
        ("Mon, 23 Nov 2026 14:00:00 GMT", timedelta()),
        ("-5", None),
        ("٣", None),
        ("soon", None),
        ("", None),
        ("Mon, 23 Nov 20261234567890123456 15:01:00 GMT", None),
    ],
)
def test_what_the_other_side_asks_for_is_read(text: str, wait: timedelta | None) -> None:
    assert retry_after({"retry-after": text}, NOW) == wait


@given(st.text(max_size=64) | st.from_regex(r"Mon, \d{1,20} Nov \d{1,20} \d{1,9}:\d:\d [+-]\d{1,9}", fullmatch=True))
def test_no_header_is_our_fault(text: str) -> None:
    wait = retry_after({"retry-after": text}, NOW)
    assert wait is None or wait >= timedelta()
