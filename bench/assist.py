"""`python -m bench.assist [--json]`: what Earshot itself adds to the time that a language model takes.

Two figures, each over all turns of all calls, while several calls speak at the same time:

- `kept_to_received_ms`: from a final utterance being kept to its question having been read by the model's server;
- `written_to_line_ms`: from the server writing the piece that completes a field to the line of the page's event stream
  that carries the field.

The model's server is a scripted one on loopback, which waits like a model between the fields. It, the calls and the
streams share one process and its interpreter lock, so the figures are rather too high. `hour` has the same for calls
with an hour of conversation behind them, which no longer fits the token budget.
"""

import argparse
import asyncio
import json
import random
import re
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from core.api.stream import events
from core.assist.compaction import Compactor
from core.assist.english_dialect import EnglishDialect
from core.assist.korean_dialect import KoreanDialect
from core.assist.model_insights import ModelInsights
from core.assist.openai_model import OpenAIModel
from core.assist.prompt_folder import PromptFolder
from core.calls.session import CallSession
from core.model.call import EndReason, Role
from core.model.clock import SystemClock
from core.model.utterance import Recognition
from core.settings import Settings
from tests.calls.conftest import World, opened_world
from tests.fakes.openai_server import EVENT_STREAM, PARAMETERS, USAGE, OpenAIServer, Wire, serving

PIECES_S = (0.03, 0.15)
"""Shortest and longest pause of the server between two fields."""
TURNS_S = (0.8, 1.6)
"""Shortest and longest pause of a call between two utterances."""
HOUR_TURNS = 600
WARM_UP_S = 5.0
_MARK = re.compile(r"line L(\d+) in week W(\d+)\.")
_NOWHERE = ("-1", "-1")
_FIELDS = ("summary", "customer_issue", "agent_action", "intent", "sentiment", "suggested_reply")

Turn = tuple[int, int]
"""A call's number, and its utterance's."""


@dataclass
class Marks:
    """When what happened, in monotonic seconds. Written by three threads, each its own part."""

    received: dict[Turn, float] = field(default_factory=dict)
    written: dict[tuple[Turn, str], float] = field(default_factory=dict)
    told: dict[tuple[Turn, str], float] = field(default_factory=dict)


def _said(turn: Turn) -> str:
    return f"I was charged twice on line L{turn[0]} in week W{turn[1]}."


def _summary(turn: Turn) -> str:
    return f"Charged twice, line L{turn[0]} in week W{turn[1]}."


def _members(turn: Turn) -> dict[str, object]:
    return {
        "summary": _summary(turn),
        "customer_issue": "The bill was charged twice.",
        "agent_action": "The agent is looking into it.",
        "intent": {"label": "refund", "confidence": 0.9},
        "sentiment": {"label": "negative", "score": -0.4, "trend": "steady"},
        "risks": [],
        "suggested_reply": "Let me check that right away.",
    }


class BenchServer(OpenAIServer):
    """Answers about the last utterance of what it is sent, field by field."""

    def __init__(self, marks: Marks) -> None:
        super().__init__(parameters=PARAMETERS | {"max_tokens"})
        self.script = self._answer_last
        self._marks = marks
        self._chance = random.Random(7)

    async def _answer_last(self, wire: Wire) -> None:
        at = time.monotonic()
        conversation = self.requests.pop()["messages"][-1]["content"].split("\n\n# ")[0]
        turn = next((int(call), int(number)) for call, number in (_MARK.findall(conversation) or [_NOWHERE])[-1:])
        self._marks.received[turn] = at
        await wire.head(200, EVENT_STREAM)
        await wire.delta({"content": "{"})
        for name, value in _members(turn).items():
            await asyncio.sleep(self._chance.uniform(*PIECES_S))
            self._marks.written[turn, name] = time.monotonic()
            # The comma belongs to it: only by that is a number known to be complete.
            end = "}" if name == "suggested_reply" else ","
            await wire.delta({"content": f"{json.dumps(name)}: {json.dumps(value)}{end}"})
        await wire.delta({}, "stop")
        await wire.completion([], usage=USAGE)
        await wire.event("[DONE]")
        await wire.end()


