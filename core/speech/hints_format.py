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

from core.model.call import Language
from core.model.errors import HintsInvalid
from core.model.message import Message
from core.settings.yaml_reader import Node, ScalarNode, YamlReader, is_mapping, is_nothing, is_scalar, line_of, short
from core.speech.hints import REFERENCE, HintClass, HintPhrase, SpeechHints

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
        self._yaml = YamlReader(lambda line, reason: HintsInvalid(path=path, line=line, reason=reason))

    def parse(self, text: str) -> SpeechHints:
        root = self._yaml.compose(text)
        if root is None:
            return SpeechHints()
        parts = self._yaml.mapping(root, ("phrases", "classes", "languages"))
        shared = _Scope()
        common = self._section(parts, shared)
        languages: dict[Language, SpeechHints] = {}
        listed = parts.get("languages")
        for key, node in self._yaml.entries(listed) if listed is not None and not is_nothing(listed) else ():
            if not _LANGUAGE.fullmatch(key.value):
                raise self._yaml.invalid(
                    key, Message("“{name}” is no language code such as ko or en", {"name": short(key.value)})
                )
            own = {} if is_nothing(node) else self._yaml.mapping(node, ("phrases", "classes"))
            languages[key.value] = self._section(own, shared.copy())
        return SpeechHints(common.phrases, common.classes, languages)

    def _section(self, parts: dict[str, Node], scope: _Scope) -> SpeechHints:
        classes = tuple(self._classes(parts.get("classes"), scope))
        phrases = tuple(self._phrases(parts.get("phrases"), scope))
        return SpeechHints(phrases, classes)

    def _classes(self, listed: Node | None, scope: _Scope) -> Iterator[HintClass]:
        if listed is None or is_nothing(listed):
            return
        for key, node in self._yaml.entries(listed):
            name = key.value
            if not _CLASS_NAME.fullmatch(name):
                unfit = Message(
                    "“{name}” is no name for a class: letters, digits, - and _ only, at most 63", {"name": short(name)}
                )
                raise self._yaml.invalid(key, unfit)
            if name in scope.classes:
                raise self._yaml.twice(key, name, scope.classes[name])
            scope.classes[name] = line_of(key)
            if len(scope.classes) > MOST_CLASSES:
                raise self._yaml.invalid(key, Message("there are more than {limit} classes", {"limit": MOST_CLASSES}))
            yield HintClass(name, self._items(key, node, scope))

    def _items(self, key: ScalarNode, listed: Node, scope: _Scope) -> tuple[str, ...]:
        items: dict[str, int] = {}
        for node in self._yaml.items(listed):
            item = self._words(node, LONGEST_ITEM, scope)
            if "$" in item:
                raise self._yaml.invalid(node, Message("a class cannot hold another class"))
            if item in items:
                raise self._yaml.twice(node, item, items[item])
            items[item] = line_of(node)
            if len(items) > MOST_ITEMS:
                reason = Message(
                    "the class {name} has more than {limit} items", {"name": key.value, "limit": MOST_ITEMS}
                )
                raise self._yaml.invalid(node, reason)
        if not items:
            raise self._yaml.invalid(key, Message("the class {name} has no items", {"name": key.value}))
        return tuple(items)

    def _phrases(self, listed: Node | None, scope: _Scope) -> Iterator[HintPhrase]:
        if listed is None or is_nothing(listed):
            return
        for node in self._yaml.items(listed):
            boost = None
            words: Node = node
            if is_mapping(node):
                parts = self._yaml.mapping(node, ("value", "boost"))
                if "value" not in parts:
                    raise self._yaml.invalid(node, Message("the phrase has no value"))
                words = parts["value"]
                boost = self._boost(parts["boost"]) if "boost" in parts else None
            phrase = HintPhrase(self._words(words, LONGEST_PHRASE, scope), boost)
            self._check_references(words, phrase, scope)
            if len(phrase.google_value) > LONGEST_PHRASE:
                raise self._yaml.too_long(words, phrase.value, LONGEST_PHRASE)
            if phrase.value in scope.phrases:
                raise self._yaml.twice(words, phrase.value, scope.phrases[phrase.value])
            scope.phrases[phrase.value] = line_of(words)
            if len(scope.phrases) > MOST_PHRASES:
                limit = Message("there are more than {limit} phrases for one language", {"limit": MOST_PHRASES})
                raise self._yaml.invalid(words, limit)
            yield phrase

    def _check_references(self, node: Node, phrase: HintPhrase, scope: _Scope) -> None:
        for name in phrase.references:
            if name not in scope.classes:
                raise self._yaml.invalid(node, Message("there is no class “{name}”", {"name": short(name)}))
        if "$" in REFERENCE.sub("", phrase.value):
            raise self._yaml.invalid(node, Message("“$” can only begin a class, as in ${{plan}}"))

    def _boost(self, node: Node) -> float:
        reason = Message("the boost has to be a number above 0, at most {limit:g}", {"limit": HIGHEST_BOOST})
        try:
            boost = float(node.value) if is_scalar(node) else math.nan
        except ValueError:
            boost = math.nan
        if not 0 < boost <= HIGHEST_BOOST:
            raise self._yaml.invalid(node, reason)
        return boost

    def _words(self, node: Node, longest: int, scope: _Scope) -> str:
        text = self._yaml.words(node, longest)
        scope.characters += len(text)
        if scope.characters > MOST_CHARACTERS:
            limit = Message("there are more than {limit} characters for one language", {"limit": MOST_CHARACTERS})
            raise self._yaml.invalid(node, limit)
        return text
