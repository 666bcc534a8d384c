"""Topic `interlink.agencies` (compacted): the directory of bodies, newest state per agency."""

from typing import Annotated

from contracts.model import Contract, Day, known


class Coverage(Contract):
    """A territory. The narrower fields are None where the whole wider one is covered."""

    country: str
    province: str | None = None
    municipality: str | None = None


class AgencyChanged(Contract):
    """A body as the directory has it from `valid_from` on."""

    agency: str
    kind: Annotated[
        str,
        known(
            "municipal", "regional", "provincial", "rcmp_division", "ice_unit", "child_protection",
            "foreign_bureau", "centre",
        ),
    ]  # fmt: skip
    name_en: str
    name_fr: str
    coverage: list[Coverage] = []
    first_hop: str | None = None
    """The ICE unit through which the body takes assignments."""
    valid_from: Day
    valid_to: Day | None = None
    directory: str
    """Version of the directory."""


class AgencyRetired(Contract):
    """The body no longer takes assignments."""

    agency: str
    retired_on: Day
    directory: str
