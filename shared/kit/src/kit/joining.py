"""A client of a consumer group: how it is made, how it joins, how it leaves, each in bounded time."""

import asyncio
from dataclasses import dataclass

from aiokafka import AIOKafkaConsumer
from aiokafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor
from aiokafka.errors import KafkaError

from kit import telemetry
from kit.kafka import KafkaAccess

log = telemetry.logger(__name__)

CONNECT_SECONDS = 1.0
CLOSE_SECONDS = 3.0
AHEAD_BYTES = 256 * 1024
"""Read ahead of one partition; a larger batch is read all the same. More would fill memory with what has to wait."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """How the consumer belongs to its group. `instance` makes it a static member (one live process a name)."""

    group: str
    instance: str | None = None
    session_seconds: float = 10.0
    heartbeat_seconds: float = 1.0


def group_client(access: KafkaAccess, membership: Membership) -> AIOKafkaConsumer:
    """A client that commits nothing by itself and has not joined yet."""
    return AIOKafkaConsumer(
        **access.client_options(),
        group_id=membership.group,
        group_instance_id=membership.instance,
        client_id=membership.instance or membership.group,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        partition_assignment_strategy=(StickyPartitionAssignor,),
        session_timeout_ms=int(membership.session_seconds * 1000),
        heartbeat_interval_ms=int(membership.heartbeat_seconds * 1000),
        max_poll_interval_ms=300_000,
        max_partition_fetch_bytes=AHEAD_BYTES,
    )


async def joined(client: AIOKafkaConsumer, stop: asyncio.Event) -> bool:
    """Whether the client joined its group before `stop`: without its topics it would wait for ever."""
    starting = asyncio.ensure_future(client.start())
    stopping = asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait((starting, stopping), return_when=asyncio.FIRST_COMPLETED)
        if starting.done():
            starting.result()
            return True
        # Cut off in the middle of connecting, aiokafka would leave the connection open.
        await asyncio.wait((starting,), timeout=CONNECT_SECONDS)
        starting.cancel()
        await asyncio.wait((starting,), timeout=CLOSE_SECONDS)
        return False
    finally:
        stopping.cancel()
        starting.cancel()


async def left(client: AIOKafkaConsumer) -> None:
    """Leave the group and close every connection, as far as it goes in time."""
    try:
        async with asyncio.timeout(CLOSE_SECONDS):
            await client.stop()
    except (TimeoutError, KafkaError):
        log.warning("consumer.not_closed")
