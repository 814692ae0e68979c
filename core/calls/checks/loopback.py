"""The server's loopback call: two clients on this machine talk through the bridge, and what that did to their sound."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from statistics import median

from core.calls.checks.trial_calls import TrialCalls
from core.media.events import PlaybackKind
from core.model.check import CheckState, Finding
from core.model.message import Message
from core.model.sample import Direction, RtpSample
from core.quality.mos import mean_opinion_score

LISTEN_S = 6.0
LIMIT_S = 45.0
"""The clients are a process of their own, whose start takes seconds on a busy machine."""
LOW_MOS = 3.5
LATE_MS = 20.0
"""A packet that leaves this far from its slot (one frame) is one that the far end may have to wait for."""
FEWEST_PER_S = 45.0

FREE_THE_MACHINE = Message(
    "Free the machine of other work, or give Earshot another core; the figures of the audio server's process tell more."
)
SEE_THE_LOG = Message("Look into the server's log, and check whether a firewall of this machine blocks UDP.")


async def loopback(
    trials: TrialCalls, voices: Sequence[Path], sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
) -> Finding:
    """Let two recorded voices talk for some seconds, and judge what the bridge measured. Raises MediaError."""
    trial = await trials.open(is_both_ways=True)
    try:
        kind = await trials.media.play(dict(zip(trial.legs, voices, strict=True)), trial.call_id)
        began = len(trial.samples)
        await sleep(LISTEN_S)
        return judged(trial.samples[began:], kind)
    finally:
        await trials.close_trial(trial)


def judged(samples: Sequence[RtpSample], kind: PlaybackKind) -> Finding:
    """What some seconds of both legs' figures say."""
    inbound = [each for each in samples if each.direction is Direction.INBOUND]
    outbound = [each for each in samples if each.direction is Direction.OUTBOUND]
    rate = min((median(_rates(inbound)), *((median(_rates(outbound)),) if outbound else ()))) if inbound else 0.0
    if rate < 1:
        return Finding(CheckState.FAILED, (Message("No sound came through the audio server."),), SEE_THE_LOG)
    if kind is PlaybackKind.DIRECT:
        direct = Message(
            "Sound goes through. This machine has only a loopback address, so there are no network figures."
        )
        return Finding(CheckState.GOOD, (direct,))
    rtt = [each.rtt_ms for each in outbound if each.rtt_ms is not None]
    jitter = [each.jitter_ms for each in samples if each.jitter_ms is not None]
    lost = sum(max(0, each.lost or 0) for each in inbound)
    late = [each.send_deviation_p99_ms for each in outbound if each.send_deviation_p99_ms is not None]
    if not rtt or not jitter:
        return Finding(
            CheckState.WARNING, (Message("Sound goes through, but the far end reported nothing."),), SEE_THE_LOG
        )
    loss_pct = 100.0 * lost / max(1, lost + sum(each.packets for each in inbound))
    mos = mean_opinion_score(median(rtt), median(jitter), loss_pct)
    late_ms = median(late) if late else 0.0
    figures = {
        "mos": f"{mos:.1f}",
        "rtt": f"{median(rtt):.1f}",
        "jitter": f"{median(jitter):.1f}",
        "loss": f"{loss_pct:.1f}",
        "rate": f"{rate:.0f}",
        "late": f"{late_ms:.1f}",
    }
    found = Message(
        "MOS {mos}: round trip {rtt} ms, jitter {jitter} ms, loss {loss} %, {rate} packets a second, {late} ms beside"
        " their slot (p99).",
        figures,
    )
    if mos < LOW_MOS or rate < FEWEST_PER_S or late_ms > LATE_MS:
        return Finding(CheckState.WARNING, (found,), FREE_THE_MACHINE)
    return Finding(CheckState.GOOD, (found,))


def _rates(samples: Sequence[RtpSample]) -> list[float]:
    return [each.packets_per_s for each in samples]
