"""A scripted server that speaks OpenAI's chat completions protocol on loopback, and can fail in every way.

Real HTTP/1.1 and server-sent events for the real SDK. It is as strict about a request as OpenAI is: unknown parameters,
another key, an unknown model and a schema outside of strict mode are refused.
"""

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

EVENT_STREAM = "text/event-stream; charset=utf-8"
PARAMETERS = frozenset(
    {"model", "messages", "response_format", "stream", "stream_options", "reasoning_effort", "max_completion_tokens"}
)
USAGE = {
    "prompt_tokens": 812,
    "completion_tokens": 96,
    "total_tokens": 908,
    "prompt_tokens_details": {"cached_tokens": 640},
}
ANSWER = {
    "summary": "Customer was charged twice and asks for a refund.",
    "customer_issue": "The June bill was charged twice.",
    "agent_action": "Agent is checking the bill.",
    "intent": {"label": "refund", "confidence": 0.9},
    "sentiment": {"label": "negative", "score": -0.6, "trend": "falling"},
    "risks": [{"kind": "churn", "words": "I will leave"}],
    "suggested_reply": "I am sorry about that; let me check it right away.",
}
"""A whole answer to a call in which the customer said `I will leave`."""


class Wire:
    """One connection's answer, as a script writes it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def head(self, status: int, content_type: str, headers: Mapping[str, str] | None = None) -> None:
        """Status line and headers; the body follows in chunks."""
        lines = [f"HTTP/1.1 {status} Whatever", f"Content-Type: {content_type}", "Transfer-Encoding: chunked"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        await self.bytes("\r\n".join([*lines, "Connection: close", "", ""]).encode())

    async def bytes(self, data: bytes) -> None:
        """Bytes as they are."""
        self._writer.write(data)
        await self._writer.drain()

    async def chunk(self, data: bytes) -> None:
        """A piece of the body."""
        await self.bytes(f"{len(data):x}\r\n".encode() + data + b"\r\n")

    async def event(self, data: object) -> None:
        """A server-sent event; a text goes out as it is."""
        text = data if isinstance(data, str) else json.dumps(data)
        await self.chunk(f"data: {text}\n\n".encode())

    async def delta(self, delta: Mapping[str, Any], finish_reason: str | None = None) -> None:
        """A piece of the answer."""
        await self.completion([{"index": 0, "delta": delta, "finish_reason": finish_reason}])

    async def completion(self, choices: Sequence[Mapping[str, Any]], **more: object) -> None:
        """An event of the stream."""
        head = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
        await self.event({**head, "choices": choices, **more})

    async def end(self) -> None:
        """The body's last chunk."""
        await self.bytes(b"0\r\n\r\n")

    async def error(
        self, status: int, code: str | None, words: str = "", headers: Mapping[str, str] | None = None, kind: str = ""
    ) -> None:
        """An answer that is an error, in OpenAI's form."""
        await self.head(status, "application/json", headers)
        body = {"error": {"message": words, "type": kind or "invalid_request_error", "param": None, "code": code}}
        await self.chunk(json.dumps(body).encode())
        await self.end()

    async def until_gone(self) -> None:
        """Wait until the client has closed the connection."""
        await self._reader.read()


Script = Callable[[Wire], Awaitable[None]]


def says(
    text: str,
    *,
    finish_reason: str | None = "stop",
    size: int = 7,
    usage: Mapping[str, Any] | None = USAGE,
    is_done: bool = True,
    pause_s: float = 0.0,
) -> Script:
    """Streams a text in pieces of `size` characters, and ends in order, or not."""

    async def script(wire: Wire) -> None:
        await wire.head(200, EVENT_STREAM)
        await wire.delta({"role": "assistant", "content": ""})
        for start in range(0, len(text), size):
            await wire.delta({"content": text[start : start + size]})
            await asyncio.sleep(pause_s)
        if finish_reason is not None:
            await wire.delta({}, finish_reason)
        if usage is not None:
            await wire.completion([], usage=usage)
        if is_done:
            await wire.event("[DONE]")
        await wire.end()

    return script


def declines(words: str) -> Script:
    """Refuses in words of the model's."""

    async def script(wire: Wire) -> None:
        await wire.head(200, EVENT_STREAM)
        await wire.delta({"role": "assistant", "content": None, "refusal": ""})
        await wire.delta({"refusal": words})
        await wire.delta({}, "stop")
        await wire.event("[DONE]")
        await wire.end()

    return script


def sends(*data: str | bytes, content_type: str = EVENT_STREAM) -> Script:
    """Sends a body as it is, event or not."""

    async def script(wire: Wire) -> None:
        await wire.head(200, content_type)
        for each in data:
            await wire.chunk(each.encode() if isinstance(each, str) else each)
        await wire.end()

    return script


