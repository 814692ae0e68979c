"""The Quality page in every state that a call can be in."""

from dataclasses import replace

import pytest

from core.language.catalogue import translator
from core.model.call import CallId, CallOrigin, CallState, LegId
from core.model.diagnosis import Cause, Diagnosis
from core.model.leg_facts import BrowserFacts, LegFacts
from core.model.sample import Direction
from core.quality.alerts import judged
from tests.fakes.measured_call import AGENT_LEG, FIRST_LEG, measured_call, samples, utterances
from tests.fakes.page_backend import PageBackend, make_snapshot
from tests.ui.test_pages import LANGUAGES, has, open_page, words

CALL = measured_call("c1", 60)
AGENT, CUSTOMER = CALL.participants
LEGS = {AGENT_LEG: AGENT.id, FIRST_LEG: CUSTOMER.id}
MEASURED = tuple(samples(60))


@pytest.mark.parametrize("locale", LANGUAGES)
class TestQualityPage:
    def test_an_ended_call_has_causes_scores_charts_and_a_table(self, server: PageBackend, locale: str) -> None:
        _ = translator(locale[:2])
        found = Diagnosis(Cause.ACCESS_NETWORK, FIRST_LEG, Direction.INBOUND, 10.0, 20.0, ())
        facts = {FIRST_LEG: LegFacts(FIRST_LEG, 0.0, 0.5, 1.7, browser=BrowserFacts("Chromium 156", "Windows", "wifi"))}
        picture = make_snapshot(
            CALL,
            samples=MEASURED,
            utterances=tuple(utterances(60)),
            legs=LEGS,
            quality=replace(judged(MEASURED), diagnoses=(found,)),
            leg_facts=facts,
        )
        server.put(picture)
        test = open_page("quality", locale, call="c1")
        text = words(test)
        assert not test.exception
        assert has(test, "earshot_quality_view")
        assert _("{subject}: the network on this side is bad").format(subject="이서준") in text
        assert f"{_('MOS')} ({_('estimated')})" in text
        assert f"Chromium 156 · Windows · {_('Wi-Fi')}" in text
        assert "1.2 s" in text
        assert _("Every figure of every connection and direction") in text
        assert _("Refresh") not in text

    def test_a_call_without_trouble_says_so(self, server: PageBackend, locale: str) -> None:
        server.put(make_snapshot(CALL, samples=MEASURED, legs=LEGS, quality=judged(MEASURED)))
        assert translator(locale[:2])("The figures show no cause of trouble.") in words(
            open_page("quality", locale, call="c1")
        )

    def test_a_running_call_can_be_looked_at_again(self, server: PageBackend, locale: str) -> None:
        _ = translator(locale[:2])
        live = replace(CALL, state=CallState.LIVE, ended_at=None, end_reason=None)
        server.put(make_snapshot(live, samples=MEASURED, legs=LEGS, now_s=61.0))
        test = open_page("quality", locale, call="c1")
        assert _("Refresh") in words(test)
        server.change(CallId("c1"), samples=(*MEASURED, *(replace(each, at_s=61.0) for each in MEASURED[-8:])))
        next(button for button in test.button if button.label == _("Refresh")).click().run()
        assert not test.exception

    @pytest.mark.parametrize(
        ("origin", "state", "sentence"),
        [
            (CallOrigin.SCRIPT, CallState.ENDED, "A text-only call has no network figures."),
            (CallOrigin.BROWSER, CallState.WAITING, "Figures appear once somebody is connected."),
            (CallOrigin.BROWSER, CallState.ENDED, "No figures were kept of this call: nobody was connected."),
        ],
    )
    def test_a_call_without_figures_says_why(
        self, server: PageBackend, locale: str, origin: CallOrigin, state: CallState, sentence: str
    ) -> None:
        server.put(make_snapshot(replace(CALL, origin=origin, state=state)))
        test = open_page("quality", locale, call="c1")
        assert translator(locale[:2])(sentence) in words(test)
        assert not has(test, "earshot_quality_view")

    def test_damaged_files_are_named(self, server: PageBackend, locale: str) -> None:
        server.damaged = ("00007.parquet",)
        server.put(make_snapshot(CALL, samples=MEASURED, legs=LEGS))
        assert "00007.parquet" in words(open_page("quality", locale, call="c1"))

    def test_a_figure_that_nobody_measured_is_called_missing_in_the_table(
        self, server: PageBackend, locale: str
    ) -> None:
        _ = translator(locale[:2])
        of_server = tuple(each for each in MEASURED if each.vantage.value == "server")
        server.put(make_snapshot(CALL, samples=of_server, legs=LEGS))
        text = words(open_page("quality", locale, call="c1"))
        assert f'<td class="es-word">{_("Browser")}</td><td class="es-word">{_("missing")}</td>' in text
        assert f'<td class="es-word">{_("Server")}</td><td class="es-word">{_("measured")}</td>' in text

    def test_all_filters_off_leave_an_empty_chart_and_no_error(self, server: PageBackend, locale: str) -> None:
        server.put(make_snapshot(CALL, samples=MEASURED, legs={**LEGS, LegId("l9"): AGENT.id}))
        test = open_page("quality", locale, call="c1")
        for group in test.button_group:
            if str(group.key).startswith("quality-"):
                group.set_value([])
        test.run()
        assert not test.exception
        assert has(test, "earshot_quality_view")

    def test_a_call_that_nobody_knows_is_told_of(self, server: PageBackend, locale: str) -> None:
        test = open_page("quality", locale, call="nowhere")
        assert not has(test, "earshot_quality_view")
        assert test.error
