"""Topic `interlink.referrals`: the bookkeeping of submissions. No handler may wait for these."""

from typing import Annotated, TypeAlias
from uuid import UUID

from contracts.model import Contract, Moment, known

Format: TypeAlias = Annotated[str, known("native", "cybertipline")]


class ReferralReceived(Contract):
    """A partner's submission was accepted; its suspects and victims follow on their own topics."""

    referral: UUID
    number: str
    """Our number, as the partner reads it on the receipt."""
    partner: str
    format: Format
    version: int
    received_at: Moment
    suspects: int
    victims: int


class ReferralAmended(Contract):
    """A higher version of a known referral was accepted; what changed follows per suspect and victim."""

    referral: UUID
    number: str
    partner: str
    version: int
    received_at: Moment
    reported: int
    amended: int
    withdrawn: int
    unchanged: int
