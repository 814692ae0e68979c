"""The rehearsal's server, `python -m core.persona.rehearsal`, as a child of this one: started when it is first needed.

It listens on a free port of this machine alone, and ends with its standard input, which is closed when this process
ends, however that happens.
"""

import asyncio
import logging
import re
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence

from core.model.child_process import end_process
from core.model.clock import Clock
from core.model.errors import RehearsalDown
from core.model.health import PartHealth, PartState
from core.model.message import Message
from core.persona.connection import RealtimeConnection
from core.persona.realtime import OpenAIRealtime
from core.settings import PROJECT_ROOT, Settings

logger = logging.getLogger(__name__)

START_S = 120.0
"""Within which it must listen: it loads the speech engine first, on a busy machine together with everybody else."""
PATIENCE_S = 60.0
"""How long one attempt to connect waits for that."""
STOP_S = 4.0
BACKOFF_S = (0.2, 1.0, 3.0, 10.0)
"""Pauses before the first, second, ... start after an end in a row."""
MOST_IN_A_ROW = len(BACKOFF_S) + 1
"""Starts that came to nothing before it is left alone until somebody needs it again."""
STEADY_S = 30.0
"""One that ran this long was well: its end is a first one."""
LONGEST_LINE = 64 * 1024
_ADDRESS = re.compile(r"EARSHOT_REALTIME_BASE_URL=(http://127\.0\.0\.1:\d+/v1)\s*$")


class RehearsalHost:
    """Implements `core.persona.connection.RealtimeServer` over a child process. On the calls loop; `health` anywhere.

    Args:
        settings: Those of the server; the child reads the same environment.
        clock: Tells how long it ran.
        arguments: For the child, beside those that say where it listens.
        environment: The child's; None for this process's.
        sleep: Waits; a test passes its own.
    """

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        arguments: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._arguments = tuple(arguments)
        self._environment = environment
        self._sleep = sleep
        self._supervising: asyncio.Task[None] | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._realtime: OpenAIRealtime | None = None
        self._changed = asyncio.Event()
        self._reason: Message | None = None
        self._health: PartHealth | None = None
        self._is_closed = False

    @property
    def server(self) -> str:
        """Host and port, as errors name them."""
        return self._realtime.server if self._realtime is not None else "rehearsal"

    @property
    def health(self) -> PartHealth | None:
        """How it is; None before it was first needed. Any thread."""
        return self._health

    @property
    def pid(self) -> int | None:
        """The child's process id; None while there is none. Any thread."""
        process = self._process
        return process.pid if process is not None and process.returncode is None else None

    async def connect(self, model: str) -> RealtimeConnection:
        """Open a connection, as soon as the child listens. Raises PersonaError, RehearsalDown among them."""
        return await (await self._listening()).connect(model)

    async def close(self) -> None:
        """End the child and wait for it. Idempotent; nothing is started afterwards."""
        self._is_closed = True
        supervising, self._supervising = self._supervising, None
        if supervising is not None:
            supervising.cancel()
            await asyncio.gather(supervising, return_exceptions=True)
        self._tell_changed()

    async def _listening(self) -> OpenAIRealtime:
        """The child's address, waited for. Raises RehearsalDown."""
        if self._is_closed:
            raise RehearsalDown(reason=Message("the server is being stopped"))
        if self._supervising is None or self._supervising.done():
            self._reason = None
            self._tell(PartState.STARTING, Message("The rehearsal persona's server is being started."))
            self._supervising = asyncio.create_task(self._supervise(), name="rehearsal-host")
        supervising = self._supervising
        try:
            async with asyncio.timeout(PATIENCE_S):
                while self._realtime is None:
                    if supervising.done():
                        raise RehearsalDown(reason=self._reason or Message("the server is being stopped"))
                    await self._changed.wait()
        except TimeoutError as error:
            raise RehearsalDown(reason=self._reason or Message("it is still loading its speech engine")) from error
        return self._realtime

    def _tell_changed(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def _supervise(self) -> None:
        ends = 0
        try:
            while True:
                began_s = self._clock.monotonic()
                self._reason = await self._run()
                if self._clock.monotonic() - began_s > STEADY_S:
                    ends = 0
                ends += 1
                logger.warning("the rehearsal's process is down (%s)", self._reason)
                self._tell(PartState.DOWN, RehearsalDown(reason=self._reason))
                if ends >= MOST_IN_A_ROW:
                    logger.error("the rehearsal's process is left alone until somebody needs it again")
                    return
                await self._sleep(BACKOFF_S[ends - 1])
        finally:
            # Whoever waits looks again, once this task is done.
            asyncio.get_running_loop().call_soon(self._tell_changed)

    async def _run(self) -> Message:
        """One child from its start to its end; returns why it ended."""
        pipe = asyncio.subprocess.PIPE
        try:
            self._process = process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "core.persona.rehearsal", "--port", "0", "--end-with-input"),
                *self._arguments,
                cwd=PROJECT_ROOT,
                env=self._environment,
                stdin=pipe,
                stdout=pipe,
                limit=LONGEST_LINE,
                start_new_session=True,
            )
        except OSError as error:
            return Message("it cannot be started: {reason}", {"reason": error.strerror or type(error).__name__})
        try:
            return await self._attend(process)
        finally:
            former, self._realtime = self._realtime, None
            if former is not None:
                await former.close()
            await end_process(process, STOP_S)

    async def _attend(self, process: asyncio.subprocess.Process) -> Message:
        try:
            async with asyncio.timeout(START_S):
                address = await _address(process)
        except TimeoutError:
            return Message("it did not listen within {seconds:g} s", {"seconds": START_S})
        if address is None:
            return Message("it ended with status {status} before it listened", {"status": await process.wait()})
        own = self._settings.model_copy(update={"realtime_base_url": address, "realtime_api_key": None})
        # Its TLS context takes a while to make, which would hold up every call.
        self._realtime = await asyncio.to_thread(OpenAIRealtime, own)
        self._tell(PartState.UP, Message("The rehearsal persona's server listens at {address}.", {"address": address}))
        self._tell_changed()
        await _read_on(process)
        return Message("it ended with status {status}", {"status": await process.wait()})

    def _tell(self, state: PartState, detail: Message | RehearsalDown) -> None:
        self._health = PartHealth("rehearsal", state, needed=False, detail=(detail,))


async def _address(process: asyncio.subprocess.Process) -> str | None:
    """The address that it prints; None where it ends before."""
    assert process.stdout is not None
    while line := await process.stdout.readline():
        if found := _ADDRESS.search(line.decode(errors="replace")):
            return found[1]
    return None


async def _read_on(process: asyncio.subprocess.Process) -> None:
    """Read what it prints, so that it is never held up, until it ends."""
    assert process.stdout is not None
    while line := await process.stdout.readline():
        logger.debug("rehearsal: %s", line.decode(errors="replace").rstrip())
