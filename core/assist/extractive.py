"""The summary without a language model: the sentences that matter most, ranked by LexRank and by what they give away.

LexRank: Erkan and Radev, "LexRank: Graph-based Lexical Centrality as Salience in Text Summarization", 2004 (by sumy).
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from sumy.models.dom import ObjectDocumentModel, Paragraph, Sentence
from sumy.summarizers.lex_rank import LexRankSummarizer

from core.assist.english_dialect import EnglishDialect
from core.assist.korean_dialect import KoreanDialect
from core.assist.phrases import Dialect, Findings, Phrase
from core.model.call import Language, Role
from core.model.insight import SummaryText, Turn

RANKED_PHRASES = 40
"""LexRank compares every phrase with every other, so an hour's call is ranked over its cue phrases and its latest."""
CACHED_TURNS = 4_096
UNDERTAKEN = 0.5
"""From this commitment on a phrase tells of something that was really done or promised."""
MOST_STEPS = 12
OPENING_TURNS = 4
"""A customer says early why they call; what is said later must outweigh that."""


@dataclass(frozen=True, slots=True)
class _Candidate:
    phrase: Phrase
    position: int
    """Ordinal of the phrase among its speaker's."""


class ExtractiveSummarizer:
    """Implements `core.assist.summarizer.Summarizer`. One thread at a time; the same turns give the same answer."""

    engine = "extractive"
    model = "LexRank"

    def __init__(self) -> None:
        self._dialects: dict[Language, Dialect] = {"ko": KoreanDialect(), "en": EnglishDialect()}
        self._phrases = lru_cache(CACHED_TURNS)(self._analyse)

    def _analyse(self, text: str, language: Language) -> tuple[Phrase, ...]:
        return tuple(self._dialects[language].phrases(text))

    def summarize(self, turns: Sequence[Turn], language: Language) -> SummaryText:
        """Sum the conversation up; languages other than Korean are read as English. Never raises."""
        chosen = language if language in self._dialects else "en"
        dialect = self._dialects[chosen]
        said = {role: self._candidates(turns, role, chosen) for role in (Role.CUSTOMER, Role.AGENT, Role.PERSONA)}
        customer, agent = said[Role.CUSTOMER], said[Role.AGENT] + said[Role.PERSONA]
        weights = _term_weights([c.phrase for c in customer + agent])
        findings = Findings(
            trouble=_best(customer, _trouble, weights),
            wish=_best(customer, _wish, weights),
            action=_best(agent, _action, weights),
            weights=weights,
        )
        if findings.trouble is None and findings.wish is None:
            findings = Findings(trouble=_central(customer), wish=None, action=findings.action, weights=weights)
        return SummaryText(
            summary=_one_line(dialect.summary(findings)),
            customer_issue=_one_line(dialect.customer_issue(findings)),
            agent_action=_one_line(dialect.agent_action(findings)),
        )

    def steps(self, turns: Sequence[Turn], language: Language) -> tuple[str, ...]:
        """What the agent undertook, in its order, a line each; the latest `MOST_STEPS`. Never raises."""
        chosen = language if language in self._dialects else "en"
        dialect = self._dialects[chosen]
        said = [c for role in (Role.AGENT, Role.PERSONA) for c in self._candidates(turns, role, chosen)]
        undertaken = (c.phrase for c in said if c.phrase.commitment >= UNDERTAKEN)
        lines = (_one_line(dialect.agent_action(Findings(None, None, phrase))) for phrase in undertaken)
        return tuple(dict.fromkeys(line for line in lines if line))[-MOST_STEPS:]

    def _candidates(self, turns: Sequence[Turn], role: Role, language: Language) -> list[_Candidate]:
        phrases = [p for t in turns if t.role is role for p in self._phrases(t.text, language)]
        return [_Candidate(phrase, position) for position, phrase in enumerate(phrases)]


def _term_weights(phrases: Sequence[Phrase]) -> dict[str, float]:
    counts = Counter(term for phrase in phrases for term in set(phrase.terms))
    most = max(counts.values(), default=1)
    return {term: count / most for term, count in counts.items()}


def _topicality(phrase: Phrase, weights: dict[str, float]) -> float:
    """How much a phrase speaks of what the call comes back to, 0 to 1."""
    terms = set(phrase.terms)
    return sum(weights.get(term, 0.0) for term in terms) / max(3, len(terms))


def _earliness(position: int) -> float:
    return 0.4 * max(0.0, 1 - position / (2 * OPENING_TURNS))


def _trouble(candidate: _Candidate, topical: float) -> float:
    return 0.0 if candidate.phrase.problem == 0 else candidate.phrase.problem + _earliness(candidate.position) + topical


def _wish(candidate: _Candidate, topical: float) -> float:
    return 0.0 if candidate.phrase.request == 0 else candidate.phrase.request + _earliness(candidate.position) + topical


def _action(candidate: _Candidate, topical: float) -> float:
    # The latest of what was really undertaken counts: a later promise replaces an earlier one.
    strength = candidate.phrase.commitment
    return 0.0 if strength < UNDERTAKEN else min(strength, 1.0) + 0.3 * topical + 0.1 * candidate.position


def _best(
    candidates: Sequence[_Candidate], score: Callable[[_Candidate, float], float], weights: dict[str, float]
) -> Phrase | None:
    scored = [(score(c, _topicality(c.phrase, weights)), -c.position, c.phrase) for c in candidates]
    top = max(scored, key=lambda s: s[:2], default=None)
    return top[2] if top is not None and top[0] > 0 else None


class _Words:
    """sumy's tokenizer for phrases that are taken apart already: hands their terms back."""

    def __init__(self, phrases: Sequence[Phrase]) -> None:
        self._terms = {p.text: p.terms for p in phrases}

    def to_words(self, text: str) -> tuple[str, ...]:
        return self._terms[text]


def _central(candidates: Sequence[_Candidate]) -> Phrase | None:
    """The phrase that most others resemble, where no phrase gives a trouble or a wish away."""
    latest = [c.phrase for c in candidates][-RANKED_PHRASES:]
    if len(latest) < 3:
        return max(latest, key=lambda p: len(p.terms), default=None)
    words = _Words(latest)
    document = ObjectDocumentModel([Paragraph([Sentence(p.text, words) for p in latest])])
    ranked = LexRankSummarizer()(document, 1)
    return next(p for p in latest if p.text == str(ranked[0]))


def _one_line(text: str) -> str:
    return " ".join(text.split())
