"""Hides card, registration, phone and account numbers in what is said, whether they are written or spoken.

Numbers are found in three steps: the text is read into pieces, some of which are digits; pieces with nothing between
them but what people put between digits make a run; and the rules of a file say which runs, or which parts of them,
are hidden.
"""

import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from core.model.call import Language
from core.model.errors import MaskingRulesInvalid

CONTEXT_S = 30.0
"""How long after a context word pieces of a number are hidden."""
LONGEST_RUN = 64
"""Digits of one run that are looked at together."""

_KOREAN = {
    "공": "0",
    "영": "0",
    "일": "1",
    "이": "2",
    "삼": "3",
    "사": "4",
    "오": "5",
    "육": "6",
    "륙": "6",
    "칠": "7",
} | {
    "팔": "8",
    "구": "9",
}
_ENGLISH = {
    "zero": "0", "oh": "0", "o": "0", "one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6",
    "seven": "7", "eight": "8", "nine": "9",
}  # fmt: skip
_TIMES = {"double": 2, "triple": 3}
_NUMERALS = "".join(_KOREAN)
_TOKEN = re.compile(
    rf"(?P<written>[0-9０-９]+)"
    rf"|(?<![가-힣])(?P<korean>[{_NUMERALS}]+)(?=(?:다시|에|의|번|이요|이에요|예요|입니다|이고요)?(?![가-힣]))"
    rf"|\b(?:(?P<times>double|triple)[\s-]+)?(?P<english>{'|'.join(sorted(_ENGLISH, key=len, reverse=True))})\b",
    re.IGNORECASE,
)
_BETWEEN = re.compile(r"(?:[\s\-–—·.()/+]|다시|에|의|대시|하이픈|dash|hyphen|,\s)*", re.IGNORECASE)
"""What people put between the digits of one number. A comma without a space belongs to an amount."""
_AMOUNT = re.compile(r"\s*(?:,\d{3}|원|만|천|억|달러|퍼센트|%|\.\d)")
"""What makes the digits before it an amount."""


@dataclass(frozen=True, slots=True)
class _Digit:
    value: str
    start: int
    end: int
    """Where the piece of text stands that the digit was read from; several digits may share one."""


@dataclass(frozen=True, slots=True)
class _Rule:
    name: str
    digits: re.Pattern[str]
    check: Callable[[str], bool]
    context: re.Pattern[str]
    only_in_context: bool
    piece: int
    label: Mapping[str, str]


class MaskingRules:
    """The rules of a file. Immutable; any thread."""

    def __init__(self, rules: Iterable[_Rule]) -> None:
        self._rules = tuple(rules)

    @classmethod
    def load(cls, path: Path) -> "MaskingRules":
        """Read a file of rules. Raises MaskingRulesInvalid, naming what is wrong."""
        try:
            entries = tomllib.loads(path.read_text(encoding="utf-8"))["rule"]
            rules = [_rule(entry) for entry in entries]
        except KeyError as error:
            raise MaskingRulesInvalid(path=str(path), reason=f"{error} is missing or unknown") from error
        except (OSError, ValueError, TypeError, AttributeError, re.error) as error:
            raise MaskingRulesInvalid(path=str(path), reason=str(error)) from error
        if not rules:
            raise MaskingRulesInvalid(path=str(path), reason="it has no rule")
        return cls(rules)

    def mask_text(self, text: str, language: Language) -> str:
        """A text without its numbers; only words in it are context. Pure."""
        return self._mask(text, language, [rule for rule in self._rules if rule.context.search(text)])

    def contexts_in(self, text: str) -> frozenset[str]:
        """The names of the rules whose context words are in a text."""
        return frozenset(rule.name for rule in self._rules if rule.context.search(text))

    def mask_in_context(self, text: str, language: Language, names: frozenset[str]) -> str:
        """A text without its numbers, where words for the rules `names` were said shortly before. Pure."""
        return self._mask(text, language, [rule for rule in self._rules if rule.name in names])

    def _mask(self, text: str, language: Language, in_context: list[_Rule]) -> str:
        hidden: list[tuple[int, int, str]] = []
        for run in _runs(text):
            hidden.extend(self._hidden(text, run, language, in_context))
        for start, end, label in sorted(hidden, reverse=True):
            text = text[:start] + label + text[end:]
        return text

    def _hidden(
        self, text: str, run: list[_Digit], language: Language, in_context: list[_Rule]
    ) -> Iterator[tuple[int, int, str]]:
        values = "".join(digit.value for digit in run)
        rules = [rule for rule in self._rules if not rule.only_in_context or rule in in_context]
        for rule in rules:
            if rule.digits.fullmatch(values) and rule.check(values):
                yield run[0].start, run[-1].end, _label(rule, language)
                return
        parts = list(_parts(rules, values))
        for rule, first, last in parts:
            yield run[first].start, run[last - 1].end, _label(rule, language)
        if in_context and not parts and len(run) >= in_context[0].piece and not _AMOUNT.match(text, run[-1].end):
            yield run[0].start, run[-1].end, _label(in_context[0], language)


