"""Files that people write in YAML, read with the lines on which things stand.

Every value is taken as it is written: `no` and `007` are words. Nodes are read, never objects made of them.
"""

from collections.abc import Callable, Iterator
from typing import TypeAlias

import yaml

from core.model.message import Message

Node: TypeAlias = yaml.Node
ScalarNode: TypeAlias = yaml.ScalarNode

Refuse = Callable[[int, Message], Exception]
"""Makes the error that names a line (from 1) and the reason."""


class YamlReader:
    """Takes a text apart; whatever does not fit is raised as `refuse` makes it. Pure; any thread."""

    def __init__(self, refuse: Refuse) -> None:
        self._refuse = refuse

    def compose(self, text: str) -> Node | None:
        """The root of a text; None where it holds nothing."""
        try:
            node: Node | None = yaml.compose(text, Loader=yaml.SafeLoader)
        except yaml.reader.ReaderError as error:
            line = text.count("\n", 0, error.position) + 1
            raise self._refuse(line, Message("there is a character that no text has")) from error
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line = min(mark.line, text.count("\n")) + 1 if mark is not None else 1
            problem = Message(
                "it cannot be read as YAML ({problem})", {"problem": error.problem or error.context or ""}
            )
            raise self._refuse(line, problem) from error
        except (RecursionError, ValueError, OverflowError) as error:
            # PyYAML passes on what Python says of escapes beyond Unicode.
            raise self._refuse(1, Message("it cannot be read as YAML ({problem})", {"problem": str(error)})) from error
        return None if node is None or is_nothing(node) else node

    def mapping(self, node: Node, allowed: tuple[str, ...]) -> dict[str, Node]:
        """The entries of a mapping, all of them among those that may stand there."""
        found = {}
        for key, value in self.entries(node):
            if key.value not in allowed:
                raise self.invalid(
                    key,
                    Message(
                        "“{name}” is unknown here; what may stand here: {allowed}",
                        {"name": short(key.value), "allowed": ", ".join(allowed)},
                    ),
                )
            found[key.value] = value
        return found

    def entries(self, node: Node) -> Iterator[tuple[ScalarNode, Node]]:
        """The keys and values of a mapping, in their order, none twice."""
        if not is_mapping(node):
            raise self.invalid(node, Message("names with a colon after each are wanted here"))
        lines: dict[str, int] = {}
        for key, value in node.value:
            if not is_scalar(key):
                raise self.invalid(key, Message("a text is wanted here"))
            if key.value in lines:
                raise self.twice(key, key.value, lines[key.value])
            lines[key.value] = line_of(key)
            yield key, value

    def items(self, node: Node) -> list[Node]:
        """The entries of a list."""
        if is_nothing(node):
            return []
        if not isinstance(node, yaml.SequenceNode):
            raise self.invalid(node, Message("a list is wanted here, each entry after a hyphen"))
        entries: list[Node] = node.value
        return entries

    def words(self, node: Node, longest: int) -> str:
        """A text that can be said, on one line, with single spaces."""
        if not is_scalar(node):
            raise self.invalid(node, Message("a text is wanted here"))
        text = " ".join(node.value.split())
        if not text or is_nothing(node):
            raise self.invalid(node, Message("an entry is empty"))
        if not text.isprintable():
            raise self.invalid(node, Message("there is a character that no text has"))
        if not any(character.isalnum() for character in text):
            raise self.invalid(node, Message("“{text}” has no letter and no digit", {"text": short(text)}))
        if len(text) > longest:
            raise self.too_long(node, text, longest)
        return text

    def too_long(self, node: Node, text: str, longest: int) -> Exception:
        """That a text is longer than it may be."""
        parameters = {"text": short(text), "limit": longest}
        return self.invalid(node, Message("“{text}” is longer than {limit} characters", parameters))

    def twice(self, node: Node, text: str, first: int) -> Exception:
        """That something is there already."""
        parameters = {"text": short(text), "first": first}
        return self.invalid(node, Message("“{text}” is there already, on line {first}", parameters))

    def invalid(self, node: Node, reason: Message) -> Exception:
        """That a node cannot be used."""
        return self._refuse(line_of(node), reason)


def line_of(node: Node) -> int:
    """Where a node begins, from 1."""
    line: int = node.start_mark.line
    return line + 1


def is_nothing(node: Node) -> bool:
    """Whether nothing was written there, or `~`."""
    return is_scalar(node) and node.style is None and node.value in ("", "~")


def is_scalar(node: Node) -> bool:
    """Whether one value stands there."""
    return isinstance(node, yaml.ScalarNode)


def is_mapping(node: Node) -> bool:
    """Whether names with values stand there."""
    return isinstance(node, yaml.MappingNode)


def short(text: str) -> str:
    """A text as far as a sentence about it has room for it."""
    return text if len(text) <= 40 else f"{text[:39]}…"
