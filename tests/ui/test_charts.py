"""The charts draw what was measured and nothing else."""

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.language.catalogue import translator
from core.model.call import CallState, LegId, Participant, ParticipantId, Role
from core.model.sample import Direction, RtpSample, Vantage
from core.model.utterance import Utterance
from core.quality.frames import sample_frame
from core.ui.charts.call import ORIGIN_MS, PANELS, call_figure, line_points, on_axis, time_format
from core.ui.live_view import figure_json
from core.ui.theme import DARK, LIGHT, Palette, participant_colours
from tests.fakes.page_backend import make_call, make_snapshot

AGENT = Participant(ParticipantId("pa"), "Dana", Role.AGENT, 0.0, LegId("la"))
CUSTOMER = Participant(ParticipantId("pc"), "Chris", Role.CUSTOMER, 0.0, LegId("lc"))
LEGS = {LegId("la"): AGENT.id, LegId("lc"): CUSTOMER.id}


def sample(at_s: float, leg: str = "la", **values: object) -> RtpSample:
    given_values: dict[str, object] = {
        "direction": Direction.INBOUND,
        "vantage": Vantage.SERVER,
        "period_s": 1.0,
        "packets": 50,
        "octets": 4000,
        "lost": 0,
        "jitter_ms": 3.0,
    }
    return RtpSample(leg_id=LegId(leg), at_s=at_s, **(given_values | values))


def utterance(speaker: Participant, start_s: float, end_s: float) -> Utterance:
    return Utterance(
        f"u{start_s}", speaker.id, speaker.name, speaker.role, "words", True, start_s, end_s, None, "e", "m", end_s
    )


def draw(samples: list[RtpSample], utterances: tuple[Utterance, ...] = (), colours: Palette = LIGHT) -> dict:
    figure = call_figure(
        sample_frame(samples),
        utterances=utterances,
        participants=(AGENT, CUSTOMER),
        legs=LEGS,
        span_s=(0.0, 180.0),
        colours=colours,
        translate=translator("en"),
    )
    return json.loads(figure.to_json())


def line(figure: dict, field: str, leg: str = "la", direction: str = "inbound") -> dict | None:
    wanted = {"leg": leg, "direction": direction, "field": field}
    return next((trace for trace in figure["data"] if trace["meta"] == wanted), None)


def test_a_missed_sample_is_a_gap_and_not_a_line() -> None:
    jitter = line(draw([sample(1), sample(2), sample(6), sample(7)]), "jitter_ms")
    assert jitter["x"] == [on_axis(t) for t in (1, 2, 4, 6, 7)]
    assert jitter["y"] == [3.0, 3.0, None, 3.0, 3.0]
    assert jitter["connectgaps"] is False


def test_a_long_call_of_which_every_fifth_sample_is_given_has_lines_and_gaps() -> None:
    times = [t for t in range(0, 500, 5) if not 200 < t < 240]
    jitter = line(draw([sample(float(t)) for t in times]), "jitter_ms")
    assert jitter["y"].count(None) == 1
    assert jitter["x"][jitter["y"].index(None)] == on_axis(220)


def test_a_missing_figure_is_no_point() -> None:
    jitter = line(draw([sample(1), sample(2, jitter_ms=None), sample(3)]), "jitter_ms")
    assert jitter["y"] == [3.0, None, 3.0]


def test_a_figure_that_nobody_measured_is_no_line() -> None:
    figure = draw([sample(1, jitter_ms=None, lost=None)])
    assert line(figure, "jitter_ms") is None
    assert line(figure, "loss_pct") is None
    assert line(figure, "packets_per_s")["y"] == [50.0]


def test_loss_is_the_share_of_the_period() -> None:
    assert line(draw([sample(1, packets=45, lost=5)]), "loss_pct")["y"] == [10.0]


@given(
    st.lists(st.floats(min_value=0, max_value=10_000), min_size=1, max_size=60, unique=True),
    st.randoms(use_true_random=False),
)
def test_lines_run_forward_and_keep_every_sample(times: list[float], order: object) -> None:
    shuffled = list(times)
    order.shuffle(shuffled)  # type: ignore[attr-defined]
    xs, ys = line_points(sample_frame([sample(t) for t in shuffled]), "jitter_ms")
    assert xs == sorted(xs)
    assert [x for x, y in zip(xs, ys, strict=True) if y is not None] == [on_axis(t) for t in sorted(times)]


