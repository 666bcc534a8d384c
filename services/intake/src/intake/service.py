"""The service `intake`: what it serves, what it reacts to, what it publishes. The only wiring."""

import asyncio
from datetime import timedelta

from contracts.events.entries import (
    SuspectAmended,
    SuspectReported,
    SuspectWithdrawn,
    VictimAmended,
    VictimReported,
    VictimWithdrawn,
)
from contracts.events.identifications import IdentificationCompleted, IdentificationRequested
from contracts.events.jurisdictions import (
    AssignmentAccepted,
    AssignmentCreated,
    AssignmentDeclined,
    AssignmentMoved,
    AssignmentWithdrawn,
    JurisdictionDetermined,
    JurisdictionUndetermined,
)
from contracts.events.referrals import ReferralAmended, ReferralReceived
from intake import handlers, jobs
from intake.api import batches, referrals
from intake.application import Intake, build
from intake.commands.accept import PUBLISH_JOB
from intake.commands.uploading import FORGET_JOB
from intake.settings import Settings
from kit.dispatch import on
from kit.jobs import job
from kit.service import Service


async def _start(app: Intake) -> None:
    await app.seed()


async def _commit_groups(app: Intake, stop: asyncio.Event) -> None:
    await app.groups.run(stop)


async def _watch_pressure(app: Intake, stop: asyncio.Event) -> None:
    await app.pressure.run(stop)


service = Service(
    name="intake",
    package="intake",
    title="Interlink intake: the partners' door",
    settings=Settings,
    build=build,
    routes=[referrals.router, batches.router],
    handlers=[
        on(JurisdictionDetermined, handlers.entries_advanced, commutative=True),
        on(JurisdictionUndetermined, handlers.entries_advanced, commutative=True),
        on(AssignmentCreated, handlers.entries_advanced, commutative=True),
        on(AssignmentAccepted, handlers.entries_advanced, commutative=True),
        on(AssignmentDeclined, handlers.entries_advanced, commutative=True),
        on(AssignmentMoved, handlers.entries_advanced, commutative=True),
        on(AssignmentWithdrawn, handlers.entries_advanced, commutative=True),
        on(IdentificationRequested, handlers.entries_advanced, commutative=True),
        on(IdentificationCompleted, handlers.entries_advanced, commutative=True),
    ],
    jobs=[
        job(PUBLISH_JOB, call=jobs.open_key, apply=jobs.publish),
        job(FORGET_JOB, apply=jobs.forget_upload),
        job("uploads.give_up", apply=jobs.give_up_uploads, every=timedelta(minutes=10)),
        job("idempotency.forget", apply=jobs.forget_keys, every=timedelta(hours=6)),
    ],
    publishes=[
        ReferralReceived,
        ReferralAmended,
        SuspectReported,
        SuspectAmended,
        SuspectWithdrawn,
        VictimReported,
        VictimAmended,
        VictimWithdrawn,
    ],
    start=_start,
    background=[_commit_groups, _watch_pressure],
)
