"""What notifications is: everyone who must act is told, and it is proven."""

import random

from contracts.events import agencies, deliveries, identifications, jurisdictions
from kit.dispatch import on
from kit.jobs import grouped, job
from kit.service import Runtime, Service
from kit.settings import key_bytes
from notifications import handlers, jobs
from notifications.api import endpoints, events, notices
from notifications.application import Application
from notifications.channels.webhook import Webhooks
from notifications.commands import freeze, lanes, replay, tell
from notifications.domain.retrying import JITTER
from notifications.settings import Settings


def build(runtime: Runtime[Settings]) -> Application:
    """Notifications' application object."""
    settings = runtime.settings
    allowed = [host.strip() for host in settings.allowed_hosts.split(",") if host.strip()]
    return Application(
        clock=runtime.clock,
        database=runtime.database,
        webhooks=Webhooks(
            key_bytes(settings.webhook_key, "NOTIFICATIONS_WEBHOOK_KEY"),
            runtime.clock,
            allowed=allowed,
            seconds=settings.attempt_seconds,
        ),
        public_url=settings.public_url.rstrip("/"),
        jitter=lambda: random.uniform(*JITTER),  # noqa: S311 - jitter, not a secret
    )


service = Service(
    name="notifications",
    package="notifications",
    title="Interlink notifications: everyone who must act is told, and it is proven",
    settings=Settings,
    build=build,
    routes=[events.router, notices.router, endpoints.router],
    handlers=[
        on(jurisdictions.AssignmentCreated, handlers.assignments_created),
        on(jurisdictions.AssignmentAccepted, handlers.assignments_accepted),
        on(jurisdictions.AssignmentDeclined, handlers.assignments_declined),
        on(jurisdictions.AssignmentMoved, handlers.assignments_ended),
        on(jurisdictions.AssignmentWithdrawn, handlers.assignments_ended),
        on(jurisdictions.AssignmentOverdue, handlers.assignments_overdue),
        on(identifications.IdentificationCompleted, handlers.identifications_told),
        on(identifications.IdentificationDeadlineApproaching, handlers.identifications_told),
        on(identifications.IdentificationExpired, handlers.identifications_told),
        on(agencies.AgencyChanged, handlers.agencies_changed, commutative=True),
        on(agencies.AgencyRetired, handlers.agencies_retired, commutative=True),
    ],
    jobs=[
        grouped(tell.FREEZE, apply=jobs.freeze),
        job(freeze.ESCALATE, apply=jobs.escalate),
        job(lanes.DELIVER, call=jobs.attempt, apply=jobs.settle),
        job(lanes.WAKE, apply=jobs.wake),
        job(replay.REPLAY, apply=jobs.replay),
    ],
    publishes=[
        deliveries.DeliverySucceeded,
        deliveries.DeliveryFailed,
        deliveries.NoticeAcknowledged,
        deliveries.EndpointDisabled,
    ],
)
