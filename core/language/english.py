"""English sentences and word stems, by nupunkt and Snowball: both bring all they need."""

import re
from threading import local

import nupunkt
from snowballstemmer import stemmer
from snowballstemmer.basestemmer import BaseStemmer

_WORD = re.compile(r"[a-z0-9]+(?:'[a-z]+)?")

STOP_WORDS = frozenset(
    """a about after again all also am an and any are aren't as at be because been before being but by can can't
    could did didn't do does doesn't doing don't down for from get go going got had has hasn't have haven't having he
    her here him his how i i'd i'll i'm i've if in into is isn't it it's its just let let's like me mine more most my
    no not now of off ok okay on once only or other our out over own please really right she should so some such than
    that that's the their them then there there's these they they're this those through to too uh um under until up us
    very was wasn't we we'll we're we've well were what what's when where which while who why will with would yeah yes
    you you'll you're you've your""".split()
)
"""Words that carry no content of their own."""


class _Stemmers(local):
    """A stemmer for every thread: it keeps the word that it works on in itself."""

    def __init__(self) -> None:
        self.english: BaseStemmer = stemmer("english")


_stemmers = _Stemmers()


def sentences(text: str) -> tuple[str, ...]:
    """Split `text` at sentence ends. Any thread."""
    return tuple(s.strip() for s in map(str, nupunkt.sent_tokenize(text)) if s.strip())


def words(text: str) -> tuple[str, ...]:
    """Lower-case words, contractions kept whole."""
    return tuple(_WORD.findall(text.lower().replace("’", "'")))


def stems(text: str) -> tuple[str, ...]:
    """The stems of the content words of `text`, in order. Any thread."""
    stem = _stemmers.english.stemWord
    return tuple(stem(word) for word in words(text) if word not in STOP_WORDS)
