"""Who may ask the sandbox's issuer for a token, and for what.

One table for the named clients and three rules for all others: `bureau-<country>` is a partner, `officer-<slug>` an
officer of the agency of that slug, any other well-formed slug is the agency's system, so every body of routing's
directory has its clients without being listed here.
Secrets are derived, never stored: who holds the issuer's secret can derive every client's, nobody else any.
"""

import hmac
import re
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from types import MappingProxyType

SCOPES = frozenset(
    {
        "referrals:write", "referrals:read", "suspects:read", "assignments:read", "assignments:decide",
        "determinations:preview", "requests:read", "requests:draft", "requests:approve", "answers:write",
        "answers:check", "subscribers:read", "notices:read", "notices:acknowledge", "endpoints:manage",
        "events:read", "directory:manage", "partners:manage", "statistics:read", "audit:read", "operations",
    }
)  # fmt: skip
"""The one list of scopes (spec §7)."""

PARTNER = frozenset({"referrals:write", "referrals:read", "notices:read", "notices:acknowledge", "events:read"})
"""A bureau abroad also holds what was assigned to its country."""
AGENCY = frozenset(
    {
        "suspects:read", "assignments:read", "assignments:decide", "determinations:preview",
        "notices:read", "notices:acknowledge", "endpoints:manage", "events:read",
    }
)  # fmt: skip
AGENCY_OFFICER = frozenset(
    {
        "suspects:read", "assignments:read", "assignments:decide", "determinations:preview", "subscribers:read",
        "notices:read", "notices:acknowledge", "events:read",
    }
)  # fmt: skip
OFFICER = AGENCY_OFFICER | {"requests:read", "requests:draft", "requests:approve", "answers:check"}
"""Of the centre: it asks the providers, so its officers draft, approve and check."""
COORDINATOR = OFFICER | {
    "referrals:read", "answers:write", "endpoints:manage", "directory:manage", "partners:manage",
    "statistics:read",
}  # fmt: skip
AUDITOR = frozenset(
    {
        "referrals:read", "suspects:read", "assignments:read", "requests:read", "notices:read",
        "statistics:read", "audit:read",
    }
)  # fmt: skip
OPERATOR = frozenset({"operations", "endpoints:manage", "directory:manage", "partners:manage", "statistics:read"})
PROVIDER = frozenset({"requests:read", "answers:write"})

_SLUG = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_LONGEST_SLUG = 60
_OFFICER_OF = "officer-"
_BUREAU_OF = "bureau-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """A holder of credentials: what a token for it will say."""

    id: str
    tenant: str
    roles: tuple[str, ...]
    scopes: frozenset[str]


def _client(name: str, tenant: str, role: str, scopes: frozenset[str]) -> tuple[str, Client]:
    return name, Client(id=name, tenant=tenant, roles=(role,), scopes=scopes)


CLIENTS = MappingProxyType(
    dict(
        [
            _client("bureau-nl", "partner:bureau-nl", "partner", PARTNER),
            _client("clearinghouse", "partner:clearinghouse", "partner", PARTNER),
            _client("officer-1", "centre", "officer", OFFICER),
            _client("officer-2", "centre", "officer", OFFICER),
            _client("coordinator", "centre", "coordinator", COORDINATOR),
            _client("auditor", "centre", "auditor", AUDITOR),
            _client("operator", "centre", "operator", OPERATOR),
            _client("provider-north", "provider:provider-north", "provider", PROVIDER),
            _client("provider-east", "provider:provider-east", "provider", PROVIDER),
        ]
    )
)
"""The clients that are not systems of an agency (spec §7)."""


def find(client: str) -> Client | None:
    """The client of that id; None where no client could have it.

    An agency's system carries no role: it is not a person, and what it may do is in its scopes.
    """
    named = CLIENTS.get(client)
    if named is not None:
        return named
    if len(client) > _LONGEST_SLUG or not _SLUG.fullmatch(client):
        return None
    if client.startswith(_BUREAU_OF):
        return Client(id=client, tenant=f"partner:{client}", roles=("partner",), scopes=PARTNER)
    agency = client.removeprefix(_OFFICER_OF)
    if agency != client:
        return Client(id=client, tenant=f"agency:{agency}", roles=("officer",), scopes=AGENCY_OFFICER)
    return Client(id=client, tenant=f"agency:{client}", roles=(), scopes=AGENCY)


def client_secret(secret: str, client: str) -> str:
    """The secret of one client, derived from the issuer's: HMAC-SHA-256, 43 characters safe in a URL."""
    digest = hmac.digest(secret.encode(), f"sandbox.client:{client}".encode(), "sha256")
    return urlsafe_b64encode(digest).decode().rstrip("=")
