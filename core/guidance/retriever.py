"""The one retrieval contract, behind which the embedded index and a remote server stand alike."""

from typing import Protocol

from core.model.health import PartHealth
from core.model.passage import GuidanceAnswer, GuidanceRequest


class Retriever(Protocol):
    """Finds the right pages of the handbook."""

    @property
    def health(self) -> PartHealth:
        """How many entries there are and which files were left out; any thread."""

    def assist(self, request: GuidanceRequest) -> GuidanceAnswer:
        """Answer one request. Blocking; called on the guidance thread.

        Raises:
            GuidanceError: when no answer can be given.
        """
