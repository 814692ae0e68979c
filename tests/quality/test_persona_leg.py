"""A persona has no browser, no microphone and no network: nothing of theirs is ever what is wrong with it."""

from dataclasses import replace

import pytest

from core.media.events import LegSpec, VoiceSent
from core.media.forward import ForwardBridge
from core.media.guard import Tally
from core.media.pacer import Pacer
from core.media.voice_leg import VoiceLeg
from core.model.call import CallId, LegId, ParticipantId
from core.model.diagnosis import Cause
from core.model.leg_facts import LegFacts
from core.model.quality import AlertKind
from core.model.sample import Direction, RtpSample
from core.quality.alerts import judged
from core.quality.diagnosis import diagnose
from core.quality.synthetic import CUSTOMER, SyntheticCall, Trouble, synthetic_call
from tests.media.test_voice import noise

PERSONA = LegId("persona")
LENGTH_S = 240


async def persona_samples(speaks_at_s: frozenset[int], leg_id: LegId = PERSONA) -> list[RtpSample]:
    """The figures of a real voice leg over the length of a call, none of which passes."""
    tally = Tally()
    spec = LegSpec(leg_id, CallId("call"), ParticipantId(leg_id), speech=False, is_voice=True)
    sent: list[VoiceSent] = []
    leg = VoiceLeg(
        spec, ForwardBridge(tally), lambda leg, state: None, lambda chunk: None, sent.append, Pacer(tally), tally
    )
    samples: list[RtpSample] = []
    for second in range(LENGTH_S):
        if second in speaks_at_s:
            leg.voice.speak("item", noise(1.0 - 0.01 * (second % 7), seed=second))
        for slot in range(50):
            leg.voice.tick(50 * second + slot)
        samples += await leg.sample(second + 1.0, 1.0)
    assert sum(each.seconds for each in sent) == pytest.approx(len(speaks_at_s), rel=0.05)
    return samples


def with_customer(call: SyntheticCall, persona: list[RtpSample]) -> list[RtpSample]:
    """The persona's figures in the agent's place."""
    customer = [sample for sample in call.samples if sample.leg_id == CUSTOMER]
    return sorted([*customer, *persona], key=lambda sample: sample.at_s)


def facts(call: SyntheticCall) -> dict[LegId, LegFacts]:
    persona = LegFacts(PERSONA, 0.5, connected_at_s=0.5, ended_at_s=float(LENGTH_S))
    return {CUSTOMER: call.leg_facts[CUSTOMER], PERSONA: persona}


@pytest.mark.parametrize(
    "speaks_at_s",
    [frozenset(), frozenset({5, 6, 7, 200}), frozenset(range(LENGTH_S))],
    ids=["never", "rarely", "always"],
)
async def test_a_persona_that_speaks_or_is_silent_for_minutes_is_well(speaks_at_s: frozenset[int]) -> None:
    call = synthetic_call(length_s=LENGTH_S)
    samples = with_customer(call, await persona_samples(speaks_at_s))
    of_persona = [sample for sample in samples if sample.leg_id == PERSONA]
    assert {sample.packets for sample in of_persona} == {50}
    assert {sample.direction for sample in of_persona} == {Direction.INBOUND}
    told = {sample.at_s for sample in of_persona if sample.level_dbfs is not None}
    assert {second + 1.0 for second in speaks_at_s} <= told
    quality = judged(samples, facts(call), end_s=float(LENGTH_S))
    assert quality.alerts == ()
    assert quality.diagnoses == ()
    assert all(score.leg_id == CUSTOMER for score in quality.scores)


@pytest.mark.parametrize("trouble", list(Trouble))
async def test_what_is_wrong_with_a_customer_is_never_put_down_to_the_persona(trouble: Trouble) -> None:
    call = synthetic_call(trouble, length_s=LENGTH_S)
    quality = judged(with_customer(call, await persona_samples(frozenset({9, 90}))), facts(call), end_s=float(LENGTH_S))
    assert {each.leg_id for each in quality.diagnoses} <= {CUSTOMER, None}
    assert {each.leg_id for each in quality.alerts} <= {CUSTOMER}


async def test_a_persona_without_a_network_proves_nothing_about_the_server() -> None:
    call = synthetic_call(Trouble.LOSS, length_s=LENGTH_S)
    samples = with_customer(call, await persona_samples(frozenset({9})))
    (found,) = diagnose(samples, facts(call), (), float(LENGTH_S))
    assert (found.cause, found.leg_id, found.is_certain) == (Cause.ACCESS_NETWORK, CUSTOMER, False)


async def test_a_persona_whose_sound_stops_coming_is_noticed() -> None:
    call = synthetic_call(length_s=LENGTH_S)
    persona = [
        replace(sample, packets=0, octets=0, level_dbfs=None) if sample.at_s > 100 else sample
        for sample in await persona_samples(frozenset({9}))
    ]
    alerts = judged(with_customer(call, persona), facts(call), end_s=float(LENGTH_S)).alerts
    assert {(each.kind, each.leg_id) for each in alerts} == {(AlertKind.NO_MEDIA, PERSONA)}
