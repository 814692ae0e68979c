"""Each trouble is put down to its cause and to no other, and a healthy call to none."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.model.call import LegId
from core.model.diagnosis import Cause, Diagnosis
from core.model.leg_facts import BrowserFacts, IceFacts, LegFacts, MicrophoneFacts
from core.model.sample import Direction, PathState, RtpSample, Vantage
from core.model.snapshot import Note
from core.quality.diagnosis import diagnose
from core.quality.synthetic import AGENT, CUSTOMER, SyntheticCall, Trouble, synthetic_call

IN, OUT = Direction.INBOUND, Direction.OUTBOUND
SERVER, BROWSER = Vantage.SERVER, Vantage.BROWSER

EXPECTED: dict[Trouble, set[tuple[Cause, LegId | None, Direction | None]]] = {
    Trouble.NONE: set(),
    Trouble.LOSS: {(Cause.ACCESS_NETWORK, CUSTOMER, None)},
    Trouble.JITTER: {(Cause.ACCESS_NETWORK, CUSTOMER, None)},
    Trouble.FAR: {(Cause.SLOW_PATH, CUSTOMER, None)},
    Trouble.DRIFT: {(Cause.TIMESTAMP_DRIFT, CUSTOMER, OUT)},
    Trouble.SHARED_TRACK: {(Cause.SHARED_TRACK, CUSTOMER, OUT)},
    Trouble.DEAD_MICROPHONE: {(Cause.DEAD_MICROPHONE, CUSTOMER, IN)},
    Trouble.MUTED_MICROPHONE: {(Cause.MUTED_MICROPHONE, CUSTOMER, IN)},
    Trouble.ROBOT_VOICE: {(Cause.ROBOT_VOICE, CUSTOMER, None)},
    Trouble.ONE_WAY: {(Cause.ONE_WAY_AUDIO, CUSTOMER, IN)},
    Trouble.OVERLOAD: {(Cause.SERVER_OVERLOAD, None, None)},
    Trouble.RELAY: {(Cause.RELAY_IN_USE, CUSTOMER, None)},
    Trouble.FLAPPING: {(Cause.PATH_FLAPPING, CUSTOMER, None)},
}
FACTS = LegFacts(CUSTOMER, 1.0, 1.2, 1.9)


def diagnosed(call: SyntheticCall, samples: Iterable[RtpSample] | None = None) -> tuple[Diagnosis, ...]:
    return diagnose(
        call.samples if samples is None else sorted(samples, key=lambda s: s.at_s),
        call.leg_facts,
        call.notes,
        call.length_s,
    )


def causes(found: Iterable[Diagnosis]) -> set[tuple[Cause, LegId | None, Direction | None]]:
    return {(each.cause, each.leg_id, each.direction) for each in found}


def figures(diagnosis: Diagnosis) -> dict[str, float | str]:
    return {each.figure: each.value for each in diagnosis.evidence}


@pytest.mark.parametrize("trouble", EXPECTED)
@pytest.mark.parametrize("seed", range(5))
def test_each_trouble_has_its_cause_and_no_other_one(trouble: Trouble, seed: int) -> None:
    call = synthetic_call(trouble, seed, length_s=300)
    found = diagnosed(call)
    assert causes(found) == EXPECTED[trouble]
    for each in found:
        assert each.is_certain
        assert each.start_s == pytest.approx(call.trouble_s[0], abs=10.0)
        assert each.evidence


@pytest.mark.parametrize("trouble", [Trouble.LOSS, Trouble.JITTER, Trouble.OVERLOAD, Trouble.ONE_WAY])
def test_a_trouble_ends_when_it_is_over(trouble: Trouble) -> None:
    call = synthetic_call(trouble, 3, length_s=300)
    (found,) = diagnosed(call)
    assert found.end_s == pytest.approx(call.trouble_s[1], abs=10.0)


@pytest.mark.parametrize("seed", range(10))
def test_a_healthy_call_of_ten_minutes_has_none(seed: int) -> None:
    assert diagnosed(synthetic_call(seed=seed, length_s=600)) == ()


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("until_s", [5, 20, 61, 130, 200])
def test_a_healthy_call_has_none_at_any_time_while_it_goes_on(seed: int, until_s: int) -> None:
    call = synthetic_call(seed=seed, length_s=200)
    so_far = [sample for sample in call.samples if sample.at_s <= until_s]
    facts = {leg_id: replace(each, ended_at_s=None) for leg_id, each in call.leg_facts.items()}
    assert diagnose(so_far, facts, call.notes, None) == ()


def test_without_any_browsers_figures_a_healthy_call_has_none_either() -> None:
    assert diagnosed(synthetic_call(length_s=600, browsers=(None, None))) == ()


@pytest.mark.parametrize("trouble", [Trouble.LOSS, Trouble.JITTER, Trouble.FAR, Trouble.ONE_WAY, Trouble.OVERLOAD])
def test_the_servers_figures_alone_suffice_for_what_it_can_see(trouble: Trouble) -> None:
    found = diagnosed(synthetic_call(trouble, 1, length_s=300, browsers=(None, None)))
    assert causes(found) == EXPECTED[trouble]


def test_a_trouble_goes_on_while_the_call_does() -> None:
    call = synthetic_call(Trouble.LOSS, 1, length_s=300)
    so_far = [sample for sample in call.samples if sample.at_s <= 150]
    (found,) = diagnose(so_far, {}, (), None)
    assert (found.cause, found.end_s) == (Cause.ACCESS_NETWORK, None)


# The network


def changed(
    samples: Iterable[RtpSample], leg_id: LegId, direction: Direction, vantage: Vantage, **figures: object
) -> list[RtpSample]:
    """Samples of which those of one leg, direction and vantage, from 60 s until 120 s, have other figures."""
    place = (leg_id, direction, vantage)
    return [
        replace(each, **figures)  # type: ignore[arg-type]
        if (each.leg_id, each.direction, each.vantage) == place and 60 < each.at_s <= 120
        else each
        for each in samples
    ]


def test_a_lost_second_is_no_bad_network() -> None:
    call = synthetic_call(length_s=200)
    burst = [
        replace(each, lost=20) if each.vantage is BROWSER and each.at_s // 1 == 90 else each for each in call.samples
    ]
    assert diagnosed(call, burst) == ()


def test_loss_of_two_percent_on_the_way_in_is_the_senders_network_alone() -> None:
    chance = Random(4)
    call = synthetic_call(length_s=300)

    def lossy(each: RtpSample) -> RtpSample:
        lost = sum(chance.random() < 0.02 for _ in range(50))
        if (each.leg_id, each.direction, each.vantage) == (CUSTOMER, IN, SERVER):
            return replace(each, lost=lost, packets=50 - lost)
        if (each.leg_id, each.direction, each.vantage) == (AGENT, OUT, BROWSER):
            return replace(each, lost=lost, packets=50 - lost)
        return each

    (found,) = diagnosed(call, map(lossy, call.samples))
    assert (found.cause, found.leg_id, found.direction) == (Cause.ACCESS_NETWORK, CUSTOMER, IN)
    assert figures(found)["loss_up_pct"] == pytest.approx(2.0, abs=0.5)


@pytest.mark.parametrize("seed", range(10))
def test_heavy_loss_on_the_way_in_is_the_senders_though_who_hears_it_reports_it_late_and_in_lumps(seed: int) -> None:
    chance = Random(seed)
    call = synthetic_call(length_s=120)
    lost_at = {second: sum(chance.random() < 0.08 for _ in range(50)) for second in range(40, 121)}

    def lossy(each: RtpSample) -> RtpSample:
        second = int(each.at_s)
        if (each.leg_id, each.direction) == (CUSTOMER, IN):
            lost = lost_at.get(second, 0)
            return replace(each, lost=lost, packets=50 - lost)
        if (each.leg_id, each.direction) == (AGENT, OUT):
            reported = [lost_at.get(second - 2 - ago, 0) for ago in range(5)]
            is_report = second % 5 == 0
            return replace(each, lost=sum(reported) if is_report else None, expected=250 if is_report else None)
        return each

    by_the_server = [lossy(each) for each in call.samples if each.vantage is SERVER]
    assert causes(diagnosed(call, by_the_server)) == {(Cause.ACCESS_NETWORK, CUSTOMER, IN)}


def test_what_all_sides_lose_at_once_is_the_servers() -> None:
    call = synthetic_call(length_s=200)
    samples = call.samples
    for leg_id in (AGENT, CUSTOMER):
        samples = tuple(changed(samples, leg_id, IN, SERVER, lost=3, packets=47))
    (found,) = diagnosed(call, samples)
    assert (found.cause, found.leg_id, found.is_certain) == (Cause.SERVER_OVERLOAD, None, False)


def test_the_loss_of_a_leg_that_was_measured_alone_is_not_certainly_its_networks() -> None:
    call = synthetic_call(Trouble.LOSS, length_s=200)
    (found,) = diagnose([each for each in call.samples if each.leg_id == CUSTOMER], {}, (), 200.0)
    assert (found.cause, found.is_certain) == (Cause.ACCESS_NETWORK, False)


def test_a_long_way_that_also_loses_a_lot_is_no_slow_path() -> None:
    call = synthetic_call(Trouble.FAR, length_s=200)
    lossy = changed(call.samples, CUSTOMER, OUT, BROWSER, lost=8, packets=42)
    slow, network = diagnosed(call, lossy)[-1], diagnosed(call, lossy)[0]
    assert network.cause is Cause.ACCESS_NETWORK
    assert slow.cause is Cause.SLOW_PATH
    assert slow.start_s > 110 or (slow.end_s or 0) < 70


def test_a_path_on_which_nothing_comes_back_is_lost() -> None:
    call = synthetic_call(length_s=200)
    gone = {"path_state": PathState.DISCONNECTED}
    samples = changed(call.samples, CUSTOMER, OUT, BROWSER, packets=0, octets=0, jitter_ms=None, lost=0, **gone)
    samples = changed(samples, CUSTOMER, IN, BROWSER, **gone)
    samples = changed(samples, CUSTOMER, IN, SERVER, packets=0, octets=0, jitter_ms=None, lost=None)
    (found,) = diagnosed(call, samples)
    assert (found.cause, found.leg_id) == (Cause.PATH_LOST, CUSTOMER)
    assert found.start_s == pytest.approx(60, abs=4)
    assert found.end_s == pytest.approx(120, abs=4)


# Sound


def test_a_path_that_works_one_way_is_one_way_audio_though_the_browser_calls_it_disconnected() -> None:
    call = synthetic_call(length_s=200)
    samples = changed(call.samples, CUSTOMER, OUT, BROWSER, path_state=PathState.DISCONNECTED)
    samples = changed(samples, CUSTOMER, IN, SERVER, packets=0, octets=0, jitter_ms=None, lost=None)
    assert causes(diagnosed(call, samples)) == {(Cause.ONE_WAY_AUDIO, CUSTOMER, IN)}


def test_packets_that_are_sent_and_do_not_arrive_at_the_browser_are_one_way_audio() -> None:
    call = synthetic_call(length_s=200)
    samples = changed(call.samples, CUSTOMER, OUT, BROWSER, packets=0, octets=0, jitter_ms=None, lost=0)
    (found,) = diagnosed(call, samples)
    assert (found.cause, found.leg_id, found.direction) == (Cause.ONE_WAY_AUDIO, CUSTOMER, OUT)
    assert figures(found)["heard_per_s"] == 0
    assert figures(found)["sent_per_s"] == pytest.approx(50)


def test_what_a_late_browser_has_not_told_yet_is_no_one_way_audio() -> None:
    call = synthetic_call(length_s=200)
    samples = changed(call.samples, CUSTOMER, IN, SERVER, packets=0, octets=0, jitter_ms=None, lost=None)
    until = [s for s in samples if s.at_s <= 90 and not (s.leg_id == CUSTOMER and s.vantage is BROWSER and s.at_s > 58)]
    assert diagnose(until, {}, (), None) == ()


def test_a_listener_misses_no_voice_and_no_microphone() -> None:
    call = synthetic_call(Trouble.ONE_WAY, length_s=200)
    facts = {CUSTOMER: replace(call.leg_facts[CUSTOMER], is_listener=True)}
    assert diagnose(call.samples, facts, (), 200.0) == ()


def test_a_quiet_room_is_no_dead_microphone() -> None:
    call = synthetic_call(length_s=200)
    samples = changed(call.samples, CUSTOMER, IN, SERVER, level_dbfs=None)
    quiet = [
        replace(s, level_dbfs=-66.0 + 0.01 * (s.at_s % 7))
        if s.leg_id == CUSTOMER and s.level_dbfs is not None and 60 < s.at_s < 140
        else s
        for s in samples
    ]
    assert diagnosed(call, quiet) == ()


def test_a_microphone_that_was_never_heard_may_be_dead() -> None:
    call = synthetic_call(length_s=200)
    chance = Random(1)
    faint = [
        replace(s, level_dbfs=chance.gauss(-74, 1)) if s.leg_id == CUSTOMER and s.direction is IN else s
        for s in call.samples
    ]
    (found,) = diagnosed(call, faint)
    assert (found.cause, found.is_certain) == (Cause.DEAD_MICROPHONE, False)


def test_a_level_that_never_moves_is_a_dead_microphone_however_loud() -> None:
    call = synthetic_call(length_s=200)
    (found,) = diagnosed(call, changed(call.samples, CUSTOMER, IN, SERVER, level_dbfs=-31.25))
    assert found.cause is Cause.DEAD_MICROPHONE


def test_a_buffer_that_stepped_up_once_does_not_grow() -> None:
    call = synthetic_call(length_s=400)
    stepped = [
        replace(s, jitter_buffer_ms=s.jitter_buffer_ms + 60) if s.jitter_buffer_ms is not None and s.at_s > 200 else s
        for s in call.samples
    ]
    assert diagnosed(call, stepped) == ()


def test_a_buffer_that_the_network_makes_grow_is_no_drift() -> None:
    call = synthetic_call(Trouble.DRIFT, length_s=300)
    uneven = [replace(s, jitter_ms=25.0) if s.leg_id == CUSTOMER and s.vantage is BROWSER else s for s in call.samples]
    assert diagnosed(call, uneven) == ()


def test_regression_of_failure_2_the_reports_table_is_called_time_stamp_drift() -> None:
    """Jitter 5 to 15 ms, nothing lost, 50 packets a second, sent at once, and a jitter buffer that grows in a line."""
    chance = Random(2)
    samples = [
        RtpSample(
            CUSTOMER, OUT, BROWSER, float(at_s), 1.0, 50, 4_000, lost=0, jitter_ms=chance.uniform(5, 15), rtt_ms=30.0,
            jitter_buffer_ms=60 + 0.4 * at_s + chance.gauss(0, 2),
        )
        for at_s in range(1, 241)
    ]  # fmt: skip
    (found,) = diagnose(samples, {}, (), 240.0)
    assert found.cause is Cause.TIMESTAMP_DRIFT
    assert figures(found)["drift_ms_per_min"] == pytest.approx(24.0, abs=2.0)


# The set-up


def set_up(ice: IceFacts | None = None, *, connected: bool = False, **browser: object) -> Sequence[Diagnosis]:
    facts = BrowserFacts("Chromium 156", ice=ice or IceFacts(), **browser)  # type: ignore[arg-type]
    leg = LegFacts(CUSTOMER, 1.0, 1.2, 1.9 if connected else None, 21.3, browser=facts)
    return diagnose((), {CUSTOMER: leg}, (), 30.0)


SET_UPS: list[tuple[IceFacts, Cause]] = [
    (IceFacts(has_turn=True, local=("host/udp",), remote=("host/udp",), errors=(401,)), Cause.TURN_CREDENTIALS),
    (IceFacts(is_relay_only=True, has_turn=True, errors=(401,)), Cause.TURN_CREDENTIALS),
    (IceFacts(local=("host/udp",), remote=("host/udp", "srflx/udp"), errors=(701,)), Cause.UDP_BLOCKED),
    (IceFacts(local=("host/udp", "srflx/udp"), remote=("host/udp",)), Cause.TCP_TUNNEL),
    (IceFacts(local=("host/udp", "srflx/udp"), remote=("host/udp", "srflx/udp")), Cause.RELAY_NEEDED),
    (IceFacts(local=("host/udp",), remote=("host/udp",)), Cause.RELAY_NEEDED),
]


@pytest.mark.parametrize(("ice", "cause"), SET_UPS)
def test_a_leg_that_found_no_path_has_one_cause(ice: IceFacts, cause: Cause) -> None:
    (found,) = set_up(ice)
    assert (found.cause, found.leg_id, found.start_s, found.end_s) == (cause, CUSTOMER, 1.0, 21.3)
    assert figures(found)["local_candidates"] == (", ".join(ice.local) or "-")


def test_regression_of_failure_9_a_page_through_a_tunnel_that_carries_tcp_only() -> None:
    """The phone's page came through Localtunnel; no pair of addresses worked, and not one frame arrived."""
    (found,) = set_up(IceFacts(local=("host/udp", "srflx/udp"), remote=("host/udp",)))
    assert found.cause is Cause.TCP_TUNNEL


