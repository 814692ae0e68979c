"""What the codes of the Realtime protocol's errors mean for a session. Pure."""

import re
from collections.abc import Mapping
from typing import Any

from core.model.errors import (
    PersonaAccountRefused,
    PersonaError,
    PersonaKeyRefused,
    PersonaModelUnknown,
    PersonaQuotaUsedUp,
    PersonaRateLimited,
    PersonaServerFailed,
    PersonaSessionExpired,
)

_CODE = re.compile(r"[\w.-]{1,60}")
_QUOTA = frozenset({"insufficient_quota", "billing_hard_limit_reached", "billing_not_active"})
_KEY = frozenset({"invalid_api_key", "incorrect_api_key", "missing_api_key", "authentication_error"})
_MODEL = frozenset({"model_not_found", "invalid_model"})
_RATE = frozenset({"rate_limit_exceeded", "rate_limit_error", "slow_down"})
_EXPIRED = frozenset({"session_expired", "session_timeout"})
_FAILED = frozenset({"server_error", "internal_error", "overloaded", "service_unavailable"})


def error_by_code(codes: set[str], server: str, model: str) -> PersonaError | None:
    """What the protocol's codes and types mean for a session; None for those that do not concern all of it."""
    if codes & _QUOTA:
        return PersonaQuotaUsedUp(server=server)
    if codes & _KEY:
        return PersonaKeyRefused(server=server)
    if "account_deactivated" in codes:
        return PersonaAccountRefused(server=server)
    if codes & _MODEL:
        return PersonaModelUnknown(server=server, model=model)
    if codes & _EXPIRED:
        return PersonaSessionExpired(server=server)
    if codes & _RATE:
        return PersonaRateLimited(server=server)
    if codes & _FAILED:
        return PersonaServerFailed(server=server, reason=", ".join(sorted(codes & _FAILED)))
    return None


def error_codes(error: Mapping[str, Any]) -> set[str]:
    """The code and type of an error object of the protocol."""
    return {str(error.get(key)) for key in ("code", "type") if _CODE.fullmatch(str(error.get(key) or ""))}
