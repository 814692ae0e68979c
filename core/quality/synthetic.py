"""Calls that never were: plausible samples of two people's legs, both directions, both vantages, well or in trouble.

For demonstration and tests. Pure: the same arguments give the same call. What is sent to one leg is what came from the
other, gaps and all, as the forwarding server does it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from random import Random

from core.model.call import LegId
from core.model.leg_facts import BrowserFacts, IceFacts, LegFacts, MicrophoneFacts
from core.model.media_path import CandidateType, PathTransport
from core.model.sample import Direction, PathState, RtpSample, Vantage
from core.model.snapshot import Note

AGENT, CUSTOMER = LegId("agent"), LegId("customer")
SILENCE_DBFS = -90.0
ROOM_DBFS = -62.0
VOICE_DBFS = -23.0
OCTETS = 80
"""Of a packet of 20 ms of Opus at 32 kbit/s."""
REPORT_S = 5
"""How often a far end's report states what was lost."""


class Trouble(StrEnum):
    """What a call suffers from; but where it says otherwise it is the second leg that has it."""

    NONE = "none"
    LOSS = "loss"
    JITTER = "jitter"
    FAR = "far"
    """A long way, without loss."""
    DRIFT = "drift"
    """Time stamps drift: the jitter buffer grows though the network is clean."""
    SHARED_TRACK = "shared_track"
    """Half of the packets reach the second leg: two readers share the first one's track."""
    DEAD_MICROPHONE = "dead_microphone"
    MUTED_MICROPHONE = "muted_microphone"
    ROBOT_VOICE = "robot_voice"
    """Noise suppression is on."""
    ONE_WAY = "one_way"
    """Nothing arrives from the second leg, though it is sent to."""
    OVERLOAD = "overload"
    """The server sends late, to both."""
    RELAY = "relay"
    """A relay carries the sound."""
    FLAPPING = "flapping"
    """The path changes again and again."""
    OUTAGE = "outage"
    """The second leg is away for a while: no samples, then another path."""


FROM_BEGINNING = frozenset(
    {Trouble.FAR, Trouble.DRIFT, Trouble.ROBOT_VOICE, Trouble.RELAY, Trouble.SHARED_TRACK, Trouble.MUTED_MICROPHONE}
)
"""What lasts as long as the call; the rest comes at three tenths of it and goes at seven tenths."""
MICROPHONE = MicrophoneFacts(
    echo_cancellation=True, noise_suppression=False, auto_gain_control=True, sample_rate=48_000
)
ICE = IceFacts(local=("host/udp", "srflx/udp"), remote=("host/udp", "srflx/udp"))
RELAYED_ICE = IceFacts(has_turn=True, local=("host/udp", "relay/udp"), remote=("host/udp",))
DESK = BrowserFacts("Chromium 156", "Windows", "ethernet", microphone=MICROPHONE, ice=ICE, clock_error_ms=1.5)
PHONE = BrowserFacts("Chromium 156", "Android", "wifi", microphone=MICROPHONE, ice=ICE, clock_error_ms=6.0)


@dataclass(frozen=True, slots=True)
class SpokenTurn:
    """Who spoke when, on the call's clock."""

    leg_id: LegId
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class SyntheticCall:
    """What is known of such a call. Times are on its clock."""

    trouble: Trouble
    length_s: float
    trouble_s: tuple[float, float]
    """From when until when the trouble lasts."""
    samples: tuple[RtpSample, ...]
    """In the order of their times."""
    leg_facts: Mapping[LegId, LegFacts]
    notes: tuple[Note, ...]
    turns: tuple[SpokenTurn, ...]


