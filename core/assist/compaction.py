"""A long conversation within a token budget: its latest turns as they were said, of older ones what still matters.

What is left of an older turn are its phrases (sentences in English, clauses in Korean) that are

1. *unresolved*: a customer's trouble, wish or question that nothing the agent said later takes up. These are never cut.
   Where the customer says the same again, the newest wording stands for all;
2. *notable*: what the agent did or promised, and what the customer had on the mind before it was settled; the newest
   first, as far as there is room.

Greetings, numbers, small talk and the rest of what is settled go; the summary so far, which the model is told too, has
what it came to. The cues are those of the extractive summary's dialects.

A customer's phrase counts as taken up when a later turn of the agent's shares a content word with it and does or
promises something, or, where it merely asks, says anything at all about it. That errs on the side of keeping.

Tokens are estimated, because every model counts differently: one for 1.5 characters of Korean (and of every script but
Latin), one for 4 of Latin script, and a few a turn for its speaker. OpenAI's o200k tokens are fewer for Korean, so a
budget is rather undercut. Of a conversation that leaves more unresolved than the budget allows, all that is unresolved
and the latest turn remain: losing it would be worse than paying for it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from core.assist.phrases import Dialect, Phrase
from core.model.call import Language, Role
from core.model.insight import Turn

CHARACTERS_A_TOKEN = 1.5
LATIN_CHARACTERS_A_TOKEN = 4.0
TOKENS_A_TURN = 4
"""Its speaker and the line's end."""
VERBATIM_SHARE = 0.8
"""Of what the unresolved leaves of the budget, how much the latest turns may take; the rest is for what is notable."""
TAKEN_UP = 0.5
"""From this commitment on, an agent's phrase does something about what it speaks of."""
WISH = 0.5
"""From this on, a request is more than a question."""
CACHED_TURNS = 8_192


def tokens_of(turn: Turn) -> int:
    """About how many tokens a turn takes."""
    latin = len(turn.text.encode("ascii", "ignore"))
    return TOKENS_A_TURN + math.ceil(latin / LATIN_CHARACTERS_A_TOKEN + (len(turn.text) - latin) / CHARACTERS_A_TOKEN)


@dataclass(frozen=True, slots=True)
class _Kept:
    """The phrases of a turn by what they are."""

    unresolved: tuple[str, ...] = ()
    notable: tuple[str, ...] = ()


class Compactor:
    """Brings conversations within a budget. Any thread; what it found out about a turn it remembers."""

    def __init__(self, dialects: dict[Language, Dialect]) -> None:
        """`dialects` has one for `en`, which also reads the languages that have none."""
        self._dialects = dialects
        self._phrases = lru_cache(CACHED_TURNS)(self._analyse)

    def _analyse(self, text: str, language: Language) -> tuple[Phrase, ...]:
        return tuple(self._dialects[language].phrases(text))

    def prepare(self, turns: Sequence[Turn], language: Language) -> None:
        """Analyse turns ahead of the time when they are too many; a few milliseconds for each new one."""
        for turn in turns:
            self._phrases(turn.text, self._read_as(language))

    def compact(self, turns: Sequence[Turn], language: Language, budget: int) -> tuple[Turn, ...]:
        """The same conversation within about `budget` tokens, in order; as it is, where it fits.

        Of each turn at most one is left, in its place, with its words or some of its phrases.
        """
        costs = [tokens_of(turn) for turn in turns]
        if sum(costs) <= budget:
            return tuple(turns)
        kept = self._kept(turns, self._read_as(language))
        unresolved = [_reduced(turn, each.unresolved) for turn, each in zip(turns, kept, strict=True)]
        first = self._first_verbatim(costs, [_cost(turn) for turn in unresolved], budget)
        chosen: list[Turn | None] = [*unresolved[:first], *turns[first:]]
        room = budget - sum(map(_cost, chosen))
        for index in reversed(range(first)):
            fuller = _in_order(turns[index], kept[index])
            extra = _cost(fuller) - _cost(chosen[index])
            if 0 < extra <= room:
                chosen[index], room = fuller, room - extra
        # What little is notable may leave room for more of the latest turns.
        for index in reversed(range(first)):
            room -= costs[index] - _cost(chosen[index])
            if room < 0:
                break
            chosen[index] = turns[index]
        return tuple(turn for turn in chosen if turn is not None)

    @staticmethod
    def _first_verbatim(costs: Sequence[int], reduced: Sequence[int], budget: int) -> int:
        """The index of the first turn that stays as it is; the latest one always does."""
        first = len(costs) - 1
        older = sum(reduced[:first])
        limit = older + (budget - older) * VERBATIM_SHARE
        total = older + costs[first]
        while first > 0 and total - reduced[first - 1] + costs[first - 1] <= limit:
            first -= 1
            total += costs[first] - reduced[first]
        return first

    def _read_as(self, language: Language) -> Language:
        return language if language in self._dialects else "en"

    def _kept(self, turns: Sequence[Turn], language: Language) -> list[_Kept]:
        """What of each turn is unresolved and what is notable; read from the end, where the answers are."""
        kept = [_Kept()] * len(turns)
        done: set[str] = set()
        told: set[str] = set()
        said: set[frozenset[str]] = set()
        for index in reversed(range(len(turns))):
            turn, phrases = turns[index], self._phrases(turns[index].text, language)
            if turn.role is Role.CUSTOMER:
                unresolved: list[str] = []
                notable: list[str] = []
                for phrase in reversed(phrases):
                    if not _is_open(phrase):
                        continue
                    about = frozenset(phrase.terms)
                    if about and about in said:
                        continue
                    said.add(about)
                    is_taken_up = bool(about & (told if _merely_asks(phrase) else done))
                    (notable if is_taken_up else unresolved).append(phrase.text)
                kept[index] = _Kept(tuple(reversed(unresolved)), tuple(reversed(notable)))
            elif turn.role in (Role.AGENT, Role.PERSONA):
                deeds = [phrase for phrase in phrases if phrase.commitment >= TAKEN_UP]
                kept[index] = _Kept(notable=tuple(phrase.text for phrase in deeds))
                # What the deed is about may stand in a clause of its own, before it.
                terms = {term for phrase in phrases if not phrase.text.endswith("?") for term in phrase.terms}
                told |= terms
                if deeds:
                    done |= terms
        return kept


def _is_open(phrase: Phrase) -> bool:
    return phrase.problem > 0 or phrase.request > 0 or phrase.text.endswith("?")


def _merely_asks(phrase: Phrase) -> bool:
    return phrase.problem == 0 and phrase.request < WISH


def _cost(turn: Turn | None) -> int:
    return 0 if turn is None else tokens_of(turn)


def _reduced(turn: Turn, phrases: Sequence[str]) -> Turn | None:
    return replace(turn, text=" ".join(phrases)) if phrases else None


def _in_order(turn: Turn, kept: _Kept) -> Turn | None:
    """A turn with both kinds of phrases, in the order in which they were said."""
    phrases = sorted((*kept.unresolved, *kept.notable), key=lambda phrase: _place(turn.text, phrase))
    return _reduced(turn, phrases)


def _place(text: str, phrase: str) -> int:
    return text.casefold().find(phrase.casefold())