@pytest.mark.parametrize("ice", [ice for ice, cause in SET_UPS if cause is not Cause.TURN_CREDENTIALS])
def test_a_leg_that_found_a_path_needs_no_reason_why_not(ice: IceFacts) -> None:
    assert set_up(ice, connected=True) == ()


def test_a_leg_that_is_still_being_connected_has_no_cause_yet() -> None:
    leg = LegFacts(CUSTOMER, 1.0, 1.2, browser=BrowserFacts(ice=SET_UPS[-1][0]))
    other = LegFacts(AGENT, 2.0, 2.2, connected_at_s=6.0)
    assert diagnose((), {CUSTOMER: leg, AGENT: other}, (), None) == ()
    other = replace(other, connected_at_s=12.0)
    assert [each.cause for each in diagnose((), {CUSTOMER: leg, AGENT: other}, (), None)] == [Cause.RELAY_NEEDED]


def test_a_page_that_is_not_secure_says_why_there_is_no_microphone() -> None:
    assert [each.cause for each in set_up(is_secure=False)] == [Cause.INSECURE_PAGE]


def test_noise_suppression_is_told_as_long_as_the_leg_lasts() -> None:
    microphone = MicrophoneFacts(noise_suppression=True)
    (found,) = set_up(connected=True, microphone=microphone)
    assert (found.cause, found.end_s) == (Cause.ROBOT_VOICE, 21.3)
    assert set_up(connected=True, microphone=replace(microphone, noise_suppression=None)) == ()


