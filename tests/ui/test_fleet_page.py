"""The page about many calls, in both languages, in every view, over rollups that a test puts there."""

import time
from pathlib import Path

import pytest

from core.language.catalogue import translator
from core.model.access import Person, SignInMethod, UserRole
from core.model.call import CallOrigin
from core.quality.fleet import Fleet
from core.quality.rollup_files import RollupFiles
from core.quality.synthetic import Trouble
from tests.fakes.page_backend import PageBackend
from tests.quality.fleet_calls import rollup_of
from tests.ui.test_pages import LANGUAGES, open_page, words

HOUR_S = 3_600.0


@pytest.fixture
def calls(server: PageBackend, tmp_path: Path) -> PageBackend:
    """Twelve calls of the last hours: one with a bad network, one from far away, one of demo data."""
    files = RollupFiles(tmp_path / "rollups")
    now = time.time()
    troubles = {1: Trouble.LOSS, 2: Trouble.FAR}
    files.put(
        rollup_of(
            f"c{n}",
            troubles.get(n, Trouble.NONE),
            seed=n,
            created_at=now - n * HOUR_S,
            names=("Dana", "<b>Mallory</b>" if n == 2 else "Chris"),
            origin=CallOrigin.SYNTHETIC if n == 3 else CallOrigin.BROWSER,
        )
        for n in range(12)
    )
    server.fleet = Fleet(files, tmp_path / "samples")
    return server


@pytest.mark.parametrize("locale", LANGUAGES)
class TestViews:
    def test_without_calls_it_offers_demo_data(self, server: PageBackend, locale: str) -> None:
        _ = translator(locale[:2])
        test = open_page("fleet", locale)
        assert _("No call has ended yet") in words(test)
        assert test.code[0].value == "make demo-data"

    def test_figures_are_shown_with_a_chart_and_a_table(self, calls: PageBackend, locale: str) -> None:
        _ = translator(locale[:2])
        test = open_page("fleet", locale, metric="rtt_ms", group="participant")
        text = words(test)
        assert _("Calls: {count}").format(count=12) in text
        assert _("of these demo data: {count}").format(count=1) in text
        assert len(test.get("plotly_chart")) == 2
        assert "Dana" in text

    def test_the_worst_calls_lead_to_their_own_page(self, calls: PageBackend, locale: str) -> None:
        test = open_page("fleet", locale, view="worst")
        links = [link.proto.query_string for link in test.get("page_link") if link.proto.query_string]
        assert links[0] == "call=c2"
        assert len(links) == 12
        text = words(test)
        assert "&lt;b&gt;Mallory" in text
        assert "<b>Mallory" not in text

    def test_an_issue_leads_to_the_calls_that_had_it(self, calls: PageBackend, locale: str) -> None:
        _ = translator(locale[:2])
        test = open_page("fleet", locale, view="issues", network="wifi")
        links = [link.proto.query_string for link in test.get("page_link")]
        wanted = "view=issues&network=wifi&issue=alert%3Apacket_loss"
        assert wanted in links
        affected = open_page("fleet", locale, view="issues", network="wifi", issue="alert:packet_loss")
        assert _("Calls with: {issue}").format(issue=_("Packet loss")) in [each.value for each in affected.subheader]
        assert [link.proto.query_string for link in affected.get("page_link")][-1] == "call=c1"

    def test_few_calls_are_not_called_a_difference(self, calls: PageBackend, locale: str) -> None:
        _ = translator(locale[:2])
        test = open_page(
            "fleet", locale, view="compare", participant="Dana", **{"with": "participant", "other": "Chris"}
        )
        assert _("no clear difference") in words(test)
        one_call = {"with": "participant", "other": "<b>Mallory</b>"}
        test = open_page("fleet", locale, view="compare", participant="Dana", **one_call)
        assert _("too few calls") in words(test)

    def test_a_period_without_calls_is_compared_with_nothing(self, calls: PageBackend, locale: str) -> None:
        _ = translator(locale[:2])
        test = open_page("fleet", locale, view="compare", when="7")
        said = _("There is nothing to compare: “{group}” has no calls.").format(group=_("The time before"))
        assert said in words(test)
        assert _("too few calls") not in words(test)

    def test_a_filter_that_fits_nothing_says_so(self, calls: PageBackend, locale: str) -> None:
        _ = translator(locale[:2])
        test = open_page("fleet", locale, who="Nobody")
        assert _("No call fits. Choose a longer period, or fewer conditions.") in words(test)


def test_demo_data_can_be_left_out(calls: PageBackend) -> None:
    assert "Calls: 11" in words(open_page("fleet", demo="no"))


def test_what_the_address_says_wrongly_counts_as_not_given(calls: PageBackend) -> None:
    test = open_page("fleet", view="x", when="y", metric="z", group="", issue="nothing", by="0", count="9")
    assert "Calls: 12" in words(test)


def test_a_choice_is_in_the_address(calls: PageBackend) -> None:
    test = open_page("fleet")
    test.selectbox(key="fleet-period").select("7").run()
    assert test.query_params["when"] == "7"


def test_a_damaged_day_is_named(calls: PageBackend, tmp_path: Path) -> None:
    path = next((tmp_path / "rollups").glob("*.parquet"))
    path.write_bytes(b"nothing")
    test = open_page("fleet")
    assert path.name in test.warning[0].value


def test_who_may_not_see_all_calls_is_not_offered_the_page(calls: PageBackend) -> None:
    calls.sign_in.person = Person("p", "Agent", UserRole.AGENT, SignInMethod.PASSWORD, "s")
    test = open_page()
    assert "fleet" not in [link.proto.page for link in test.get("page_link")]
    assert "Quality" not in words(test)
