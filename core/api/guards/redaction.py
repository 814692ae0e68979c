"""Keeps secrets out of the log: tokens in addresses and headers, and the settings' own secrets.

Every record passes through the factory that makes it, whichever logger and handler it goes to: filters would have to
be put on every handler of every library.
"""

import logging
import re
import traceback
from collections.abc import Callable, Iterable
from typing import Any

from pydantic import SecretStr

from core.settings.fields import Settings

HIDDEN = "[hidden]"
SHORTEST_SECRET = 6
"""Characters; a shorter value would be found in ordinary words, and is not much of a secret."""
_PATTERNS = (
    # In an address: ?t=..., &token=..., also when it was escaped on the way.
    re.compile(
        r"(?i)((?:[?&;]|\\u0026|%3f|%26)(?:t|token|code|state|id_token|access_token)(?:=|%3d))(?!\[hidden)[^\s&#\"'<>;)\]}]+"
    ),
    # A header, as `name: value`, or as one of the pairs in which libraries print them.
    re.compile(
        r"(?i)(\b(?:proxy-authorization|authorization|set-cookie|cookie|x-xsrf-?token|x-earshot-xsrf)\b['\"]?\s*[:=,]\s*b?['\"]?)"
        r"(?!\[hidden)(?:(?:bearer|basic|digest)\s+)?[^\r\n'\"]+"
    ),
    re.compile(r"(?i)(\bbearer\s+)[a-z0-9._~+/=-]{8,}"),
    # A field of JSON or of a form; `credential` is what a browser shows a TURN server.
    re.compile(
        r"(?i)(['\"](?:password|token|xsrf_token|secret|client_secret|credential)['\"]\s*:\s*b?['\"])(?!\[hidden)[^'\"]+"
    ),
    # The password in a database's address.
    re.compile(r"(?i)(\b[a-z][a-z0-9+.-]{0,30}://[^\s:/@]{0,200}:)(?!\[hidden)[^\s/@]{1,500}(?=@)"),
)


class Redactor:
    """Takes secrets out of text. Any thread."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        known = sorted({secret for secret in secrets if len(secret) >= SHORTEST_SECRET}, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, known))) if known else None

    def redact(self, text: str) -> str:
        """The text without its secrets."""
        if self._known is not None:
            text = self._known.sub(HIDDEN, text)
        for pattern in _PATTERNS:
            text = pattern.sub(rf"\g<1>{HIDDEN}", text)
        return text

    def clean(self, record: logging.LogRecord) -> None:
        """Take the secrets out of a record: its message, its arguments, its traceback."""
        if isinstance(record.args, tuple):
            record.args = tuple(self.redact(arg) if isinstance(arg, str) else arg for arg in record.args)
        try:
            message = record.getMessage()
        except (TypeError, ValueError, KeyError):
            # The arguments do not fit the message; whoever handles the record says so and shows both.
            record.msg = self.redact(str(record.msg))
            return
        if (redacted := self.redact(message)) != message:
            record.msg, record.args = redacted, ()
        if record.exc_info and record.exc_info[1] is not None and not record.exc_text:
            record.exc_text = self.redact("".join(traceback.format_exception(record.exc_info[1])).rstrip("\n"))
        if record.stack_info:
            record.stack_info = self.redact(record.stack_info)


def secrets_of(settings: Settings) -> list[str]:
    """The values of all settings that are secrets."""
    values = (getattr(settings, name) for name in Settings.model_fields)
    return [value.get_secret_value() for value in values if isinstance(value, SecretStr)]


def redact_logs(redactor: Redactor) -> Callable[[], None]:
    """From now on no log record of this process holds a secret, whoever logs it. Gives what undoes it."""
    former = logging.getLogRecordFactory()

    def make(*args: Any, **kwargs: Any) -> logging.LogRecord:
        record = former(*args, **kwargs)
        redactor.clean(record)
        return record

    logging.setLogRecordFactory(make)
    return lambda: logging.setLogRecordFactory(former)