def synthetic_call(
    trouble: Trouble = Trouble.NONE,
    seed: int = 0,
    *,
    length_s: int = 180,
    severity: float = 1.0,
    legs: tuple[LegId, LegId] = (AGENT, CUSTOMER),
    names: tuple[str, str] = ("Dana", "Chris"),
    browsers: tuple[BrowserFacts | None, BrowserFacts | None] = (DESK, PHONE),
) -> SyntheticCall:
    """Make one; the first leg is the agent's. Any thread.

    Args:
        trouble: What it suffers from.
        seed: What its chance begins with.
        length_s: How long it lasts, a sample a second.
        severity: How bad the trouble is: 1 is well beyond every limit, 0.3 hardly noticed.
        legs: Ids of the two legs.
        names: What the notes call the two people.
        browsers: What the browsers tell of themselves; of one that is None there are no samples either.
    """
    chance = Random(f"{seed} {trouble.value}")
    from_s, until_s = (0.0, float(length_s)) if trouble in FROM_BEGINNING else (0.3 * length_s, 0.7 * length_s)
    turns = _turns(chance, legs, length_s)
    sides = tuple(
        _Side(leg_id, Random(f"{seed} {trouble.value} {number}"), browsers[number], is_second=number == 1)
        for number, leg_id in enumerate(legs)
    )
    notes = [Note(0.4 + number * 2.0, "participant_joined", name) for number, name in enumerate(names)]
    notes += [Note(1.0 + number * 2.0, "participant_connected", name) for number, name in enumerate(names)]
    if trouble is Trouble.OUTAGE:
        notes += [
            Note(from_s + 2.0, "participant_lost", names[1]),
            Note(until_s - 1.0, "participant_connected", names[1]),
            Note(from_s, "audio_missing", names[1], until_s),
        ]
    samples: list[RtpSample] = []
    for second in range(1, length_s + 1):
        weathers = [
            _weather(trouble if from_s < second <= until_s else Trouble.NONE, side, second - from_s, severity)
            for side in sides
        ]
        arrived = [side.arrives(weather) for side, weather in zip(sides, weathers, strict=True)]
        for number, (side, weather) in enumerate(zip(sides, weathers, strict=True)):
            if weather.is_away:
                continue
            here = max((_overlap(turn, second) for turn in turns if turn.leg_id == side.leg_id), default=0.0)
            there = max((_overlap(turn, second) for turn in turns if turn.leg_id != side.leg_id), default=0.0)
            samples += side.second(float(second), weather, arrived[number], arrived[1 - number], here, there)
    facts = {side.leg_id: _facts(side, number, trouble, float(length_s)) for number, side in enumerate(sides)}
    samples.sort(key=lambda each: each.at_s)
    notes.sort(key=lambda each: each.at_s)
    return SyntheticCall(trouble, float(length_s), (from_s, until_s), tuple(samples), facts, tuple(notes), turns)


@dataclass(frozen=True, slots=True)
class _Weather:
    """What one leg goes through in one second."""

    loss: float = 0.0
    """Probability that a packet is lost, each way."""
    jitter_ms: float = 2.0
    rtt_ms: float = 24.0
    arriving: float = 1.0
    """Share of the packets that reach the server at all."""
    leaving: float = 1.0
    """Share of the packets that are sent to this leg."""
    deviation_ms: float = 0.3
    loop_lag_ms: float = 0.6
    drift_ms: float = 0.0
    """What the jitter buffer has grown by."""
    level_dbfs: float | None = None
    """What the microphone gives, whoever speaks; None for a good one."""
    is_muted: bool = False
    path: int = 0
    """Which path is in use; another number is another path."""
    is_relayed: bool = False
    is_away: bool = False


