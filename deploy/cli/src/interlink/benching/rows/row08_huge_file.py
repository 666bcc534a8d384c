"""Row 8: one file of a hundred thousand suspects as NDJSON, and what every process holds until the last assignment."""

import asyncio

from interlink.benching import broker
from interlink.benching.figures import Row, absent, at_least
from interlink.benching.ground import Ground
from interlink.benching.peaks import Peaks
from interlink.benching.references.serving import endpoint
from interlink.benching.rounds import side_by_side
from interlink.benching.uploading import NO_ENDPOINT, Upload, offered

WORK = "a file of {:,} suspects as NDJSON"


async def measure(ground: Ground) -> Row:
    """Suspects a second until the answer, beside the same bytes read and discarded."""
    suspects = ground.size(100_000, 2_000)
    await ground.quiet()
    if not await offered(ground):
        return absent("8", WORK.format(suspects), NO_ENDPOINT)
    await ground.quiet()
    peaks, token = Peaks(ground), ground.token("referrals:write")
    peaks.begin()
    async with endpoint(ground) as place:
        found = await side_by_side(
            1,
            reference=lambda: Upload.of(suspects).rate(place, token),
            ours=lambda: _followed(ground, peaks, Upload.of(suspects)),
        )
    return Row(
        row="8",
        work=WORK.format(suspects),
        unit="suspects/s accepted",
        ours=found.ours,
        reference=found.reference,
        against="the same body read and discarded by the smallest FastAPI endpoint; suspects/s",
        ratio=found.ratio,
        goals=[
            at_least("accept ≥ 3,000 suspects/s", found.ours.median, 3_000),
            peaks.goal("the last assignment"),
        ],
        parts=peaks.parts,
    )


async def _followed(ground: Ground, peaks: Peaks, upload: Upload) -> float:
    """The rate of the upload; looks at the memory until the last suspect is assigned."""
    stop = asyncio.Event()
    async with broker.assignments(ground) as heard, asyncio.TaskGroup() as group:
        group.create_task(peaks.watch(stop))
        found = await upload.rate(ground.place("intake"), ground.token("referrals:write"))
        seen = 0
        while seen < upload.suspects:
            seen += len(await heard.next())
        stop.set()
    await ground.quiet()
    return found
