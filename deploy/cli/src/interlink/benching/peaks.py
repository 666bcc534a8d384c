"""The memory of every process, watched while something large goes through them."""

import asyncio
from dataclasses import dataclass, field

from interlink.benching import consumption
from interlink.benching.figures import Goal, at_most
from interlink.benching.ground import Ground

LOOK_SECONDS = 0.5
MOST_MB = 60


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

    def goal(self, until: str) -> Goal:
        """Nobody may hold much more than idle, however much waits."""
        name, growth = max(self.growth.items(), key=lambda one: one[1])
        return at_most(f"< {MOST_MB} MB above idle until {until} (most: {name})", growth, MOST_MB)

    @property
    def parts(self) -> dict[str, float]:
        """How much each process held above idle, as a row shows it."""
        return {f"MB above idle: {process}": size for process, size in sorted(self.growth.items())}
