import threading
from pathlib import Path

import pytest

from core.guidance.background import BackgroundRetriever
from core.guidance.embedded import EmbeddedRetriever
from core.model.errors import KnowledgeMissing
from core.model.health import PartState
from core.model.passage import GuidanceRequest
from tests.fakes.insight import EchoRetriever


def test_requests_wait_for_the_handbook_and_its_state_is_told() -> None:
    ready = threading.Event()

    def load() -> EchoRetriever:
        ready.wait(10)
        return EchoRetriever()

    retriever = BackgroundRetriever(load)
    assert retriever.health.state is PartState.STARTING
    threading.Timer(0.05, ready.set).start()
    assert retriever.assist(GuidanceRequest(summary="환불")).documents[0].title == "환불"
    assert retriever.health.state is PartState.UP
    retriever.close()


def test_a_handbook_that_cannot_be_read_is_said_and_not_silently_empty(tmp_path: Path) -> None:
    retriever = BackgroundRetriever(lambda: EmbeddedRetriever.load(tmp_path))
    with pytest.raises(KnowledgeMissing):
        retriever.assist(GuidanceRequest(summary="환불"))
    assert retriever.health.state is PartState.DOWN
    assert "holds no entries" in retriever.health.detail
    retriever.close()
