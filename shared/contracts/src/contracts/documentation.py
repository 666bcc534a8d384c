"""What is generated from the registry and committed: schemas, AsyncAPI, and the tables in the README.

Pure: it says which file has which content. A test compares, `python -m contracts generate` writes.
"""

from datetime import timedelta
from pathlib import Path

from contracts import asyncapi, schemas
from contracts.registry import EVENTS, PREFIX, TOPICS, EventType, Topic
from contracts.releases import rendered

README = "README.md"
BEGIN = "<!-- generated from the registry by `python -m contracts generate`: begin -->"
END = "<!-- generated: end -->"


def generated(home: Path) -> dict[str, bytes]:
    """Content of every generated file by its path from `home`; the README keeps its hand-written part."""
    files = {f"schemas/{subject.versioned}.json": rendered(schemas.closed(subject)) for subject in schemas.subjects()}
    files["asyncapi.json"] = rendered(asyncapi.document())
    files[README] = _readme((home / README).read_text(encoding="utf-8")).encode()
    return files


def stale(home: Path) -> list[str]:
    """Generated files that differ from what the registry says today, or that it no longer names."""
    files = generated(home)
    differing = [
        path for path, content in files.items() if not (home / path).is_file() or (home / path).read_bytes() != content
    ]
    return sorted([*differing, *(set(_present(home)) - files.keys())])


def generate(home: Path) -> list[str]:
    """Brings the generated files up to date. Returns the paths written or removed."""
    files, changed = generated(home), stale(home)
    for path in changed:
        if path in files:
            (home / path).parent.mkdir(parents=True, exist_ok=True)
            (home / path).write_bytes(files[path])
        else:
            (home / path).unlink()
    return changed


def tables() -> str:
    """Topics and event types as Markdown."""
    topics = _table(
        ("topic", "writer", "key", "partitions", "retention", "personal data"),
        [_topic_row(topic) for topic in TOPICS],
    )
    events = _table(("type", "topic", "key field", "plaintext", "meaning"), [_event_row(event) for event in EVENTS])
    return f"### Topics\n\n{topics}\n\n### Event types\n\n{events}\n"


def _present(home: Path) -> list[str]:
    """Schema files that are there, without the released ones."""
    found = [*(home / "schemas").glob("*.json"), *(home / "schemas/plaintext").glob("*.json")]
    return [path.relative_to(home).as_posix() for path in found]


def _readme(text: str) -> str:
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{tables()}{END}{after}"


def _topic_row(topic: Topic) -> tuple[str, ...]:
    days = f"{topic.retention // timedelta(days=1)} days"
    return (
        f"`{topic.name}`",
        topic.writer,
        topic.key,
        str(topic.partitions),
        "newest per key" if topic.compacted else days,
        topic.personal.value,
    )


def _event_row(event: EventType) -> tuple[str, ...]:
    return (
        f"`{event.name}` v{event.major}",
        event.topic.name.removeprefix(PREFIX),
        f"`{event.key}`",
        f"`{event.plaintext.__name__}`" if event.plaintext is not None else "",
        asyncapi.meaning(event.model),
    )


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
