"""What protects the data keys: a port shaped like a cloud KMS, and the embedded one.

Promise: a key that was changed, or wrapped under an unknown master key, never unwraps to something else.
"""

from collections.abc import Sequence
from typing import Protocol

from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from kit.encryption import KEY_BYTES, Unreadable


class Kms(Protocol):
    """Wraps data keys under a key that never leaves it. Lists, because a remote one is asked in batches."""

    async def wrap(self, secrets: Sequence[bytes]) -> list[bytes]:
        """The secrets wrapped, in the same order."""
        ...

    async def unwrap(self, wrapped: Sequence[bytes]) -> list[bytes]:
        """The secrets again, in the same order.

        Raises:
            Unreadable: one of them was changed or is under another master key.
        """
        ...


class MasterKey:
    """The embedded KMS: AES key wrap (RFC 3394) under a master key held in memory."""

    def __init__(self, current: bytes, *previous: bytes) -> None:
        """`current` wraps; `previous` ones only unwrap what was wrapped before a rotation. 32 bytes each.

        Raises:
            ValueError: a key has another length.
        """
        self._keys = (current, *previous)
        if any(len(key) != KEY_BYTES for key in self._keys):
            raise ValueError("a master key has 32 bytes")

    async def wrap(self, secrets: Sequence[bytes]) -> list[bytes]:
        """Wrapped under the current key."""
        return [aes_key_wrap(self._keys[0], secret) for secret in secrets]

    async def unwrap(self, wrapped: Sequence[bytes]) -> list[bytes]:
        """Unwrapped with whichever key fits; the wrap's own integrity check tells."""
        return [self._unwrap(one) for one in wrapped]

    def _unwrap(self, wrapped: bytes) -> bytes:
        for key in self._keys:
            try:
                return aes_key_unwrap(key, wrapped)
            except InvalidUnwrap:
                continue
        raise Unreadable("no master key unwraps this data key")
