"""The entries of one file as they are found: each gets a reference, and none of a kind gets another's."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from intake.domain.referral import Entry, Kind, Naming
from intake.formats.findings import Findings

UNNAMED: Final = ""


class Roll:
    """Entries in the order of the file. One without a reference comes with an empty one."""

    def __init__(self, findings: Findings) -> None:
        """Nobody is on it yet."""
        self._findings = findings
        self._entries: list[tuple[str, Entry]] = []
        self._taken: set[tuple[Kind, str]] = set()

    def add(self, entry: Entry, position: str) -> None:
        """`position` is what the entry is called where nothing else names it: `suspects/3`."""
        if entry.reference != UNNAMED:
            if (entry.kind, entry.reference) in self._taken:
                self._findings.reject_entry(entry.pointer, "entry.duplicate_reference")
                return
            self._taken.add((entry.kind, entry.reference))
        if not entry.usable:
            self._findings.warn_entry(entry.pointer, "entry.no_usable_item")
        self._entries.append((position, entry))

    def entries(self) -> tuple[Entry, ...]:
        """All of them, named."""
        return tuple(self._named())

    def _named(self) -> Iterator[Entry]:
        for position, entry in self._entries:
            if entry.reference != UNNAMED:
                yield entry
                continue
            account = entry.account_name
            if account is not None and (entry.kind, account) not in self._taken:
                self._taken.add((entry.kind, account))
                self._findings.warn_entry(entry.pointer, "entry.reference_from_account")
                yield replace(entry, reference=account, naming=Naming.ACCOUNT)
            else:
                self._findings.warn_entry(entry.pointer, "entry.reference_from_position")
                yield replace(entry, reference=self._free(entry.kind, position), naming=Naming.POSITION)

    def _free(self, kind: Kind, position: str) -> str:
        reference = position
        while (kind, reference) in self._taken:  # somebody calls another entry by our name for this one
            reference += "'"
        self._taken.add((kind, reference))
        return reference
