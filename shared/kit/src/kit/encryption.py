"""Personal data is readable only with its referral's data key, and only in the place it was written for.

AES-256-GCM with a random 96-bit nonce (NIST SP 800-38D §8.2.2: at most 2^32 messages a key; a referral has
thousands). The plaintext is bound to a context, so a sealed value moved to another entry, version or column
does not open. A keyed hash lets two equal identifiers meet without either being readable.
Not promised: secrecy of lengths.
"""

import hashlib
import hmac
import secrets
from base64 import b64encode
from binascii import a2b_base64
from dataclasses import dataclass
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from contracts.model import Encrypted

KEY_BYTES = 32
NONCE_BYTES = 12


class Unreadable(Exception):
    """The value was changed, belongs to another context, or was sealed under another key."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """An encrypted value as columns hold it: `nonce` of 12 bytes, `data` with its 16-byte tag at the end."""

    nonce: bytes
    data: bytes


class DataKey:
    """The key of one referral. Its secret is never shown, also not by `repr`."""

    __slots__ = ("_cipher", "id")

    def __init__(self, key_id: UUID, secret: bytes) -> None:
        """`secret` is 32 bytes.

        Raises:
            ValueError: the secret has another length.
        """
        if len(secret) != KEY_BYTES:
            raise ValueError("a data key has 32 bytes")
        self.id = key_id
        self._cipher = AESGCM(secret)

    def __repr__(self) -> str:
        """The id alone."""
        return f"DataKey({self.id})"

    def encrypt(self, plaintext: bytes, context: bytes) -> Sealed:
        """Seal `plaintext` for one place; `context` is authenticated and not stored."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        return Sealed(nonce, self._cipher.encrypt(nonce, plaintext, context))

    def decrypt(self, sealed: Sealed, context: bytes) -> bytes:
        """The plaintext, exactly as it was sealed.

        Raises:
            Unreadable: changed, from another context, or under another key.
        """
        try:
            return self._cipher.decrypt(sealed.nonce, sealed.data, context)
        except (InvalidTag, ValueError) as error:  # ValueError: a nonce of impossible length
            raise Unreadable("the sealed value does not open here") from error


def to_field(key: DataKey, sealed: Sealed) -> Encrypted:
    """The sealed value as an event carries it (spec §4, personal data)."""
    return Encrypted(key=key.id, nonce=b64encode(sealed.nonce).decode(), data=b64encode(sealed.data).decode())


def from_field(field: Encrypted) -> Sealed:
    """The sealed value of an event's field; its key's id is `field.key`.

    Raises:
        Unreadable: the field is not base64.
    """
    try:
        return Sealed(a2b_base64(field.nonce, strict_mode=True), a2b_base64(field.data, strict_mode=True))
    except ValueError as error:
        raise Unreadable("the sealed field is not base64") from error


def keyed_hash(index_key: bytes, kind: str, normalised: str) -> bytes:
    """32 bytes, equal for equal identifiers of one kind and useless without `index_key` (HMAC-SHA256).

    `kind` has no NUL, so (kind, value) is read in one way only.
    """
    return hmac.digest(index_key, kind.encode() + b"\0" + normalised.encode(), hashlib.sha256)
