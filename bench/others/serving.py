"""How `bench.load` asks another project's WebRTC server: offers and answers as lines of standard input and output."""

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable

Answer = Callable[[str], Awaitable[str]]


def serve(answer: Answer) -> None:
    """Print a line, then answer each line of standard input, an offer as a JSON string; for good."""
    # What the others print is not for the one who asks.
    told = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    def say(line: str) -> None:
        print(line, file=told, flush=True)

    asyncio.run(_serve(answer, say))


async def _serve(answer: Answer, say: Callable[[str], None]) -> None:
    reader = asyncio.StreamReader(limit=1 << 20)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    say("ready")
    while line := await reader.readline():
        say(json.dumps(await answer(json.loads(line))))
