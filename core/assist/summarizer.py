"""The interface of whatever sums a call up."""

from collections.abc import Sequence
from typing import Protocol

from core.model.call import Language
from core.model.insight import SummaryText, Turn


class Summarizer(Protocol):
    """Rewrites the summary from the whole conversation each time."""

    engine: str
    """`extractive`, or the vendor of the language model; shown beside every summary."""
    model: str

    def summarize(self, turns: Sequence[Turn], language: Language) -> SummaryText:
        """Sum the conversation up. Blocking; called on the assist thread.

        Raises:
            AssistError: when no summary can be made.
        """
