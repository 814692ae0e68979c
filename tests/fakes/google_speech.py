"""A local server that speaks Google Speech-to-Text's v2 protocol, and keeps its limits, for the real client library."""

import asyncio
import re
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

import grpc
from google.cloud.speech_v2.types import cloud_speech
from grpc import aio

from core.model.utterance import Recognition
from core.speech.provider import FinalText, StreamResult
from core.speech.transcriber import Transcriber
from tests.fakes.scripted_speech import RATE, ScriptedRecogniser

LARGEST_CHUNK = 25_600
BURST_S = 2.0
SERVICE = "google.cloud.speech.v2.Speech"
RECOGNIZER = re.compile(r"projects/[a-z][a-z0-9-]+/locations/[a-z0-9-]+/recognizers/[a-z_][a-z0-9-]*")

Emit = Callable[[StreamResult], None]


@dataclass(frozen=True, slots=True)
class Refusal:
    """A status with its words, as the service sends it."""

    code: grpc.StatusCode
    words: str


LIMIT = Refusal(grpc.StatusCode.ABORTED, "Max duration of 5 minutes reached for stream.")
IDLE = Refusal(grpc.StatusCode.ABORTED, "Stream timed out after receiving no more client requests.")
QUOTA = Refusal(grpc.StatusCode.RESOURCE_EXHAUSTED, "Resource has been exhausted (e.g. check quota).")
UNAVAILABLE = Refusal(grpc.StatusCode.UNAVAILABLE, "The service is currently unavailable.")
INTERNAL = Refusal(grpc.StatusCode.INTERNAL, "Internal error encountered.")
FORBIDDEN = Refusal(grpc.StatusCode.PERMISSION_DENIED, "Permission 'speech.recognizers.recognize' denied.")
UNAUTHENTICATED = Refusal(grpc.StatusCode.UNAUTHENTICATED, "Request had invalid authentication credentials.")
NOT_FOUND = Refusal(grpc.StatusCode.NOT_FOUND, "Unable to find Recognizer.")
BAD_HINTS = Refusal(grpc.StatusCode.INVALID_ARGUMENT, "Request contains an invalid argument.")
BAD_MODEL = Refusal(grpc.StatusCode.INVALID_ARGUMENT, 'The model "chirp_9" does not exist in the location.')


class Ear(Protocol):
    """What recognises one stream's audio. On the server's loop."""

    def push(self, pcm: bytes) -> None:
        """Take audio."""

    async def finish(self) -> None:
        """No more comes: emit the rest."""


class ScriptEar:
    """An ear that knows the script."""

    def __init__(self, recogniser: ScriptedRecogniser, emit: Emit) -> None:
        self._recogniser = recogniser
        self._emit = emit

    def push(self, pcm: bytes) -> None:
        """Take audio."""
        for result in self._recogniser.push(pcm):
            self._emit(result)

    async def finish(self) -> None:
        """Emit the rest."""
        for result in self._recogniser.finish():
            self._emit(result)


class EngineEar:
    """An ear that is a real engine. It gives no times of words."""

    def __init__(self, transcriber: Transcriber, language: str, emit: Emit) -> None:
        self._loop = asyncio.get_running_loop()
        self._emit = emit
        self._received = 0
        self._session = transcriber.open_session("google-fake", language.split("-")[0], self._heard)

    def push(self, pcm: bytes) -> None:
        """Take audio."""
        self._session.feed(pcm, self._received / RATE)
        self._received += len(pcm) // 2

    async def finish(self) -> None:
        """Wait for the rest."""
        await asyncio.to_thread(self._session.close, 30.0)

    def _heard(self, recognition: Recognition) -> None:
        if recognition.is_final:
            final = FinalText(recognition.text, recognition.end_s, confidence=recognition.confidence)
            result = StreamResult(finals=(final,))
        else:
            result = StreamResult(interim=recognition.text)
        self._loop.call_soon_threadsafe(self._emit, result)


MakeEar = Callable[[cloud_speech.StreamingRecognitionConfig, Emit], Ear]


@dataclass
class FakeGoogle:
    """The server's limits and faults; may be changed while it runs. Seconds."""

    make_ear: MakeEar
    limit_s: float = 300.0
    idle_s: float = 10.0
    pace: float = 2.0
    """Seconds of audio a second; more is refused."""
    latency_s: float = 0.1
    refusal: Refusal | None = None
    """Every stream is refused so, at its beginning or in its middle."""
    unfit_phrase: str = ""
    """Streams whose hints have it are refused."""
    next_ends: list[tuple[float, Refusal]] = field(default_factory=list)
    """How the next streams end: after how long, with what."""
    takes_nothing: bool = False
    """No stream's audio is read."""
    configs: list[tuple[str, cloud_speech.StreamingRecognitionConfig]] = field(default_factory=list)
    """Recogniser and configuration of every stream."""
    statuses: list[str] = field(default_factory=list)
    """How streams ended."""
    open_streams: int = 0
    port: int = 0

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    async def recognise(
        self, requests: AsyncIterator[cloud_speech.StreamingRecognizeRequest], context: aio.ServicerContext
    ) -> None:
        """One call of StreamingRecognize."""
        self.open_streams += 1
        try:
            refusal = await _Call(self, context).run(requests)
        except asyncio.CancelledError:
            self.statuses.append("CANCELLED")
            raise
        finally:
            self.open_streams -= 1
        self.statuses.append(refusal.words if refusal else "OK")
        if refusal is not None:
            await context.abort(refusal.code, refusal.words)


