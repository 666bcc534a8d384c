"""From the partners' posts to one assignment per suspect and victim, over all processes."""

from collections import Counter, defaultdict
from datetime import UTC, datetime

from suite.running import Suite, all_of

from contracts import registry
from contracts.events.jurisdictions import AssignmentCreated, JurisdictionDetermined
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

    created: Counter[str] = Counter()
    sequences: defaultdict[str, list[int]] = defaultdict(list)
    seen: set[object] = set()
    for told, payload in await suite.records(registry.JURISDICTIONS):
        if told.id in seen:
            continue
        seen.add(told.id)
        sequences[told.subject].append(told.sequence)
        if told.type == registry.of(AssignmentCreated).type:
            event = AssignmentCreated.model_validate_json(payload)
            created[str(event.entry)] += 1
    ours = {str(entry) for entry in entries}
    assert {entry for entry in created if entry in ours} == ours
    assert all(created[entry] == 1 for entry in ours)
    assert all(numbers == list(range(1, len(numbers) + 1)) for numbers in sequences.values())


async def test_the_story_of_a_suspect_names_its_body_and_says_why(suite: Suite) -> None:
    made = morning(8, 30, 2, now=NOW)
    entries = await suite.entries_of(await posted(suite, made))
    await suite.settled(entries)
    determined = {
        JurisdictionDetermined.model_validate_json(payload).entry: JurisdictionDetermined.model_validate_json(payload)
        for told, payload in await suite.records(registry.JURISDICTIONS)
        if told.type == registry.of(JurisdictionDetermined).type
    }
    entry = next(iter(entries & set(determined)))
    async with suite.client("routing", "coordinator") as http:
        story = await http.get(f"/v1/suspects/{entry}")
    assert story.status_code == 200, story.text
    assert determined[entry].body in story.text


async def test_posting_the_same_file_again_changes_nothing(suite: Suite) -> None:
    made = morning(9, 10, 1, now=NOW)
    first = await suite.post("bureau-nl", made.file, Idempotency_Key="flow-again")
    again = await suite.post("bureau-nl", made.file, Idempotency_Key="flow-again")
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert again.headers["Idempotent-Replayed"] == "true"
    await suite.settled(await suite.entries_of([first.json()]))
