"""The media process's side of the control socket."""

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

from core.media.bridge import Bridge
from core.media.events import MediaLoad
from core.media.exchange import Exchange
from core.media.guard import Tally
from core.media.messages import (
    LENGTH_BYTES,
    VERSION,
    AddCandidate,
    Answer,
    AnyReport,
    AnyRequest,
    CloseLeg,
    Done,
    Failed,
    Feed,
    FromController,
    Hello,
    Hush,
    LoadReport,
    Message,
    OpenLeg,
    ProtocolError,
    Refusal,
    SetMuted,
    SetRoutes,
    Speak,
    Welcome,
    body_length,
    decode_from_controller,
    encode_frame,
    failure_of,
)
from core.media.outbox import Outbox, OutboxOverrun
from core.model.errors import MediaError, MediaRequestFailed

logger = logging.getLogger(__name__)

HELLO_TIMEOUT_S = 5.0
REQUESTS_AT_ONCE = 256


class ControlServer:
    """Listens on a unix socket and carries out what controllers ask for. Several may be connected at once.

    Args:
        bridge: Carries the sound.
        tally: Counts what is dropped.
        name: Of the bridge, as controllers are told.
        problem: Why it is not the one that was asked for, or empty.
    """

    def __init__(self, bridge: Bridge, tally: Tally, name: str, problem: str) -> None:
        self._tally = tally
        self._exchange = Exchange(bridge, self.emit, tally)
        self._welcome = Welcome(version=VERSION, bridge=name, problem=problem)
        self._listeners: set[Outbox] = set()
        self._controllers: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._attended = asyncio.Event()
        self._deserted = asyncio.Event()
        self._deserted.set()

    @property
    def legs(self) -> int:
        """How many legs there are."""
        return self._exchange.legs

    @property
    def held(self) -> int:
        """Of how many legs the bridge keeps anything."""
        return self._exchange.held

    def emit(self, report: AnyReport) -> None:
        """Send an event to every controller that wants events. Never blocks."""
        for outbox in self._listeners:
            outbox.put(report)

    def take_load(self, load: MediaLoad) -> None:
        """Tell the process's own figures of the last second, and put them beside the legs' until the next ones."""
        self._exchange.loop_lag_p99_ms = load.loop_lag_p99_ms
        self.emit(LoadReport(load))

    async def start(self, path: Path) -> None:
        """Listen at `path`: at most about 100 bytes long, in a folder that is open to its owner only."""
        self._server = await asyncio.start_unix_server(self._accept, path=str(path))
        self._exchange.start()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._attend(reader, writer), name="media-controller")
        self._controllers.add(task)
        task.add_done_callback(self._controllers.discard)

    async def _attend(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._serve(reader, writer)
        except (ProtocolError, OutboxOverrun) as error:
            logger.warning("a controller was given up: %s", error or "it has not read for too long")
        except (OSError, EOFError, TimeoutError):
            logger.debug("a controller went away")
        finally:
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        hello = await asyncio.wait_for(_read(reader), HELLO_TIMEOUT_S)
        if not isinstance(hello, Hello):
            raise ProtocolError("it did not say hello")
        if hello.version != VERSION:
            reason = (
                f"The audio server speaks version {VERSION} of its protocol, the caller version {hello.version}. "
                "Restart the server so that both are of one installation."
            )
            writer.write(encode_frame(Refusal(reason=reason)))
            await writer.drain()
            return
        outbox = Outbox(self._tally)
        outbox.put(self._welcome)
        writer.transport.set_write_buffer_limits(high=64 * 1024)
        writing = asyncio.create_task(_write(writer, outbox), name="media-controller-writer")
        if hello.events:
            self._listeners.add(outbox)
            self._deserted.clear()
            self._attended.set()
        requests = RequestRunner(self._exchange, outbox.put)
        reading = asyncio.create_task(_read_requests(reader, requests), name="media-controller-reader")
        try:
            done, _ = await asyncio.wait({writing, reading}, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            self._listeners.discard(outbox)
            if hello.events and not self._listeners:
                self._attended.clear()
                self._deserted.set()
            for task in (writing, reading):
                task.cancel()
            await asyncio.gather(writing, reading, return_exceptions=True)
            await requests.close()

    async def wait_deserted(self, seconds: float) -> None:
        """Return when no controller that wants events has been connected for this long."""
        while True:
            await self._deserted.wait()
            try:
                async with asyncio.timeout(seconds):
                    await self._attended.wait()
            except TimeoutError:
                return

    async def close(self) -> None:
        """Close every leg, stop listening and part from every controller. Idempotent."""
        await self._exchange.close()
        if self._server is not None:
            self._server.close()
            self._server = None
        controllers = list(self._controllers)
        for task in controllers:
            task.cancel()
        await asyncio.gather(*controllers, return_exceptions=True)


async def _read(reader: asyncio.StreamReader) -> FromController:
    length = body_length(await reader.readexactly(LENGTH_BYTES))
    return decode_from_controller(await reader.readexactly(length))


async def _write(writer: asyncio.StreamWriter, outbox: Outbox) -> None:
    while True:
        writer.write(await outbox.next_batch())
        await writer.drain()


async def _read_requests(reader: asyncio.StreamReader, requests: "RequestRunner") -> None:
    while True:
        message = await _read(reader)
        if isinstance(message, Hello):
            raise ProtocolError("it said hello twice")
        await requests.run(message)


class RequestRunner:
    """Carries out one controller's requests, each in a task of its own, begun in the order in which they came."""

    def __init__(self, exchange: Exchange, reply: Callable[[Message], None]) -> None:
        self._exchange = exchange
        self._reply = reply
        self._tasks: set[asyncio.Task[str]] = set()
        self._room = asyncio.Semaphore(REQUESTS_AT_ONCE)

    async def run(self, request: AnyRequest) -> None:
        """Begin a request; waits only while too many are under way."""
        await self._room.acquire()
        task = asyncio.create_task(self._carry_out(request), name=f"media-{request.name}-{request.number}")
        self._tasks.add(task)
        task.add_done_callback(lambda done: self._finish(done, request))

    async def _carry_out(self, request: AnyRequest) -> str:
        exchange = self._exchange
        match request:
            case OpenLeg():
                exchange.open(request.spec)
            case Answer():
                return await exchange.answer(request.leg_id, request.offer_sdp, request.ice)
            case AddCandidate():
                await exchange.add_candidate(
                    request.leg_id, request.candidate, request.sdp_mid, request.sdp_mline_index
                )
            case SetRoutes():
                exchange.set_routes(request.call_id, request.routes)
            case SetMuted():
                exchange.set_muted(request.leg_id, request.muted)
            case CloseLeg():
                await exchange.close_leg(request.leg_id)
            case Feed():
                await exchange.feed(request.call_id, request.files, request.offset_s)
            case Speak():
                exchange.speak(request.leg_id, request.item_id, request.pcm)
            case Hush():
                exchange.hush(request.leg_id)
        return ""

    def _finish(self, task: asyncio.Task[str], request: AnyRequest) -> None:
        self._tasks.discard(task)
        self._room.release()
        if task.cancelled():
            return
        error = task.exception()
        reply: Done | Failed
        if error is None:
            reply = Done(number=request.number, text=task.result())
        elif isinstance(error, MediaError):
            reply = failure_of(request.number, error)
        else:
            logger.error("the request %r failed", request.name, exc_info=error)
            reply = failure_of(request.number, MediaRequestFailed(request=request.name))
        self._reply(reply)

    async def close(self) -> None:
        """Cancel what is under way and wait for it."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
