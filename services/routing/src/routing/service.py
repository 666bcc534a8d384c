"""What routing is: who has jurisdiction over each suspect and victim, and who is assigned."""

from datetime import timedelta

from contracts.events import agencies as agency_events
from contracts.events import entries, identifications, jurisdictions
from kit.dispatch import on
from kit.jobs import job
from kit.service import Runtime, Service
from kit.settings import key_bytes
from routing import handlers, jobs
from routing.api import agencies, assignments, determinations, suspects
from routing.application import Application
from routing.commands.publish_directory import publish_directory
from routing.directory.loading import load
from routing.networks.snapshots import SHIPPED, Snapshots
from routing.settings import Settings

OVERDUE_EVERY = timedelta(seconds=30)
"""How often late assignments are looked for; the shortest due time is 15 minutes."""


def build(runtime: Runtime[Settings]) -> Application:
    """Routing's application object: the directory and the snapshots are read and checked here."""
    return Application(
        clock=runtime.clock,
        database=runtime.database,
        keyring=runtime.keyring,
        index_key=key_bytes(runtime.settings.index_key, "INTERLINK_INDEX_KEY"),
        listed=load(),
        snapshots=_snapshots(runtime.settings),
    )


def prepare(settings: Settings) -> None:
    """Unpack the network snapshots: it takes three times the memory that using them does."""
    _snapshots(settings)


def _snapshots(settings: Settings) -> Snapshots:
    folders = [SHIPPED] if settings.network_bundles is None else [SHIPPED, settings.network_bundles]
    return Snapshots.load(*folders, cache=settings.home / "networks")


async def start(app: Application) -> None:
    """Publish what changed in the directory since it was published last."""
    async with app.database.as_system() as tx:
        await publish_directory(tx, app.listed)


service = Service(
    name="routing",
    package="routing",
    title="Interlink routing: who has jurisdiction over each suspect and victim, and who is assigned",
    settings=Settings,
    build=build,
    prepare=prepare,
    start=start,
    routes=[suspects.router, assignments.router, determinations.router, agencies.router],
    handlers=[
        on(entries.VictimReported, handlers.victims_told),
        on(entries.VictimAmended, handlers.victims_told),
        on(entries.VictimWithdrawn, handlers.victims_withdrawn),
        on(entries.SuspectReported, handlers.suspects_told),
        on(entries.SuspectAmended, handlers.suspects_told),
        on(entries.SuspectWithdrawn, handlers.suspects_withdrawn),
        on(identifications.IdentificationCompleted, handlers.identifications_completed),
    ],
    jobs=[job("assignment.overdue", apply=jobs.flag_overdue, every=OVERDUE_EVERY)],
    publishes=[
        jurisdictions.JurisdictionDetermined,
        jurisdictions.JurisdictionUndetermined,
        jurisdictions.AssignmentCreated,
        jurisdictions.AssignmentAccepted,
        jurisdictions.AssignmentDeclined,
        jurisdictions.AssignmentMoved,
        jurisdictions.AssignmentWithdrawn,
        jurisdictions.AssignmentOverdue,
        identifications.IdentificationRequested,
        identifications.IdentificationCancelled,
        agency_events.AgencyChanged,
        agency_events.AgencyRetired,
    ],
)
