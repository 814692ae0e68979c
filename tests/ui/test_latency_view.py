"""Latency and cost on the Calls page and on the page of a call that has ended, in both languages."""

from collections.abc import Iterator
from dataclasses import replace
from html import escape
from typing import Any, cast

import pytest
from streamlit.testing.v1 import AppTest

from core import backend as composition
from core.calls.costs import ModelPrice, Prices, SpeechPrice
from core.language.catalogue import translator
from core.model.call import CallId, CallState, Participant, ParticipantId, Role
from core.model.turn_trace import Step
from core.ui.latency_words import STEP_WORDS
from tests.fakes.page_backend import PageBackend, make_call, make_snapshot
from tests.fakes.turn_records import WORDS, a_turn_record
from tests.ui.test_pages import open_page, words

LANGUAGES = ("en-US", "ko-KR")
PEOPLE = (
    Participant(ParticipantId("p1"), "김민지", Role.AGENT, 0.0),
    Participant(ParticipantId("p2"), "이서준", Role.CUSTOMER, 0.0),
)
PRICES = Prices(
    "USD",
    (SpeechPrice("google", "*", 0.016),),
    (ModelPrice("openai", "*", input=0.25, output=2.0, cached_input=0.025),),
)


@pytest.fixture
def server() -> Iterator[PageBackend]:
    fake = PageBackend(prices=PRICES)
    for call_id in ("c1", "c2"):
        call = make_call(call_id, CallState.ENDED, participants=PEOPLE)
        record = a_turn_record(CallId(call_id))
        fake.put(make_snapshot(call, utterances=record.utterances))
        fake.turns[call_id] = record
    composition.install(cast(Any, fake))
    yield fake
    composition.install(None)


def metrics(test: AppTest) -> list[str]:
    return [metric.value for metric in test.metric]


def test_every_step_has_a_name_and_an_explanation() -> None:
    assert set(STEP_WORDS) == set(Step) - {Step.SPEECH_START, Step.SPEECH_END}


@pytest.mark.parametrize("locale", LANGUAGES)
class TestLatencyView:
    def test_the_found_calls_have_percentiles_a_share_beyond_the_budget_and_a_cost(
        self, server: PageBackend, locale: str
    ) -> None:
        _ = translator(locale[:2])
        test = open_page("calls", locale, view="latency")
        median, _high, share, cost = metrics(test)
        assert median == _("{number} s").format(number="1.64")
        assert share == "40%"
        assert cost == ("$0.0467" if locale == "en-US" else "US$0.0467")
        text = words(test)
        for step in (Step.FINAL, Step.KEPT, Step.FIRST_TOKEN, Step.SUMMARY_PAINTED, Step.PASSAGES_PAINTED):
            assert escape(_(STEP_WORDS[step].name)) in text
            assert escape(_(STEP_WORDS[step].tip)) in text
        assert _("Turns: {count}.").format(count=10) in text
        assert _("Sharing a later turn's request: {count}.").format(count=2) in text

    def test_a_chosen_call_lists_its_turns_and_draws_the_slowest_as_a_waterfall(
        self, server: PageBackend, locale: str
    ) -> None:
        _ = translator(locale[:2])
        test = open_page("calls", locale, view="latency", call="c2")
        call, turn = test.selectbox[-2:]
        assert call.value == "c2"
        assert turn.value == 1
        assert WORDS[1][:20] in words(test)
        assert "⚠" in words(test)
        budget = _("{number} s").format(number="2")
        slowest = _(STEP_WORDS[Step.FIRST_TOKEN].name)
        late = _("Beyond the budget of {budget}; what took longest: {step}.").format(budget=budget, step=slowest)
        assert late in words(test)
        assert test.get("plotly_chart")
        turn.select(2).run()
        assert not test.exception
        shared = _("A request was under way: it was summed up together with the turn at {time}.")
        assert shared.format(time="0:12") in words(test)
        turn = test.selectbox[-1]
        turn.select(4).run()
        assert _("The summary stayed as it was, so there was nothing to paint.") in words(test)

    def test_calls_without_words_say_that_there_is_nothing_to_measure(self, server: PageBackend, locale: str) -> None:
        server.turns.clear()
        _ = translator(locale[:2])
        test = open_page("calls", locale, view="latency")
        assert metrics(test)[:3] == ["–"] * 3
        assert _("Nothing was said in these calls, so there is nothing to measure.") in test.info[0].value

    def test_what_has_no_price_is_said_to_be_unknown_and_of_how_many_calls(
        self, server: PageBackend, locale: str
    ) -> None:
        _ = translator(locale[:2])
        server.prices = replace(PRICES, models=())
        test = open_page("calls", locale, view="latency")
        assert metrics(test)[3].endswith(_("{amount} + unknown").format(amount=""))
        assert _("Calls with an unknown part of the cost: {count}.").format(count=2) in words(test)
        server.prices = Prices("USD")
        assert metrics(open_page("calls", locale, view="latency"))[3] == _("cost unknown")

    def test_a_call_that_the_search_does_not_find_is_looked_at_all_the_same(
        self, server: PageBackend, locale: str
    ) -> None:
        test = open_page("calls", locale, view="latency", call="c2", said="nobody said this")
        assert test.selectbox[-2].value == "c2"
        assert metrics(test)[0] == "–"

    def test_a_call_that_is_not_there_is_passed_over(self, server: PageBackend, locale: str) -> None:
        test = open_page("calls", locale, view="latency", call="nowhere")
        assert test.selectbox[-2].value == "c1"

    def test_the_list_tells_what_each_call_cost_and_the_choice_of_the_view_stays_in_the_address(
        self, server: PageBackend, locale: str
    ) -> None:
        _ = translator(locale[:2])
        test = open_page("calls", locale, said="")
        assert "$0.0234" in words(test)
        test.segmented_control(key="calls-view").set_value("latency").run()
        assert test.query_params["view"] == "latency"
        assert test.metric
        test.segmented_control(key="calls-view").set_value("list").run()
        assert "view" not in test.query_params

    def test_an_ended_calls_page_tells_its_figures_and_leads_to_them(self, server: PageBackend, locale: str) -> None:
        _ = translator(locale[:2])
        test = open_page("live", locale, call="c1")
        text = words(test)
        assert "$0.0234" in text
        assert _("{count} turns beyond the budget").format(count=2) in text
        links = [link.proto.query_string for link in test.get("page_link")]
        assert "view=latency&call=c1" in links


def test_names_that_callers_gave_are_text_and_not_markup(server: PageBackend) -> None:
    record = a_turn_record(CallId("c1"))
    said = replace(record.utterances[0], speaker="<b>Mallory</b>", text="<i>x</i>")
    server.turns["c1"] = replace(record, utterances=(said, *record.utterances[1:]))
    text = words(open_page("calls", view="latency", call="c1"))
    assert "&lt;b&gt;Mallory" in text
    assert "<b>Mallory" not in text
    assert "<i>x" not in text
