"""A language model of which a test says what it answers, and when."""

import threading
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field

from core.assist.insight_source import AnswerSoFar
from core.model.errors import AssistError
from core.model.insight import (
    Insight,
    Intent,
    RiskFlag,
    Sentiment,
    SentimentLabel,
    SentimentTrend,
    SummaryText,
    TokenUsage,
    Turn,
)

EMPTY = Insight(SummaryText("", "", ""))
FULL = Insight(
    SummaryText("요금 이중 청구 환불 요청", "요금이 두 번 청구됨", "환불 접수"),
    Intent("refund", 0.9),
    Sentiment(SentimentLabel.NEGATIVE, -0.4, SentimentTrend.RISING),
    (RiskFlag("churn", "해지할까 해요"),),
    "바로 환불해 드리겠습니다.",
)
USAGE = TokenUsage(600, 80)


def growing(whole: Insight) -> list[Insight]:
    """An answer as its fields arrive, one after the other."""
    text, steps = whole.text, [EMPTY]
    steps.append(Insight(SummaryText(text.summary, "", "")))
    steps.append(Insight(SummaryText(text.summary, text.customer_issue, "")))
    steps.append(Insight(text))
    steps.append(Insight(text, whole.intent))
    steps.append(Insight(text, whole.intent, whole.sentiment))
    steps.append(Insight(text, whole.intent, whole.sentiment, whole.risks))
    return [*steps, whole]


@dataclass
class ScriptedSource:
    """Implements `core.assist.insight_source.InsightSource`.

    Takes its answers from `script`, an error after so many steps or a whole insight; when that is used up, it says how
    many turns it has seen. Each step waits while `gate` is clear.
    """

    engine: str = "scripted"
    model: str = "test"
    script: list[Insight | tuple[int, AssistError]] = field(default_factory=list)
    asked: list[tuple[tuple[Turn, ...], str, Insight | None]] = field(default_factory=list)
    gate: threading.Event = field(default_factory=threading.Event)
    running: int = 0
    most_at_once: int = 0
    closed: int = 0

    def __post_init__(self) -> None:
        self.gate.set()

    def ask(self, turns: Sequence[Turn], language: str, previous: Insight | None) -> Generator[AnswerSoFar, None, None]:
        self.asked.append((tuple(turns), language, previous))
        answer = self.script.pop(0) if self.script else Insight(SummaryText(f"{len(turns)} turns", "issue", ""))
        return self._answer(answer)

    def _answer(self, answer: Insight | tuple[int, AssistError]) -> Generator[AnswerSoFar, None, None]:
        self.running += 1
        self.most_at_once = max(self.most_at_once, self.running)
        try:
            steps = growing(answer) if isinstance(answer, Insight) else growing(FULL)[: answer[0]]
            for step in steps:
                self.gate.wait(30)
                yield AnswerSoFar(step)
            if not isinstance(answer, Insight):
                raise answer[1]
            yield AnswerSoFar(answer, USAGE)
        finally:
            self.running -= 1
            self.closed += 1

    def prepare(self, turns: Sequence[Turn], language: str) -> None:
        pass

    def close(self) -> None:
        self.gate.set()
