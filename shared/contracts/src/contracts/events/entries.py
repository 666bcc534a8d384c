"""Topics `interlink.suspects` and `interlink.victims`: each entry's full current state, self-contained."""

from typing import Annotated, TypeAlias
from uuid import UUID

from contracts.model import Contract, Encrypted, ForeignAuthority, Grade, Moment, known

OffenceType: TypeAlias = Annotated[
    str,
    known(
        "csaem", "luring", "sexual_extortion", "trafficking_exploitation", "travel_exploitation",
        "contact_abuse", "explicit_material_to_child", "other_online_harm",
    ),
]  # fmt: skip
OffenceBasis: TypeAlias = Annotated[str, known("canadian", "foreign")]


class EntryState(Contract):
    """What both topics tell. A state is complete when all `parts` of its `version` are in."""

    referral: UUID
    number: str
    version: int
    part: int = 1
    parts: int = 1
    role: Annotated[str, known("suspect", "victim", "intended_recipient")]
    grade: Grade
    """The best grade among the entry's captures; X where there is no usable item."""
    offence_type: OffenceType
    offence_basis: OffenceBasis = "canadian"
    incident_at: Moment | None = None
    foreign_authority: ForeignAuthority | None = None
    received_at: Moment
    factors: list[str] = []
    """Why the priority in the envelope is what it is."""
    personal: Encrypted
    """Plaintext: `EntryItems`."""


class SuspectReported(EntryState):
    """A person or account was reported, unproven."""

    suspect: UUID


class SuspectAmended(EntryState):
    """A later version of the referral changed what is known of the suspect. Full new state."""

    suspect: UUID


class SuspectWithdrawn(Contract):
    """A later version no longer names the suspect."""

    suspect: UUID
    referral: UUID
    version: int
    part: int = 1
    parts: int = 1
    reason: Annotated[str, known("absent_from_amendment", "retracted")]


class VictimReported(EntryState):
    """A child victim or intended recipient was reported: the safeguarding branch acts on it first."""

    victim: UUID


class VictimAmended(EntryState):
    """A later version of the referral changed what is known of the victim. Full new state."""

    victim: UUID


class VictimWithdrawn(Contract):
    """A later version no longer names the victim."""

    victim: UUID
    referral: UUID
    version: int
    part: int = 1
    parts: int = 1
    reason: Annotated[str, known("absent_from_amendment", "retracted")]
