"""What rows 1 to 3 share: intake's door measured alone, beside a reference that gets the same bytes or rows.

Whatever works behind the door (routing, liaison, notifications, intake's own worker) is held still for the seconds of
a round and works its backlog off before the next one; the door's process, its relay, Postgres and Kafka run as ever.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from interlink.benching.bodies import Bodies
from interlink.benching.figures import Compared, percentile
from interlink.benching.ground import Ground
from interlink.benching.load import Answer, Place, load
from interlink.benching.posting import CREATED, posts
from interlink.benching.references import pgbench, sample
from interlink.benching.references.sample import Table
from interlink.benching.references.serving import endpoint
from interlink.benching.rounds import side_by_side
from interlink.benching.scratch import Scratch

HELD = (
    "What stands behind the door is held still during a round and works its backlog off before the next; "
    "intake-api with its relay, Postgres and Kafka run as ever."
)
ENDPOINT = "the smallest FastAPI endpoint: same token check, same body validated, nothing stored; files/s"
WARM_UP = 4
"""Requests per client before anything is measured."""


@dataclass(slots=True)
class Door:
    """Intake's door as one row asks it."""

    ground: Ground
    suspects: int
    clients: int
    files: int
    bodies: Bodies = field(default_factory=Bodies)
    answers: list[Answer] = field(default_factory=list[Answer])
    """Of all rounds of ours."""

    async def warm(self, place: Place) -> None:
        """A few posts before the first round."""
        requests = posts(self.ground, self.bodies.files(WARM_UP * self.clients, self.suspects))
        await load(place, requests, self.clients, expected=CREATED)

    async def ours(self) -> float:
        """Files a second that intake accepts: durable, sealed, audited."""
        requests = posts(self.ground, self.bodies.files(self.files, self.suspects))
        with self.ground.held():
            ran = await load(self.ground.place("intake"), requests, self.clients, expected=CREATED)
        self.answers += ran.answers
        await self.ground.quiet()
        return ran.a_second

    async def other(self, place: Place) -> float:
        """Files a second that the reference endpoint answers."""
        requests = posts(self.ground, self.bodies.files(self.files, self.suspects))
        return (await load(place, requests, self.clients, expected=CREATED)).a_second

    def milliseconds(self, share: float) -> float:
        """A percentile over all rounds of ours."""
        return percentile([answer.seconds for answer in self.answers], share) * 1000


async def beside_the_endpoint(door: Door) -> Compared:
    """Rounds of ours between rounds of the smallest endpoint."""
    ground = door.ground
    await door.warm(ground.place("intake"))
    await ground.quiet()
    async with endpoint(ground) as place:
        await door.warm(place)
        return await side_by_side(ground.rounds, reference=lambda: door.other(place), ours=door.ours)


async def by_pgbench(door: Door, scratch: Scratch, rows: list[Table]) -> Mapping[str, float]:
    """The same rows by pgbench, and how much of that ours is: shown, not asked."""
    seconds = door.ground.size(5, 1)
    lengths = sample.bytes_of(rows)
    found = await pgbench.files_a_second(
        scratch, lengths, suspects=door.suspects, clients=door.clients, seconds=seconds
    )
    return {"pgbench -M prepared, the same rows and indexes, a transaction each: files/s": found}
