"""The file of vocabulary hints (YAML): what may stand in it, and on which line something is wrong.

    phrases:                         # for every language
      - Earshot
    languages:
      en:
        phrases:
          - value: the ${plan} plan  # any item of the class
            boost: 10
        classes:
          plan: [Flex 5, Family Max]

Every value is taken as it is written: `no` and `007` are words. Nodes are read, never objects made of them.
"""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import yaml

from core.model.call import Language
from core.model.errors import HintsInvalid
from core.model.message import Message
from core.speech.hints import REFERENCE, HintClass, HintPhrase, SpeechHints

LARGEST_BYTES = 500_000
MOST_PHRASES = 5_000
MOST_CHARACTERS = 100_000
MOST_CLASSES = 20
MOST_ITEMS = 500
LONGEST_PHRASE = 100
LONGEST_ITEM = 500
HIGHEST_BOOST = 20.0
"""Google's quotas for one request, which is one language's."""
_CLASS_NAME: Final = re.compile(r"[^\W_][\w-]{0,62}")
_LANGUAGE: Final = re.compile(r"[a-z]{2,3}")


def decode_hints(data: bytes, path: str) -> str:
    """A file's text. Raises HintsInvalid where it is no UTF-8, or too large."""
    if len(data) > LARGEST_BYTES:
        limit = Message("the file is larger than {limit} kB", {"limit": LARGEST_BYTES // 1000})
        raise HintsInvalid(path=path, line=1, reason=limit)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise HintsInvalid(path=path, line=line, reason=Message("the text is not in UTF-8")) from error


def parse_hints(text: str, path: str) -> SpeechHints:
    """The hints in a text; one without any entry holds none. `path` is for the error. Any thread; blocking.

    Raises:
        HintsInvalid: with the first line that cannot be used, and why.
    """
    return _Parser(path).parse(text)


@dataclass(slots=True)
class _Scope:
    """What one language's request has so far: the entries for all languages, and its own."""

    phrases: dict[str, int] = field(default_factory=dict)
    classes: dict[str, int] = field(default_factory=dict)
    """Texts and names, each with its line."""
    characters: int = 0

    def copy(self) -> "_Scope":
        return _Scope(dict(self.phrases), dict(self.classes), self.characters)


class _Parser:
    def __init__(self, path: str) -> None:
        self._path = path

    def parse(self, text: str) -> SpeechHints:
        root = self._composed(text)
        if root is None or _is_nothing(root):
            return SpeechHints()
        parts = self._mapping(root, ("phrases", "classes", "languages"))
        shared = _Scope()
        common = self._section(parts, shared)
        languages: dict[Language, SpeechHints] = {}
        listed = parts.get("languages")
        for key, node in self._entries(listed) if listed is not None and not _is_nothing(listed) else ():
            if not _LANGUAGE.fullmatch(key.value):
                raise self._invalid(
                    key, Message("“{name}” is no language code such as ko or en", {"name": _short(key.value)})
                )
            own = {} if _is_nothing(node) else self._mapping(node, ("phrases", "classes"))
            languages[key.value] = self._section(own, shared.copy())
        return SpeechHints(common.phrases, common.classes, languages)

    def _composed(self, text: str) -> yaml.Node | None:
        try:
            node: yaml.Node | None = yaml.compose(text, Loader=yaml.SafeLoader)
        except yaml.reader.ReaderError as error:
            line = text.count("\n", 0, error.position) + 1
            raise self._refused(line, Message("there is a character that no text has")) from error
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line = min(mark.line, text.count("\n")) + 1 if mark is not None else 1
            problem = Message(
                "it cannot be read as YAML ({problem})", {"problem": error.problem or error.context or ""}
            )
            raise self._refused(line, problem) from error
        except (RecursionError, ValueError, OverflowError) as error:
            # PyYAML passes on what Python says of escapes beyond Unicode.
            raise self._refused(1, Message("it cannot be read as YAML ({problem})", {"problem": str(error)})) from error
        return node

    def _section(self, parts: dict[str, yaml.Node], scope: _Scope) -> SpeechHints:
        classes = tuple(self._classes(parts.get("classes"), scope))
        phrases = tuple(self._phrases(parts.get("phrases"), scope))
        return SpeechHints(phrases, classes)

    def _classes(self, listed: yaml.Node | None, scope: _Scope) -> Iterator[HintClass]:
        if listed is None or _is_nothing(listed):
            return
        for key, node in self._entries(listed):
            name = key.value
            if not _CLASS_NAME.fullmatch(name):
                unfit = Message(
                    "“{name}” is no name for a class: letters, digits, - and _ only, at most 63", {"name": _short(name)}
                )
                raise self._invalid(key, unfit)
            if name in scope.classes:
                raise self._twice(key, name, scope.classes[name])
            scope.classes[name] = _line(key)
            if len(scope.classes) > MOST_CLASSES:
                raise self._invalid(key, Message("there are more than {limit} classes", {"limit": MOST_CLASSES}))
            yield HintClass(name, self._items(key, node, scope))

    def _items(self, key: yaml.ScalarNode, listed: yaml.Node, scope: _Scope) -> tuple[str, ...]:
        items: dict[str, int] = {}
        for node in self._list(listed):
            item = self._words(node, LONGEST_ITEM, scope)
            if "$" in item:
                raise self._invalid(node, Message("a class cannot hold another class"))
            if item in items:
                raise self._twice(node, item, items[item])
            items[item] = _line(node)
            if len(items) > MOST_ITEMS:
                reason = Message(
                    "the class {name} has more than {limit} items", {"name": key.value, "limit": MOST_ITEMS}
                )
                raise self._invalid(node, reason)
        if not items:
            raise self._invalid(key, Message("the class {name} has no items", {"name": key.value}))
        return tuple(items)

    def _phrases(self, listed: yaml.Node | None, scope: _Scope) -> Iterator[HintPhrase]:
        if listed is None or _is_nothing(listed):
            return
        for node in self._list(listed):
            boost = None
            words: yaml.Node = node
            if isinstance(node, yaml.MappingNode):
                parts = self._mapping(node, ("value", "boost"))
                if "value" not in parts:
                    raise self._invalid(node, Message("the phrase has no value"))
                words = parts["value"]
                boost = self._boost(parts["boost"]) if "boost" in parts else None
            phrase = HintPhrase(self._words(words, LONGEST_PHRASE, scope), boost)
            self._check_references(words, phrase, scope)
            if len(phrase.google_value) > LONGEST_PHRASE:
                raise self._too_long(words, phrase.value, LONGEST_PHRASE)
            if phrase.value in scope.phrases:
                raise self._twice(words, phrase.value, scope.phrases[phrase.value])
            scope.phrases[phrase.value] = _line(words)
            if len(scope.phrases) > MOST_PHRASES:
                limit = Message("there are more than {limit} phrases for one language", {"limit": MOST_PHRASES})
                raise self._invalid(words, limit)
            yield phrase

    def _check_references(self, node: yaml.Node, phrase: HintPhrase, scope: _Scope) -> None:
        for name in phrase.references:
            if name not in scope.classes:
                raise self._invalid(node, Message("there is no class “{name}”", {"name": _short(name)}))
        if "$" in REFERENCE.sub("", phrase.value):
            raise self._invalid(node, Message("“$” can only begin a class, as in ${{plan}}"))

    def _boost(self, node: yaml.Node) -> float:
        reason = Message("the boost has to be a number above 0, at most {limit:g}", {"limit": HIGHEST_BOOST})
        try:
            boost = float(node.value) if isinstance(node, yaml.ScalarNode) else math.nan
        except ValueError:
            boost = math.nan
        if not 0 < boost <= HIGHEST_BOOST:
            raise self._invalid(node, reason)
        return boost

    def _words(self, node: yaml.Node, longest: int, scope: _Scope) -> str:
        if not isinstance(node, yaml.ScalarNode):
            raise self._invalid(node, Message("a text is wanted here"))
        text = " ".join(node.value.split())
        if not text or _is_nothing(node):
            raise self._invalid(node, Message("an entry is empty"))
        if not text.isprintable():
            raise self._invalid(node, Message("there is a character that no text has"))
        if not any(character.isalnum() for character in text):
            raise self._invalid(node, Message("“{text}” has no letter and no digit", {"text": _short(text)}))
        if len(text) > longest:
            raise self._too_long(node, text, longest)
        scope.characters += len(text)
        if scope.characters > MOST_CHARACTERS:
            limit = Message("there are more than {limit} characters for one language", {"limit": MOST_CHARACTERS})
            raise self._invalid(node, limit)
        return text

    def _mapping(self, node: yaml.Node, allowed: tuple[str, ...]) -> dict[str, yaml.Node]:
        found = {}
        for key, value in self._entries(node):
            if key.value not in allowed:
                raise self._invalid(
                    key,
                    Message(
                        "“{name}” is unknown here; what may stand here: {allowed}",
                        {"name": _short(key.value), "allowed": ", ".join(allowed)},
                    ),
                )
            found[key.value] = value
        return found

    def _entries(self, node: yaml.Node) -> Iterator[tuple[yaml.ScalarNode, yaml.Node]]:
        if not isinstance(node, yaml.MappingNode):
            raise self._invalid(node, Message("names with a colon after each are wanted here"))
        lines: dict[str, int] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise self._invalid(key, Message("a text is wanted here"))
            if key.value in lines:
                raise self._twice(key, key.value, lines[key.value])
            lines[key.value] = _line(key)
            yield key, value

    def _list(self, node: yaml.Node) -> list[yaml.Node]:
        if _is_nothing(node):
            return []
        if not isinstance(node, yaml.SequenceNode):
            raise self._invalid(node, Message("a list is wanted here, each entry after a hyphen"))
        entries: list[yaml.Node] = node.value
        return entries

    def _too_long(self, node: yaml.Node, text: str, longest: int) -> HintsInvalid:
        parameters = {"text": _short(text), "limit": longest}
        return self._invalid(node, Message("“{text}” is longer than {limit} characters", parameters))

    def _twice(self, node: yaml.Node, text: str, first: int) -> HintsInvalid:
        parameters = {"text": _short(text), "first": first}
        return self._invalid(node, Message("“{text}” is there already, on line {first}", parameters))

    def _invalid(self, node: yaml.Node, reason: Message) -> HintsInvalid:
        return self._refused(_line(node), reason)

    def _refused(self, line: int, reason: Message) -> HintsInvalid:
        return HintsInvalid(path=self._path, line=line, reason=reason)


def _line(node: yaml.Node) -> int:
    line: int = node.start_mark.line
    return line + 1


def _is_nothing(node: yaml.Node) -> bool:
    """Whether nothing was written there, or `~`."""
    return isinstance(node, yaml.ScalarNode) and node.style is None and node.value in ("", "~")


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:39]}…"
