"""A controller's side of the control socket: requests with their replies, and the events in between."""

import asyncio
import itertools
from collections.abc import Callable
from pathlib import Path

import msgspec

from core.media.messages import (
    LENGTH_BYTES,
    VERSION,
    AnyReport,
    AnyRequest,
    Done,
    Failed,
    FromProcess,
    Hello,
    ProtocolError,
    Refusal,
    Welcome,
    body_length,
    decode_from_process,
    encode_frame,
    error_of,
)
from core.model.errors import MediaProcessDown, MediaTimeout

REQUEST_TIMEOUT_S = 8.0


class ControlClient:
    """One connection to a media process. Lives on one loop, the one it was connected on.

    Args:
        on_report: Called with every event, in order, on the loop; None when no events are wanted.
    """

    def __init__(self, on_report: Callable[[AnyReport], None] | None = None) -> None:
        self._on_report = on_report
        self._pending: dict[int, asyncio.Future[str]] = {}
        self._numbers = itertools.count(1)
        self._writer: asyncio.StreamWriter | None = None
        self._reading: asyncio.Task[None] | None = None

    async def connect(self, path: Path, version: int = VERSION) -> Welcome:
        """Connect and say hello.

        Raises:
            OSError: nobody listens there.
            ProtocolError: the process refused, in words, or speaks something else.
        """
        reader, writer = await asyncio.open_unix_connection(str(path))
        try:
            writer.write(encode_frame(Hello(version=version, events=self._on_report is not None)))
            await writer.drain()
            first = await _read(reader)
        except (EOFError, ProtocolError) as error:
            writer.close()
            raise ProtocolError(str(error)) from error
        if not isinstance(first, Welcome):
            writer.close()
            raise ProtocolError(first.reason if isinstance(first, Refusal) else "it did not say welcome")
        self._writer = writer
        self._reading = asyncio.create_task(self._read(reader), name="media-control-reader")
        return first

    async def _read(self, reader: asyncio.StreamReader) -> None:
        try:
            while True:
                self._take(await _read(reader))
        except (OSError, EOFError):
            return
        finally:
            pending, self._pending = self._pending, {}
            for reply in pending.values():
                if not reply.done():
                    reply.set_exception(MediaProcessDown())
            if self._writer is not None:
                self._writer.close()

    def _take(self, message: FromProcess) -> None:
        match message:
            case Done():
                if (reply := self._pending.pop(message.number, None)) and not reply.done():
                    reply.set_result(message.text)
            case Failed():
                if (reply := self._pending.pop(message.number, None)) and not reply.done():
                    reply.set_exception(error_of(message))
            case Welcome() | Refusal():
                raise ProtocolError("it said welcome twice")
            case _:
                if self._on_report is not None:
                    self._on_report(message)

    async def request(self, request: AnyRequest, timeout_s: float = REQUEST_TIMEOUT_S) -> str:
        """Have a request carried out; returns the reply's text.

        Raises:
            MediaError: what the process raised.
            MediaProcessDown: the connection is or gets lost.
            MediaTimeout: no reply in time.
        """
        if self._writer is None or self._reading is None or self._reading.done():
            raise MediaProcessDown
        number = next(self._numbers)
        reply: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._pending[number] = reply
        try:
            self._writer.write(encode_frame(msgspec.structs.replace(request, number=number)))
            async with asyncio.timeout(timeout_s):
                return await reply
        except TimeoutError as error:
            raise MediaTimeout(request=request.name) from error
        finally:
            self._pending.pop(number, None)

    async def wait_lost(self) -> None:
        """Wait until the connection is lost or closed.

        Raises:
            ProtocolError: it was lost because the other side speaks something else.
        """
        if self._reading is not None:
            await asyncio.shield(self._reading)

    async def close(self) -> None:
        """Part from the process. Idempotent."""
        reading, self._reading = self._reading, None
        if reading is not None:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
        if self._writer is not None:
            self._writer.close()
            self._writer = None


async def _read(reader: asyncio.StreamReader) -> FromProcess:
    length = body_length(await reader.readexactly(LENGTH_BYTES))
    return decode_from_process(await reader.readexactly(length))
