"""How the channels of providers are told, and what a mistake in them says: never the secret itself."""

import pytest

from isp_liaison.channels.http import channels_of


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", {}),
        (" , ", {}),
        ("provider-north=http://127.0.0.1:18085/north", {"provider-north": "http://127.0.0.1:18085/north"}),
        ("a=whsec_AA==, b=whsec_/A==", {"a": "whsec_AA==", "b": "whsec_/A=="}),
    ],
)
def test_channels_are_pairs(text: str, expected: dict[str, str]) -> None:
    assert channels_of(text) == expected


@pytest.mark.parametrize("text", ["whsec_c2VjcmV0", "a=", "=whsec_c2VjcmV0", "a=x,whsec_c2VjcmV0"])
def test_a_mistake_names_its_place_and_shows_nothing(text: str) -> None:
    with pytest.raises(ValueError, match=r"entry [12] of a channel option") as caught:
        channels_of(text)
    assert "c2VjcmV0" not in str(caught.value)
