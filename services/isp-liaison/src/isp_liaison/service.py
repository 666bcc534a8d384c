"""What liaison is: who was behind the IP address, lawful requests to providers, deadlines, answers."""

from contracts.events import identifications, jurisdictions
from isp_liaison import handlers, jobs
from isp_liaison.api import answers, directory, replies, requests, subscribers
from isp_liaison.application import Application, build
from isp_liaison.commands import acknowledge, approve, reference, scheduling
from isp_liaison.settings import Settings
from kit.dispatch import on
from kit.jobs import job
from kit.service import Service


async def start(app: Application) -> None:
    """Plant the reference data of this build where it is missing."""
    async with app.database.as_system() as tx:
        await reference.plant(tx)


service = Service(
    name="isp-liaison",
    package="isp_liaison",
    title="Interlink isp-liaison: who was behind the IP address, asked lawfully and answered by line",
    settings=Settings,
    build=build,
    start=start,
    routes=[requests.router, replies.router, answers.router, subscribers.router, directory.router],
    handlers=[
        on(identifications.IdentificationRequested, handlers.identifications_requested),
        on(identifications.IdentificationCancelled, handlers.identifications_cancelled),
        on(jurisdictions.AssignmentCreated, handlers.assignments_created, commutative=True),
        on(jurisdictions.AssignmentWithdrawn, handlers.assignments_withdrawn, commutative=True),
    ],
    jobs=[
        job(approve.SEND, call=jobs.hand_over, apply=jobs.record_hand_over),
        job(acknowledge.APPLY, apply=jobs.apply_answers),
        job(scheduling.REMIND, apply=jobs.remind),
        job(scheduling.EXPIRE, apply=jobs.expire),
    ],
    publishes=[
        identifications.IdentificationDrafted,
        identifications.IdentificationSent,
        identifications.IdentificationPreserved,
        identifications.IdentificationDeadlineApproaching,
        identifications.IdentificationExpired,
        identifications.IdentificationCompleted,
    ],
)
