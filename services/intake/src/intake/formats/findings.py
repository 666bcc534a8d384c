"""What a format reader says while it reads: verdicts listed up to a limit, counted without one."""

from collections.abc import Collection
from typing import Final

from intake.domain.verdicts import Count, Level, Severity, Verdict
from intake.formats.wording import sentence

LONGEST_LIST: Final = 1_000


class Findings:
    """Collects verdicts of one file in the order of reading."""

    def __init__(self) -> None:
        """Nothing was found yet."""
        self._verdicts: list[Verdict] = []
        self._cut = False
        self._entries_rejected: set[str] = set()
        self._items_rejected: set[str] = set()
        self._items_warned: set[str] = set()

    def warn_file(self, pointer: str, code: str) -> None:
        """The file is accepted all the same."""
        self._tell(Level.FILE, pointer, code, Severity.WARNING)

    def warn_entry(self, pointer: str, code: str) -> None:
        """The entry is accepted all the same."""
        self._tell(Level.ENTRY, pointer, code, Severity.WARNING)

    def reject_entry(self, entry: str, code: str, *, at: str | None = None) -> None:
        """The entry is not accepted; `at` is the place inside it."""
        self._entries_rejected.add(entry)
        self._tell(Level.ENTRY, at or entry, code, Severity.ERROR)

    def warn_item(self, item: str, code: str) -> None:
        """The item is accepted all the same."""
        self._items_warned.add(item)
        self._tell(Level.ITEM, item, code, Severity.WARNING)

    def reject_item(self, item: str, code: str) -> None:
        """The item is not accepted, its entry is."""
        self._items_rejected.add(item)
        self._tell(Level.ITEM, item, code, Severity.ERROR)

    def verdicts(self) -> tuple[Verdict, ...]:
        """All that was said, or the first of it and a word that there was more."""
        if not self._cut:
            return tuple(self._verdicts)
        code = "file.verdicts_cut"
        more = Verdict(level=Level.FILE, pointer="", code=code, severity=Severity.WARNING, message=sentence(code))
        return (*self._verdicts, more)

    def go_on_with(self, later: "Findings") -> None:
        """List what was said of a later part of the same file; its counts stay its own."""
        room = LONGEST_LIST - len(self._verdicts)
        self._verdicts.extend(later._verdicts[:room])
        self._cut = self._cut or later._cut or len(later._verdicts) > room

    @property
    def rejected_entries(self) -> int:
        """How many entries were not accepted."""
        return len(self._entries_rejected)

    def count_items(self, accepted: Collection[str]) -> Count:
        """The items of the file, given the pointers of those in accepted entries."""
        kept = set(accepted)
        return Count(
            accepted=len(kept),
            rejected=len(self._items_rejected - kept),
            warned=len(self._items_warned & kept),
        )

    def _tell(self, level: Level, pointer: str, code: str, severity: Severity) -> None:
        if len(self._verdicts) >= LONGEST_LIST:
            self._cut = True
            return
        self._verdicts.append(
            Verdict(level=level, pointer=pointer, code=code, severity=severity, message=sentence(code))
        )
