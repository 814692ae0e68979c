"""The interface of whatever answers the one structured question about a call, field by field."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Protocol

from core.model.call import Language
from core.model.insight import Insight, TokenUsage, Turn


@dataclass(frozen=True, slots=True)
class AnswerSoFar:
    """An answer as far as it has come."""

    insight: Insight
    """The fields that are complete and valid; raw text is never among them."""
    usage: TokenUsage | None = None


class InsightSource(Protocol):
    """A language model with its prompt. Several threads may ask at once."""

    engine: str
    """The vendor, shown beside what it says."""
    model: str

    def ask(
        self, turns: Sequence[Turn], language: Language, previous: Insight | None
    ) -> Generator[AnswerSoFar, None, None]:
        """Put the question together; the generator sends it when it is first asked for something.

        Blocking: the generator waits for the network, and closing it ends the request. It comes to its end only after a
        whole and valid answer.

        Args:
            turns: The whole conversation, oldest first; at least one.
            language: What the answer is to be written in.
            previous: What was said of the call last, for what the conversation no longer shows.

        Raises:
            AssistError: the request failed or its answer is none; while iterating, too.
        """

    def prepare(self, turns: Sequence[Turn], language: Language) -> None:
        """Do ahead what the next question about these turns will need. Blocking; never raises."""

    def close(self) -> None:
        """End all questions; whoever reads an answer is let go. Any thread; idempotent."""
