"""Which words mean one thing: loan-words and their spellings, callers' words for the handbook's, both languages."""

import csv
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path

from core.model.errors import KnowledgeFileInvalid
from core.model.message import Message

EVERYDAY = Path(__file__).with_name("everyday.csv")
"""What holds for every handbook of a service desk; the handbook's own words are in its `synonyms.csv`."""
LONGEST = 3
"""Words of the longest phrase that is looked for."""

Group = tuple[str, ...]
"""Words and short phrases that mean one thing."""


def in_line(line: int, reason: str) -> Message:
    """What a parser says is wrong, and where."""
    return Message("line {line}: {reason}", {"line": line, "reason": reason})


def read_groups(text: str, name: str) -> tuple[tuple[Group, ...], tuple[KnowledgeFileInvalid, ...]]:
    """The groups of a CSV text, one a line, and what is wrong with the lines that were left out.

    Lines that begin with `#` are remarks. Raises KnowledgeFileInvalid where the text is no CSV at all.
    """
    groups: list[Group] = []
    left_out: list[KnowledgeFileInvalid] = []
    reader = csv.reader(text.splitlines())
    try:
        for row in reader:
            words = tuple(word.strip().lower() for word in row if word.strip())
            if not words or words[0].startswith("#"):
                continue
            if len(words) < 2:
                reason = Message("line {line} has fewer than two words", {"line": reader.line_num})
                left_out.append(KnowledgeFileInvalid(path=name, reason=reason))
                continue
            groups.append(words)
    except csv.Error as error:
        raise KnowledgeFileInvalid(path=name, reason=in_line(reader.line_num, str(error))) from error
    return tuple(groups), tuple(left_out)


@cache
def everyday_groups() -> tuple[Group, ...]:
    """The groups that come with Earshot."""
    return read_groups(EVERYDAY.read_text(encoding="utf-8"), EVERYDAY.name)[0]


class Lexicon:
    """Groups, looked up by the words that stand in a text. Immutable; any thread."""

    def __init__(self, groups: Iterable[Group], words: Callable[[str], Sequence[str]]) -> None:
        """`words` takes a phrase apart as it would be in a text."""
        phrases: dict[tuple[str, ...], list[str]] = {}
        for number, group in enumerate(groups):
            for phrase in group:
                key = tuple(words(phrase))
                if 0 < len(key) <= LONGEST:
                    phrases.setdefault(key, []).append(f"={number}")
        self._phrases: Mapping[tuple[str, ...], Sequence[str]] = phrases

    def concepts(self, words: Sequence[str], parts: Sequence[str]) -> tuple[str, ...]:
        """A term for each group that is met, by neighbouring `words` or by one of the `parts` of words.

        The parts hold neighbouring nouns as one word too, so that a spelling which Kiwi does not know, and takes apart
        (`와이화이가`), is met all the same.
        """
        found: list[str] = []
        for start in range(len(words)):
            for end in range(start + 1, min(start + LONGEST, len(words)) + 1):
                found.extend(self._phrases.get(tuple(words[start:end]), ()))
        known = set(found)
        for part in parts:
            found.extend(concept for concept in self._phrases.get((part,), ()) if concept not in known)
        return tuple(found)
