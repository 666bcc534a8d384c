"""What is made of several parts travels as the strictest of them allows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.domain.handling import Code, Handling, Tlp, as_text, strictest

handlings = st.builds(
    Handling,
    codes=st.frozensets(st.sampled_from(Code)),
    tlp=st.one_of(st.none(), st.sampled_from(Tlp)),
    note=st.one_of(st.none(), st.text(max_size=5)),
)


@pytest.mark.parametrize(
    ("given_handling", "expected"),
    [
        (Handling(), "H0;TLP:AMBER"),
        (Handling(codes=frozenset({Code.H0}), tlp=Tlp.CLEAR), "H0;TLP:CLEAR"),
        (Handling(codes=frozenset({Code.H2, Code.H0, Code.H1}), tlp=Tlp.AMBER_STRICT), "H1+H2;TLP:AMBER+STRICT"),
    ],
)
def test_events_carry_the_codes_in_one_form(given_handling: Handling, expected: str) -> None:
    assert as_text(given_handling) == expected


@given(st.lists(handlings, max_size=5))
def test_the_strictest_has_every_code_and_the_narrowest_light(parts: list[Handling]) -> None:
    result = strictest(parts)
    assert result.codes == frozenset(code for part in parts for code in part.codes)
    lights = [list(Tlp).index(part.tlp) for part in parts if part.tlp is not None]
    assert (None if result.tlp is None else list(Tlp).index(result.tlp)) == max(lights, default=None)
    assert all(part.note in (result.note or "").split("\n") or not part.note or "\n" in part.note for part in parts)


def test_h3_without_its_text_cannot_be_obeyed() -> None:
    assert Handling(codes=frozenset({Code.H3})).unexplained
    assert Handling(codes=frozenset({Code.H3}), note=" ").unexplained
    assert not Handling(codes=frozenset({Code.H3}), note="Only for unit 7.").unexplained
    assert not Handling(codes=frozenset({Code.H1})).unexplained
