"""Wordings of the source become our offence types."""

import pytest

from intake.domain.offences import OffenceType, of_word, of_wording


@pytest.mark.parametrize(
    ("wording", "sextortion", "expected"),
    [
        ("Child Pornography (possession, manufacture, and distribution)", False, OffenceType.CSAEM),
        ("Child Pornography (possession, manufacture, and distribution)", True, OffenceType.CSAEM),
        ("Online Enticement of Children for Sexual Acts", False, OffenceType.LURING),
        ("Online Enticement of Children for Sexual Acts", True, OffenceType.SEXUAL_EXTORTION),
        ("Child Sex Trafficking", False, OffenceType.TRAFFICKING_EXPLOITATION),
        ("Child Sex Tourism", False, OffenceType.TRAVEL_EXPLOITATION),
        ("Child Sexual Molestation", False, OffenceType.CONTACT_ABUSE),
        ("Unsolicited Obscene Material Sent to a Child", False, OffenceType.EXPLICIT_MATERIAL_TO_CHILD),
        ("Misleading Domain Name", False, OffenceType.OTHER_ONLINE_HARM),
        ("  misleading  words or Digital Images on the Internet", False, OffenceType.OTHER_ONLINE_HARM),
        ("Childd Sex Tourism", False, None),
    ],
)
def test_a_source_wording_is_mapped_or_unknown(wording: str, sextortion: bool, expected: OffenceType | None) -> None:
    assert of_wording(wording, sextortion=sextortion) is expected


def test_our_own_words_are_read_and_no_others() -> None:
    assert of_word(" CSAEM ") is OffenceType.CSAEM
    assert of_word("grooming") is None
