"""Row 8: one file of a hundred thousand suspects as NDJSON, and what every process holds until the last assignment."""

import asyncio
from dataclasses import dataclass, field

from interlink.benching import broker, consumption
from interlink.benching.figures import Row, absent, at_least, at_most
from interlink.benching.ground import Ground
from interlink.benching.references.serving import endpoint
from interlink.benching.rounds import side_by_side
from interlink.benching.uploading import NO_ENDPOINT, Upload, offered

WORK = "a file of {:,} suspects as NDJSON"
LOOK_SECONDS = 0.5


@dataclass(slots=True)
class Peaks:
    """The most that each process held, beside what it held idle."""

    ground: Ground
    idle: dict[str, float] = field(default_factory=dict[str, float])
    most: dict[str, float] = field(default_factory=dict[str, float])

    def begin(self) -> None:
        """Note what everybody holds now."""
        self.idle = consumption.pss(self.ground.found)
        self.most = dict(self.idle)

    async def watch(self, stop: asyncio.Event) -> None:
        """Look twice a second until told to stop."""
        while not stop.is_set():
            seen = await asyncio.to_thread(consumption.pss, self.ground.found)
            self.most = {name: max(size, self.most.get(name, 0.0)) for name, size in seen.items()}
            await asyncio.sleep(LOOK_SECONDS)

    @property
    def growth(self) -> dict[str, float]:
        """MB above idle."""
        return {name: most - self.idle.get(name, 0.0) for name, most in self.most.items()}


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
    name, growth = max(peaks.growth.items(), key=lambda one: one[1])
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
            at_most(f"< 60 MB above idle until the last assignment (most: {name})", growth, 60),
        ],
        parts={f"MB above idle: {process}": size for process, size in sorted(peaks.growth.items())},
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
