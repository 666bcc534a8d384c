"""What a higher version changes: nothing is withdrawn where two entries may be one."""

from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from intake.domain.amending import Change, Known, Outcome, Told, compare
from intake.domain.referral import Kind, Naming


def known(number: int, reference: str = "S-1", **changed: Any) -> Known:
    fields: dict[str, Any] = {
        "id": UUID(int=number),
        "kind": Kind.SUSPECT,
        "reference": reference,
        "naming": Naming.GIVEN,
        "digest": b"same",
        "fingerprints": frozenset(),
    }
    return Known(**(fields | changed))


def told(position: int, reference: str = "S-1", **changed: Any) -> Told:
    fields: dict[str, Any] = {
        "position": position,
        "kind": Kind.SUSPECT,
        "reference": reference,
        "naming": Naming.GIVEN,
        "digest": b"same",
        "fingerprints": frozenset(),
    }
    return Told(**(fields | changed))


def test_the_same_reference_is_the_same_entry() -> None:
    assert compare([known(1)], [told(1)]) == [Outcome(change=Change.UNCHANGED, known=UUID(int=1), position=1)]
    assert compare([known(1)], [told(1, digest=b"other")]) == [
        Outcome(change=Change.AMENDED, known=UUID(int=1), position=1)
    ]


def test_an_entry_that_is_no_longer_told_is_withdrawn_and_a_new_one_reported() -> None:
    outcomes = compare([known(1, "S-1", digest=b"a")], [told(1, "S-2", digest=b"b")])
    assert outcomes == [
        Outcome(change=Change.REPORTED, known=None, position=1),
        Outcome(change=Change.WITHDRAWN, known=UUID(int=1), position=None),
    ]


def test_the_same_reference_of_another_kind_is_another_entry() -> None:
    outcomes = compare([known(1)], [told(1, kind=Kind.VICTIM)])
    assert [outcome.change for outcome in outcomes] == [Change.REPORTED, Change.WITHDRAWN]


def test_one_account_under_another_reference_goes_to_a_person() -> None:
    account = frozenset({b"account"})
    outcomes = compare(
        [known(1, "S-1", digest=b"a", fingerprints=account)],
        [told(1, "S-2", digest=b"b", fingerprints=account)],
    )
    assert outcomes == [
        Outcome(change=Change.REPORTED, known=None, position=1, review=True),
        Outcome(change=Change.KEPT_FOR_REVIEW, known=UUID(int=1), position=None, review=True),
    ]


def test_the_same_content_under_another_reference_goes_to_a_person() -> None:
    outcomes = compare([known(1, "S-1")], [told(1, "S-2")])
    assert [outcome.change for outcome in outcomes] == [Change.REPORTED, Change.KEPT_FOR_REVIEW]


def test_a_position_names_nobody_unless_the_content_agrees() -> None:
    by_position = {"reference": "suspects/1", "naming": Naming.POSITION}
    agreeing = frozenset({b"account"})
    outcomes = compare(
        [known(1, **by_position, digest=b"a", fingerprints=agreeing)],
        [told(1, **by_position, digest=b"b", fingerprints=agreeing)],
    )
    assert [outcome.change for outcome in outcomes] == [Change.AMENDED]
    outcomes = compare([known(1, **by_position, digest=b"a")], [told(1, **by_position, digest=b"b")])
    assert [outcome.change for outcome in outcomes] == [Change.REPORTED, Change.KEPT_FOR_REVIEW]
    outcomes = compare([known(1, **by_position)], [told(1, **by_position)])
    assert [outcome.change for outcome in outcomes] == [Change.UNCHANGED]


def test_after_a_review_the_one_that_agrees_is_matched() -> None:
    first, second = known(1, digest=b"a"), known(2, digest=b"b", fingerprints=frozenset({b"x"}))
    outcomes = compare([first, second], [told(1, digest=b"c", fingerprints=frozenset({b"x"}))])
    assert outcomes[0] == Outcome(change=Change.AMENDED, known=UUID(int=2), position=1)


references = st.sampled_from(["S-1", "S-2", "S-3"])
digests = st.sampled_from([b"a", b"b"])
prints = st.frozensets(st.sampled_from([b"x", b"y"]))
namings = st.sampled_from(Naming)


