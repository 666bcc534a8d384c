"""All snapshots at hand, oldest first, every one of them checked before anything is looked up in it.

A bundle is taken in only if its sha256 is that of its manifest, its tables are within 10 % of the one before in
date, and at least 95 of 100 known addresses are right. One bad bundle refuses the whole load: routing on silently
missing data would be worse than not starting.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from routing.domain.attribution import SnapshotDate
from routing.networks import bundle
from routing.networks.known import KNOWN, MUST_BE_RIGHT
from routing.networks.snapshot import Snapshot

SHIPPED: Final = Path(__file__).parent / "data"
"""The bundles that are part of the package."""

WARN_AFTER: Final = timedelta(days=60)
"""Age of the newest snapshot from which admin warns (data-sources.md §2.8)."""

_ROWS: Final = ("v4_rows", "v6_rows")
_ROWS_MAY_CHANGE_BY: Final = 0.10


class Snapshots:
    """The snapshots routing may ask, oldest first."""

    def __init__(self, snapshots: Sequence[Snapshot]) -> None:
        self._by_id = {snapshot.id: snapshot for snapshot in sorted(snapshots, key=lambda each: each.taken_on)}
        self.dates = tuple(SnapshotDate(snapshot=each.id, taken_on=each.taken_on) for each in self)

    @classmethod
    def load(cls, *folders: Path, cache: Path) -> "Snapshots":
        """Map every bundle of these folders (one sub-folder a bundle); the same bundle twice counts once.

        `UnusableBundle` names the first bundle that fails a check.
        """
        found = sorted(path.parent for folder in folders for path in folder.glob(f"*/{bundle.MANIFEST}"))
        bundles = {folder: bundle.manifest_of(folder) for folder in found}
        kept = _by_date(bundles)
        _check_rows([bundles[folder] for folder in kept])
        for folder in kept:
            bundle.data_of(folder, str(bundles[folder]["sha256"]))
        loaded = [Snapshot.load(folder, cache) for folder in kept]
        for folder, snapshot in zip(kept, loaded, strict=True):
            _check_counts(snapshot, bundles[folder])
            _check_known(snapshot)
        return cls(loaded)

    def __iter__(self) -> Iterator[Snapshot]:
        return iter(self._by_id.values())

    def __len__(self) -> int:
        return len(self._by_id)

    def __getitem__(self, id: str) -> Snapshot:
        return self._by_id[id]

    @property
    def newest(self) -> Snapshot | None:
        """The snapshot of the latest date."""
        return list(self)[-1] if self._by_id else None

    def age(self, now: datetime) -> timedelta | None:
        """How old the newest snapshot is; None if there is none. Warn in admin from `WARN_AFTER` on."""
        if self.newest is None:
            return None
        return now - datetime.combine(self.newest.taken_on, time(), UTC)


def _by_date(bundles: Mapping[Path, Mapping[str, Any]]) -> list[Path]:
    kept: dict[str, Path] = {}
    for folder, manifest in bundles.items():
        other = kept.setdefault(str(manifest["id"]), folder)
        if bundles[other]["sha256"] != manifest["sha256"]:
            raise bundle.UnusableBundle(f"{manifest['id']}: two bundles of this name differ")
    return sorted(kept.values(), key=lambda folder: str(bundles[folder]["date"]))


def _check_rows(manifests: Sequence[Mapping[str, Any]]) -> None:
    for before, manifest in pairwise(manifests):
        for rows in _ROWS:
            last, now = before["counts"][rows], manifest["counts"][rows]
            if abs(now - last) > _ROWS_MAY_CHANGE_BY * last:
                raise bundle.UnusableBundle(f"{manifest['id']}: {rows} went from {last} to {now}")


def _check_counts(snapshot: Snapshot, manifest: Mapping[str, Any]) -> None:
    counts = {"v4_rows": len(snapshot.v4.starts), "v6_rows": len(snapshot.v6.starts)}
    if any(counts[rows] != manifest["counts"][rows] for rows in _ROWS):
        raise bundle.UnusableBundle(f"{snapshot.id}: holds {counts}, its manifest says {manifest['counts']}")


def _check_known(snapshot: Snapshot) -> None:
    answers = [snapshot.lookup(known.packed) for known in KNOWN]
    wrong = [
        known.ip
        for known, answer in zip(KNOWN, answers, strict=True)
        if answer.asn not in known.asns or known.country not in (answer.country, answer.second_country)
    ]
    if len(wrong) > (1 - MUST_BE_RIGHT) * len(KNOWN):
        raise bundle.UnusableBundle(f"{snapshot.id}: {len(wrong)} known addresses are wrong, {wrong[0]} first")
