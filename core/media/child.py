"""One run of the child process `python -m core.media`, with the connection to it."""

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path

from core.media.client import REQUEST_TIMEOUT_S, ControlClient
from core.media.messages import AnyReport, AnyRequest, LoadReport, ProtocolError, Welcome
from core.model.child_process import end_process
from core.model.clock import Clock
from core.model.errors import MediaProcessDown
from core.settings import PROJECT_ROOT, Settings

START_TIMEOUT_S = 20.0
STOP_TIMEOUT_S = 4.0
CONNECT_RETRY_S = 0.05

SILENT_S = 10.0
"""A process that has reported no load for this long hangs."""


class MediaChild:
    """Started once, ended once. Lives on one loop.

    Args:
        settings: Which bridge, ports and address to use, and what to log.
        on_report: Called with every event, on the loop.
        clock: For the watch over a hanging process.
    """

    def __init__(self, settings: Settings, on_report: Callable[[AnyReport], None], clock: Clock) -> None:
        self._settings = settings
        self._on_report = on_report
        self._clock = clock
        self._control = ControlClient(self._take)
        self._process: asyncio.subprocess.Process | None = None
        self._last_load_s = 0.0

    @property
    def pid(self) -> int | None:
        """The process id, None when there is no process. Any thread."""
        process = self._process
        return process.pid if process is not None and process.returncode is None else None

    async def start(self, socket: Path) -> Welcome:
        """Start the process and wait until it can be asked.

        Raises:
            OSError: it cannot be started.
            ProtocolError: it ended at once, or speaks another version.
            TimeoutError: it does not answer.
        """
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "core.media", "--socket", str(socket)),
            *("--bridge", self._settings.bridge.value, "--log-level", self._settings.log_level),
            *(("--ports", self._settings.media_ports) if self._settings.media_ports else ()),
            *(("--advertise", self._settings.media_address) if self._settings.media_address else ()),
            cwd=PROJECT_ROOT,
            stdin=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )
        async with asyncio.timeout(START_TIMEOUT_S):
            while self._process.returncode is None:
                try:
                    welcome = await self._control.connect(socket)
                except (FileNotFoundError, ConnectionRefusedError):
                    await asyncio.sleep(CONNECT_RETRY_S)
                    continue
                self._last_load_s = self._clock.monotonic()
                return welcome
        raise ProtocolError(f"it ended with status {self._process.returncode} before it could be asked")

    def _take(self, report: AnyReport) -> None:
        if isinstance(report, LoadReport):
            self._last_load_s = self._clock.monotonic()
        self._on_report(report)

    async def request(self, request: AnyRequest, timeout_s: float = REQUEST_TIMEOUT_S) -> str:
        """See `ControlClient.request`."""
        if self.pid is None:
            raise MediaProcessDown
        return await self._control.request(request, timeout_s)

    async def wait_down(self) -> str:
        """Wait until the process cannot be asked any more; returns why, in words."""
        lost = asyncio.create_task(self._control.wait_lost(), name="media-lost")
        try:
            while not lost.done():
                await asyncio.wait({lost}, timeout=1.0)
                if self._clock.monotonic() - self._last_load_s > SILENT_S:
                    return f"it has not reported for {SILENT_S:.0f} s"
            lost.result()
        except ProtocolError as error:
            return str(error)
        finally:
            lost.cancel()
            await asyncio.gather(lost, return_exceptions=True)
        return "it ended by itself or was killed"

    async def end(self) -> None:
        """Part from the process, end it and wait for it. Idempotent; bounded in time."""
        await self._control.close()
        process, self._process = self._process, None
        if process is not None:
            await end_process(process, STOP_TIMEOUT_S)
