"""Our scripted demos and our handbook fit each other."""

import pytest

from core.assist.extractive import ExtractiveSummarizer
from core.assist.scenario import read_scenario
from core.guidance.embedded import EmbeddedRetriever
from core.model.passage import GuidanceRequest
from core.settings import PROJECT_ROOT


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("ko_refund", "교환과 반품"),
        ("ko_slow_internet", "인터넷이 느릴 때"),
        ("ko_roaming", "해외 로밍 신청"),
        ("en_double_charge", "Duplicate charge refund"),
        ("en_lost_phone", "Lost or stolen phone"),
    ],
)
def test_the_customers_first_words_bring_the_right_page(sample: EmbeddedRetriever, name: str, title: str) -> None:
    scenario = read_scenario(PROJECT_ROOT / "demo" / "scenarios" / f"{name}.json")
    text = ExtractiveSummarizer().summarize(scenario.turns[:2], scenario.language)
    assert sample.assist(GuidanceRequest(summary=text.summary)).documents[0].title == title
