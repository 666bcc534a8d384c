"""What is wanted of a provider, before there is a line for it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from isp_liaison.domain.entries import Provenance
from isp_liaison.domain.instruments import Effect
from isp_liaison.domain.lines import DraftKey, LineId, LineKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Data that is wanted of a provider, and for whom. `sealed` is bound to the data itself, by its mark."""

    key: LineKey
    draft: DraftKey
    effect: Effect
    of: tuple[Provenance, ...]
    grade: str
    at: datetime
    data_key: UUID
    nonce: bytes
    data: bytes
    perishes_at: datetime
    redirected_from: LineId | None = None
