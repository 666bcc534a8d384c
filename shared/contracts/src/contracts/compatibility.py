"""The gate for minor versions: closed writer, open reader.

*Backward*: what yesterday's writers sent, today's closed schema still allows: closed(old) ⊆ closed(new).
*Forward*: what today's writers send, yesterday's readers still accept: closed(new) ⊆ open(old).
Both must hold against every released minor of the same major, or the change is a new major.
A tool of developers and tests: it needs `jsonsubschema`, which services do not install.
"""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

from contracts.schemas import Schema, apply, bare, inlined, opened

with warnings.catch_warnings():
    # Its docstrings hold escapes that Python warns of when it compiles them, and our tests stop at warnings.
    warnings.simplefilter("ignore", DeprecationWarning)
    warnings.simplefilter("ignore", SyntaxWarning)
    from jsonsubschema import isSubschema


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What holds between an older and a newer closed schema."""

    backward: bool
    forward: bool

    @property
    def compatible(self) -> bool:
        """Whether the newer one may be a minor version of the older one."""
        return self.backward and self.forward


def verdict(old: Schema, new: Schema) -> Verdict:
    """Compares two closed schemas."""
    if normalised(old) == normalised(new):  # most are, and the tool takes a tenth of a second for each
        return Verdict(backward=True, forward=True)
    return Verdict(backward=contains(new, old), forward=contains(opened(old), new))


def contains(outer: Schema, inner: Schema) -> bool:
    """Whether every document that `inner` accepts is one that `outer` accepts."""
    return cast("bool", isSubschema(normalised(inner), normalised(outer)))


def changed_defaults(old: Schema, new: Schema) -> Iterator[str]:
    """The fields both schemas have whose default differs: no document shows it, yet absence now says more."""
    yield from _changed_defaults(inlined(old), inlined(new), "#")


def normalised(schema: Schema) -> Schema:
    """The schema in the dialect (draft 4) and the words that `jsonsubschema` 0.0.8 judges rightly.

    References are inlined because it follows lazy proxies only in part, and annotations dropped because it
    canonicalises a `default` as if it were a schema.
    """
    return apply(bare(inlined(schema)), _judged)


def _judged(part: Schema) -> Schema:
    judged = dict(part)
    if not judged.get("required", True):
        del judged["required"]  # draft 4 refuses an empty list
    if "format" in judged:
        # It ignores formats, so that date-time -> uuid would pass. A pattern that only this format has makes
        # each format a subset of text that is disjoint from every other one, which is all we need to know.
        judged["pattern"] = f"^{judged.pop('format')}:.*$"
    return judged


def _changed_defaults(old: Schema, new: Schema, place: str) -> Iterator[str]:
    before, after = old.get("properties", {}), new.get("properties", {})
    for name in before.keys() & after.keys():
        where = f"{place}/{name}"
        # A field that was required has no default, and gains none by becoming optional.
        if "default" in before[name] and before[name]["default"] != after[name].get("default"):
            yield where
        yield from _changed_defaults(before[name], after[name], where)
    if "items" in old and "items" in new:
        yield from _changed_defaults(old["items"], new["items"], f"{place}/[]")
    for former, latter in zip(old.get("anyOf", []), new.get("anyOf", []), strict=False):
        yield from _changed_defaults(former, latter, place)
