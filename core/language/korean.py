"""Korean morphemes and sentences, by Kiwi."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from threading import Lock

from kiwipiepy import Kiwi


@dataclass(frozen=True, slots=True)
class Morpheme:
    """A morpheme with its Sejong tag (`NNG` common noun, `VV` verb, `JKS` subject particle, ...)."""

    form: str
    tag: str
    start: int
    """Offset of its first character in the analysed text."""
    end: int


_loading = Lock()


def _kiwi() -> Kiwi:
    # Two threads that come first at the same time must not load it twice.
    with _loading:
        return _analyser()


@cache
def _analyser() -> Kiwi:
    # One for all: loading takes about a second and 200 MB. Its calls are safe from several threads.
    return Kiwi(num_workers=1)


def morphemes(text: str) -> tuple[Morpheme, ...]:
    """The morphemes of `text` in order. Any thread; takes about a millisecond a sentence."""
    # Irregular stems carry a mark of their own (`VV-I`), which no reader of the tags needs.
    return tuple(
        Morpheme(t.form, str(t.tag).partition("-")[0], t.start, t.start + t.len) for t in _kiwi().tokenize(text)
    )


def sentences(text: str) -> tuple[str, ...]:
    """Split `text` into sentences, with or without punctuation. Any thread."""
    return tuple(s.text for s in _kiwi().split_into_sents(text))


def surface(parts: Sequence[tuple[str, str]]) -> str:
    """Write morphemes (form, tag) as a Korean would: `(끊기, VV), (음, ETN)` gives `끊김`. Any thread."""
    return str(_kiwi().join(list(parts)))
