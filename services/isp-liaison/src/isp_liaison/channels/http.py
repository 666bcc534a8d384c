"""The signed HTTP API of a provider: the same number and the same bytes, however often it is called.

    POST <url>/requests   Idempotency-Key: <number>; webhook-id, -timestamp, -signature (Standard Webhooks, v1)

2xx: it has the request. 408, 425, 429, 5xx, silence, a cut connection, an answer that cannot be read: later, never
sooner than it asks for. Everything else is a refusal, and a person decides. Not promised: that a call which failed
did not arrive.
"""

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Annotated, Final, TypeAlias

import httpx
from pydantic import BaseModel, StringConstraints, ValidationError
from standardwebhooks import Webhook

from kit.http.client import AddressRefusedError, AnswerTooLargeError, outgoing, retry_after

LARGEST_ANSWER: Final = 16 * 1024
LONGEST_WAIT: Final = timedelta(days=1)
"""What a provider's Retry-After may ask for at most."""
LATER: Final = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS})
ASKS_TO_WAIT: Final = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})


@dataclass(frozen=True, slots=True)
class TakenIn:
    """The provider's system has it."""

    reference: str | None
    status: str | None


@dataclass(frozen=True, slots=True)
class Refused:
    """It will not take it: asking again changes nothing. `code` is a status or the reason of our own."""

    code: str


@dataclass(frozen=True, slots=True)
class Unclear:
    """Nobody knows whether it arrived: the same bytes again, not before `wait` where it named one."""

    code: str
    wait: timedelta | None = None


Receipt: TypeAlias = TakenIn | Refused | Unclear


class ReceiptBody(BaseModel):
    """What a provider may say as it takes a request in."""

    reference: Annotated[str, StringConstraints(max_length=100, pattern=r"^[A-Za-z0-9_./:-]*$")] | None = None
    status: Annotated[str, StringConstraints(max_length=40, pattern="^[a-z_]*$")] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Channels:
    """Every provider's channel. Test rows reach sandbox channels only, all others never one."""

    urls: Mapping[str, str]
    sandbox_urls: Mapping[str, str]
    secrets: Mapping[str, str]
    allowed: frozenset[str]
    seconds: float
    tls: ssl.SSLContext

    async def send(self, provider: str, number: str, body: bytes, *, testmode: bool, now: datetime) -> Receipt:
        """Hand a request over, once; what became of it, as far as it can be told."""
        url = (self.sandbox_urls if testmode else self.urls).get(provider)
        secret = self.secrets.get(provider)
        if url is None or secret is None:
            return Refused("no_channel")
        try:
            async with asyncio.timeout(self.seconds), self._client() as client:
                return await _post(
                    client, f"{url.rstrip('/')}/requests", _headers(secret, number, body, now), body, now
                )
        except AddressRefusedError:
            return Refused("address_refused")
        except TimeoutError:
            return Unclear("timed_out")
        except AnswerTooLargeError:
            return Unclear("answer_too_large")
        except httpx.TimeoutException:
            return Unclear("timed_out")
        except httpx.InvalidURL:
            return Refused("no_channel")
        except httpx.HTTPError as error:
            return Unclear(type(error).__name__)

    def _client(self) -> httpx.AsyncClient:
        return outgoing(allowed=self.allowed, timeout=self._timeout(), verify=self.tls)

    def _timeout(self) -> httpx.Timeout:
        """Connecting ends first: a TLS handshake that is cut off from outside would leave its socket open."""
        return httpx.Timeout(self.seconds, connect=self.seconds / 3)


def channels_of(text: str) -> dict[str, str]:
    """`a=x,b=y` as a mapping. Raises `ValueError` for what is not of that form; the message shows nothing of it."""
    found: dict[str, str] = {}
    for position, pair in enumerate(one.strip() for one in text.split(",") if one.strip()):
        name, equals, value = pair.partition("=")
        if not (name and equals and value):
            raise ValueError(f"entry {position + 1} of a channel option is not <provider>=<value>")
        found[name.strip()] = value.strip()
    return found


def _headers(secret: str, number: str, body: bytes, now: datetime) -> dict[str, str]:
    return {
        "Content-Type": "application/json",
        "Accept": "application/json",
        "Idempotency-Key": number,
        "webhook-id": number,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(secret).sign(number, now, body.decode()),
    }


async def _post(client: httpx.AsyncClient, url: str, headers: Mapping[str, str], body: bytes, now: datetime) -> Receipt:
    async with client.stream("POST", url, headers=dict(headers), content=body) as answer:
        status = answer.status_code
        if status // 100 == 2:
            return _receipt(await _bounded(answer))
        code = f"status_{status}"
        if status in LATER or status // 100 == 5:
            asked = retry_after(answer.headers, now) if status in ASKS_TO_WAIT else None
            return Unclear(code, None if asked is None else min(asked, LONGEST_WAIT))
        return Refused(code)


async def _bounded(answer: httpx.Response) -> bytes:
    parts = bytearray()
    async for part in answer.aiter_bytes():
        parts += part
        if len(parts) > LARGEST_ANSWER:
            raise AnswerTooLargeError("the answer is too large")
    return bytes(parts)


def _receipt(body: bytes) -> Receipt:
    if not body.strip():
        return TakenIn(None, None)
    try:
        told = ReceiptBody.model_validate_json(body)
    except ValidationError:
        return Unclear("answer_unreadable")
    return TakenIn(told.reference, told.status)
