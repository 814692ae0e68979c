"""A summarizer and a handbook that can be held up."""

import threading
from collections.abc import Sequence

from core.model.errors import GuidanceError
from core.model.health import PartHealth, PartState
from core.model.insight import SummaryText, Turn
from core.model.passage import GuidanceAnswer, GuidanceRequest, Passage


class CountingSummarizer:
    """Implements `core.assist.summarizer.Summarizer`: says how many turns it saw. Waits while `gate` is clear."""

    engine = "counting"
    model = "test"

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.gate.set()

    def summarize(self, turns: Sequence[Turn], language: str) -> SummaryText:
        self.gate.wait(30)
        return SummaryText(f"{len(turns)} turns in {language}", turns[0].text, "")


class EchoRetriever:
    """Implements `core.guidance.retriever.Retriever`: one passage with the query as its title."""

    def __init__(self) -> None:
        self.queries: list[str] = []
        self.problem: GuidanceError | None = None
        """Raised instead of an answer, where there is one."""

    @property
    def health(self) -> PartHealth:
        return PartHealth("guidance", PartState.UP, needed=False)

    def assist(self, request: GuidanceRequest) -> GuidanceAnswer:
        self.queries.append(request.summary)
        if self.problem is not None:
            raise self.problem
        return GuidanceAnswer("look here", (Passage(request.summary, "snippet", 1.0, "test.md"),))
