"""Reads a JSON object while it arrives: each member as soon as it is complete, and nothing before."""

import json
from collections.abc import Iterator
from typing import Any

LONGEST = 100_000
"""Characters of one object; more is refused, so that a server gone wild fills no memory."""
DEEPEST = 16
_SPACE = " \t\r\n"


class JsonBroken(ValueError):
    """What arrives is no JSON object (RFC 8259), or one with two members of the same name."""


class JsonMembers:
    """The members of one object, in the order in which they arrive.

    A member is complete when its string, list or object is closed, or when a number or word is followed by a comma or
    the closing brace: a number that has just arrived may go on.
    """

    def __init__(self) -> None:
        self._text = ""
        self._read = 0
        """How much of `_text` has been looked at; that begins behind the brace or the last complete member."""
        self._begun = False
        self._closed = False
        self._depth = 0
        self._in_string = False
        self._escaped = False
        self._length = 0
        self._names: set[str] = set()

    @property
    def is_closed(self) -> bool:
        """Whether the object is complete."""
        return self._closed

    def feed(self, text: str) -> Iterator[tuple[str, Any]]:
        """Take more text, and give the members that are complete by it.

        Raises:
            JsonBroken: while iterating; nothing that comes after it can be relied on.
        """
        self._length += len(text)
        if self._length > LONGEST:
            raise JsonBroken
        self._text += text
        while self._read < len(self._text):
            character = self._text[self._read]
            self._read += 1
            if self._closed or not self._begun:
                self._outside(character)
            elif self._in_string:
                self._inside_string(character)
            elif character == '"':
                self._in_string = True
            elif character in "{[":
                self._depth += 1
                if self._depth > DEEPEST:
                    raise JsonBroken
            elif character in "}]" and self._depth:
                self._depth -= 1
            elif character == "]":
                raise JsonBroken
            elif character in ",}" and not self._depth:
                yield from self._member(self._text[: self._read - 1], is_last=character == "}")

    def _outside(self, character: str) -> None:
        if character == "{" and not self._closed:
            self._begun = True
            self._text, self._read = self._text[self._read :], 0
        elif character not in _SPACE:
            raise JsonBroken

    def _inside_string(self, character: str) -> None:
        if self._escaped:
            self._escaped = False
        elif character == "\\":
            self._escaped = True
        elif character == '"':
            self._in_string = False

    def _member(self, source: str, is_last: bool) -> Iterator[tuple[str, Any]]:
        self._text, self._read, self._closed = self._text[self._read :], 0, is_last
        if is_last and not source.strip(_SPACE) and not self._names:
            return
        try:
            parsed = json.loads("{" + source + "}", parse_constant=_no_constant)
        except (ValueError, RecursionError) as error:
            raise JsonBroken from error
        if len(parsed) != 1:
            raise JsonBroken
        ((name, value),) = parsed.items()
        if name in self._names:
            raise JsonBroken
        self._names.add(name)
        yield name, value


def _no_constant(name: str) -> float:
    # Python reads NaN and Infinity, which JSON does not have.
    raise ValueError(name)
