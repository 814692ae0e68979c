"""Synthetic calls: the same again, shaped like measured ones, and in just the trouble that was asked for."""

import itertools
from statistics import fmean

import pytest

from core.model.media_path import CandidateType
from core.model.quality import AlertKind
from core.model.sample import Direction, RtpSample, Vantage
from core.quality.alerts import judged
from core.quality.synthetic import AGENT, CUSTOMER, SyntheticCall, Trouble, synthetic_call

RAISED = {
    Trouble.NONE: set(),
    Trouble.LOSS: {AlertKind.PACKET_LOSS},
    Trouble.JITTER: {AlertKind.HIGH_JITTER},
    Trouble.FAR: {AlertKind.HIGH_RTT},
    Trouble.DRIFT: set(),
    Trouble.SHARED_TRACK: set(),
    Trouble.DEAD_MICROPHONE: {AlertKind.DEAD_MICROPHONE},
    Trouble.MUTED_MICROPHONE: {AlertKind.DEAD_MICROPHONE},
    Trouble.ROBOT_VOICE: set(),
    Trouble.RELAY: set(),
    Trouble.FLAPPING: set(),
    Trouble.OVERLOAD: set(),
    Trouble.ONE_WAY: {AlertKind.NO_MEDIA, AlertKind.ONE_WAY_AUDIO},
    Trouble.OUTAGE: {AlertKind.NO_MEDIA, AlertKind.ONE_WAY_AUDIO, AlertKind.STATS_GAP},
}
"""What the server's own figures raise of each trouble; what only a browser measures raises nothing there: neither
does it know of a silent microphone that it was switched off."""


def of(call: SyntheticCall, leg: str, direction: Direction, vantage: Vantage) -> list[RtpSample]:
    wanted = (leg, direction, vantage)
    return [each for each in call.samples if (each.leg_id, each.direction, each.vantage) == wanted]


@pytest.mark.parametrize("trouble", Trouble)
@pytest.mark.parametrize("seed", range(3))
def test_the_servers_figures_raise_what_belongs_to_the_trouble_and_nothing_else(trouble: Trouble, seed: int) -> None:
    call = synthetic_call(trouble, seed)
    server = [each for each in call.samples if each.vantage is Vantage.SERVER]
    kinds = {alert.kind for alert in judged(server).alerts}
    assert RAISED[trouble] <= kinds <= RAISED[trouble] | {AlertKind.LOW_MOS}


@pytest.mark.parametrize("trouble", Trouble)
def test_the_same_arguments_give_the_same_call_and_another_seed_another(trouble: Trouble) -> None:
    assert synthetic_call(trouble, 7) == synthetic_call(trouble, 7)
    assert synthetic_call(trouble, 7).samples != synthetic_call(trouble, 8).samples


def test_samples_come_in_order_from_both_vantages_and_directions_once_a_second() -> None:
    call = synthetic_call(length_s=60)
    assert [each.at_s for each in call.samples] == sorted(each.at_s for each in call.samples)
    for leg in (AGENT, CUSTOMER):
        for direction in Direction:
            for vantage in Vantage:
                assert len(of(call, leg, direction, vantage)) == 60


def test_a_leg_without_a_browser_has_the_servers_samples_only() -> None:
    call = synthetic_call(browsers=(None, None), length_s=30)
    assert {each.vantage for each in call.samples} == {Vantage.SERVER}
    assert all(facts.browser is None for facts in call.leg_facts.values())


def test_what_one_leg_loses_on_its_way_in_is_missing_from_what_the_other_hears() -> None:
    call = synthetic_call(Trouble.LOSS)
    came = of(call, CUSTOMER, Direction.INBOUND, Vantage.SERVER)
    heard = of(call, AGENT, Direction.OUTBOUND, Vantage.BROWSER)
    assert [each.packets for each in came] == [each.packets for each in heard]
    assert [each.lost for each in came] == [each.lost for each in heard]


def test_drift_makes_the_buffer_grow_while_the_network_is_clean() -> None:
    heard = of(synthetic_call(Trouble.DRIFT), CUSTOMER, Direction.OUTBOUND, Vantage.BROWSER)
    first, last = (fmean(each.jitter_buffer_ms or 0 for each in part) for part in (heard[:20], heard[-20:]))
    assert 70 < last - first < 100  # 32 ms a minute for the 160 s between the two
    assert max(each.loss_pct or 0 for each in heard) == 0
    totals = [each.jitter_buffer_total_s or 0 for each in heard]
    assert totals == sorted(totals)


def test_a_dead_microphone_gives_silence_to_both_vantages_while_packets_flow() -> None:
    call = synthetic_call(Trouble.DEAD_MICROPHONE, length_s=100)
    for vantage in Vantage:
        silent = of(call, CUSTOMER, Direction.INBOUND, vantage)[35:65]
        assert {each.level_dbfs for each in silent} == {-90.0}
        assert {each.packets for each in silent} == {50}


def test_a_relay_is_seen_by_the_browser_and_takes_longer() -> None:
    call = synthetic_call(Trouble.RELAY)
    relayed = of(call, CUSTOMER, Direction.OUTBOUND, Vantage.BROWSER)
    assert {each.local_candidate for each in relayed} == {CandidateType.RELAY}
    browser = call.leg_facts[CUSTOMER].browser
    assert browser is not None
    assert browser.ice.has_turn


def test_a_flapping_path_switches_more_than_three_times_in_half_a_minute() -> None:
    seen = of(synthetic_call(Trouble.FLAPPING), CUSTOMER, Direction.INBOUND, Vantage.BROWSER)
    paths = [each.path_id for each in seen if 60 < each.at_s < 90]
    assert sum(one != other for one, other in itertools.pairwise(paths)) > 3


def test_an_outage_is_a_gap_in_one_legs_samples() -> None:
    call = synthetic_call(Trouble.OUTAGE, length_s=100)
    at = [each.at_s for each in of(call, CUSTOMER, Direction.INBOUND, Vantage.SERVER)]
    assert max(late - early for early, late in itertools.pairwise(at)) == 41.0
    assert "participant_lost" in {note.code for note in call.notes}


def test_turns_take_turns_within_the_call() -> None:
    turns = synthetic_call(length_s=120).turns
    assert {turn.leg_id for turn in turns} == {AGENT, CUSTOMER}
    assert all(one.end_s < other.start_s for one, other in itertools.pairwise(turns))
    assert turns[-1].end_s <= 118
