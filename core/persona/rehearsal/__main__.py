"""The rehearsal persona's server: `python -m core.persona.rehearsal [--port 8765] [--fault 1:expiry=60 ...]`.

Earshot starts one itself where no key is set: with `--port 0`, a free one, and `--end-with-input`.

It hears with the speech engine of the settings, which runs in a process of its own (`core.speech.dictation`), answers
from a script, or with the language model at `EARSHOT_OPENAI_BASE_URL`, and speaks with espeak-ng; where that is not
installed, with tones, and says so. Set `EARSHOT_REALTIME_BASE_URL` to the address that it prints. Exit code 2 where it
cannot be started.
"""

import argparse
import asyncio
import logging
import os
import signal
import sys
from collections.abc import Sequence

from core.model.errors import EarshotError, PersonaVoiceMissing
from core.persona.rehearsal.answers import Answers, ScriptedAnswers
from core.persona.rehearsal.faults import FaultsOf, read_faults
from core.persona.rehearsal.hearing import DictationHearing, Hearing, ScriptedHearing
from core.persona.rehearsal.model_answers import ModelAnswers
from core.persona.rehearsal.server import RehearsalServer
from core.persona.rehearsal.session import RehearsalSession
from core.persona.rehearsal.staging import Staging
from core.persona.rehearsal.voice import EspeakVoice, ToneVoice, Voice
from core.settings import load_settings

PORT = 8765


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the command line and serve until told to stop."""
    parser = argparse.ArgumentParser(
        prog="python -m core.persona.rehearsal", description="A persona to rehearse with, without a key."
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=PORT, help=f"port to listen on ({PORT}; 0 for a free one)")
    parser.add_argument("--end-with-input", action="store_true", help="end when the standard input does")
    parser.add_argument("--hear", choices=("engine", "script"), default="engine",
                        help="the real speech engine, or the lines of --line one after the other")  # fmt: skip
    parser.add_argument("--line", action="append", default=[], metavar="TEXT", help="what a script hears")
    parser.add_argument("--script", action="store_true", help="answer from the script, even if a model is set up")
    parser.add_argument("--pace", type=float, default=1.0, help="speed of the sound; 0 sends all of it at once")
    parser.add_argument("--think", type=float, default=0.3, metavar="SECONDS", help="before an answer")
    parser.add_argument("--language", default="ko", help="what is spoken where the persona does not say")
    parser.add_argument("--key", default="", help="ask for this key")
    parser.add_argument("--fault", action="append", default=[], metavar="[N:]NAME[=VALUE]",
                        help="expiry=S, drop=S, drop-speaking, deaf, mute, malformed, unknown, rate-limited=N, "
                        "quota-used-up, refuse=quota|key|account|model|rate|down, refuse-update; "
                        "N: of that connection alone")  # fmt: skip
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    try:
        faults = read_faults(options.fault)
    except ValueError as error:
        parser.error(f"--fault {error}")
    try:
        return asyncio.run(_serve(options, faults))
    except EarshotError as error:
        print(error, file=sys.stderr)
        return 2


async def _serve(options: argparse.Namespace, faults: FaultsOf) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    if options.end_with_input:
        loop.add_reader(sys.stdin.fileno(), _stop_at_the_end, stop)
    settings = load_settings()
    answers: Answers = ScriptedAnswers()
    if settings.openai_base_url and not options.script:
        answers = ModelAnswers(settings, answers, _warn)
    hearing: Hearing = ScriptedHearing(options.line)
    if options.hear == "engine":
        print("Loading the speech engine...", flush=True)
        hearing = engine = DictationHearing()
        await engine.start()
    staging = Staging(hearing, _voice(), answers, options.language, options.pace, options.think, _warn)
    server = RehearsalServer(staging, faults, options.key, _tell)
    try:
        await server.start(options.host, options.port)
        print(f"The rehearsal persona listens. EARSHOT_REALTIME_BASE_URL={server.base_url}", flush=True)
        await stop.wait()
    finally:
        await server.close()
        await hearing.close()
        await answers.close()
    return 0


def _stop_at_the_end(stop: asyncio.Event) -> None:
    # The system closes it when whoever started this ends, however that happens.
    if not os.read(sys.stdin.fileno(), 4096):
        asyncio.get_running_loop().remove_reader(sys.stdin.fileno())
        stop.set()


def _voice() -> Voice:
    if EspeakVoice.is_installed():
        return EspeakVoice()
    _warn(PersonaVoiceMissing(reason="espeak-ng is not installed"))
    return ToneVoice()


def _warn(error: EarshotError) -> None:
    print(f"\n*** {error} ***\n", file=sys.stderr, flush=True)


def _tell(session: RehearsalSession) -> None:
    print(f"A session was opened: {session.configuration['id']}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