# Notes

NOTES = [
    ("speech_behind", Cause.SPEECH_BEHIND),
    ("speech_starved", Cause.SPEECH_BEHIND),
    ("model_failing", Cause.MODEL_FAILING),
    ("guidance_failing", Cause.GUIDANCE_FAILING),
]


@pytest.mark.parametrize(("code", "cause"), NOTES)
def test_what_the_call_noted_for_a_while_is_one_cause_with_its_times(code: str, cause: Cause) -> None:
    notes = (Note(10.0, code, "", 15.0), Note(40.0, code, "", 60.0))
    (found,) = diagnose((), {}, notes, 100.0)
    assert (found.cause, found.start_s, found.end_s) == (cause, 10.0, 60.0)
    assert figures(found) == {"times": 2.0, f"{code}_s": 25.0}
    (found,) = diagnose((), {}, (Note(10.0, code),), None)
    assert found.end_s is None


def test_hand_overs_of_the_speech_stream_are_counted() -> None:
    notes = tuple(Note(at_s, "speech_handover", "Dana") for at_s in (290.0, 580.0))
    (found,) = diagnose((), {}, notes, 600.0)
    assert (found.cause, found.start_s, found.end_s) == (Cause.SPEECH_HANDOVER, 290.0, 580.0)
    assert figures(found) == {"subject": "Dana", "times": 2.0}


