"""What is kept of a call for comparisons is what its samples say."""

from dataclasses import replace

import numpy as np
import pytest

from core.model.call import LegId, Participant, ParticipantId, Role
from core.model.diagnosis import Cause, Diagnosis
from core.model.quality import BufferDrift
from core.model.sample import Direction, RtpSample, Vantage
from core.quality.mos import mean_opinion_score
from core.quality.rollup import CallRollup, StreamRollup, call_rollup, spread_of
from core.quality.synthetic import SyntheticCall, Trouble, synthetic_call
from tests.quality.fleet_calls import picture_of, rollup_of, synthetic_of, turn


def stream(rollup: CallRollup, leg: str, direction: Direction, vantage: Vantage) -> StreamRollup:
    (found,) = (
        each
        for of in rollup.legs
        if of.leg_id == leg
        for each in of.streams
        if (each.direction, each.vantage) == (direction, vantage)
    )
    return found


def rolled(synthetic: SyntheticCall) -> CallRollup:
    return call_rollup(picture_of(synthetic), synthetic.samples, ())


@pytest.mark.parametrize("direction", Direction)
@pytest.mark.parametrize("vantage", Vantage)
@pytest.mark.parametrize("field", ["jitter_ms", "rtt_ms", "loss_pct", "jitter_buffer_ms", "concealed_pct"])
def test_a_spread_is_what_numpy_says_of_the_seconds_that_have_the_figure(
    direction: Direction, vantage: Vantage, field: str
) -> None:
    synthetic = synthetic_call(Trouble.LOSS, length_s=90)
    values = [
        getattr(each, field)
        for each in synthetic.samples
        if (each.leg_id, each.direction, each.vantage) == ("customer", direction, vantage)
    ]
    values = [value for value in values if value is not None]
    spread = getattr(stream(rolled(synthetic), "customer", direction, vantage), field)
    if not values:
        assert spread is None
        return
    assert spread.seconds == len(values)
    expected = [np.mean(values), min(values), *np.percentile(values, [5, 50, 95, 99]), max(values)]
    found = [spread.mean, spread.min, spread.p5, spread.p50, spread.p95, spread.p99, spread.max]
    assert found == pytest.approx(expected)


def test_the_loss_of_a_stream_is_that_of_all_its_packets_whatever_the_seconds_say() -> None:
    def second(at_s: float, packets: int, lost: int) -> RtpSample:
        return RtpSample(LegId("customer"), Direction.INBOUND, Vantage.SERVER, at_s, 1.0, packets, 80, lost=lost)

    synthetic = synthetic_call(length_s=3)
    samples = (second(1.0, 50, 0), second(2.0, 1, 1), second(3.0, 48, 0))
    found = stream(call_rollup(picture_of(synthetic), samples, ()), "customer", Direction.INBOUND, Vantage.SERVER)
    assert found.lost_pct == pytest.approx(1.0)
    assert found.loss_pct is not None
    assert found.loss_pct.mean == pytest.approx(50 / 3)


def test_each_vantage_is_scored_by_its_own_figures() -> None:
    synthetic = synthetic_call(Trouble.FAR, length_s=60)
    rollup = rolled(synthetic)
    seen = [
        each
        for each in synthetic.samples
        if (each.leg_id, each.direction, each.vantage) == ("customer", Direction.OUTBOUND, Vantage.BROWSER)
    ]
    scores = [mean_opinion_score(each.rtt_ms or 0, each.jitter_ms or 0, each.loss_pct or 0) for each in seen]
    found = stream(rollup, "customer", Direction.OUTBOUND, Vantage.BROWSER)
    assert found.mos is not None
    assert found.mos.mean == pytest.approx(np.mean(scores))
    assert rollup.worst_mos == min(each.mos.mean for leg in rollup.legs for each in leg.streams if each.mos)
    assert rollup.worst_mos < 3.5


def test_a_stream_that_carries_nothing_has_no_jitter() -> None:
    rollup = rolled(synthetic_call(Trouble.ONE_WAY, length_s=50))
    inbound = stream(rollup, "customer", Direction.INBOUND, Vantage.SERVER)
    assert inbound.jitter_ms is not None
    assert inbound.jitter_ms.seconds == 30
    assert inbound.seconds == 50


