"""The one way out: an httpx client that cannot be talked into calling our own network.

A name is resolved once, every address it has is checked, and the connection goes to the address that was
checked, so a second answer of the name server changes nothing. Redirects are not followed, proxies of the
environment are ignored. A host on the allow-list (set by the operator, never by a request) is exempt.
"""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Any, Final, TypeAlias, cast

import httpcore
import httpx
import orjson

from kit.ip_addresses import IpClass, classify

Resolve: TypeAlias = Callable[[str, int], Awaitable[Sequence[str]]]
"""From host and port to the texts of its addresses."""

TIMEOUT: Final = httpx.Timeout(10.0, connect=5.0)
LONGEST_NUMBER: Final = 9
"""Digits of a Retry-After that are believed: thirty years are enough."""
LONGEST_DATE: Final = 64
LIMITS: Final = httpx.Limits(max_connections=20, max_keepalive_connections=5, keepalive_expiry=30.0)
"""Of one client."""


class AddressRefusedError(httpx.ConnectError):
    """The host is, or resolves to, an address that must not be called. Trying again does not help."""


class AnswerTooLargeError(httpx.HTTPError):
    """The other side sends more than this call can mean."""


_RESOLVERS: Final = ThreadPoolExecutor(32, thread_name_prefix="resolver")
"""Of their own, and many: names whose servers are silent must hold up no other name, nor any other work of threads."""


async def resolve(host: str, port: int) -> Sequence[str]:
    """The addresses of a host, as the system's resolver gives them."""
    look_up = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
    found = await asyncio.get_running_loop().run_in_executor(_RESOLVERS, look_up)
    return [str(address[0]) for *_, address in found]


class CheckedBackend(httpcore.AsyncNetworkBackend):
    """Opens connections only to public addresses, and to hosts on the allow-list."""

    def __init__(self, allowed: Iterable[str], resolver: Resolve) -> None:
        """`allowed` are hosts, or `host:port`."""
        self._allowed = frozenset(allowed)
        self._resolve = resolver
        self._network = cast("httpcore.AsyncNetworkBackend", httpcore.AnyIOBackend())

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """A connection to an address of `host` that was checked.

        Raises:
            AddressRefusedError: one of its addresses is not public.
        """
        addresses = [host] if self._is_allowed(host, port) else await self._checked(host, port)
        failure: httpcore.ConnectError | httpcore.ConnectTimeout | None = None
        for address in addresses:
            try:
                return await self._network.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure or httpcore.ConnectError("the host has no address")

    async def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore.AsyncNetworkStream:
        """Refused."""
        raise AddressRefusedError("a socket of this machine is not called")

    async def sleep(self, seconds: float) -> None:
        """As the network's backend waits."""
        await self._network.sleep(seconds)

    def _is_allowed(self, host: str, port: int) -> bool:
        return host in self._allowed or f"{host}:{port}" in self._allowed

    async def _checked(self, host: str, port: int) -> Sequence[str]:
        try:
            addresses = await self._resolve(host, port)
        except OSError as error:
            raise httpcore.ConnectError("the host has no address") from error
        # All of them: a name with one public and one private address is an attempt.
        if any(not is_public(address) for address in addresses):
            raise AddressRefusedError("the host is not a public one")
        return addresses


def is_public(address: str) -> bool:
    """Whether an address may be called: public itself, and public where it carries another inside."""
    found = classify(address)
    return found.ip_class is IpClass.PUBLIC and (found.wrapped_in is None or is_plain_mapping(address))


def is_plain_mapping(address: str) -> bool:
    """Whether an IPv6 text is only another notation of an IPv4 address; tunnels reach who knows what."""
    return address.lower().startswith("::ffff:")


class CheckedTransport(httpx.AsyncHTTPTransport):
    """httpx's transport over a checked network."""

    def __init__(self, backend: CheckedBackend, verify: ssl.SSLContext) -> None:
        """`verify` checks certificates against the host's name, not the address."""
        super().__init__(verify=verify, trust_env=False)
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=verify,
            max_connections=LIMITS.max_connections,
            max_keepalive_connections=LIMITS.max_keepalive_connections,
            keepalive_expiry=LIMITS.keepalive_expiry,
            network_backend=backend,
        )


def outgoing(
    *,
    allowed: Iterable[str] = (),
    timeout: httpx.Timeout = TIMEOUT,
    verify: ssl.SSLContext | None = None,
    resolver: Resolve = resolve,
) -> httpx.AsyncClient:
    """A client for calls outside; close it. `allowed` exempts hosts (or `host:port`) from the address check."""
    context = verify or ssl.create_default_context()
    return httpx.AsyncClient(
        transport=CheckedTransport(CheckedBackend(allowed, resolver), context),
        timeout=timeout,
        follow_redirects=False,
        trust_env=False,
        headers={"User-Agent": "interlink"},
    )


def retry_after(headers: Mapping[str, str], now: datetime) -> timedelta | None:
    """How long the other side asks us to wait: seconds or an HTTP date (RFC 9110 §10.2.3); None for what is neither."""
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return timedelta(seconds=int(text[:LONGEST_NUMBER]))
    try:
        at = parsedate_to_datetime(text[:LONGEST_DATE])
    except (ValueError, OverflowError):  # a year of many digits
        return None
    return max((at if at.tzinfo else at.replace(tzinfo=UTC)) - now, timedelta())


async def get_json(client: httpx.AsyncClient, url: str, *, limit: int) -> Any:
    """The JSON at `url`, at most `limit` bytes of it.

    Raises:
        httpx.HTTPError: no answer, another status than 2xx (a redirect is one), or too large.
        ValueError: not JSON.
    """
    async with client.stream("GET", url, headers={"Accept": "application/json"}) as answer:
        answer.raise_for_status()
        parts = bytearray()
        async for part in answer.aiter_bytes():
            parts += part
            if len(parts) > limit:
                raise AnswerTooLargeError("the answer is too large")
    return orjson.loads(parts)
