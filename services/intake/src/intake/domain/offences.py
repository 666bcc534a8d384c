"""Source wordings of an incident become our offence types (domain.md §6). Legacy terms are only parsed here."""

from enum import StrEnum
from typing import Final


class OffenceType(StrEnum):
    """Terms of the Luxembourg Guidelines; the wire words of the contracts."""

    CSAEM = "csaem"
    LURING = "luring"
    SEXUAL_EXTORTION = "sexual_extortion"
    TRAFFICKING_EXPLOITATION = "trafficking_exploitation"
    TRAVEL_EXPLOITATION = "travel_exploitation"
    CONTACT_ABUSE = "contact_abuse"
    EXPLICIT_MATERIAL_TO_CHILD = "explicit_material_to_child"
    OTHER_ONLINE_HARM = "other_online_harm"


_WORDINGS: Final = (
    ("child pornography", OffenceType.CSAEM),
    ("online enticement", OffenceType.LURING),
    ("child sex trafficking", OffenceType.TRAFFICKING_EXPLOITATION),
    ("child sex tourism", OffenceType.TRAVEL_EXPLOITATION),
    ("child sexual molestation", OffenceType.CONTACT_ABUSE),
    ("unsolicited obscene material", OffenceType.EXPLICIT_MATERIAL_TO_CHILD),
    ("misleading", OffenceType.OTHER_ONLINE_HARM),
)


def of_wording(wording: str, *, sextortion: bool) -> OffenceType | None:
    """The offence type of a CyberTipline incident type; None for a wording nobody knows."""
    text = " ".join(wording.split()).casefold()
    for start, offence in _WORDINGS:
        if text.startswith(start):
            luring = offence is OffenceType.LURING
            return OffenceType.SEXUAL_EXTORTION if luring and sextortion else offence
    return None


def of_word(word: str) -> OffenceType | None:
    """The offence type of one of our own words; None for another."""
    text = word.strip().casefold()
    return OffenceType(text) if text in set(OffenceType) else None
