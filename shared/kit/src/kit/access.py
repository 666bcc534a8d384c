"""Who calls: the verified claims of a token, as every layer below the door reads them.

Promise: a `Principal` exists only after its token was verified; nothing in it came from a header or a body
(but `purpose`, which the caller declares and the audit keeps).
"""

from dataclasses import dataclass

CENTRE_TENANT = "centre"
CENTRE_ROLES = ("coordinator", "officer", "auditor", "operator")
"""Who of the centre sees every tenant's rows; a researcher of the centre does not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """One verified caller; `tenant` is `partner:…`, `agency:…`, `provider:…` or `centre` (spec §6)."""

    subject: str
    client: str
    tenant: str
    roles: frozenset[str]
    scopes: frozenset[str]
    purpose: str | None = None

    @property
    def of_centre(self) -> bool:
        """Whether the caller sees with the centre's eyes: one of its people in a role that needs to."""
        return self.tenant == CENTRE_TENANT and self.has_role(*CENTRE_ROLES)

    @property
    def slug(self) -> str:
        """The tenant without its kind: `partner:bureau-nl` is `bureau-nl`, `centre` is `centre`."""
        return self.tenant.rpartition(":")[2]

    def has_role(self, *roles: str) -> bool:
        """Whether the caller has at least one of `roles` (spec §7)."""
        return not self.roles.isdisjoint(roles)

    def has_scopes(self, *scopes: str) -> bool:
        """Whether the caller has every one of `scopes` (spec §7)."""
        return self.scopes.issuperset(scopes)
