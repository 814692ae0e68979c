"""Which beginning of an interim text will stay: that on which two decodings in a row agree. Pure, no threads."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from core.speech.plain_text import plain


@dataclass(frozen=True, slots=True)
class AgreedText:
    """An interim text as it is shown."""

    text: str
    stable_chars: int
    """How many characters at its beginning are promoted."""

    @property
    def promoted(self) -> str:
        """What later interim texts of the same utterance begin with, too."""
        return self.text[: self.stable_chars]


class Agreement:
    """The interim texts of one utterance, in the order of their audio. One thread at a time.

    Words (in Korean: eojeols) on which two decodings in a row agree are promoted (LocalAgreement-2). Case and
    punctuation do not count. A promoted word stays as it was when it was promoted, whatever later decodings make of
    it: only the final text, which does not come here, may read differently.
    """

    def __init__(self) -> None:
        self._promoted: list[str] = []
        self._former: list[str] = []

    def push(self, text: str) -> AgreedText:
        """Take what the utterance reads by now, and return what is to be shown."""
        words = _words(text)
        rest = words[_length_of(self._promoted, words) :]
        agreed = 0
        for former, latter in zip(self._former, rest, strict=False):
            if plain(former) != plain(latter):
                break
            agreed += 1
        self._promoted += rest[:agreed]
        self._former = rest[agreed:]
        # A sentence that was over in two decodings can go on in the third, so the last sign waits for the next word.
        stable = _without_last_signs(" ".join(self._promoted))
        return AgreedText(" ".join(self._promoted + self._former), len(stable))


def _words(text: str) -> list[str]:
    """The words; what is no word (a dash, dots) belongs to the one before it."""
    words: list[str] = []
    for piece in unicodedata.normalize("NFC", text).split():
        if plain(piece):
            words.append(piece)
        elif words:
            words[-1] += f" {piece}"
    return words


def _without_last_signs(text: str) -> str:
    end = len(text)
    while end and not text[end - 1].isalnum():
        end -= 1
    return text[:end]


def _length_of(promoted: Sequence[str], words: Sequence[str]) -> int:
    """How many words at the beginning of a later decoding stand for the promoted ones: those that differ least."""
    if not promoted:
        return 0
    others = [plain(word) for word in words]
    costs = list(range(len(others) + 1))
    for row, word in enumerate(map(plain, promoted), start=1):
        diagonal, costs[0] = costs[0], row
        for column, other in enumerate(others, start=1):
            above = costs[column]
            costs[column] = min(diagonal + (word != other), above + 1, costs[column - 1] + 1)
            diagonal = above
    # Of equal places the one that takes as many words as there are promoted ones.
    return min(range(len(costs)), key=lambda column: (costs[column], abs(column - len(promoted))))
