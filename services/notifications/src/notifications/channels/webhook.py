"""Webhooks as Standard Webhooks 1.0.0 has them: signed with HMAC-SHA256, at most one answer, nothing followed.

Secrets are derived, never stored: whoever has the service's webhook key can make every endpoint's secret, nobody else
any. Each attempt opens a connection of its own, so an endpoint that hangs holds no connection that another one
needs, and every attempt's address is checked anew. Of the answer only status and `Retry-After` are looked at; its
body might hold anything and is not read.
"""

import asyncio
import hashlib
import hmac
import ssl
import time
from base64 import b64encode
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import httpx
from standardwebhooks.webhooks import Webhook

from kit.http.client import AddressRefusedError, Resolve, outgoing, resolve, retry_after
from kit.time import Clock
from notifications.domain.deliveries import Message, Tried
from notifications.domain.endpoints import signing_versions
from notifications.domain.retrying import Answered, Result, Unanswered

MEDIA_TYPE: Final = "application/cloudevents+json; charset=utf-8"
PREFIX: Final = "whsec_"


class Webhooks:
    """Signs and sends."""

    def __init__(
        self, key: bytes, clock: Clock, *, allowed: Iterable[str], seconds: float, resolver: Resolve = resolve
    ) -> None:
        """`allowed` are private hosts that may be called; `seconds` bound an attempt."""
        self._key = key
        self._clock = clock
        self._allowed = tuple(allowed)
        self._seconds = seconds
        self._resolver = resolver
        self._context = ssl.create_default_context()  # reading the certificate authorities once is enough

    def secret(self, endpoint: UUID, version: int) -> str:
        """The secret of an endpoint as its owner configures it."""
        digest = hmac.digest(self._key, f"{endpoint}:{version}".encode(), hashlib.sha256)
        return PREFIX + b64encode(digest).decode()

    async def send(self, message: Message) -> Tried:
        """One attempt. Whatever the other side does, it comes back as a result."""
        at, began = self._clock.now(), time.perf_counter()
        try:
            async with asyncio.timeout(self._seconds):
                result = await self._post(message, self._headers(message, at))
        except TimeoutError:
            result = Unanswered.TIMED_OUT
        took = round((time.perf_counter() - began) * 1000)
        return Tried(delivery=message.id, endpoint=message.endpoint, at=at, milliseconds=took, result=result)

    async def _post(self, message: Message, headers: dict[str, str]) -> Result:
        try:
            async with (
                outgoing(
                    allowed=self._allowed,
                    # So that a handshake that hangs ends by itself: cut off from outside, its socket would stay open.
                    timeout=httpx.Timeout(self._seconds, connect=self._seconds / 3),
                    verify=self._context,
                    resolver=self._resolver,
                ) as client,
                client.stream("POST", message.url, content=message.body.encode(), headers=headers) as answer,
            ):
                return Answered(answer.status_code, retry_after(answer.headers, self._clock.now()))
        except AddressRefusedError:
            return Unanswered.ADDRESS_REFUSED
        except httpx.TimeoutException:
            return Unanswered.TIMED_OUT
        except httpx.ConnectError:
            return Unanswered.UNREACHABLE
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError):
            return Unanswered.CUT_OFF

    def _headers(self, message: Message, at: datetime) -> dict[str, str]:
        versions = signing_versions(message.secrets, at)
        secrets = [self.secret(message.endpoint, version) for version in versions]
        return {"content-type": MEDIA_TYPE, **signed(message.id, message.body, secrets, at)}


def signed(webhook: UUID, body: str, secrets: Sequence[str], at: datetime) -> dict[str, str]:
    """The headers that prove where a webhook comes from, with a signature of each secret."""
    signatures = [Webhook(secret).sign(msg_id=str(webhook), timestamp=at, data=body) for secret in secrets]
    return {
        "webhook-id": str(webhook),
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(signatures),
    }