def _weather(trouble: Trouble, side: "_Side", since_s: float, severity: float) -> _Weather:
    calm = _Weather(rtt_ms=side.rtt_ms, jitter_ms=side.jitter_ms)
    if trouble is Trouble.OVERLOAD:
        return replace(
            calm, deviation_ms=14 * severity, loop_lag_ms=90 * severity, jitter_ms=calm.jitter_ms + 8 * severity
        )
    if not side.is_second:
        return calm
    match trouble:
        case Trouble.LOSS:
            return replace(calm, loss=0.06 * severity, jitter_ms=calm.jitter_ms + 5 * severity)
        case Trouble.JITTER:
            return replace(calm, jitter_ms=calm.jitter_ms + 48 * severity, rtt_ms=calm.rtt_ms + 30 * severity)
        case Trouble.FAR:
            return replace(calm, rtt_ms=calm.rtt_ms + 480 * severity)
        case Trouble.DRIFT:
            return replace(calm, drift_ms=32 * severity * since_s / 60)
        case Trouble.SHARED_TRACK:
            return replace(calm, leaving=0.5)
        case Trouble.DEAD_MICROPHONE:
            return replace(calm, level_dbfs=SILENCE_DBFS)
        case Trouble.MUTED_MICROPHONE:
            return replace(calm, level_dbfs=SILENCE_DBFS, is_muted=True)
        case Trouble.ONE_WAY:
            return replace(calm, arriving=0.0)
        case Trouble.RELAY:
            return replace(calm, is_relayed=True, rtt_ms=calm.rtt_ms + 40 * severity)
        case Trouble.FLAPPING:
            return replace(calm, path=1 + int(since_s // 6) % 3, jitter_ms=calm.jitter_ms + 12 * severity)
        case Trouble.OUTAGE:
            return replace(calm, is_away=True)
        case _:
            return calm


class _Side:
    """One leg and its chance."""

    def __init__(self, leg_id: LegId, chance: Random, browser: BrowserFacts | None, *, is_second: bool) -> None:
        self.leg_id = leg_id
        self.browser = browser
        self.is_second = is_second
        self._chance = chance
        self.rtt_ms = chance.uniform(12, 38)
        self.jitter_ms = chance.uniform(1.0, 4.0)
        self._buffer_ms = chance.uniform(38, 62)
        self._buffer_total_s = 0.0
        self._reported = [0, 0]

    def arrives(self, weather: _Weather) -> tuple[int, int]:
        """How many of the second's fifty packets reach the server, and how many are lost on the way."""
        if weather.is_away:
            return 0, 0
        sent = 50 if weather.arriving else 0
        lost = sum(self._chance.random() < weather.loss for _ in range(sent)) if weather.loss else 0
        return sent - lost, lost

    def second(
        self,
        at_s: float,
        weather: _Weather,
        arrived: tuple[int, int],
        other: tuple[int, int],
        here: float,
        there: float,
    ) -> list[RtpSample]:
        """The second's samples; `here` and `there` say how much of it this one and the other one spoke."""
        chance = self._chance
        jitter_ms = max(0.2, chance.gauss(weather.jitter_ms, 0.15 * weather.jitter_ms))
        rtt_ms = max(1.0, chance.gauss(weather.rtt_ms, 0.04 * weather.rtt_ms))
        packets, lost = arrived
        sent = round(other[0] * weather.leaving)
        lost_on_way = sum(chance.random() < weather.loss for _ in range(sent)) if weather.loss else 0
        gaps = round(other[1] * weather.leaving) + lost_on_way
        self._reported = [self._reported[0] + gaps, self._reported[1] + sent + gaps - lost_on_way]
        level = _level(chance, here) if weather.level_dbfs is None else weather.level_dbfs
        path = _path(weather, self.is_second)
        base = RtpSample(self.leg_id, Direction.INBOUND, Vantage.SERVER, at_s, 1.0, packets, packets * OCTETS)
        inbound = replace(
            base,
            lost=lost if packets or lost else None,
            jitter_ms=jitter_ms if packets else None,
            level_dbfs=level if packets else None,
            loop_lag_p99_ms=abs(chance.gauss(weather.loop_lag_ms, 0.2 * weather.loop_lag_ms)),
        )
        outbound = replace(
            base,
            direction=Direction.OUTBOUND,
            packets=sent,
            octets=sent * OCTETS,
            jitter_ms=max(0.2, chance.gauss(weather.jitter_ms, 0.2 * weather.jitter_ms)),
            rtt_ms=rtt_ms,
            send_deviation_p50_ms=abs(chance.gauss(weather.deviation_ms / 4, 0.05)),
            send_deviation_p99_ms=abs(chance.gauss(weather.deviation_ms * 1.6, 0.2 * weather.deviation_ms)),
            loop_lag_p99_ms=inbound.loop_lag_p99_ms,
        )
        if int(at_s) % REPORT_S == 0:
            outbound = replace(outbound, lost=self._reported[0], expected=self._reported[1])
            self._reported = [0, 0]
        if self.browser is None:
            return [inbound, outbound]
        return [
            inbound,
            outbound,
            *self._browser(at_s + 0.31, weather, sent, gaps, lost_on_way, rtt_ms, level, there, path),
        ]

    def _browser(
        self,
        at_s: float,
        weather: _Weather,
        sent: int,
        gaps: int,
        lost_on_way: int,
        rtt_ms: float,
        level: float,
        there: float,
        path: Mapping[str, object],
    ) -> list[RtpSample]:
        chance = self._chance
        speaking = RtpSample(
            self.leg_id, Direction.INBOUND, Vantage.BROWSER, at_s, 1.0, 50, 50 * OCTETS,
            rtt_ms=rtt_ms, level_dbfs=level, packet_send_delay_ms=abs(chance.gauss(0.3, 0.1)),
            is_muted=weather.is_muted,
        )  # fmt: skip
        heard = sent - lost_on_way
        delay_ms = self._buffer_ms + weather.drift_ms + 1.6 * max(0.0, weather.jitter_ms - 8) + chance.gauss(0, 1.5)
        if heard:
            self._buffer_total_s += delay_ms / 1000 * 48_000
        total = sent + gaps - lost_on_way
        made_up = 0.75 * 100 * gaps / total if total else 0.0
        listening = RtpSample(
            self.leg_id, Direction.OUTBOUND, Vantage.BROWSER, at_s, 1.0, heard, heard * OCTETS,
            lost=gaps, jitter_ms=max(0.2, chance.gauss(weather.jitter_ms, 0.2 * weather.jitter_ms)), rtt_ms=rtt_ms,
            level_dbfs=_level(chance, there) if heard else SILENCE_DBFS,
            jitter_buffer_ms=delay_ms if heard else None,
            jitter_buffer_target_ms=max(20.0, delay_ms - 6) if heard else None,
            jitter_buffer_total_s=self._buffer_total_s,
            concealed_pct=made_up + (0.08 * max(0.0, weather.jitter_ms - 20) if heard else 0.0),
            stretched_pct=abs(chance.gauss(0.4, 0.2)) + 0.05 * max(0.0, weather.jitter_ms - 10),
        )  # fmt: skip
        return [replace(speaking, **path), replace(listening, **path)]  # type: ignore[arg-type]


def _path(weather: _Weather, is_second: bool) -> Mapping[str, object]:
    own = CandidateType.SERVER_REFLEXIVE if is_second else CandidateType.HOST
    if weather.is_relayed:
        own = CandidateType.RELAY
    elif weather.path:
        own = (CandidateType.HOST, CandidateType.SERVER_REFLEXIVE, CandidateType.PEER_REFLEXIVE)[weather.path % 3]
    return {
        "path_state": PathState.CONNECTED,
        "local_candidate": own,
        "remote_candidate": CandidateType.HOST,
        "path_transport": PathTransport.UDP,
        "path_id": f"pair{weather.path}",
    }


def _level(chance: Random, share: float) -> float:
    return chance.gauss(VOICE_DBFS, 3.0) if share > 0.2 else chance.gauss(ROOM_DBFS, 2.0)


def _turns(chance: Random, legs: Sequence[LegId], length_s: int) -> tuple[SpokenTurn, ...]:
    turns: list[SpokenTurn] = []
    at_s = 4.0
    while at_s < length_s - 6:
        end_s = min(length_s - 2.0, at_s + chance.uniform(2.0, 8.0))
        turns.append(SpokenTurn(legs[len(turns) % 2], round(at_s, 2), round(end_s, 2)))
        at_s = end_s + chance.uniform(0.5, 2.0)
    return tuple(turns)


def _overlap(turn: SpokenTurn, second: int) -> float:
    return max(0.0, min(turn.end_s, second) - max(turn.start_s, second - 1))


def _facts(side: _Side, number: int, trouble: Trouble, length_s: float) -> LegFacts:
    chance = Random(f"{side.rtt_ms}")
    opened_s = 0.5 + 2.0 * number
    set_up_s = chance.uniform(0.3, 0.9) + side.rtt_ms / 100 + (1.2 if trouble is Trouble.RELAY and number else 0.0)
    browser = side.browser
    if browser is not None and side.is_second and trouble is Trouble.ROBOT_VOICE:
        browser = replace(browser, microphone=replace(browser.microphone or MICROPHONE, noise_suppression=True))
    if browser is not None and side.is_second and trouble is Trouble.RELAY:
        browser = replace(browser, ice=RELAYED_ICE)
    return LegFacts(side.leg_id, opened_s, opened_s + 0.1, opened_s + 0.1 + set_up_s, length_s, browser=browser)
