"""Row 9: P0 referrals posted while the file of row 8 is worked off: post → `assignment.created`."""

import asyncio
import time
from dataclasses import dataclass, field
from uuid import UUID

from interlink.benching import broker
from interlink.benching.bodies import Bodies
from interlink.benching.broker import Assignments
from interlink.benching.figures import Row, absent, at_most, percentile, spread
from interlink.benching.ground import Ground
from interlink.benching.load import Connection, refuse_unexpected
from interlink.benching.posting import CREATED, post
from interlink.benching.uploading import NO_ENDPOINT, Upload, offered
from interlink.stack.layout import StackError

WORK = "a P0 referral posted behind a file of {:,} suspects, post → assignment.created"
EVERY_SECONDS = 0.5
ID_OF = "SELECT id FROM intake.referral WHERE number = $1"


@dataclass(slots=True)
class Urgent:
    """P0 referrals on their way: when each was posted, and when a referral's assignment was first heard of."""

    ground: Ground
    posted: dict[str, float] = field(default_factory=dict[str, float])
    heard: dict[UUID, float] = field(default_factory=dict[UUID, float])
    finished: asyncio.Event = field(default_factory=asyncio.Event)
    """Nothing more is posted."""

    async def post(self, stop: asyncio.Event) -> None:
        """One every half second until told to stop."""
        bodies, token = Bodies(), self.ground.token("referrals:write")
        connection = await Connection.open(self.ground.place("intake"))
        while not stop.is_set():
            key = f"bench-urgent-{time.time_ns()}"
            one = post(bodies.file(1, urgency="P0"), token, key, Interlink_Urgency="P0")
            began = time.monotonic()
            answer = await connection.ask(one)
            refuse_unexpected([answer], CREATED)
            self.posted[answer.json()["number"]] = began
            await asyncio.sleep(EVERY_SECONDS)
        await connection.close()
        self.finished.set()

    async def hear(self, heard: Assignments, expected: int, stop: asyncio.Event) -> None:
        """Until all suspects of the large file are assigned; then until every urgent one is, too."""
        seen = 0
        while seen < expected + len(self.posted):
            for referral in await heard.next():
                seen += 1
                self.heard.setdefault(referral, time.monotonic())
            if seen >= expected:
                stop.set()
                await self.finished.wait()  # only now is it known how many urgent ones there are

    async def seconds(self) -> list[float]:
        """How long each took. Raises `StackError` for one whose assignment was not heard of."""
        taken: list[float] = []
        for number, began in self.posted.items():
            at = self.heard.get(await self.ground.value(ID_OF, number))
            if at is None:
                raise StackError(f"No assignment of the urgent referral {number} was heard of.")
            taken.append(at - began)
        return taken


async def measure(ground: Ground) -> Row:
    """Seconds from the post to the assignment."""
    suspects = ground.size(100_000, 2_000)
    await ground.quiet()
    if not await offered(ground):
        return absent("9", WORK.format(suspects), NO_ENDPOINT)
    await ground.quiet()
    upload, urgent, stop = Upload.of(suspects), Urgent(ground), asyncio.Event()
    async with broker.assignments(ground) as heard:
        answer = await upload.send(ground.place("intake"), ground.token("referrals:write"))
        refuse_unexpected([answer], CREATED)
        async with asyncio.TaskGroup() as group:
            group.create_task(urgent.post(stop))
            group.create_task(urgent.hear(heard, suspects, stop))
    await ground.quiet()
    taken = await urgent.seconds()
    return Row(
        row="9",
        work=WORK.format(suspects),
        unit="s",
        ours=spread(taken),
        goals=[at_most("p99 ≤ 5 s", percentile(taken, 0.99), 5)],
        parts={"p50 s": percentile(taken, 0.5), "p99 s": percentile(taken, 0.99), "posted": len(taken)},
    )
