"""The one list of OAuth2 scopes (spec §7): an issuer grants from it, a route asks for one of it."""

from typing import Final

SCOPES: Final = frozenset(
    {
        "referrals:write",
        "referrals:read",
        "suspects:read",
        "assignments:read",
        "assignments:decide",
        "determinations:preview",
        "requests:read",
        "requests:draft",
        "requests:approve",
        "answers:write",
        "answers:check",
        "subscribers:read",
        "notices:read",
        "notices:acknowledge",
        "endpoints:manage",
        "events:read",
        "directory:manage",
        "partners:manage",
        "statistics:read",
        "audit:read",
        "operations",
    }
)
