"""Sealing, opening, and what does not open."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts import ids
from kit.encryption import DataKey, Sealed, Unreadable, from_field, keyed_hash, to_field
from kit.kms import MasterKey

SECRET = bytes(range(32))
CONTEXT = b"0192:1:0"


@given(st.binary(max_size=4096), st.binary(max_size=64))
def test_what_was_sealed_opens_again_in_its_place(plaintext: bytes, context: bytes) -> None:
    key = DataKey(ids.new(), SECRET)
    assert key.decrypt(key.encrypt(plaintext, context), context) == plaintext


def test_the_same_plaintext_is_never_sealed_to_the_same_bytes() -> None:
    key = DataKey(ids.new(), SECRET)
    assert key.encrypt(b"x", CONTEXT) != key.encrypt(b"x", CONTEXT)


@given(st.integers(min_value=0, max_value=8 * 20 - 1))
def test_a_changed_bit_does_not_open(bit: int) -> None:
    key = DataKey(ids.new(), SECRET)
    sealed = key.encrypt(b"text", CONTEXT)
    changed = bytearray(sealed.data)
    changed[bit // 8] ^= 1 << bit % 8
    with pytest.raises(Unreadable):
        key.decrypt(Sealed(sealed.nonce, bytes(changed)), CONTEXT)


def test_a_value_moved_to_another_place_does_not_open() -> None:
    key = DataKey(ids.new(), SECRET)
    with pytest.raises(Unreadable):
        key.decrypt(key.encrypt(b"text", CONTEXT), b"0192:2:0")


def test_another_key_does_not_open() -> None:
    sealed = DataKey(ids.new(), SECRET).encrypt(b"text", CONTEXT)
    with pytest.raises(Unreadable):
        DataKey(ids.new(), SECRET[::-1]).decrypt(sealed, CONTEXT)


def test_a_nonce_of_impossible_length_does_not_open() -> None:
    with pytest.raises(Unreadable):
        DataKey(ids.new(), SECRET).decrypt(Sealed(b"", b"x" * 20), CONTEXT)


def test_a_key_shows_its_id_and_nothing_else() -> None:
    key = DataKey(ids.new(), SECRET)
    assert repr(key) == f"DataKey({key.id})"
    assert not hasattr(key, "__dict__")


def test_a_sealed_value_travels_in_an_event_and_comes_back() -> None:
    key = DataKey(ids.new(), SECRET)
    sealed = key.encrypt(b"text", CONTEXT)
    field = to_field(key, sealed)
    assert field.key == key.id
    assert from_field(field) == sealed


def test_a_field_that_is_not_base64_is_unreadable() -> None:
    key = DataKey(ids.new(), SECRET)
    field = to_field(key, key.encrypt(b"text", CONTEXT)).model_copy(update={"data": "%"})
    with pytest.raises(Unreadable):
        from_field(field)


def test_a_data_key_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        DataKey(ids.new(), b"short")


def test_equal_identifiers_meet_and_kinds_never_mix() -> None:
    assert keyed_hash(SECRET, "email", "a@example.com") == keyed_hash(SECRET, "email", "a@example.com")
    assert keyed_hash(SECRET, "email", "a@example.com") != keyed_hash(SECRET, "username", "a@example.com")
    assert keyed_hash(SECRET, "email", "a@example.com") != keyed_hash(SECRET[::-1], "email", "a@example.com")
    assert len(keyed_hash(SECRET, "email", "a@example.com")) == 32


async def test_a_wrapped_key_unwraps_also_after_the_master_key_was_rotated() -> None:
    old, new = SECRET, SECRET[::-1]
    wrapped = await MasterKey(old).wrap([b"k" * 32])
    assert await MasterKey(new, old).unwrap(wrapped) == [b"k" * 32]


async def test_a_key_wrapped_under_an_unknown_master_key_is_unreadable() -> None:
    wrapped = await MasterKey(SECRET).wrap([b"k" * 32])
    with pytest.raises(Unreadable):
        await MasterKey(SECRET[::-1]).unwrap(wrapped)


def test_a_master_key_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        MasterKey(b"short")
