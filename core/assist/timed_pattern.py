"""Regular expressions with a time limit, so that one that explodes stops itself and not the server."""

import regex

from core.model.errors import AlertPatternInvalid, AlertPatternSlow

LIMIT_S = 0.05
"""How long one search may take."""


class TimedPattern:
    """A pattern that is looked for whatever the case. Any thread; other threads go on while it searches."""

    def __init__(self, pattern: str, rule: str = "") -> None:
        """`rule` is whose pattern it is, for the error. Raises AlertPatternInvalid."""
        self._rule = rule
        try:
            self._compiled = regex.compile(pattern, regex.IGNORECASE | regex.UNICODE | regex.VERSION0)
        except (regex.error, RecursionError, OverflowError, ValueError) as error:
            raise AlertPatternInvalid(reason=str(error)) from error

    def search(self, text: str, limit_s: float = LIMIT_S) -> str | None:
        """What was found, which may be empty; None where nothing was.

        Raises:
            AlertPatternSlow: it took longer than the limit.
        """
        try:
            found = self._compiled.search(text, timeout=limit_s, concurrent=True)
        except TimeoutError as error:
            raise AlertPatternSlow(rule=self._rule, milliseconds=round(limit_s * 1000)) from error
        return None if found is None else str(found[0])
