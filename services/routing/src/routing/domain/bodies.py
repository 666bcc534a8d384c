"""The directory as the rules see it: bodies with territories and validity, looked up as of a date.

Immutable; a new version of the data is a new `Directory`. Not promised: that a territory has a body; every
look-up may answer None, and the centre is then the fallback.
"""

from collections.abc import Iterable, Mapping
from dataclasses import field
from datetime import date
from enum import StrEnum
from typing import NewType

from kit.values import value
from routing.domain.places import Gazetteer, Place, fold

BodyId = NewType("BodyId", str)
"""A slug, such as `opp`, `ice-on`, `bureau-nl`."""


class BodyKind(StrEnum):
    """What a body is; the words are those of the contracts."""

    MUNICIPAL = "municipal"
    REGIONAL = "regional"
    PROVINCIAL = "provincial"
    RCMP_DIVISION = "rcmp_division"
    ICE_UNIT = "ice_unit"
    CHILD_PROTECTION = "child_protection"
    FOREIGN_BUREAU = "foreign_bureau"
    CENTRE = "centre"


_LOCAL = (BodyKind.MUNICIPAL, BodyKind.REGIONAL)
_WHOLE_PROVINCE = (BodyKind.PROVINCIAL, BodyKind.RCMP_DIVISION)


@value
class Body:
    """One agency, bureau or office. `valid_to` is the last day on which it takes assignments."""

    id: BodyId
    kind: BodyKind
    coverage: tuple[Place, ...]
    first_hop: BodyId | None
    accepts_direct: bool
    valid_from: date
    valid_to: date | None

    def valid(self, on: date) -> bool:
        """Whether it takes assignments on that day."""
        return self.valid_from <= on and (self.valid_to is None or on <= self.valid_to)


_Territory = tuple[str, str | None, str | None]


@value
class Directory:
    """Every body, with indexes by territory. `version` is a short hash of the data."""

    version: str
    centre: BodyId
    extraterritorial: BodyId
    gazetteer: Gazetteer
    bodies: Mapping[BodyId, Body]
    _covering: Mapping[_Territory, tuple[Body, ...]] = field(repr=False)

    @classmethod
    def of(
        cls,
        bodies: Iterable[Body],
        *,
        version: str,
        centre: BodyId,
        extraterritorial: BodyId,
        places: Iterable[tuple[str, str]] = (),
    ) -> "Directory":
        """Indexes the bodies; `places` are (province, municipality) rows beyond those a body covers."""
        by_id = {body.id: body for body in bodies}
        covering: dict[_Territory, tuple[Body, ...]] = {}
        covered: list[tuple[str, str]] = []
        for body in by_id.values():
            for place in body.coverage:
                key = _territory(place)
                covering[key] = (*covering.get(key, ()), body)
                if place.province is not None and place.municipality is not None:
                    covered.append((place.province, place.municipality))
        return cls(
            version=version,
            centre=centre,
            extraterritorial=extraterritorial,
            gazetteer=Gazetteer.of([*covered, *places]),
            bodies=by_id,
            _covering=covering,
        )

    def police(self, place: Place, on: date) -> Body | None:
        """The narrowest police service of a Canadian place: municipal or regional, else of the province."""
        if place.municipality is not None:
            local = self._first(place, (*_LOCAL, *_WHOLE_PROVINCE), on)
            if local is not None:
                return local
        return self.provincial(place, on)

    def provincial(self, place: Place, on: date) -> Body | None:
        """The provincial police or RCMP division of the place's province."""
        return self._first(Place(country=place.country, province=place.province), _WHOLE_PROVINCE, on)

    def child_protection(self, place: Place, on: date) -> Body | None:
        """The child-protection office of the place's province."""
        whole = Place(country=place.country, province=place.province)
        return self._first(whole, (BodyKind.CHILD_PROTECTION,), on)

    def bureau(self, country: str, on: date) -> Body | None:
        """The national bureau of a country abroad; None for codes that are no countries."""
        return self._first(Place(country=country), (BodyKind.FOREIGN_BUREAU,), on)

    def first_hop(self, body: Body, on: date) -> BodyId | None:
        """The unit through which the body takes assignments, if it has one on that day."""
        hop = self.bodies.get(body.first_hop) if body.first_hop is not None else None
        return hop.id if hop is not None and hop.valid(on) else None

    def holder(self, body: BodyId, on: date) -> BodyId:
        """Who would hold an assignment to that body: its first hop, else itself, else the centre."""
        known = self.bodies.get(body)
        if known is None or not known.valid(on):
            return self.centre
        return self.first_hop(known, on) or known.id

    def _first(self, place: Place, kinds: tuple[BodyKind, ...], on: date) -> Body | None:
        covering = self._covering.get(_territory(place), ())
        return next((body for kind in kinds for body in covering if body.kind is kind and body.valid(on)), None)


def _territory(place: Place) -> _Territory:
    municipality = None if place.municipality is None else fold(place.municipality)
    return place.country, place.province, municipality
