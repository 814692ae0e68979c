"""What a call shows when the handbook gives no answer."""

import logging
import threading

import pytest

from core.api.stream import changes
from core.calls.insights import GuidanceResult, Insights
from core.calls.record import CallRecord
from core.language.catalogue import translator
from core.model.call import CallId
from core.model.errors import GuidanceError, GuidanceRequestRefused, GuidanceServerSilent
from core.model.health import PartHealth, PartState
from core.model.insight import SummaryText
from core.model.passage import Guidance, GuidanceAnswer, GuidanceRequest
from tests.calls.test_record import a_call
from tests.fakes.clock import ManualClock
from tests.fakes.insight import CountingSummarizer

REFUSED = GuidanceRequestRefused(address="http://h/rag", status=422, words="body.query: Field required, not 비밀 문의")
SILENT = GuidanceServerSilent(address="http://h/rag", seconds=3.0)
FOUND = Guidance("비밀 문의", GuidanceAnswer("look here", ()), at_s=1.0, took_s=0.1)


class RefusedRetriever:
    """Implements `core.guidance.retriever.Retriever`: a server that refuses, in words that repeat the question."""

    health = PartHealth("guidance", PartState.DOWN, needed=False)

    def assist(self, request: GuidanceRequest) -> GuidanceAnswer:
        raise REFUSED


def test_failure_5_why_the_handbook_refuses_is_handed_on_and_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    told: list[GuidanceError | GuidanceResult] = []
    is_told = threading.Event()

    def tell(what: GuidanceError | GuidanceResult) -> None:
        told.append(what)
        is_told.set()

    insights = Insights(CountingSummarizer(), RefusedRetriever(), documents=3, clock=ManualClock())
    try:
        insights.ask_guidance(CallId("c1"), SummaryText("비밀 문의", "", ""), done=tell, failed=tell)
        assert is_told.wait(10)
    finally:
        insights.close()
    assert told == [REFUSED]
    assert "GuidanceRequestRefused" in caplog.text
    assert "비밀" not in caplog.text


def test_the_last_passages_stay_beside_the_problem_until_there_are_new_ones() -> None:
    record = CallRecord(a_call(), ManualClock())
    record.set_guidance(FOUND)
    before = record.snapshot()
    record.set_guidance_problem(REFUSED)
    after = record.snapshot()
    assert (after.guidance, after.guidance_problem) == (FOUND, REFUSED)
    told = changes(before, after, translator("ko"))
    assert set(told) == {"reset", "revision", "now_s", "guidance_problem"}
    assert "body.query: Field required" in told["guidance_problem"]
    record.set_guidance(FOUND)
    assert changes(after, record.snapshot(), translator("ko"))["guidance_problem"] == ""


def test_the_same_problem_is_told_once() -> None:
    record = CallRecord(a_call(), ManualClock())
    record.set_guidance_problem(SILENT)
    told = record.revision
    record.set_guidance_problem(GuidanceServerSilent(address="http://h/rag", seconds=3.0))
    assert record.revision == told
    record.set_guidance_problem(REFUSED)
    assert record.revision == told + 1


def test_a_page_that_is_opened_later_is_told_the_problem() -> None:
    record = CallRecord(a_call(), ManualClock())
    assert "guidance_problem" not in changes(None, record.snapshot(), str)
    record.set_guidance_problem(SILENT)
    assert "within 3 seconds" in changes(None, record.snapshot(), str)["guidance_problem"]