@contextmanager
def _server_loop() -> Iterator[asyncio.AbstractEventLoop]:
    """A loop in a thread of its own, as the pages' streams have."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="bench-streams", daemon=True)
    thread.start()
    try:
        yield loop
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _read_stream(session: CallSession, marks: Marks, over: threading.Event) -> None:
    record = session.record
    async for line in events(record.snapshot, lambda: record.revision, tuple, over.is_set, str, record.watch):
        at = time.monotonic()
        draft = (json.loads(line.removeprefix("data: ")).get("model") or {}).get("draft")
        if not draft:
            continue
        found = _MARK.findall(draft["text"]["summary"])
        if not found:
            continue
        turn = (int(found[0][0]), int(found[0][1]))
        for name in _FIELDS:
            if draft["text"].get(name) or draft.get(name):
                marks.told.setdefault((turn, name), at)


async def _talk(session: CallSession, call: int, first: int, turns: int) -> None:
    chance = random.Random(call)
    customer = await session.join(Role.CUSTOMER, "Chris")
    for number in range(first):
        # What an hour of talk consists of; said at once, so that it is asked about once.
        text = f"And then I looked at page {number} of the letter, which says something else again."
        session.said(customer.id, Recognition(number, text, True, float(number), number + 1.0))
    while len(session.record.finals()) < first:  # noqa: ASYNC110 - a bench needs no signal of its own
        await asyncio.sleep(0.05)
    # The first question makes the connection and loads what reads sentences: once a server, not once a turn.
    session.said(customer.id, Recognition(first, "Hello, I hope you can hear me.", True, float(first), first + 1.0))
    await asyncio.sleep(WARM_UP_S)
    for number in range(first + 1, first + 1 + turns):
        await asyncio.sleep(chance.uniform(*TURNS_S))
        at_s = first + session.record.now_s()
        session.said(customer.id, Recognition(number, _said((call, number)), True, at_s, at_s + 1.0))
    await asyncio.sleep(TURNS_S[1] + len(_FIELDS) * PIECES_S[1])


async def _measure(world: World, marks: Marks, calls: int, turns: int, before: int) -> dict[str, object]:
    over = threading.Event()
    sessions = [await world.call("en") for _ in range(calls)]
    with _server_loop() as loop:
        readers = [asyncio.run_coroutine_threadsafe(_read_stream(each, marks, over), loop) for each in sessions]
        await asyncio.gather(*(_talk(each, number, before, turns) for number, each in enumerate(sessions)))
        over.set()
        await asyncio.gather(*map(asyncio.wrap_future, readers))
    kept = {
        (number, int(_MARK.findall(said.text)[0][1])): session.record.origin + summary.times.wanted_s
        for number, session in enumerate(sessions)
        for summary in session.record.snapshot().summaries
        if summary.times is not None
        for said in session.record.finals()
        if said.id == summary.seen_utterance and _MARK.search(said.text)
    }
    for session in sessions:
        await session.end(EndReason.HUNG_UP)
    asked = [turn for turn in kept if turn in marks.received]
    return {
        "calls": calls,
        "questions": len(asked),
        "folded": calls * turns - len(asked),
        "kept_to_received_ms": _percentiles([marks.received[turn] - kept[turn] for turn in asked]),
        "written_to_line_ms": _percentiles(
            [marks.told[key] - at for key, at in marks.written.items() if key in marks.told]
        ),
    }


def _percentiles(seconds: list[float]) -> dict[str, float]:
    cuts = statistics.quantiles([1000 * each for each in seconds], n=100)
    return {"p50": round(cuts[49], 1), "p95": round(cuts[94], 1), "p99": round(cuts[98], 1)}


async def _run(calls: int, turns: int, before: int) -> dict[str, object]:
    marks = Marks()
    with tempfile.TemporaryDirectory() as folder, serving(BenchServer(marks)) as server:
        settings = Settings(_env_file=None, openai_base_url=server.base_url, openai_model=server.model)
        with closing(OpenAIModel(settings)) as model:
            source = ModelInsights(
                model,
                PromptFolder(Path(folder) / "prompts", SystemClock()),
                Compactor({"ko": KoreanDialect(), "en": EnglishDialect()}),
                input_tokens=settings.assist_input_tokens,
                token_limit=settings.openai_token_limit,
            )
            async with opened_world(Path(folder), source, settings.assist_requests, SystemClock(), calls) as world:
                return await _measure(world, marks, calls, turns, before)


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--calls", type=int, default=8, help="calls that speak at the same time")
    parser.add_argument("--turns", type=int, default=25, help="utterances of each")
    arguments = parser.parse_args()
    figures = {
        "short": asyncio.run(_run(arguments.calls, arguments.turns, 0)),
        "hour": asyncio.run(_run(arguments.calls, arguments.turns, HOUR_TURNS)),
    }
    if arguments.json:
        print(json.dumps(figures, indent=2))
        return
    for name, found in figures.items():
        print(f"{name}: {found['calls']} calls, {found['questions']} questions, {found['folded']} folded")
        for key in ("kept_to_received_ms", "written_to_line_ms"):
            print(f"  {key}: {found[key]}")


if __name__ == "__main__":
    main()
