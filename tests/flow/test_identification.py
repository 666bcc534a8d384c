"""A provider's answer, as isp-liaison will publish it, moves a suspect from the centre to its police."""

from datetime import UTC, datetime
from uuid import UUID

from confluent_kafka import Producer
from suite.running import Suite

from contracts import envelope, ids, registry
from contracts.envelope import Envelope
from contracts.events.identifications import IdentificationCompleted
from interlink.stack.servers import Broker
from kit.testing.eventually import eventually
from sandbox.generator.files import files

NOW = datetime.now(UTC)  # noqa: TID251 - captures must be of these days, as in life

UNIDENTIFIED = """
    SELECT e.id, e.referral, e.number FROM routing.entry e
    JOIN routing.determination d ON d.entry = e.id AND d.branch = 'canada_unidentified'
    WHERE e.id = ANY($1) ORDER BY e.id LIMIT 1
"""
HOLDERS = "SELECT holder, state FROM routing.assignment WHERE entry = $1 ORDER BY id"


def answer(suite: Suite, entry: UUID, referral: UUID) -> None:
    """Publish it with the credentials of isp-liaison, the topic's only writer."""
    event = IdentificationCompleted(
        entry=entry,
        kind="suspect",
        referral=referral,
        request=ids.new(),
        line=ids.new(),
        outcome="subscriber_identified",
        completed_at=NOW,
        country="CA",
        province="CA-ON",
        municipality="Guelph",
        postal_area="N1H",
        record=ids.new(),
    )
    declared = registry.of(IdentificationCompleted)
    told = Envelope(
        id=ids.new(),
        type=declared.type,
        source="/interlink/isp-liaison",
        subject=str(entry),
        partitionkey=str(entry),
        time=NOW,
        dataschema=declared.dataschema,
        correlationid=str(referral),
        sequence=1,
        tenant="partner:bureau-nl",
        testmode=True,
        handling="NONE",
        priority="P3",
    )
    login = Broker(home=suite.home).settings("isp-liaison", suite.home.secrets["kafka.isp-liaison"])
    producer = Producer({**login, "acks": "all"})
    payload = event.model_dump_json(exclude_none=True).encode()
    producer.produce(declared.topic.name, payload, str(entry).encode(), headers=envelope.encode(told))
    assert producer.flush(30) == 0


async def test_an_answer_moves_the_suspect_from_the_centre_and_its_partner_sees_it(suite: Suite) -> None:
    await suite.ready()
    (body,) = [made.body for made in files(611, 1, 60, now=NOW)]
    entries = await suite.entries_of([await suite.deliver("bureau-nl", body)])
    await suite.settled(entries)
    (held,) = await suite.rows(UNIDENTIFIED, list(entries))

    answer(suite, held["id"], held["referral"])

    async def moved() -> bool:
        rows = await suite.rows(HOLDERS, held["id"])
        return [(row["holder"], row["state"]) for row in rows] == [("centre", "moved"), ("ice-on", "assigned")]

    await eventually(moved, within=30)

    async def seen() -> bool:
        async with suite.client("intake", "bureau-nl") as http:
            page = (await http.get(f"/v1/referrals/{held['number']}", params={"limit": 200})).json()
        (mine,) = [entry for entry in page["entries"] if entry["id"] == str(held["id"])]
        return mine["assignment"]["holder"] == "ice-on" and "identified" in str(mine["identification"])

    await eventually(seen, within=30)
