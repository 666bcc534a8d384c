"""Models read openly: what they do not know passes, and what they know keeps its type."""

import pytest
from pydantic import ValidationError

from contracts.events.agencies import AgencyChanged, AgencyRetired
from contracts.events.entries import SuspectWithdrawn

RETIRED = {"agency": "ice-on", "retired_on": "2027-01-01", "directory": "2026-11-01"}


def test_a_reader_ignores_fields_it_does_not_know() -> None:
    assert AgencyRetired.model_validate({**RETIRED, "successor": "ice-qc"}) == AgencyRetired.model_validate(RETIRED)


def test_a_reader_accepts_a_value_it_does_not_know_as_text() -> None:
    agency = {"agency": "x", "name_en": "X", "name_fr": "X", "valid_from": "2026-01-01", "directory": "2026-11-01"}
    assert AgencyChanged.model_validate({**agency, "kind": "military"}).kind == "military"


@pytest.mark.parametrize("day", ["yesterday", "2026-02-30", "2026-11-22T00:00:00Z", "22/11/2026", ""])
def test_a_day_is_a_calendar_day(day: str) -> None:
    with pytest.raises(ValidationError, match="retired_on"):
        AgencyRetired.model_validate({**RETIRED, "retired_on": day})


def test_an_event_without_part_is_whole() -> None:
    withdrawn = SuspectWithdrawn.model_validate(
        {"suspect": "019aa8c0-4f00-7000-8000-000000000101", "referral": "019aa8c0-4f00-7000-8000-000000000100",
         "version": 2, "reason": "retracted"}
    )  # fmt: skip
    assert (withdrawn.part, withdrawn.parts) == (1, 1)


def test_an_event_never_changes() -> None:
    retired = AgencyRetired.model_validate(RETIRED)
    with pytest.raises(ValidationError, match="frozen"):
        retired.directory = "2027"