def test_the_worst_stands_first_and_what_is_over_last() -> None:
    notes = (Note(5.0, "guidance_failing"), Note(2.0, "model_failing", "", 4.0), Note(1.0, "speech_behind"))
    found = [each.cause for each in diagnose((), {}, notes, None)]
    assert found == [Cause.SPEECH_BEHIND, Cause.GUIDANCE_FAILING, Cause.MODEL_FAILING]


FIGURE = st.none() | st.floats(-100, 2_000)
SAMPLES = st.lists(
    st.builds(
        RtpSample,
        leg_id=st.sampled_from([LegId("a"), LegId("b"), LegId("c")]),
        direction=st.sampled_from(Direction),
        vantage=st.sampled_from(Vantage),
        at_s=st.floats(0, 400),
        period_s=st.floats(0.1, 20),
        packets=st.integers(0, 100),
        octets=st.integers(0, 9_000),
        lost=st.none() | st.integers(-10, 100),
        expected=st.none() | st.integers(-10, 500),
        jitter_ms=FIGURE,
        rtt_ms=FIGURE,
        level_dbfs=FIGURE,
        send_deviation_p99_ms=FIGURE,
        loop_lag_p99_ms=FIGURE,
        jitter_buffer_ms=FIGURE,
        is_muted=st.none() | st.booleans(),
        path_state=st.none() | st.sampled_from(PathState),
        path_id=st.none() | st.sampled_from(["1", "2"]),
    ),
    max_size=30,
)


@settings(deadline=None, max_examples=50)
@given(SAMPLES, st.none() | st.floats(0, 500))
def test_whatever_is_measured_a_diagnosis_has_its_times_in_order(samples: list[RtpSample], end_s: float | None) -> None:
    for each in diagnose(sorted(samples, key=lambda s: s.at_s), {CUSTOMER: FACTS}, (), end_s):
        assert each.start_s >= 0
        assert each.end_s is None or each.end_s >= each.start_s
        assert end_s is None or each.end_s is not None
