"""What the handbook's page asks of a desk."""

from typing import Protocol

from core.guidance.background import KnowledgeReport
from core.guidance.handbook import Handbook
from core.guidance.knowledge_folder import KnowledgeChange
from core.model.access import Right
from core.settings import Settings


class KnowledgeDesk(Protocol):
    """Any thread."""

    @property
    def settings(self) -> Settings:
        """The settings in force."""

    def may(self, right: Right) -> bool:
        """Whether to offer something."""

    def handbook(self) -> Handbook:
        """The handbook, to be read and asked."""

    def change_handbook(self, change: KnowledgeChange) -> KnowledgeReport:
        """Change a file. Blocking, some seconds. Raises GuidanceError."""
