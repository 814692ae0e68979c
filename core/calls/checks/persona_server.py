"""The check of the personas' server: a session is opened and closed again, without a word. That costs nothing."""

from core.model.check import CheckState, Finding
from core.model.clock import Clock
from core.model.message import Message
from core.persona.connection import RealtimeServer

LIMIT_S = 20.0
SLOW_S = 3.0
REHEARSAL = Message("No key is set up: personas speak from a script on this machine, as a rehearsal.")
SET_UP = Message("To talk with a real model, set EARSHOT_REALTIME_API_KEY, or EARSHOT_REALTIME_BASE_URL.")
LOOK_AT_NETWORK = Message("Look at the network between this machine and the server, and at the server's load.")
NO_GREETING = Message("Check that EARSHOT_REALTIME_BASE_URL is a server that speaks OpenAI's Realtime protocol.")


async def persona_server(server: RealtimeServer | None, model: str, clock: Clock) -> Finding:
    """Open a session for a model. On the calls loop. Raises PersonaError, whose sentence says what to do."""
    if server is None:
        return Finding(CheckState.NOT_SET_UP, (REHEARSAL,), SET_UP)
    began_s = clock.monotonic()
    connection = await server.connect(model)
    try:
        first = await connection.receive()
    finally:
        await connection.close()
    took_s = clock.monotonic() - began_s
    if first is None or first.type != "session.created":
        found = Message("{server} opened no session.", {"server": server.server})
        return Finding(CheckState.FAILED, (found,), NO_GREETING)
    figures = {"server": server.server, "model": model, "ms": f"{1000 * took_s:.0f}"}
    found = Message("{server} opened a session for {model} in {ms} ms.", figures)
    if took_s > SLOW_S:
        return Finding(CheckState.WARNING, (found,), LOOK_AT_NETWORK)
    return Finding(CheckState.GOOD, (found,))
