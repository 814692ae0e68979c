"""A call of an hour between two browsers, with all that the Quality page is for: loss, jitter, a gap, a coach."""

import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random

from core.model.call import (
    Call,
    CallId,
    CallOrigin,
    CallState,
    EndReason,
    LegId,
    LegState,
    Participant,
    ParticipantId,
    Role,
)
from core.model.sample import Direction, RtpSample, Vantage
from core.model.snapshot import Note
from core.model.utterance import Utterance
from core.quality.segments import SampleWriter
from core.store.records import Store
from tests.fakes.clock import ManualClock

STARTED = 1_790_000_000.0
LENGTH_S = 3_600
LOSS_S = (608, 648)
"""Packets from the customer are lost in between."""
JITTER_S = (1_800, 1_830)
"""The customer's packets arrive unevenly in between, in the third connection."""
GAP_S = (1_500, 1_512)
"""The customer's connection is lost and comes back as another leg."""
AGENT_LEG, FIRST_LEG, SECOND_LEG = LegId("l1"), LegId("l2"), LegId("l3")


def measured_call(call_id: str = "hour", length_s: int = LENGTH_S, prefix: str = "") -> Call:
    """The call, over. With a `prefix` to all ids of people and legs, a store can keep it beside another."""
    agent = Participant(
        ParticipantId(f"{prefix}p1"), "김민지", Role.AGENT, STARTED, LegId(prefix + AGENT_LEG), LegState.CLOSED
    )
    second = LegId(prefix + SECOND_LEG)
    customer = Participant(ParticipantId(f"{prefix}p2"), "이서준", Role.CUSTOMER, STARTED, second, LegState.CLOSED)
    return Call(
        id=CallId(call_id),
        language="ko",
        state=CallState.ENDED,
        origin=CallOrigin.BROWSER,
        created_at=STARTED,
        live_at=STARTED,
        ended_at=STARTED + length_s,
        end_reason=EndReason.HUNG_UP,
        participants=(agent, customer),
    )


def samples(length_s: int = LENGTH_S) -> Iterator[RtpSample]:
    """Both vantages and directions of both people, one a second, in the order of their times."""
    chance = Random(11)
    for second in range(1, length_s + 1):
        legs = [AGENT_LEG]
        if not GAP_S[0] <= second < GAP_S[1]:
            legs.append(FIRST_LEG if second < GAP_S[0] else SECOND_LEG)
        for leg in legs:
            yield from _second(leg, float(second), chance)


def _second(leg: LegId, at_s: float, chance: Random) -> Iterator[RtpSample]:
    is_customer = leg is not AGENT_LEG
    is_lossy, is_shaken = LOSS_S[0] <= at_s < LOSS_S[1], JITTER_S[0] <= at_s < JITTER_S[1]
    # What is lost of the customer's packets on the way to the server is missing at the agent's browser, too.
    lost = chance.randrange(3, 12) if is_lossy else 0
    shaken = 60.0 if is_shaken else 0.0
    lost_in, lost_out = (lost, 0) if is_customer else (0, lost)
    shaken_in, shaken_out = (shaken, 0.0) if is_customer else (0.0, shaken)
    jitter = 4 + 2 * math.sin(at_s / 40) + chance.uniform(0, 2)
    rtt = 38 + 8 * math.sin(at_s / 300) + chance.uniform(0, 4)
    level = -22 + 6 * math.sin(at_s / 5) + chance.uniform(-8, 4) if int(at_s / 8) % 2 == is_customer else -61.0
    report = at_s % 5 == 0
    inbound, outbound, server, browser = Direction.INBOUND, Direction.OUTBOUND, Vantage.SERVER, Vantage.BROWSER
    yield RtpSample(
        leg,
        inbound,
        server,
        at_s,
        1.0,
        50 - lost_in,
        6_000,
        lost_in,
        jitter + shaken_in,
        level_dbfs=level,
        loop_lag_p99_ms=2.0,
    )
    yield RtpSample(
        leg,
        outbound,
        server,
        at_s,
        1.0,
        50,
        6_000,
        0 if report else None,
        jitter + 1,
        rtt,
        0.1,
        0.4 + chance.uniform(0, 0.5),
        expected=250 if report else None,
    )
    yield RtpSample(leg, inbound, browser, at_s, 1.0, 50, 6_000, level_dbfs=level, packet_send_delay_ms=0.0)
    yield RtpSample(
        leg,
        outbound,
        browser,
        at_s,
        1.0,
        50 - lost_out,
        6_000,
        lost_out,
        jitter + 1 + shaken_out,
        rtt + 2,
        level_dbfs=-61.0 if level > -60 else -24 + chance.uniform(-6, 4),
        jitter_buffer_ms=42 + jitter + 1.5 * shaken_out,
        jitter_buffer_target_ms=40.0 + 1.4 * shaken_out,
        concealed_pct=chance.uniform(0, 0.4) + lost_out,
        stretched_pct=0.2,
        path_id="CP1",
    )


def utterances(length_s: int = LENGTH_S) -> Iterator[Utterance]:
    """Somebody speaks every eight seconds; during the loss the engine doubts what it hears of the customer."""
    said = {
        Role.AGENT: ("네, 요금 내역을 확인해 드릴게요.", "다음 달부터는 적용되지 않습니다."),
        Role.CUSTOMER: ("이번 달 요금이 왜 이렇게 많이 나왔나요?", "로밍을 쓴 적이 없는데요."),
    }
    for number, start_s in enumerate(range(2, length_s - 8, 8)):
        role = Role.AGENT if number % 2 else Role.CUSTOMER
        is_doubted = role is Role.CUSTOMER and LOSS_S[0] <= start_s < LOSS_S[1]
        yield Utterance(
            f"u{number}",
            ParticipantId("p1" if role is Role.AGENT else "p2"),
            "김민지" if role is Role.AGENT else "이서준",
            role,
            said[role][number // 2 % 2],
            True,
            float(start_s),
            start_s + 5.5,
            0.41 if is_doubted else 0.93,
            "whisper",
            "base",
            start_s + 6.3,
            first_interim_s=start_s + 1.2,
        )


NOTES = (
    Note(0.0, "participant_connected", "김민지"),
    Note(1.0, "participant_connected", "이서준"),
    Note(float(GAP_S[0]), "participant_lost", "이서준"),
    Note(float(GAP_S[1]), "participant_connected", "이서준"),
    Note(2_400.0, "supervision_coach", "박팀장"),
)


def keep_measured_call(data_dir: Path, call_id: str = "hour", length_s: int = LENGTH_S, prefix: str = "") -> Call:
    """Write the call into a data folder, as the server would have kept it."""
    data_dir.mkdir(parents=True, exist_ok=True)
    call = measured_call(call_id, length_s, prefix)
    store = Store.open(f"sqlite:///{data_dir / 'earshot.db'}")
    store.create_call(call)
    store.update_call(call)
    owners = {AGENT_LEG: call.participants[0], FIRST_LEG: call.participants[1], SECOND_LEG: call.participants[1]}
    for leg, owner in owners.items():
        store.save_participant(call.id, replace(owner, leg_id=LegId(prefix + leg)))
    for utterance in utterances(length_s):
        speaker = ParticipantId(prefix + utterance.participant_id)
        store.save_utterance(call.id, replace(utterance, participant_id=speaker))
    for note in NOTES:
        if note.at_s < length_s:
            store.save_note(call.id, note)
    store.close()
    writer = SampleWriter(data_dir / "samples", ManualClock())
    writer.append(call.id, (replace(each, leg_id=LegId(prefix + each.leg_id)) for each in samples(length_s)))
    writer.close(call.id)
    return call
