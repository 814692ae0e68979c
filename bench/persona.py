"""`python -m bench.persona [--json]`: what Earshot itself adds to a persona's first response.

Against a scripted server on loopback that speaks the Realtime protocol and thinks for no time at all:

- `delta_to_playout_ms`: from the server sending the first sound of an answer to the playout being given it;
- `speech_to_playout_ms`: from the last chunk of the listener's speech being fed, the silence that ends a turn included
  in it, to the playout being given the answer's first sound: upstream, the server's bare loop, and back;
- `chunk_ms`: gate, resampling and queueing of 100 ms of the listener's sound.

Server and session share one process but not one thread. The model's thinking and the network to it come on top, and
are measured where they are: none of them is here. The way to the listener and back is measured apart, on the real media
process with a real client and, as root on Linux, with the whole server and a real Chromium; what the figures mean is
said in `bench.persona_hop` and `bench.persona_browser`.
"""

import argparse
import asyncio
import base64
import json
import statistics
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import uvloop
from websockets.asyncio.server import ServerConnection, serve

from bench import persona_browser, persona_hop
from core.model.clock import SystemClock
from core.model.persona import HeardItem, PersonaState
from core.persona.microphone_gate import MicrophoneGate
from core.persona.realtime import OpenAIRealtime
from core.persona.rehearsal.voice_activity import Began, Ended, VoiceActivity
from core.persona.session import PersonaSession
from core.persona.session_rules import SessionRules
from core.settings import Settings
from tests.fakes.persona_stage import PERSONA, Recorder
from tests.support.browser import browser_problem
from tests.support.namespace import namespace_problem, own_namespace

DELTA = base64.b64encode(bytes(4800)).decode()
ANSWER = (DELTA,) * 20
"""Sound of one answer: two seconds, all at once, as the real server sends it."""
SHORT_ANSWER = (base64.b64encode(persona_hop.tone(persona_hop.ANSWER_S)).decode(),)
AIM_MS = 60.0
TRANSPORT_AIM_MS = 200.0
FIRST_RESPONSE_AIM_MS = 800.0


@dataclass
class Marks:
    """When what happened, in monotonic seconds. Each list has one writer."""

    sent: list[float] = field(default_factory=list)
    given: list[float] = field(default_factory=list)
    ended: list[float] = field(default_factory=list)
    chunks: list[float] = field(default_factory=list)
    decided_ms: list[float] = field(default_factory=list)
    """Up to where in the sound the server had heard when it answered."""


class MarkingPlayout:
    """Notes when an answer's first sound arrives, and plays nothing."""

    def __init__(self, marks: Marks) -> None:
        self._marks = marks
        self._last = ""

    def put(self, item_id: str, pcm: bytes) -> None:
        if item_id != self._last:
            self._last = item_id
            self._marks.given.append(time.monotonic())

    def clear(self) -> None:
        """There is nothing to clear."""

    def heard(self) -> tuple[HeardItem, ...]:
        return ()

    @property
    def is_playing(self) -> bool:
        return False


async def talk(connection: ServerConnection, marks: Marks, answer: Sequence[str]) -> None:
    """The server: answers each end of speech at once."""
    activity, number = VoiceActivity(), 0

    async def tell(kind: str, **members: Any) -> None:
        await connection.send(json.dumps({"type": kind, **members}))

    await tell("session.created", session={})
    async for message in connection:
        event = json.loads(message)
        if event["type"] == "session.update":
            await tell("session.updated", session=event["session"])
        if event["type"] != "input_audio_buffer.append":
            continue
        for found in activity.push(base64.b64decode(event["audio"])):
            match found:
                case Began(start_ms):
                    number += 1
                    await tell("input_audio_buffer.speech_started", audio_start_ms=start_ms, item_id=f"u{number}")
                case Ended(end_ms, _):
                    place = {"response_id": f"r{number}", "item_id": f"a{number}"}
                    await tell("input_audio_buffer.speech_stopped", audio_end_ms=end_ms, item_id=f"u{number}")
                    await tell("response.created", response={"id": f"r{number}", "status": "in_progress"})
                    marks.sent.append(time.monotonic())
                    marks.decided_ms.append(end_ms + activity.silence_ms)
                    for delta in answer:
                        await tell("response.output_audio.delta", **place, delta=delta)
                    await tell("response.output_audio_transcript.done", **place, transcript="So it is.")
                    kind = "conversation.item.input_audio_transcription.completed"
                    await tell(kind, item_id=f"u{number}", transcript="Is it so?")
                    output = [{"id": f"a{number}", "type": "message"}]
                    done = {"id": f"r{number}", "status": "completed", "output": output}
                    await tell("response.done", response=done)


