"""The personas' server as a whole product is told to use it: the rehearsal's, in a thread of the test's own process.

So a test sees who connects and what is sent, and has things go wrong, while the server under test talks to it as it
would to the provider.
"""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np

from core.persona.rehearsal.answers import ScriptedAnswers
from core.persona.rehearsal.faults import Faults, FaultsOf, no_faults
from core.persona.rehearsal.hearing import ScriptedHearing
from core.persona.rehearsal.server import RehearsalServer
from core.persona.rehearsal.session import RehearsalSession
from core.persona.rehearsal.staging import Staging
from core.persona.rehearsal.voice import EspeakVoice, ToneVoice

KEY = "a-key-of-the-tests"
LOUD = 300
"""Amplitude of a 16-bit sample from which sound is no silence. What the gate holds back is none at all."""
KEPT_SOUNDS = 20_000


class PersonaServer:
    """A rehearsal that is looked at. Any thread but its own."""

    def __init__(self, loop: asyncio.AbstractEventLoop, server: RehearsalServer) -> None:
        self._loop = loop
        self._server = server
        self.sounds: deque[tuple[float, bool]] = deque(maxlen=KEPT_SOUNDS)
        """When each piece of the listener's sound came, in seconds since the Unix epoch, and whether it was loud."""

    @property
    def environment(self) -> dict[str, str]:
        """What makes a server take this for the provider, with a key."""
        return {"EARSHOT_REALTIME_BASE_URL": self._server.base_url, "EARSHOT_REALTIME_API_KEY": KEY}

    @property
    def attempts(self) -> int:
        """Attempts to connect so far, those that were turned away among them."""
        return self._server.connections

    def let(self, faults: FaultsOf) -> None:
        """Let this go wrong from now on; connections are counted from 1, as of now."""
        former = self._server.connections
        self._server.faults = lambda number: faults(number - former) if number > former else Faults()

    def refuse(self, why: str, times: int | None = None) -> None:
        """Turn the next connections away, so many or all."""
        self.let(lambda number: Faults(refuse=why) if times is None or number <= times else Faults())

    def cut(self) -> int:
        """Break off every connection that is open; how many there were."""

        async def cut() -> int:
            return self._server.break_connections()

        return asyncio.run_coroutine_threadsafe(cut(), self._loop).result(10)

    def look_at(self, session: RehearsalSession) -> None:
        """Note the listener's sound. On its own loop."""
        session.on_sound = self._heard

    def _heard(self, pcm: bytes) -> None:
        loudest = np.abs(np.frombuffer(pcm, "<i2").astype(int)).max(initial=0)
        self.sounds.append((time.time(), bool(loudest > LOUD)))


@contextmanager
def persona_server(lines: Sequence[str], *, think_s: float = 0.1) -> Iterator[PersonaServer]:
    """Serve in the calling thread's network namespace; it hears `lines`, one after the other, whatever is said."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="persona-server", daemon=True)
    thread.start()

    def run(step: Callable[[], object]) -> None:
        asyncio.run_coroutine_threadsafe(step(), loop).result(30)  # type: ignore[arg-type]

    voice = EspeakVoice() if EspeakVoice.is_installed() else ToneVoice()
    staging = Staging(ScriptedHearing(lines), voice, ScriptedAnswers(), "en", think_s=think_s)
    sessions: list[PersonaServer] = []
    server = RehearsalServer(staging, no_faults, KEY, lambda session: sessions[0].look_at(session))
    sessions.append(PersonaServer(loop, server))
    run(server.start)
    try:
        yield sessions[0]
    finally:
        run(server.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