class _Call:
    def __init__(self, server: FakeGoogle, context: aio.ServicerContext) -> None:
        self._server = server
        self._context = context
        self._answers: asyncio.Queue[StreamResult | None] = asyncio.Queue()
        self._opened_s = self._last_s = time.monotonic()
        self._received_s = 0.0

    async def run(self, requests: AsyncIterator[cloud_speech.StreamingRecognizeRequest]) -> Refusal | None:
        server = self._server
        first = await anext(aiter(requests))
        server.configs.append((first.recognizer, first.streaming_config))
        if not RECOGNIZER.fullmatch(first.recognizer):
            return Refusal(grpc.StatusCode.INVALID_ARGUMENT, "Invalid resource field value in the request.")
        if server.unfit_phrase and server.unfit_phrase in phrases_of(first.streaming_config):
            return BAD_HINTS
        ends_s, ends_as = server.next_ends.pop(0) if server.next_ends else (server.limit_s, LIMIT)
        ear = server.make_ear(first.streaming_config, self._answers.put_nowait)
        sender = asyncio.create_task(self._send())
        reader = asyncio.create_task(self._read(requests, ear))
        try:
            while not reader.done():
                await asyncio.wait({reader}, timeout=0.02)
                now = time.monotonic()
                if server.refusal is not None:
                    return server.refusal
                if now - self._opened_s > ends_s:
                    return ends_as
                if now - self._last_s > server.idle_s:
                    return IDLE
            if (refusal := reader.result()) is not None:
                return refusal
            self._answers.put_nowait(None)
            await sender
        finally:
            for task in (reader, sender):
                task.cancel()
            await asyncio.gather(reader, sender, return_exceptions=True)
        return None

    async def _read(self, requests: AsyncIterator[cloud_speech.StreamingRecognizeRequest], ear: Ear) -> Refusal | None:
        while self._server.takes_nothing:
            await asyncio.sleep(0.05)
            self._last_s = time.monotonic()
        async for request in requests:
            self._last_s = time.monotonic()
            size = len(request.audio)
            if size > LARGEST_CHUNK:
                words = f"Audio chunk can be of a maximum of {LARGEST_CHUNK} bytes. Received audio of {size} bytes"
                return Refusal(grpc.StatusCode.INVALID_ARGUMENT, f"{words} instead.")
            self._received_s += size / 2 / RATE
            if self._received_s > self._server.pace * (self._last_s - self._opened_s) + BURST_S:
                return QUOTA
            ear.push(request.audio)
            while self._server.takes_nothing:
                await asyncio.sleep(0.05)
                self._last_s = time.monotonic()
        await ear.finish()
        return None

    async def _send(self) -> None:
        while (result := await self._answers.get()) is not None:
            await asyncio.sleep(self._server.latency_s)
            await self._context.write(as_response(result))


def phrases_of(config: cloud_speech.StreamingRecognitionConfig) -> list[str]:
    """The hints that go along with a stream."""
    return [each.value for some in config.config.adaptation.phrase_sets for each in some.inline_phrase_set.phrases]


def as_response(result: StreamResult) -> cloud_speech.StreamingRecognizeResponse:
    """A result on the wire; interims in two parts, as the service sends them."""
    results = [_final(final) for final in result.finals]
    parts = ((result.interim[: result.stable_chars], 0.9), (result.interim[result.stable_chars :], 0.01))
    results += [
        cloud_speech.StreamingRecognitionResult(
            alternatives=[cloud_speech.SpeechRecognitionAlternative(transcript=text)], stability=stability
        )
        for text, stability in parts
        if text
    ]
    if result.speech_began_s is None:
        return cloud_speech.StreamingRecognizeResponse(results=results)
    return cloud_speech.StreamingRecognizeResponse(
        results=results,
        speech_event_type=cloud_speech.StreamingRecognizeResponse.SpeechEventType.SPEECH_ACTIVITY_BEGIN,
        speech_event_offset=timedelta(seconds=result.speech_began_s),
    )


def _final(final: FinalText) -> cloud_speech.StreamingRecognitionResult:
    words = [
        cloud_speech.WordInfo(
            word=word.text,
            start_offset=timedelta(seconds=word.start_s),
            end_offset=timedelta(seconds=word.end_s),
            confidence=word.confidence or 0.0,
        )
        for word in final.words
    ]
    return cloud_speech.StreamingRecognitionResult(
        alternatives=[
            cloud_speech.SpeechRecognitionAlternative(
                transcript=final.text, confidence=final.confidence or 0.0, words=words
            )
        ],
        is_final=True,
        result_end_offset=timedelta(seconds=final.end_s),
    )


@contextmanager
def serving(fakes: Sequence[FakeGoogle]) -> Iterator[None]:
    """Serve on loopback, each on a port of its own, on a loop in a thread of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="google-fake", daemon=True)
    thread.start()

    async def start(fake: FakeGoogle) -> aio.Server:
        server = aio.server(
            options=[
                # Small windows, so that a server which takes nothing is felt soon.
                ("grpc.http2.bdp_probe", 0),
                ("grpc.http2.lookahead_bytes", 65_536),
                # Asked for signs of life as often as a test likes, it does not close the connection.
                ("grpc.http2.max_ping_strikes", 0),
            ]
        )
        handler = grpc.stream_stream_rpc_method_handler(
            fake.recognise,
            request_deserializer=cloud_speech.StreamingRecognizeRequest.deserialize,
            response_serializer=cloud_speech.StreamingRecognizeResponse.serialize,
        )
        server.add_generic_rpc_handlers(
            (grpc.method_handlers_generic_handler(SERVICE, {"StreamingRecognize": handler}),)
        )
        fake.port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        return server

    servers = [asyncio.run_coroutine_threadsafe(start(fake), loop).result(10) for fake in fakes]
    try:
        yield
    finally:
        for server in servers:
            asyncio.run_coroutine_threadsafe(server.stop(None), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
