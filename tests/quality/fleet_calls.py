"""Ended calls as the store gives them back, made of synthetic samples."""

from dataclasses import replace

from core.model.call import Call, CallId, CallOrigin, CallState, LegId, Participant, ParticipantId, Role
from core.model.snapshot import CallSnapshot
from core.model.turn_trace import Step, TurnTrace
from core.quality.alerts import judged
from core.quality.rollup import CallRollup, call_rollup
from core.quality.synthetic import DESK, PHONE, SyntheticCall, Trouble, synthetic_call

NOON = 1_780_000_000.0 - 1_780_000_000.0 % 86_400 + 43_200
"""Noon of a day in 2026, UTC."""


def picture_of(
    synthetic: SyntheticCall,
    call_id: str = "c1",
    created_at: float = NOON,
    names: tuple[str, str] = ("Dana", "Chris"),
    origin: CallOrigin = CallOrigin.BROWSER,
    language: str = "en",
) -> CallSnapshot:
    people = tuple(
        Participant(ParticipantId(f"{call_id}-{name}"), name, role, created_at, LegId(leg))
        for name, role, leg in zip(names, (Role.AGENT, Role.CUSTOMER), synthetic.leg_facts, strict=True)
    )
    call = Call(
        CallId(call_id), language, CallState.ENDED, origin, created_at, created_at, created_at + synthetic.length_s,
        participants=people,
    )  # fmt: skip
    return CallSnapshot(
        revision=0,
        now_s=synthetic.length_s,
        call=call,
        utterances=(),
        summaries=(),
        guidance=None,
        samples=(),
        quality=judged(synthetic.samples),
        legs={LegId(leg): person.id for leg, person in zip(synthetic.leg_facts, people, strict=True)},
        notes=synthetic.notes,
        parts=(),
        dropped={},
        leg_facts=synthetic.leg_facts,
    )


def turn(speaker: str, role: Role, final_s: float, summary_s: float | None = None) -> TurnTrace:
    moments = {Step.SPEECH_START: 9.0, Step.SPEECH_END: 10.0, Step.FINAL: 10.0 + final_s}
    if summary_s is not None:
        moments[Step.SUMMARY] = 10.0 + summary_s
    return TurnTrace("u", "t", speaker, role, "e", "m", moments)


def synthetic_of(
    call_id: str, trouble: Trouble = Trouble.NONE, seed: int = 0, *, length_s: int = 40, network: str = "wifi"
) -> SyntheticCall:
    """One whose legs are called after the call."""
    return synthetic_call(
        trouble,
        seed,
        length_s=length_s,
        legs=(LegId(f"{call_id}-a"), LegId(f"{call_id}-c")),
        browsers=(DESK, replace(PHONE, network=network)),
    )


def rollup_of(
    call_id: str,
    trouble: Trouble = Trouble.NONE,
    *,
    seed: int = 0,
    created_at: float = NOON,
    names: tuple[str, str] = ("Dana", "Chris"),
    origin: CallOrigin = CallOrigin.BROWSER,
    language: str = "en",
    network: str = "wifi",
) -> CallRollup:
    synthetic = synthetic_of(call_id, trouble, seed, network=network)
    traces = (turn(names[0], Role.AGENT, 0.4 + seed / 10, 1.5), turn(names[1], Role.CUSTOMER, 0.9 + seed / 10))
    return call_rollup(picture_of(synthetic, call_id, created_at, names, origin, language), synthetic.samples, traces)
