"""What concerns several referrals is readable only while every one of them is: sealed under each key in turn.

Erasing one referral destroys its key, and with it the frozen bytes and the grounds of each request that named it.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Protocol
from uuid import UUID

from kit import telemetry
from kit.encryption import NONCE_BYTES, DataKey, Sealed
from kit.errors import Transient
from kit.keyring import Keyring

GROUNDS: Final = "grounds"
BODY: Final = "body"
RETURNED: Final = "returned"
NOTE: Final = "note"
"""Kinds of what is kept sealed beside a request."""

_KEY_RETRY_SECONDS: Final = 60

log = telemetry.logger(__name__)


class Kept(Protocol):
    """A sealed text as its row has it."""

    @property
    def kind(self) -> str:
        """Which of them."""
        ...

    @property
    def key_ids(self) -> Sequence[UUID]:
        """Every key that it needs."""
        ...

    @property
    def data(self) -> bytes:
        """The sealed bytes."""
        ...


class UnknownKey(Transient):
    """A data key is not in this keyring: what it sealed is not gone, we only cannot read it now."""


async def keys(keyring: Keyring, wanted: Iterable[UUID]) -> Mapping[UUID, DataKey]:
    """Those keys; absent: destroyed.

    Raises:
        UnknownKey: one is missing that nobody destroyed: the keyring was put back to an earlier moment, or is another.
    """
    asked = set(wanted)
    found = await keyring.open(asked)
    absent = asked - found.keys()
    if absent:
        destroyed = await keyring.destroyed(absent)
        if absent - destroyed:
            raise UnknownKey("the keyring lacks a data key", retry_after=_KEY_RETRY_SECONDS)
        log.warning("keys.destroyed", keys=len(destroyed))
    return found


def seal(layers: Sequence[DataKey], plaintext: bytes, context: str) -> bytes:
    """Sealed under every key, the last one outermost."""
    for key in layers:
        sealed = key.encrypt(plaintext, context.encode())
        plaintext = sealed.nonce + sealed.data
    return plaintext


async def unseal(keyring: Keyring, request: UUID, kept: Kept | None) -> bytes | None:
    """The plaintext again; None where nothing was kept, or one of its keys was destroyed. Raises `UnknownKey`."""
    if kept is None:
        return None
    found = await keys(keyring, kept.key_ids)
    data = kept.data
    for key_id in reversed(kept.key_ids):
        if key_id not in found:
            return None
        sealed = Sealed(data[:NONCE_BYTES], data[NONCE_BYTES:])
        data = found[key_id].decrypt(sealed, text_context(request, kept.kind).encode())
    return data


def text_context(request: UUID, kind: str) -> str:
    """What a text beside a request is bound to."""
    return f"{kind}:{request}"


def record_context(record: UUID) -> bytes:
    """What a subscriber record's sealed part is bound to."""
    return f"record:{record}".encode()
