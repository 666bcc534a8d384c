"""The probe as a process of its own, to be killed: `python -m probe '{"roles": ["consume"], …}'`."""

import asyncio
import json
import signal
import sys
from pathlib import Path
from typing import Any

from contracts import registry
from kit import faults
from kit.consumer import Consumer
from kit.database import Database
from kit.dispatch import Dispatcher
from kit.joining import Membership
from kit.kafka import KafkaAccess
from kit.producer import Producer
from kit.relay import Relay
from kit.time import SystemClock
from probe.broker import renamed
from probe.service import DISPATCHER, Application


async def run(told: dict[str, Any]) -> None:
    """The roles, until SIGTERM."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    access = KafkaAccess(**told["kafka"])
    database = Database(schema="probe", api_url=None, system_url=told["database"], clock=SystemClock())
    consumer = Consumer(
        access=access,
        membership=Membership(group=told["group"], instance="probe-0", session_seconds=6.0, heartbeat_seconds=0.3),
        dispatcher=Dispatcher(DISPATCHER.handlers),
        application=Application(),
        database=database,
        clock=SystemClock(),
    )
    relay = Relay(database, Producer(access, "probe"), relays=1)
    async with asyncio.TaskGroup() as tasks:
        if "consume" in told["roles"]:
            tasks.create_task(consumer.run(stop))
        if "relay" in told["roles"]:
            tasks.create_task(relay.run(stop))
    await database.close()


if __name__ == "__main__":
    given = json.loads(sys.argv[1])
    for event in renamed(given["topics"]):
        registry.BY_MODEL[event.model] = registry.BY_TYPE[event.type] = event
    faults.arm(given["faults"])
    Path(given["begun"]).touch()  # from here on it is as fast as its work
    asyncio.run(run(given))
