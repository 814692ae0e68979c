"""A way for TCP connections that can die without a word, as behind a router that forgets them."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

READ_BYTES = 65_536


@dataclass
class TcpPath:
    """Stands before a server on this machine."""

    port: int = 0
    """Where it listens."""
    opened: int = 0
    """How many connections came over it so far."""
    _alive: asyncio.Event = field(default_factory=lambda: _set_event())
    """Set for the connections that live; each keeps that of the time at which it was opened."""

    def die(self) -> None:
        """Let nothing pass any more over the connections that are open, nor their ends; new ones work."""
        dying, self._alive = self._alive, _set_event()
        dying.clear()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    @contextmanager
    def open(self, target: int) -> Iterator[None]:
        """Lead to this port, on a loop in a thread of its own."""
        loop = asyncio.new_event_loop()
        thread = threading.Thread(target=loop.run_forever, name="tcp-path", daemon=True)
        thread.start()

        async def start() -> asyncio.Server:
            server = await asyncio.start_server(partial(self._connect, target), "127.0.0.1", 0)
            self.port = server.sockets[0].getsockname()[1]
            return server

        async def stop(server: asyncio.Server) -> None:
            server.close()
            others = asyncio.all_tasks() - {asyncio.current_task()}
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)

        server = asyncio.run_coroutine_threadsafe(start(), loop).result(10)
        try:
            yield
        finally:
            asyncio.run_coroutine_threadsafe(stop(server), loop).result(10)
            loop.call_soon_threadsafe(loop.stop)
            thread.join(10)
            loop.close()

    async def _connect(self, target: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.opened += 1
        alive = self._alive
        server_reader, server_writer = await asyncio.open_connection("127.0.0.1", target)
        try:
            await asyncio.gather(_pass_on(reader, server_writer, alive), _pass_on(server_reader, writer, alive))
        except asyncio.CancelledError:
            pass  # By `stop`; the streams' own callback would log it.
        finally:
            writer.close()
            server_writer.close()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, alive: asyncio.Event) -> None:
    while data := await reader.read(READ_BYTES):
        await alive.wait()
        writer.write(data)
        await writer.drain()
    await alive.wait()
    writer.close()


def _set_event() -> asyncio.Event:
    event = asyncio.Event()
    event.set()
    return event
