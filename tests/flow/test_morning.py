"""From the partners' posts to one assignment per suspect and victim, over all processes."""

from collections import Counter, defaultdict
from datetime import UTC, datetime
from uuid import UUID

from suite.running import Suite, all_of

from contracts import registry
from contracts.events.jurisdictions import AssignmentCreated, JurisdictionDetermined
from kit.testing.eventually import eventually
from sandbox.generator.morning import Morning, morning

NOW = datetime.now(UTC)  # noqa: TID251 - captures must be of these days, as in life


async def posted(suite: Suite, made: Morning) -> list[dict[str, object]]:
    file = await suite.deliver("bureau-nl", made.file)
    reports = await all_of(
        *[
            suite.deliver("clearinghouse", report.body, report.media_type, Interlink_Reference=report.reference)
            for report in made.reports
        ]
    )
    return [file, *reports]


async def test_every_accepted_entry_of_a_morning_ends_in_exactly_one_current_assignment(suite: Suite) -> None:
    made = morning(7, 120, 4, now=NOW)
    receipts = await posted(suite, made)
    entries = await suite.entries_of(receipts)
    assert len(entries) == made.suspects + made.victims
    await suite.settled(entries)

    async def each_is_told_once_and_in_order() -> bool:
        created, sequences = await _told(suite)
        assert {entry for entry in created if entry in ours} == ours
        assert all(created[entry] == 1 for entry in ours)
        return all(numbers == list(range(1, len(numbers) + 1)) for numbers in sequences.values())

    ours = {str(entry) for entry in entries}
    await eventually(each_is_told_once_and_in_order, within=30)


async def _told(suite: Suite) -> tuple[Counter[str], dict[str, list[int]]]:
    """Assignments created per entry, and the sequence numbers of each subject as they first stand on the topic."""
    created: Counter[str] = Counter()
    sequences: defaultdict[str, list[int]] = defaultdict(list)
    seen: set[object] = set()
    for told, payload in await suite.records(registry.JURISDICTIONS):
        if told.id in seen:
            continue
        seen.add(told.id)
        sequences[told.subject].append(told.sequence)
        if told.type == registry.of(AssignmentCreated).type:
            created[str(AssignmentCreated.model_validate_json(payload).entry)] += 1
    return created, sequences


async def test_the_story_of_a_suspect_names_its_body_and_says_why(suite: Suite) -> None:
    made = morning(8, 30, 2, now=NOW)
    entries = await suite.entries_of(await posted(suite, made))
    await suite.settled(entries)

    async def determined() -> dict[UUID, JurisdictionDetermined]:
        wanted = registry.of(JurisdictionDetermined).type
        records = await suite.records(registry.JURISDICTIONS)
        events = [
            JurisdictionDetermined.model_validate_json(payload) for told, payload in records if told.type == wanted
        ]
        return {event.entry: event for event in events if event.entry in entries and event.kind == "suspect"}

    entry, event = next(iter((await eventually(determined)).items()))
    async with suite.client("routing", "coordinator") as http:
        story = await http.get(f"/v1/suspects/{entry}")
    assert story.status_code == 200, story.text
    assert event.body in story.text


async def test_posting_the_same_file_again_changes_nothing(suite: Suite) -> None:
    made = morning(9, 10, 1, now=NOW)
    first = await suite.post("bureau-nl", made.file, Idempotency_Key="flow-again")
    again = await suite.post("bureau-nl", made.file, Idempotency_Key="flow-again")
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert again.headers["Idempotent-Replayed"] == "true"
    await suite.settled(await suite.entries_of([first.json()]))
