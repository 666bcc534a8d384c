"""What a line asks, in clear only while it is shown to who may see it, and while it is handed to its provider.

The sealed form is bound to the data's own mark, so the same data may be asked again (under another instrument, of a
reseller) without being opened.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Protocol
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from isp_liaison import sealing
from isp_liaison.domain.lines import LineId, LineKey
from kit.encryption import Sealed
from kit.keyring import Keyring


class AskedData(BaseModel):
    """An IP address at a time, as reported and as understood."""

    model_config = ConfigDict(frozen=True)

    ip: str
    port: int | None = None
    at: datetime
    raw_time: str | None = None
    zone: str | None = None
    zone_assumed: bool = False
    precision: str
    tzdata: str | None = None


class SealedLine(Protocol):
    """A line as the store has it."""

    @property
    def id(self) -> LineId:
        """Which line."""
        ...

    @property
    def key_of_data(self) -> LineKey:
        """Its data's mark."""
        ...

    @property
    def key(self) -> UUID:
        """The key that it needs."""
        ...

    @property
    def nonce(self) -> bytes:
        """Of the sealed data."""
        ...

    @property
    def data(self) -> bytes:
        """The sealed data."""
        ...


def context(mark: str) -> bytes:
    """What the sealed data is bound to."""
    return f"line:{mark}".encode()


async def opened(keyring: Keyring, lines: Iterable[SealedLine]) -> Mapping[LineId, AskedData]:
    """What these lines ask; absent: its referral was erased. Raises `UnknownKey` and `Unreadable`."""
    given = list(lines)
    keys = await sealing.keys(keyring, {line.key for line in given})
    return {
        line.id: AskedData.model_validate_json(
            keys[line.key].decrypt(Sealed(line.nonce, line.data), context(line.key_of_data.mark))
        )
        for line in given
        if line.key in keys
    }
