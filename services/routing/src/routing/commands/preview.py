"""What an entry would be determined to, storing nothing and telling nobody."""

from datetime import date

from contracts import ids
from contracts.personal import EntryItems
from routing.application import Application
from routing.commands import reading
from routing.commands.reading import Opened
from routing.domain.assigning import EntryId
from routing.domain.determining import Determination, determine


def preview(app: Application, items: EntryItems, *, role: str, offence_type: str, as_of: date) -> Determination:
    """The determination with the bodies that are valid on `as_of`; captures are attributed as of their own time."""
    entry = EntryId(ids.new())
    evidence = reading.attribute(app.snapshots, {entry: Opened(key=None, items=(items,))})[entry]
    return determine(reading.facts(role, offence_type, evidence), app.listed.directory, as_of)
