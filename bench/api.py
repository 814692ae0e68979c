"""`python -m bench.api [--json]`: what the guards of every response cost, and what compression saves.

Two servers of the same application run side by side, one behind the guards, and are asked in turn, so that whatever
else the machine does hurts both. Added latency is the difference between the two servers' percentiles.
"""

import argparse
import asyncio
import gzip
import json
import re
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from pathlib import Path

import brotli
import httpx
from websockets.asyncio.client import connect

from core.settings import PROJECT_ROOT
from tests.support.streamlit_server import Server, running_server

APP = PROJECT_ROOT / "tests" / "api" / "guards" / "apps" / "guard_server.py"
NO_LIMIT = "10000000/minute"
REQUESTS = 600
HANDSHAKES = 300
WARM_UP = 20
BROWSER = {"Accept-Encoding": "gzip, deflate, br"}
Ask = Callable[[], Awaitable[None]]


def _asking(client: httpx.AsyncClient, path: str) -> Ask:
    async def ask() -> None:
        async with client.stream("GET", path) as answer:
            answer.raise_for_status()
            async for _ in answer.aiter_raw():
                pass

    return ask


def _shaking_hands(server: Server) -> Ask:
    async def ask() -> None:
        async with connect(
            f"ws://127.0.0.1:{server.port}/_stcore/stream", origin=server.url, subprotocols=["streamlit"], proxy=None
        ):
            pass

    return ask


async def _in_turn(with_guards: Ask, without: Ask, count: int) -> tuple[list[float], list[float]]:
    """Milliseconds of each of so many requests to either server."""
    took: tuple[list[float], list[float]] = ([], [])
    for number in range(count + WARM_UP):
        for index, ask in enumerate((with_guards, without)):
            began = time.perf_counter()
            await ask()
            if number >= WARM_UP:
                took[index].append((time.perf_counter() - began) * 1000)
    return took


async def latency(guarded: Server, bare: Server, page_file: str) -> dict[str, float]:
    """Percentiles of a small API answer, a page's file and a websocket's handshake, with and without guards."""
    figures: dict[str, float] = {}
    async with (
        httpx.AsyncClient(base_url=guarded.url, headers=BROWSER) as through,
        httpx.AsyncClient(base_url=bare.url, headers=BROWSER) as past,
    ):
        for name, with_guards, without, count in (
            ("api_answer", _asking(through, "/api/health"), _asking(past, "/api/health"), REQUESTS),
            ("api_list", _asking(through, "/api/calls"), _asking(past, "/api/calls"), REQUESTS),
            ("page_file", _asking(through, page_file), _asking(past, page_file), REQUESTS),
            ("handshake", _shaking_hands(guarded), _shaking_hands(bare), HANDSHAKES),
        ):
            took = [sorted(each) for each in await _in_turn(with_guards, without, count)]
            for rank, position in (("p50", 0.5), ("p95", 0.95)):
                guarded_ms, bare_ms = (each[int(position * len(each))] for each in took)
                figures[f"{name}_guarded_{rank}_ms"] = guarded_ms
                figures[f"{name}_bare_{rank}_ms"] = bare_ms
                figures[f"{name}_added_{rank}_ms"] = guarded_ms - bare_ms
    return figures


def _sizes(client: httpx.Client, path: str) -> tuple[int, int]:
    """Bytes on the wire, and what they unpack to."""
    with client.stream("GET", path) as answer:
        answer.raise_for_status()
        content = b"".join(answer.iter_raw())
    unpack = {"br": brotli.decompress, "gzip": gzip.decompress}.get(answer.headers.get("content-encoding", ""), bytes)
    return len(content), len(unpack(content))


def _saved_pct(sizes: list[tuple[int, int]]) -> float:
    return 100 * (1 - sum(sent for sent, _ in sizes) / sum(plain for _, plain in sizes))


def page_texts(server: Server) -> list[str]:
    """What the live page loads: the document, every script and style sheet that it names, the charting library."""
    page = httpx.get(server.url).text
    named = re.findall(r'(?:src|href)="\./(static/(?:js|css)/[^"]+)"', page)
    return ["/", *(f"/{path}" for path in named), "/api/assets/plotly.min.js"]


def compression(server: Server) -> dict[str, float]:
    """How much smaller the texts are of a page's load and of the API's answers."""
    with httpx.Client(base_url=server.url, headers=BROWSER) as client:
        page = [_sizes(client, path) for path in page_texts(server)]
        answers = {
            "call_list": _sizes(client, "/api/calls"),
            "call": _sizes(client, "/api/calls/1"),
            "openapi": _sizes(client, "/api/openapi.json"),
        }
    figures: dict[str, float] = {
        "page_texts": len(page),
        "page_plain_kb": sum(plain for _, plain in page) / 1024,
        "page_sent_kb": sum(sent for sent, _ in page) / 1024,
        "page_smaller_pct": _saved_pct(page),
        "page_smaller_median_pct": statistics.median(_saved_pct([each]) for each in page),
    }
    return figures | {f"{name}_smaller_pct": _saved_pct([sizes]) for name, sizes in answers.items()}


def measure() -> dict[str, float]:
    """Everything, in one run of both servers."""
    limits = {"EARSHOT_RATE_LIMIT": NO_LIMIT, "EARSHOT_PAGE_RATE_LIMIT": NO_LIMIT}
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        guarded, bare = (
            stack.enter_context(
                running_server(APP, Path(folder) / guards, environment={"BENCH_GUARDS": guards, **limits})
            )
            for guards in ("on", "off")
        )
        figures = compression(guarded)
        own = [path for path in page_texts(guarded) if path.startswith("/static/")]
        largest = max(own, key=lambda path: len(httpx.get(guarded.url + path).content))
        return figures | asyncio.run(latency(guarded, bare, largest))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.api")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rounded = {name: round(value, 3) for name, value in measure().items()}
    print(json.dumps(rounded) if options.json else "\n".join(f"{k:36} {v}" for k, v in rounded.items()))


if __name__ == "__main__":
    main()
