"""What a model says of a call, believed field by field while it arrives; never shown before it is whole and valid."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from core.assist.insight_request import FIELDS
from core.assist.json_answer import NO_OBJECT
from core.assist.json_members import JsonBroken, JsonMembers
from core.assist.prompt import NO_INTENT
from core.assist.sentence import believed_sentence, believed_summary, normal_form
from core.model.call import Language
from core.model.errors import ModelAnswerInvalid
from core.model.insight import Insight, Intent, RiskFlag, Sentiment, SentimentLabel, SentimentTrend, SummaryText, Turn
from core.model.message import Message

MOST_RISKS = 5
LONGEST_FIELD = 200
LONGEST_REPLY = 400
LONGEST_QUOTE = 200
"""Characters; a longer text is left out, because nobody can read it at a glance."""
EMPTY: Final = Insight(SummaryText("", "", ""))


class InsightStream:
    """The partial parser of one answer. Used on one thread.

    A field is there once it is complete and holds; one that does not hold stays empty. What holds:

    - a sentence has words, and nothing of JSON, code or markup in it; the summary is one sentence;
    - the intent is one of the labels, its confidence from 0 to 1; `none` is no intent;
    - the sentiment's score is from -1 to 1, and not on the other side of its label;
    - a risk is one of the kinds, and its words were really said, or were flagged before.
    """

    def __init__(
        self,
        language: Language,
        intents: Sequence[str],
        risks: Sequence[str],
        turns: Sequence[Turn],
        previous: Insight | None = None,
    ) -> None:
        """Give what the question was asked with (`insight_request`)."""
        self._language = language
        self._intents = frozenset(intents)
        self._risks = frozenset(risks)
        flagged = previous.risks if previous is not None else ()
        self._said = tuple(normal_form(text) for text in (*(t.text for t in turns), *(r.words for r in flagged)))
        self._members = JsonMembers()
        self._arrived: set[str] = set()
        self._is_broken = False
        self._insight = EMPTY

    @property
    def is_broken(self) -> bool:
        """Whether nothing more can come of it, so that the rest need not be waited for; `finish` then raises."""
        return self._is_broken

    def feed(self, text: str) -> Insight:
        """Take a piece of the answer; gives everything that is complete and valid so far. Never raises."""
        if not self._is_broken:
            try:
                for name, value in self._members.feed(text):
                    self._arrived.add(name)
                    self._insight = self._with(name, value)
            except JsonBroken:
                self._is_broken = True
        return self._insight

    def finish(self) -> Insight:
        """The whole answer, once all of it was fed.

        Raises:
            ModelAnswerInvalid: it is cut off, is not of the form that was asked for, or has no valid summary.
        """
        if self._is_broken:
            raise ModelAnswerInvalid(NO_OBJECT)
        if not self._members.is_closed:
            raise ModelAnswerInvalid(Message("it ends in the middle"))
        if missing := [name for name in FIELDS if name not in self._arrived]:
            raise ModelAnswerInvalid(Message("the field {name} is missing", {"name": missing[0]}))
        if not self._insight.text.summary:
            raise ModelAnswerInvalid(Message("its summary is no readable sentence"))
        return self._insight

    def _with(self, name: str, value: Any) -> Insight:
        now = self._insight
        match name:
            case "summary":
                return replace(now, text=replace(now.text, summary=believed_summary(value, self._language)))
            case "customer_issue":
                return replace(now, text=replace(now.text, customer_issue=believed_sentence(value, LONGEST_FIELD)))
            case "agent_action":
                return replace(now, text=replace(now.text, agent_action=believed_sentence(value, LONGEST_FIELD)))
            case "intent":
                return replace(now, intent=self._intent(value))
            case "sentiment":
                return replace(now, sentiment=_sentiment(value))
            case "risks":
                return replace(now, risks=self._flags(value))
            case "suggested_reply":
                return replace(now, suggested_reply=believed_sentence(value, LONGEST_REPLY))
        return now

    def _intent(self, value: Any) -> Intent | None:
        match value:
            case {"label": str(label), "confidence": confidence} if label in self._intents and label != NO_INTENT:
                share = _number(confidence, 0.0, 1.0)
                return Intent(label, share) if share is not None else None
        return None

    def _flags(self, value: Any) -> tuple[RiskFlag, ...]:
        if not isinstance(value, list):
            return ()
        flags: list[RiskFlag] = []
        for each in value:
            match each:
                case {"kind": str(kind), "words": str(words)} if kind in self._risks:
                    quote = believed_sentence(words, LONGEST_QUOTE).strip(" \"'“”‘’「」『』")
                    flag = RiskFlag(kind, quote)
                    if flag not in flags and self._was_said(quote):
                        flags.append(flag)
        return tuple(flags[:MOST_RISKS])

    def _was_said(self, quote: str) -> bool:
        wanted = normal_form(quote)
        return len(wanted) > 1 and any(wanted in text for text in self._said)


def _sentiment(value: Any) -> Sentiment | None:
    match value:
        case {"label": str(label), "score": score, "trend": str(trend)} if label in {*SentimentLabel} and trend in {
            *SentimentTrend
        }:
            number = _number(score, -1.0, 1.0)
            felt = SentimentLabel(label)
            if number is None or number * _SIDE[felt] < 0:
                return None
            return Sentiment(felt, number, SentimentTrend(trend))
    return None


_SIDE: Final = {SentimentLabel.NEGATIVE: -1, SentimentLabel.NEUTRAL: 0, SentimentLabel.POSITIVE: 1}


def _number(value: Any, low: float, high: float) -> float | None:
    # True and False are integers to Python.
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        return None
    return float(value)
