import pytest

from core.guidance.embedded import EmbeddedRetriever
from core.settings import PROJECT_ROOT


@pytest.fixture(scope="session")
def sample() -> EmbeddedRetriever:
    """The sample handbook."""
    return EmbeddedRetriever.load(PROJECT_ROOT / "knowledge")