def fails(status: int, code: str | None = None, words: str = "", *, kind: str = "", **headers: str) -> Script:
    """Answers with a status; underscores in the names of headers stand for hyphens."""

    async def script(wire: Wire) -> None:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        await wire.error(status, code, words, named, kind)

    return script


def drops(text: str) -> Script:
    """Closes the connection in the middle of the answer."""

    async def script(wire: Wire) -> None:
        await wire.head(200, EVENT_STREAM)
        await wire.delta({"role": "assistant", "content": text})

    return script


def trickles(head: bool = False) -> Script:
    """Sends a byte now and then, for ten seconds: comments in the stream, or one endless header."""

    async def script(wire: Wire) -> None:
        if head:
            await wire.bytes(b"HTTP/1.1 200 OK\r\nX-Endless: ")
        else:
            await wire.head(200, EVENT_STREAM)
        for _ in range(500):
            await (wire.bytes(b"x") if head else wire.chunk(b":\n\n"))
            await asyncio.sleep(0.02)

    return script


async def keeps_silent(wire: Wire) -> None:
    """Takes the request and never answers."""
    await wire.until_gone()


async def hangs_up(wire: Wire) -> None:
    """Takes the request and closes the connection."""


@dataclass
class OpenAIServer:
    """What the server is like; may be changed while it runs."""

    key: str = ""
    """Asked for where it is set."""
    model: str = "test-model"
    parameters: frozenset[str] = PARAMETERS
    """Those that it knows; others are refused."""
    script: Script = field(default_factory=lambda: says(json.dumps(ANSWER)))
    next_scripts: list[Script] = field(default_factory=list)
    """For the next requests, before `script` goes on."""
    requests: list[dict[str, Any]] = field(default_factory=list)
    gone: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    """Released whenever a client has gone before its answer's end."""
    port: int = 0

    @property
    def base_url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}/v1"

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        try:
            wire = Wire(reader, writer)
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            headers = {k.strip().lower(): v.strip() for k, _, v in (line.partition(":") for line in head.split("\r\n"))}
            body = json.loads(await reader.readexactly(int(headers["content-length"])))
            self.requests.append(body)
            await (self._refusal(head.split()[1], headers, body) or self._next())(wire)
        except ConnectionError:
            self.gone.release()
        finally:
            writer.close()

    def _next(self) -> Script:
        return self.next_scripts.pop(0) if self.next_scripts else self.script

    def _refusal(self, path: str, headers: Mapping[str, str], body: Mapping[str, Any]) -> Script | None:
        if path != "/v1/chat/completions":
            return fails(404, None, f"no such path: {path}")
        if self.key and headers.get("authorization") != f"Bearer {self.key}":
            return fails(401, "invalid_api_key", "Incorrect API key provided.")
        if body["model"] != self.model:
            return fails(404, "model_not_found", "The model does not exist.")
        for name in body.keys() - self.parameters:
            return fails(400, "unsupported_parameter", f"Unsupported parameter: '{name}' is not supported.")
        for problem in strict_problems(body["response_format"]["json_schema"]["schema"]):
            return fails(400, None, f"Invalid schema for response_format: {problem}")
        return None


def strict_problems(schema: Mapping[str, Any], path: str = "$") -> Iterator[str]:
    """What of a schema OpenAI's strict mode does not take (its guide to structured outputs, supported schemas)."""
    kinds: Mapping[str, frozenset[str]] = {
        "object": frozenset({"properties", "required", "additionalProperties"}),
        "array": frozenset({"items"}),
        "string": frozenset({"enum"}),
        "number": frozenset(),
    }
    kind = schema.get("type", "")
    if kind not in kinds:
        yield f"{path} has no type that is supported"
        return
    for name in schema.keys() - kinds[kind] - {"type", "description"}:
        yield f"{path} has {name}"
    if kind == "object":
        properties: Mapping[str, Mapping[str, Any]] = schema["properties"]
        if schema.get("additionalProperties") is not False or list(schema["required"]) != list(properties):
            yield f"{path} is not closed, or does not require every member"
        for name, member in properties.items():
            yield from strict_problems(member, f"{path}.{name}")
    if kind == "array":
        yield from strict_problems(schema["items"], f"{path}[]")
    values: Sequence[str] = schema.get("enum", ("x",))
    if not values or len(set(values)) != len(values):
        yield f"{path} has a bad enum"


@contextmanager
def serving(fake: OpenAIServer, port: int = 0) -> Iterator[OpenAIServer]:
    """Serve on loopback, on a loop in a thread of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="openai-fake", daemon=True)
    thread.start()
    server = asyncio.run_coroutine_threadsafe(asyncio.start_server(fake.answer, "127.0.0.1", port), loop).result(10)
    fake.port = server.sockets[0].getsockname()[1]

    async def stop() -> None:
        server.close()
        running = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    try:
        yield fake
    finally:
        asyncio.run_coroutine_threadsafe(stop(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
