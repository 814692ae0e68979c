"""Personas by command line.

    python -m core.persona check                      every persona's file, its hours, and what is wrong
    python -m core.persona talk sarado words.wav      say a recording (16 kHz mono WAV) to a persona, print what is said

`talk` speaks in real time with the server of `EARSHOT_REALTIME_BASE_URL`, such as `python -m core.persona.rehearsal`;
`--save FILE` keeps the persona's sound, `--events FILE` the protocol's events. Exit code 2 where something failed.
"""

import argparse
import asyncio
import sys
import wave
from collections.abc import Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from core.model.audio import SPEECH_FORMAT
from core.model.clock import SystemClock
from core.model.errors import EarshotError, RecordingUnreadable
from core.model.opening_hours import OpeningHours
from core.model.passage import Passage
from core.model.persona import (
    PERSONA_FORMAT,
    Persona,
    PersonaState,
    PersonaStatus,
    PersonaUtterance,
    ToolCall,
)
from core.persona.event_log import as_json_lines
from core.persona.handbook_tool import SEARCH_HANDBOOK, handbook_tool
from core.persona.microphone_gate import MicrophoneGate
from core.persona.opening_hours import opening_at
from core.persona.paced_playout import PacedPlayout
from core.persona.persona_file import PersonaDefaults, load_persona, load_personas
from core.persona.realtime import OpenAIRealtime
from core.persona.session import PersonaSession
from core.persona.session_rules import SessionRules
from core.settings import Settings, load_settings
from core.settings.opening_hours import settings_hours

CHUNK_S = 0.1
QUIET_S = 2.0
"""Silence after which the recording goes on, and after whose end the conversation is over."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the command line and do it."""
    parser = argparse.ArgumentParser(prog="python -m core.persona", description="Check personas, or talk to one.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("check", help="read every persona's file")
    talk = commands.add_parser("talk", help="say a recording to a persona")
    talk.add_argument("persona", help="its id, such as sarado")
    talk.add_argument("recording", type=Path, help="16 kHz mono WAV")
    talk.add_argument("--save", type=Path, help="where the persona's sound is kept (WAV)")
    talk.add_argument("--events", type=Path, help="where the protocol's events are kept (JSON lines)")
    options = parser.parse_args(arguments)
    try:
        settings = load_settings()
        if options.command == "check":
            return _check(settings)
        persona = load_persona(settings.persona_dir / f"{options.persona}.toml", _defaults(settings))
        return asyncio.run(_talk(settings, persona, options))
    except EarshotError as error:
        print(error, file=sys.stderr)
        return 2


def _defaults(settings: Settings) -> PersonaDefaults:
    today = datetime.fromtimestamp(SystemClock().wall(), ZoneInfo(settings.time_zone)).date()
    return PersonaDefaults(settings.realtime_model, frozenset({SEARCH_HANDBOOK}), today)


def _check(settings: Settings) -> int:
    personas, problems = load_personas(settings.persona_dir, _defaults(settings))
    general, now = settings_hours(settings), SystemClock().wall()
    for persona in personas.values():
        hours = persona.opening_hours or (general if isinstance(general, OpeningHours) else OpeningHours())
        opening = opening_at(hours, now)
        until = ""
        if opening.changes_at is not None:
            until = f" until {datetime.fromtimestamp(opening.changes_at, ZoneInfo(hours.time_zone)):%Y-%m-%d %H:%M %Z}"
        print(f"{persona.id}: {persona.name} ({persona.language}, {persona.model}, {persona.voice})")
        print(f"  {'open' if opening.is_open else 'closed'}{until}")
        if persona.retires_on is not None:
            print(f"  {persona.model} is shut down on {persona.retires_on}; take {settings.realtime_model}")
    for problem in problems:
        print(problem, file=sys.stderr)
    return 2 if problems else 0


class _Printer:
    """Implements `core.model.persona.PersonaListener`."""

    def on_status(self, status: PersonaStatus) -> None:
        attempt = f" (attempt {status.attempt} of {status.attempts})" if status.attempt else ""
        print(f"  [{status.state.value}{attempt}]{f' {status.problem}' if status.problem else ''}", flush=True)

    def on_utterance(self, utterance: PersonaUtterance) -> None:
        if utterance.is_final and utterance.text:
            print(f"{utterance.side.value}: {utterance.text}", flush=True)

    def on_tool_call(self, call: ToolCall) -> None:
        print(f"  [tool {call.name}: {'called' if call.output is None else 'answered'}]", flush=True)


async def _talk(settings: Settings, persona: Persona, options: argparse.Namespace) -> int:
    pcm, clock = _read(options.recording), SystemClock()
    gate = MicrophoneGate(settings.persona_tail_ms / 1000, persona.barge_in)
    heard: list[bytes] = []
    playout = PacedPlayout(clock, gate, lambda frame, at_s: heard.append(frame))
    server = OpenAIRealtime(settings)
    tools = {SEARCH_HANDBOOK: handbook_tool(_nothing)}
    model = settings.realtime_transcription_model
    session = PersonaSession(persona, server, playout, _Printer(), gate, tools, model, SessionRules(), clock)
    running = asyncio.create_task(session.run(), name="persona-session")
    speaking = asyncio.create_task(_speak(session, pcm, clock), name="persona-recording")
    await asyncio.wait({running, speaking}, return_when=asyncio.FIRST_COMPLETED)
    session.stop()
    speaking.cancel()
    await asyncio.gather(running, speaking, return_exceptions=True)
    await server.close()
    if options.save is not None:
        with closing(wave.open(str(options.save), "wb")) as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(PERSONA_FORMAT.sample_rate)
            file.writeframes(b"".join(heard))
    if options.events is not None:
        options.events.write_text(as_json_lines(session.events()), encoding="utf-8")
    return 2 if session.status.problem is not None else 0


async def _speak(session: PersonaSession, pcm: bytes, clock: SystemClock) -> None:
    """Say the recording while the persona listens, and wait for the last answer's end."""
    size = int(CHUNK_S * SPEECH_FORMAT.sample_rate) * 2
    position, quiet_s, next_s = 0, 0.0, clock.monotonic()
    while position < len(pcm) or quiet_s < QUIET_S:
        next_s += CHUNK_S
        await asyncio.sleep(max(0.0, next_s - clock.monotonic()))
        is_listening = session.status.state is PersonaState.LISTENING
        quiet_s = quiet_s + CHUNK_S if is_listening else 0.0
        is_my_turn = quiet_s >= QUIET_S / 2 and position < len(pcm)
        chunk = pcm[position : position + size] if is_my_turn else b""
        position += len(chunk)
        if position >= len(pcm) > position - len(chunk) and chunk:
            quiet_s = 0.0
        session.feed(chunk.ljust(size, b"\0"), next_s - CHUNK_S)


async def _nothing(query: str) -> Sequence[Passage]:
    return ()


def _read(path: Path) -> bytes:
    try:
        with wave.open(str(path)) as file:
            if (file.getframerate(), file.getnchannels(), file.getsampwidth()) != (SPEECH_FORMAT.sample_rate, 1, 2):
                raise RecordingUnreadable(path=str(path), reason="it is not 16 kHz mono of 16 bits")
            return bytes(file.readframes(file.getnframes()))
    except (OSError, wave.Error, EOFError) as error:
        raise RecordingUnreadable(path=str(path), reason=str(error)) from error


if __name__ == "__main__":
    sys.exit(main())
