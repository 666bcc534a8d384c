"""The directory of this build is published: only bodies that changed since they were published last."""

import hashlib

import orjson

from contracts.events.agencies import AgencyChanged, AgencyRetired, Coverage
from kit.database import Transaction
from kit.outbox import Origin
from routing.directory.loading import Listed, Loaded
from routing.store import agencies
from routing.store.agencies import Agency


async def publish_directory(tx: Transaction, loaded: Loaded) -> int:
    """Tell what is new, changed or gone. Returns how many bodies that were. Safe in several processes at once."""
    version = loaded.directory.version
    before = await agencies.published(tx)
    current = [_agency(listed, version) for _, listed in sorted(loaded.listed.items())]
    changed = [one for one in current if one.id not in before or before[one.id].fingerprint != one.fingerprint]
    gone = sorted(one.id for one in before.values() if one.fingerprint is not None and one.id not in loaded.listed)
    await agencies.save(tx, changed)
    await agencies.retire(tx, gone, on=tx.now().date(), directory=version)
    for one in changed:
        tx.publish(_changed(one), Origin())
    for agency in gone:
        retired = AgencyRetired(agency=agency, retired_on=tx.now().date().isoformat(), directory=version)
        tx.publish(retired, Origin())
    return len(changed) + len(gone)


def _agency(listed: Listed, version: str) -> Agency:
    body = listed.body
    coverage: list[dict[str, str | None]] = [
        {"country": place.country, "province": place.province, "municipality": place.municipality}
        for place in body.coverage
    ]
    told = (
        body.kind.value,
        listed.name_en,
        listed.name_fr,
        coverage,
        body.first_hop,
        body.accepts_direct,
        body.valid_from,
        body.valid_to,
    )
    return Agency(
        id=body.id,
        kind=body.kind.value,
        name_en=listed.name_en,
        name_fr=listed.name_fr,
        coverage=coverage,
        first_hop=body.first_hop,
        accepts_direct=body.accepts_direct,
        valid_from=body.valid_from,
        valid_to=body.valid_to,
        directory=version,
        fingerprint=hashlib.sha256(orjson.dumps(told)).hexdigest(),
    )


def _changed(one: Agency) -> AgencyChanged:
    return AgencyChanged(
        agency=one.id,
        kind=one.kind,
        name_en=one.name_en,
        name_fr=one.name_fr,
        coverage=[Coverage.model_validate(place) for place in one.coverage],
        first_hop=one.first_hop,
        valid_from=one.valid_from.isoformat(),
        valid_to=None if one.valid_to is None else one.valid_to.isoformat(),
        directory=one.directory,
    )