@given(
    st.lists(st.tuples(references, digests, prints, namings), max_size=4),
    st.lists(st.tuples(references, digests, prints, namings), max_size=4, unique_by=lambda one: one[0]),
)
def test_every_entry_of_either_version_has_one_outcome(before: list[Any], after: list[Any]) -> None:
    old = [
        known(number, reference, digest=digest, fingerprints=fingerprints, naming=naming)
        for number, (reference, digest, fingerprints, naming) in enumerate(before)
    ]
    new = [
        told(position, reference, digest=digest, fingerprints=fingerprints, naming=naming)
        for position, (reference, digest, fingerprints, naming) in enumerate(after)
    ]
    outcomes = compare(old, new)
    assert sorted(o.position for o in outcomes if o.position is not None) == [one.position for one in new]
    assert sorted(o.known for o in outcomes if o.known is not None) == [one.id for one in old]
    for outcome in outcomes:
        if outcome.change is Change.WITHDRAWN:
            gone = next(one for one in old if one.id == outcome.known)
            added = [o.position for o in outcomes if o.change is Change.REPORTED]
            assert not any(gone.fingerprints & new[position].fingerprints for position in added if position is not None)


def test_an_entry_named_again_after_its_withdrawal_keeps_its_id() -> None:
    [outcome] = compare([known(1, withdrawn=True)], [told(1, digest=b"other")])
    assert outcome == Outcome(change=Change.RETURNED, known=UUID(int=1), position=1)


def test_what_was_withdrawn_and_is_not_told_stays_withdrawn_and_raises_no_doubt() -> None:
    account = frozenset({b"account"})
    outcomes = compare([known(1, withdrawn=True, fingerprints=account)], [told(1, "S-9", fingerprints=account)])
    assert outcomes == [Outcome(change=Change.REPORTED, known=None, position=1)]


def test_of_a_current_and_a_withdrawn_entry_of_one_reference_the_current_is_meant() -> None:
    [outcome] = compare([known(1, digest=b"a"), known(2, digest=b"b", withdrawn=True)], [told(1, digest=b"c")])
    assert outcome == Outcome(change=Change.AMENDED, known=UUID(int=1), position=1)


def test_renumbered_references_go_to_a_person() -> None:
    first, second = frozenset({b"first"}), frozenset({b"second"})
    before = [known(1, "S-1", digest=b"1", fingerprints=first), known(2, "S-2", digest=b"2", fingerprints=second)]
    outcomes = compare(before, [told(1, "S-1", digest=b"3", fingerprints=second)])
    assert [(outcome.change, outcome.known, outcome.review) for outcome in outcomes] == [
        (Change.REPORTED, None, True),
        (Change.KEPT_FOR_REVIEW, UUID(int=1), True),
        (Change.KEPT_FOR_REVIEW, UUID(int=2), True),
    ]


def test_an_identifier_that_two_entries_share_denies_no_reference() -> None:
    phone = frozenset({b"phone"})
    before = [known(1, "S-1", digest=b"1"), known(2, "S-2", digest=b"2", fingerprints=phone)]
    outcomes = compare(
        before,
        [told(1, "S-1", digest=b"3", fingerprints=phone), told(2, "S-2", digest=b"2", fingerprints=phone)],
    )
    assert {(outcome.change, outcome.known) for outcome in outcomes} == {
        (Change.AMENDED, UUID(int=1)),
        (Change.UNCHANGED, UUID(int=2)),
    }


def test_nothing_is_withdrawn_by_a_version_of_which_an_entry_could_not_be_read() -> None:
    outcomes = compare([known(1, "S-1"), known(2, "S-2", digest=b"a")], [told(1, "S-1")], unread=True)
    assert outcomes[1] == Outcome(change=Change.KEPT_FOR_REVIEW, known=UUID(int=2), position=None, review=True)


def test_who_is_under_review_and_told_no_longer_stays_until_a_person_decides() -> None:
    [outcome] = compare([known(1, review=True)], [])
    assert outcome == Outcome(change=Change.KEPT_FOR_REVIEW, known=UUID(int=1), position=None, review=True)


def test_who_has_no_name_is_known_by_the_same_words_wherever_they_stand() -> None:
    def at(place: int) -> dict[str, Any]:
        return {"reference": f"suspects/{place}", "naming": Naming.POSITION}

    shared = frozenset({b"account"})
    before = [known(n, **at(n), digest=digest, fingerprints=shared) for n, digest in ((1, b"a"), (2, b"b"), (3, b"b"))]
    outcomes = compare(before, [told(1, **at(1), digest=b"b", fingerprints=shared), told(2, **at(2), digest=b"b")])
    assert outcomes == [
        Outcome(change=Change.UNCHANGED, known=UUID(int=2), position=1),
        Outcome(change=Change.UNCHANGED, known=UUID(int=3), position=2),
        Outcome(change=Change.WITHDRAWN, known=UUID(int=1), position=None),
    ]
