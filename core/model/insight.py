"""Statements about a call: what it is about, so far."""

import operator
from dataclasses import astuple, dataclass
from enum import StrEnum

from core.model.call import Role


@dataclass(frozen=True, slots=True)
class Turn:
    """One final utterance as the summarizer reads it."""

    role: Role
    text: str


@dataclass(frozen=True, slots=True)
class SummaryText:
    """What a summarizer answers: each field one sentence, empty where the material has nothing to say."""

    summary: str
    customer_issue: str
    agent_action: str


class SentimentLabel(StrEnum):
    """How the customer feels."""

    NEGATIVE = "negative"
    NEUTRAL = "neutral"
    POSITIVE = "positive"


class SentimentTrend(StrEnum):
    """Where the customer's feeling goes."""

    FALLING = "falling"
    STEADY = "steady"
    RISING = "rising"


@dataclass(frozen=True, slots=True)
class Intent:
    """What the customer wants, as one of the configured labels."""

    label: str
    confidence: float | None = None
    """0 to 1."""


@dataclass(frozen=True, slots=True)
class Sentiment:
    """How the customer feels, and where it goes."""

    label: SentimentLabel
    score: float
    """-1 (worst) to 1 (best)."""
    trend: SentimentTrend


@dataclass(frozen=True, slots=True)
class RiskFlag:
    """That something may go wrong with this customer, with the words that show it."""

    kind: str
    """Such as `churn` or `complaint`."""
    words: str
    """Quoted from what was said."""


@dataclass(frozen=True, slots=True)
class TokenUsage:
    """What a request to a language model was charged for, or several together."""

    input_tokens: int
    output_tokens: int
    cached_input_tokens: int = 0
    """Part of `input_tokens`."""
    audio_input_tokens: int = 0
    """Part of `input_tokens`: sound, which costs more than text."""
    cached_audio_input_tokens: int = 0
    """Part of `cached_input_tokens`, and of `audio_input_tokens`."""
    audio_output_tokens: int = 0
    """Part of `output_tokens`."""

    def plus(self, more: "TokenUsage") -> "TokenUsage":
        """Both together."""
        return TokenUsage(*map(operator.add, astuple(self), astuple(more)))

    def less(self, former: "TokenUsage") -> "TokenUsage":
        """What came since it was `former`."""
        return TokenUsage(*map(operator.sub, astuple(self), astuple(former)))


NO_TOKENS = TokenUsage(0, 0)


@dataclass(frozen=True, slots=True)
class RequestTimes:
    """When the steps of one request to a language model happened, on the call's clock."""

    wanted_s: float
    """When the final utterance that asked for it was kept."""
    sent_s: float
    first_token_s: float | None = None
    summary_s: float | None = None
    """When the first field, the summary, was complete and valid."""
    done_s: float | None = None


@dataclass(frozen=True, slots=True)
class Insight:
    """What a language model says of a call; a field is empty or None while it is not complete and valid.

    The order of the fields is the order in which they are asked for and arrive.
    """

    text: SummaryText
    intent: Intent | None = None
    sentiment: Sentiment | None = None
    risks: tuple[RiskFlag, ...] = ()
    suggested_reply: str = ""


class ModelPhase(StrEnum):
    """What a language model is about for one call."""

    IDLE = "idle"
    """Nothing that was said waits for it."""
    ASKED = "asked"
    """A question is on its way; nothing has come back yet."""
    ANSWERING = "answering"
    FAILED = "failed"
    """The latest request brought no whole answer; it will be asked again."""


@dataclass(frozen=True, slots=True)
class ModelActivity:
    """How a call's language model is doing. Times are on the call's clock."""

    engine: str
    model: str
    phase: ModelPhase = ModelPhase.IDLE
    draft: Insight | None = None
    """The fields of the answer that is arriving which are complete and valid."""
    trouble: str = ""
    """The code of the error with which the latest request ended; empty after an answer."""
    stands_in: bool = False
    """Whether the extractive summary stands in until it answers again."""
    retry_at_s: float | None = None
    """When it may be asked again after a failure."""
    seen_utterance: str = ""
    """Id of the last utterance that the draft has seen."""
    is_asked_again: bool = True
    """Whether it is asked the same again after a failure; otherwise it waits for the next thing that is said."""


@dataclass(frozen=True, slots=True)
class Summary:
    """A summary as a call keeps it: rewritten as the call goes on, never appended to."""

    text: SummaryText
    engine: str
    """`extractive`, or the vendor of the language model."""
    model: str
    seen_utterance: str
    """Id of the last utterance that it has seen."""
    turns: int
    """How many turns it has seen."""
    at_s: float
    """When it was made, on the call's clock."""
    took_s: float
    """How long making it took."""
    intent: Intent | None = None
    sentiment: Sentiment | None = None
    risks: tuple[RiskFlag, ...] = ()
    suggested_reply: str = ""
    times: RequestTimes | None = None
    """None where no language model was asked."""
    usage: TokenUsage | None = None
    """None where the server does not tell."""
    stands_in_for: str = ""
    """Why the extractive summary stands in for the model: the error's code; empty where it does not."""
