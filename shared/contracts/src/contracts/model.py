"""What every event model shares: closed when we write, open when we read.

Readers ignore fields they do not know and treat enumerations as text with known values, so that a minor
version never breaks them. The committed schema of a writer is closed; `contracts.schemas` derives both.
"""

from datetime import date
from typing import Annotated, Any, TypeAlias
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field


def _a_day(text: str) -> str:
    return date.fromisoformat(text).isoformat()


Moment: TypeAlias = AwareDatetime
Day: TypeAlias = Annotated[str, AfterValidator(_a_day), Field(json_schema_extra={"format": "date"})]
"""A calendar day as text, `2026-11-22`; it has no zone."""


class Contract(BaseModel):
    """A model that crosses a boundary."""

    model_config = ConfigDict(extra="ignore", frozen=True, use_attribute_docstrings=True)


def known(*values: str) -> Any:
    """Text with known values. A reader that meets another one takes its named default branch."""
    return Field(json_schema_extra={"x-known-values": list(values)})


Priority: TypeAlias = Annotated[str, known("P0", "P1", "P2", "P3", "P4")]
Kind: TypeAlias = Annotated[str, known("suspect", "victim")]
Grade: TypeAlias = Annotated[str, known("A", "B", "C", "D", "X")]
Confidence: TypeAlias = Annotated[str, known("high", "medium", "low", "none")]


class Encrypted(Contract):
    """Personal data under the referral's data key: AES-256-GCM; only the key's id travels."""

    key: UUID
    """Id of the data key in the keyring. A destroyed key makes the field unreadable for ever."""
    nonce: str
    """12 bytes, base64."""
    data: str
    """Cipher text and tag, base64. The plaintext's model is registered beside the event's."""


class ForeignAuthority(Contract):
    """The authority abroad on whose investigation a referral rests (Criminal Code s. 487.012(2)(b))."""

    country: str
    """ISO 3166-1 alpha-2."""
    agency: str | None = None
    investigating: bool = False
