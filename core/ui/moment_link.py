"""Links to a moment of a call."""

import math

from core.settings import Settings

LATEST_S = 7 * 24 * 3600.0


def live_page_address(settings: Settings) -> str:
    """The live page's address for others; empty where only the browser knows it."""
    return f"{settings.public_url.rstrip('/')}/live" if settings.public_url else ""


def moment_of(given: str) -> float | None:
    """The moment that a link names, in seconds on the call's clock; None where it names none that can be."""
    try:
        seconds = float(given)
    except ValueError:
        return None
    return seconds if math.isfinite(seconds) and 0 <= seconds <= LATEST_S else None
