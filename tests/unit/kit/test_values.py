"""A value has named fields, no others, and is equal to another of the same contents. `make lint` holds the rest."""

import pytest

from kit.values import value


@value
class Place:
    """Somewhere."""

    town: str
    province: str | None = None


def test_values_of_the_same_contents_are_one() -> None:
    assert Place(town="Guelph") == Place(town="Guelph", province=None) != Place(town="Guelph", province="ON")
    assert len({Place(town="Guelph"), Place(town="Guelph")}) == 1


def test_a_value_has_the_fields_it_names_and_no_others() -> None:
    with pytest.raises(TypeError):
        Place("Guelph")  # pyright: ignore[reportCallIssue]
    with pytest.raises(AttributeError):
        Place(town="Guelph").country = "CA"  # pyright: ignore[reportAttributeAccessIssue]


def test_the_type_checker_holds_that_nobody_changes_one() -> None:
    place = Place(town="Guelph")
    place.town = "Sudbury"  # pyright: ignore[reportAttributeAccessIssue]  # without an error here `make lint` fails
    assert place.town == "Sudbury"
