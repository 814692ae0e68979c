"""Runs the tools that a persona calls: with a time limit, and with an answer for the model whatever happens."""

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import replace

from core.model.clock import Clock
from core.model.errors import EarshotError, PersonaToolFailed
from core.model.message import Message
from core.model.persona import Tool, ToolCall

TIMEOUT_S = 10.0
LONGEST_OUTPUT = 8_000


class ToolCalls:
    """One session's. On its loop.

    Args:
        tools: By name.
        clock: Tells how long one took.
        on_call: Told of each call, and again of its outcome.
    """

    def __init__(self, tools: Mapping[str, Tool], clock: Clock, on_call: Callable[[ToolCall], None]) -> None:
        self._tools = tools
        self._clock = clock
        self._on_call = on_call

    async def run(self, call_id: str, name: str, arguments: str) -> ToolCall:
        """Run one to its end; never raises. What failed the model is told as an answer."""
        began_s = self._clock.monotonic()
        call = ToolCall(call_id, name, _read_arguments(arguments) or {}, began_s)
        self._on_call(call)
        try:
            output, error = await self._output(name, arguments), None
        except EarshotError as failed:
            output, error = json.dumps({"error": str(failed)}, ensure_ascii=False), failed
        took_s = self._clock.monotonic() - began_s
        call = replace(call, output=output[:LONGEST_OUTPUT], error=error, took_s=took_s)
        self._on_call(call)
        return call

    async def _output(self, name: str, arguments: str) -> str:
        tool = self._tools.get(name)
        if tool is None:
            raise PersonaToolFailed(tool=name[:60], reason=Message("there is no such tool"))
        read = _read_arguments(arguments)
        if read is None:
            raise PersonaToolFailed(tool=name, reason=Message("its arguments are no JSON object"))
        try:
            async with asyncio.timeout(TIMEOUT_S):
                return await tool.run(read)
        except TimeoutError as error:
            reason = Message("no answer within {seconds:g} s", {"seconds": TIMEOUT_S})
            raise PersonaToolFailed(tool=name, reason=reason) from error


def _read_arguments(arguments: str) -> Mapping[str, object] | None:
    try:
        read = json.loads(arguments or "{}")
    except (ValueError, RecursionError):
        return None
    return read if isinstance(read, dict) else None