def test_legs_are_told_apart_by_colour_and_directions_by_dash() -> None:
    figure = draw([sample(1), sample(1, "lc"), sample(1, direction=Direction.OUTBOUND)])
    rate = [line(figure, "packets_per_s", *key) for key in (("la", "inbound"), ("lc", "inbound"), ("la", "outbound"))]
    assert rate[0]["line"]["color"] != rate[1]["line"]["color"]
    assert rate[0]["line"]["color"] == rate[2]["line"]["color"]
    assert rate[0]["line"]["dash"] != rate[2]["line"]["dash"]


def test_what_browsers_measured_is_not_mixed_in() -> None:
    assert draw([sample(1, vantage=Vantage.BROWSER)])["data"] == []


def test_utterances_are_marked_a_bar_each_on_their_speakers_own_height() -> None:
    figure = draw([], (utterance(AGENT, 1, 3), utterance(CUSTOMER, 4, 5), utterance(AGENT, 8, 9)))
    agent, customer = figure["data"]
    assert agent["x"] == [on_axis(1), on_axis(3), None, on_axis(8), on_axis(9), None]
    assert customer["x"] == [on_axis(4), on_axis(5), None]
    assert set(agent["y"]) & set(customer["y"]) == {None}
    assert agent["yaxis"] == customer["yaxis"] == "y"


def test_all_panels_share_one_time_axis() -> None:
    figure = draw([sample(1), sample(1, direction=Direction.OUTBOUND, send_deviation_p99_ms=2.0)])
    assert {trace["xaxis"] for trace in figure["data"]} == {"x"}
    assert [key for key in figure["layout"] if key.startswith("xaxis")] == ["xaxis"]
    domains = [figure["layout"][f"yaxis{n or ''}"]["domain"] for n in (0, 2, 3, 4, 5)]
    assert all(upper[0] > lower[1] for upper, lower in pairwise(domains))
    assert domains[-1][0] >= 0


def test_no_time_is_mistaken_for_a_year() -> None:
    # Plotly reads a four-digit number on a date axis as a year.
    assert on_axis(1.5) == ORIGIN_MS + 1500.0
    assert on_axis(0.0) > 9999


@pytest.mark.parametrize(("end_s", "expected"), [(59, "%M:%S"), (3599, "%M:%S"), (3600, "%-H:%M:%S")])
def test_the_axis_shows_hours_from_the_first_hour_on(end_s: float, expected: str) -> None:
    assert time_format(end_s) == expected


@pytest.mark.parametrize("colours", [LIGHT, DARK])
def test_a_theme_colours_text_grid_and_lines(colours: Palette) -> None:
    figure = draw([sample(1)], colours=colours)
    assert figure["layout"]["font"]["color"] == colours.text
    assert figure["layout"]["xaxis"]["gridcolor"] == colours.grid
    assert line(figure, "jitter_ms")["line"]["color"] == colours.roles[Role.AGENT][0]


@pytest.mark.parametrize(("colours", "background"), [(LIGHT, "#ffffff"), (DARK, "#12171d")])
def test_every_colour_of_a_speaker_can_be_read_on_its_background(colours: Palette, background: str) -> None:
    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    for colour in [shade for shades in colours.roles.values() for shade in shades]:
        bright, dark = sorted((luminance(colour), luminance(background)), reverse=True)
        assert (bright + 0.05) / (dark + 0.05) >= 4.5, f"{colour} on {background} (WCAG AA)"


def test_participants_of_one_role_get_different_colours() -> None:
    people = [Participant(ParticipantId(str(n)), str(n), Role.AGENT, 0.0) for n in range(3)]
    assert len(set(participant_colours(people, LIGHT).values())) == 3


def test_titles_explain_themselves_in_the_readers_language() -> None:
    figure = call_figure(
        sample_frame([]),
        utterances=(),
        participants=(),
        legs={},
        span_s=(0.0, 180.0),
        colours=LIGHT,
        translate=translator("ko"),
    )
    notes = json.loads(figure.to_json())["layout"]["annotations"]
    explained = [note for note in notes if note.get("hovertext")]
    assert len(explained) == len(PANELS)
    assert "지터" in explained[0]["text"]
    assert "패킷" in explained[0]["hovertext"]


def test_a_running_call_shows_its_last_minutes_and_an_ended_one_all_of_it() -> None:
    samples = tuple(sample(float(t)) for t in range(10, 400))
    live = make_snapshot(make_call(participants=(AGENT,)), samples=samples, legs=LEGS)
    ended = make_snapshot(make_call(state=CallState.ENDED, participants=(AGENT,)), samples=samples, legs=LEGS)
    spans = [json.loads(figure_json(s, "light", translator("en")))["layout"]["xaxis"]["range"] for s in (live, ended)]
    assert spans == [[on_axis(219), on_axis(399)], [on_axis(10), on_axis(399)]]
