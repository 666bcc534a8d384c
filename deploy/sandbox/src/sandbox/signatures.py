"""Standard Webhooks signatures, verified as any receiver would: by the specification's own package."""

from collections.abc import Iterable, Mapping
from contextlib import suppress

from standardwebhooks.webhooks import EmptyWebhookSecretError, Webhook, WebhookVerificationError


def is_signed(body: bytes, headers: Mapping[str, str], secrets: Iterable[str]) -> bool:
    """Whether one of the secrets signed exactly these bytes, at most five minutes ago."""
    for secret in secrets:
        # Malformed headers (no comma, no base64) and a body that is no UTF-8 leave the package as ValueError.
        with suppress(WebhookVerificationError, EmptyWebhookSecretError, ValueError):
            Webhook(secret).verify(body, dict(headers), json_parse=False)
            return True
    return False
