"""Utterances and summaries for tests of alert rules."""

from core.model.call import ParticipantId, Role
from core.model.insight import RiskFlag, Sentiment, SentimentLabel, SentimentTrend, Summary, SummaryText
from core.model.utterance import Utterance


def said(
    text: str,
    start_s: float = 0.0,
    end_s: float | None = None,
    by: Role = Role.CUSTOMER,
    *,
    name: str = "",
    is_final: bool = True,
) -> Utterance:
    """Something that somebody said; its id is `name`, or its times and speaker."""
    end_s = start_s + 1.0 if end_s is None else end_s
    return Utterance(
        name or f"{by}-{start_s:g}",
        ParticipantId(f"p-{by}"),
        by.value,
        by,
        text,
        is_final,
        start_s,
        end_s,
        None,
        "",
        "",
        end_s,
    )


def summed_up(at_s: float, score: float | None = None, risks: tuple[RiskFlag, ...] = (), seen: str = "") -> Summary:
    """A summary with a sentiment and risks."""
    sentiment = None if score is None else Sentiment(SentimentLabel.NEUTRAL, score, SentimentTrend.STEADY)
    return Summary(SummaryText("s", "", ""), "openai", "m", seen, 1, at_s, 0.1, sentiment=sentiment, risks=risks)
