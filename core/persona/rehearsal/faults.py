"""What may go wrong with a connection to the rehearsal, on request."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

REFUSALS = {
    "quota": (429, "insufficient_quota"),
    "key": (401, "invalid_api_key"),
    "account": (403, "account_deactivated"),
    "model": (404, "model_not_found"),
    "rate": (429, "rate_limit_exceeded"),
    "down": (503, "server_error"),
}
"""HTTP statuses and codes with which a connection is turned away."""


@dataclass(frozen=True, slots=True)
class Faults:
    """One connection's."""

    refuse: str = ""
    """One of `REFUSALS`: there is no connection."""
    expiry: float = 0.0
    """Seconds after which the session has lasted its longest; 0 for an hour."""
    drop: float = 0.0
    """Seconds after which the connection breaks without a word; 0 for never."""
    drop_speaking: bool = False
    """It breaks in the middle of the first answer."""
    deaf: bool = False
    mute: bool = False
    malformed: bool = False
    """Messages that are no events come before each answer."""
    unknown: bool = False
    """Events that nobody knows come before each answer."""
    rate_limited: int = 0
    """So many answers fail because of the rate limit."""
    quota_used_up: bool = False
    """The first answer fails because the quota is used up."""
    refuse_update: bool = False
    """The session's configuration is not accepted."""


FaultsOf = Callable[[int], Faults]
"""A connection's faults by its number, from 1."""


def no_faults(connection: int) -> Faults:
    """Nothing goes wrong."""
    return Faults()


def read_faults(texts: Sequence[str]) -> FaultsOf:
    """`deaf`, `expiry=30`, `2:drop=1.5` (of the second connection alone). Raises ValueError with what is wrong."""
    every, single = Faults(), dict[int, Faults]()
    for text in texts:
        number, colon, rest = text.partition(":")
        fault, number = (rest, number) if colon else (text, "")
        if number and not number.isdigit():
            raise ValueError(f"{text}: {number} is not the number of a connection")
        if number:
            single[int(number)] = _with(single.get(int(number), Faults()), fault)
        else:
            every = _with(every, fault)
    return lambda connection: single.get(connection, every)


def _with(faults: Faults, text: str) -> Faults:
    name, _, value = text.partition("=")
    name = name.strip().replace("-", "_")
    if name == "refuse":
        if value not in REFUSALS:
            raise ValueError(f"{text}: one of {', '.join(REFUSALS)}")
        return replace(faults, refuse=value)
    try:
        match name:
            case "expiry":
                return replace(faults, expiry=float(value))
            case "drop":
                return replace(faults, drop=float(value))
            case "rate_limited":
                return replace(faults, rate_limited=int(value or "1"))
    except ValueError as error:
        raise ValueError(f"{text}: a number is missing") from error
    if name in ("drop_speaking", "deaf", "mute", "malformed", "unknown", "quota_used_up", "refuse_update"):
        flags: dict[str, Any] = {name: True}
        return replace(faults, **flags)
    raise ValueError(f"{text}: there is no such fault")