@contextmanager
def serving(marks: Marks, answer: Sequence[str] = ANSWER) -> Iterator[int]:
    """Serve on a loop in a thread of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="persona-bench", daemon=True)
    thread.start()

    async def start() -> Any:
        return await serve(lambda connection: talk(connection, marks, answer), "127.0.0.1", 0, compression=None)

    async def stop() -> None:
        server.close()
        await server.wait_closed()

    server = asyncio.run_coroutine_threadsafe(start(), loop).result(10)
    try:
        yield next(iter(server.sockets)).getsockname()[1]
    finally:
        asyncio.run_coroutine_threadsafe(stop(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


async def run(turns: int, port: int, marks: Marks) -> None:
    """Speak so many turns, each a little faster than life: chunk after chunk, 10 ms apart."""
    clock = SystemClock()
    server = OpenAIRealtime(Settings(_env_file=None, realtime_base_url=f"http://127.0.0.1:{port}/v1"))
    gate = MicrophoneGate(0.2)
    playout = MarkingPlayout(marks)
    session = PersonaSession(PERSONA, server, playout, Recorder(), gate, {}, "m", SessionRules(), clock)
    running = asyncio.create_task(session.run(), name="persona-session")
    while session.status.state is not PersonaState.LISTENING:  # noqa: ASYNC110 - once, before anything is measured
        await asyncio.sleep(0.01)
    loud = (6000 * np.sin(np.arange(1600) / 8)).astype("<i2").tobytes()
    at_s = clock.monotonic()
    for turn in range(turns):
        # The silence that ends a turn is in the last of them; what is left of it starts the next turn.
        for chunk in [loud] * 4 + [bytes(3200)] * 6:
            began = time.perf_counter()
            session.feed(chunk, at_s)
            marks.chunks.append(time.perf_counter() - began)
            at_s += 0.1
            fed = time.monotonic()
            await asyncio.sleep(0.01)
            if len(marks.given) > turn:
                break
        while len(marks.given) <= turn:  # noqa: ASYNC110 - an event would be set where time is taken
            await asyncio.sleep(0.001)
        marks.ended.append(fed)
        await asyncio.sleep(0.02)
    session.stop()
    await running
    await server.close()


def spread(values: list[float]) -> dict[str, float]:
    """Percentiles in milliseconds."""
    cuts = statistics.quantiles(values, n=100)
    return {"p50": round(cuts[49] * 1000, 2), "p95": round(cuts[94] * 1000, 2), "p99": round(cuts[98] * 1000, 2)}


def hop_figures(turns: int) -> dict[str, object]:
    """What the way over our server costs."""
    if problem := namespace_problem():
        return {"hop": f"not measured: {problem}"}
    marks = Marks()
    with own_namespace(), serving(marks, SHORT_ANSWER) as port:
        found = uvloop.run(persona_hop.measure(turns, port, marks.sent, marks.decided_ms))
    delta, speech, transport = (spread(each) for each in (found.delta, found.speech, found.transport))
    mean_ms = round(1000 * statistics.fmean(found.transport), 2)
    return {
        "hop_turns": len(found.speech),
        "delta_to_ear_ms": {**delta, "aim_p95": AIM_MS, "met": delta["p95"] < AIM_MS},
        "speech_to_ear_ms": {**speech, "aim_p95": AIM_MS, "met": speech["p95"] < AIM_MS},
        "voice_transport_ms": {
            "mean": mean_ms,
            **transport,
            "aim_mean": TRANSPORT_AIM_MS,
            "met": mean_ms < TRANSPORT_AIM_MS,
        },
        "cpu_pct_of_core_per_voice": round(found.cpu_pct, 2),
    }


def browser_figures(turns: int) -> dict[str, object]:
    """How soon an answer is at a browser, over the whole server."""
    if problem := browser_problem() or namespace_problem():
        return {"browser": f"not measured: {problem}"}
    marks = Marks()
    with own_namespace(), serving(marks, SHORT_ANSWER) as port:
        found = persona_browser.measure(turns, port, marks.sent)
    if len(found.first_response) < 2:
        return {
            "browser": f"not measured: {len(found.first_response)} of {len(marks.sent)} answers came to the browser"
        }
    first, ours, delta = (spread(each) for each in (found.first_response, found.ours, found.delta))
    return {
        "browser_turns": len(found.first_response),
        "browser_first_response_ms": {
            **first,
            "aim_p95": FIRST_RESPONSE_AIM_MS,
            "met": first["p95"] < FIRST_RESPONSE_AIM_MS,
        },
        "browser_ours_ms": {**ours, "aim_p95": AIM_MS, "met": ours["p95"] < AIM_MS},
        "browser_delta_ms": delta,
        "browser_jitter_buffer_ms": round(1000 * found.jitter_buffer_s, 1),
    }


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--turns", type=int, default=300, help="turns of the conversation")
    parser.add_argument("--hop-turns", type=int, default=40, help="turns over the real media process; 0: none")
    parser.add_argument("--browser-turns", type=int, default=12, help="turns with a real browser; 0: none")
    arguments = parser.parse_args()
    marks = Marks()
    with serving(marks) as port:
        asyncio.run(run(arguments.turns, port, marks))
    figures: dict[str, object] = {
        "turns": len(marks.given),
        "delta_to_playout_ms": spread([b - a for a, b in zip(marks.sent, marks.given, strict=True)]),
        "speech_to_playout_ms": spread([b - a for a, b in zip(marks.ended, marks.given, strict=True)]),
        "chunk_ms": spread(marks.chunks),
    }
    if arguments.hop_turns:
        figures |= hop_figures(arguments.hop_turns)
    if arguments.browser_turns:
        figures |= browser_figures(arguments.browser_turns)
    if arguments.json:
        print(json.dumps(figures, indent=2))
        return
    for name, found in figures.items():
        print(f"{name}: {found}")


if __name__ == "__main__":
    main()