class Masker:
    """The masking of one call, which remembers for half a minute what numbers were asked for. On one thread."""

    def __init__(self, rules: MaskingRules, language: Language) -> None:
        self._rules = rules
        self._language = language
        self._asked_at: dict[str, float] = {}

    def mask(self, text: str, at_s: float) -> str:
        """What was said at a time on the call's clock, without its numbers."""
        for name in self._rules.contexts_in(text):
            self._asked_at[name] = max(at_s, self._asked_at.get(name, at_s))
        return self.mask_again(text, text, at_s)

    def mask_again(self, text: str, said: str, at_s: float) -> str:
        """Another form of what was said at a time, without its numbers; `said` is what `mask` was asked about."""
        recent = {name for name, asked_at in self._asked_at.items() if abs(at_s - asked_at) <= CONTEXT_S}
        return self._rules.mask_in_context(text, self._language, self._rules.contexts_in(said) | recent)


def _rule(entry: Mapping[str, object]) -> _Rule:
    context, label, piece = entry.get("context", []), entry["label"], entry.get("piece", 3)
    if not isinstance(context, list) or not isinstance(label, dict) or not isinstance(piece, int):
        raise TypeError(f"the rule {entry.get('name')} has a context, label or piece of the wrong kind")
    if not label or "en" not in label:
        raise KeyError("label.en")
    words = "|".join(re.escape(str(word)) for word in context) or r"(?!)"
    return _Rule(
        name=str(entry["name"]),
        digits=re.compile(str(entry["digits"])),
        check=CHECKS[str(entry.get("check", ""))],
        context=re.compile(words, re.IGNORECASE),
        only_in_context=bool(entry.get("only_in_context", False)),
        piece=piece,
        label={str(key): str(value) for key, value in label.items()},
    )


def _label(rule: _Rule, language: Language) -> str:
    return rule.label.get(language, rule.label["en"])


def _runs(text: str) -> Iterator[list[_Digit]]:
    run: list[_Digit] = []
    for token in _TOKEN.finditer(text):
        if run and (not _BETWEEN.fullmatch(text, run[-1].end, token.start()) or len(run) >= LONGEST_RUN):
            yield run
            run = []
        run = run + list(_digits(token))
    if run:
        yield run


def _digits(token: "re.Match[str]") -> Iterator[_Digit]:
    if word := token["english"]:
        for _ in range(_TIMES.get((token["times"] or "").lower(), 1)):
            yield _Digit(_ENGLISH[word.lower()], token.start(), token.end())
        return
    for offset, sign in enumerate(token[0]):
        value = _KOREAN.get(sign) or str(int(sign))
        yield _Digit(value, token.start() + offset, token.start() + offset + 1)


def _parts(rules: Iterable[_Rule], values: str) -> Iterator[tuple[_Rule, int, int]]:
    """Parts of a run that a rule fits whose check makes an accident unlikely; none overlaps another."""
    taken = [False] * len(values)
    for rule in rules:
        at = 0
        while rule.check is not CHECKS[""] and (found := rule.digits.search(values, at)):
            first, last = found.span()
            if any(taken[first:last]) or not rule.check(found[0]):
                at = first + 1
                continue
            taken[first:last] = [True] * (last - first)
            yield rule, first, last
            at = max(last, first + 1)


def _luhn(digits: str) -> bool:
    doubled = [int(digit) * (2 if index % 2 else 1) for index, digit in enumerate(reversed(digits))]
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0


def _birthday(digits: str) -> bool:
    return 1 <= int(digits[2:4]) <= 12 and 1 <= int(digits[4:6]) <= 31


CHECKS: Mapping[str, Callable[[str], bool]] = {"": lambda _: True, "luhn": _luhn, "birthday": _birthday}


def masked(rules: MaskingRules | None, text: str, language: Language) -> str:
    """A text without what the rules hide, as it is where there are none. Any thread."""
    return text if rules is None else rules.mask_text(text, language)