def test_a_leg_carries_what_its_browser_told_and_whose_it_is() -> None:
    synthetic = synthetic_call(Trouble.RELAY)
    picture = picture_of(synthetic)
    drift = BufferDrift(LegId("customer"), 31.0, 29.0, 33.0, 120.0, 200.0)
    picture = replace(picture, quality=replace(picture.quality, drifts=(drift,)))
    agent, customer = call_rollup(picture, synthetic.samples, ()).legs
    assert (customer.participant, customer.role, customer.language) == ("Chris", "customer", "en")
    assert (customer.browser, customer.platform, customer.network) == ("Chromium 156", "Android", "wifi")
    assert customer.path == "relay"
    assert customer.drift_ms_per_min == 31.0
    assert customer.set_up_s == pytest.approx(synthetic.leg_facts[LegId("customer")].set_up_s)
    assert (agent.path, agent.drift_ms_per_min) == ("host", None)


def test_issues_are_added_up_by_kind_and_leg_and_what_is_open_lasts_to_the_end() -> None:
    synthetic = synthetic_call(Trouble.LOSS, length_s=100)
    picture = picture_of(synthetic)
    twice = [
        Diagnosis(Cause.ACCESS_NETWORK, LegId("customer"), None, 10.0, 15.0, ()),
        Diagnosis(Cause.ACCESS_NETWORK, LegId("customer"), None, 90.0, None, ()),
        Diagnosis(Cause.SERVER_OVERLOAD, None, None, 1.0, 3.0, ()),
    ]
    picture = replace(picture, quality=replace(picture.quality, diagnoses=tuple(twice)))
    rollup = call_rollup(picture, synthetic.samples, ())
    assert [(each.kind, each.leg_id, each.count, each.seconds) for each in rollup.causes] == [
        ("access_network", "customer", 2, 15.0),
        ("server_overload", "", 1, 2.0),
    ]
    losses = [alert for alert in picture.quality.alerts if alert.kind == "packet_loss"]
    assert sum(each.count for each in rollup.alerts if each.kind == "packet_loss") == len(losses) > 0


def test_turns_keep_how_long_the_final_text_and_the_summary_took() -> None:
    synthetic = synthetic_call(length_s=5)
    traces = (turn("Dana", Role.AGENT, 0.5, 2.25), turn("Chris", Role.CUSTOMER, 0.75))
    turns = call_rollup(picture_of(synthetic), synthetic.samples, traces).turns
    assert [(each.speaker, each.final_s, each.summary_s) for each in turns] == [
        ("Dana", 0.5, 2.25),
        ("Chris", 0.75, None),
    ]


def test_who_only_listens_is_left_out() -> None:
    synthetic = synthetic_of("c9", Trouble.LOSS)
    picture = picture_of(synthetic, "c9")
    listener = Participant(ParticipantId("s"), "Boss", Role.SUPERVISOR, 0.0, LegId("c9-s"))
    call = replace(picture.call, participants=(*picture.call.participants, listener))
    picture = replace(picture, call=call, legs={**picture.legs, LegId("c9-s"): listener.id})
    extra = tuple(replace(each, leg_id=LegId("c9-s")) for each in synthetic.samples[:8])
    rollup = call_rollup(picture, (*synthetic.samples, *extra), ())
    assert [leg.leg_id for leg in rollup.legs] == ["c9-a", "c9-c"]
    assert rollup.people == ("Dana", "Chris")


def test_a_call_without_samples_has_no_figures() -> None:
    synthetic = replace(synthetic_call(length_s=5), samples=())
    rollup = rolled(synthetic)
    assert rollup.worst_mos is None
    assert all(leg.streams == () for leg in rollup.legs)
    assert spread_of([]) is None


def test_the_same_call_gives_the_same_rollup() -> None:
    assert rollup_of("c1", Trouble.DRIFT) == rollup_of("c1", Trouble.DRIFT)
