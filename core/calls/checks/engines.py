"""Checks of what listens, thinks and looks things up: one short sentence, one tiny request, one question."""

import re
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path

from core.assist.json_answer import json_object
from core.assist.language_model import LanguageModel, ModelAnswer, ModelRequest
from core.guidance.retriever import Retriever
from core.model.check import CheckState, Finding
from core.model.clock import Clock
from core.model.health import PartState
from core.model.message import Message
from core.model.passage import GuidanceRequest
from core.model.utterance import Recognition
from core.speech.engine import decoding_of
from core.speech.recording import BLOCK_S, read_recording
from core.speech.scheduler import DecodeStats
from core.speech.transcriber import Transcriber

SENTENCE = "Thank you for calling Sunrise Mobile. My name is Dana. How can I help you today?"
"""What the demo's agent says first, within the first `SENTENCE_S` seconds of `demo/agent.ogg`."""
SENTENCE_S = 6.5
FEWEST_WORDS = 0.6
"""Share of the sentence's words that must be recognised."""
SLOW_S = 4.0
"""A text that comes later than this after the end of the sentence is too late to help in a call."""
SPEECH_LIMIT_S = 45.0
MODEL_LIMIT_S = 60.0
SLOW_MODEL_S = 10.0
RETRIEVAL_LIMIT_S = 20.0
SLOW_RETRIEVAL_S = 2.0

QUESTION = "The customer was charged twice and wants a refund. 고객이 이중 청구된 요금의 환불을 원합니다."
NO_MODEL = Message("No language model is set up: summaries are put together from sentences of the call.")
SET_UP_MODEL = Message("To use one, set EARSHOT_OPENAI_API_KEY, or EARSHOT_OPENAI_BASE_URL for a server of your own.")
WAIT_FOR_ENGINE = Message("Wait until it is loaded, and run this check again.")
FASTER_ENGINE = Message("Choose a smaller model in EARSHOT_WHISPER_MODEL, or free the machine of other work.")
CHECK_ENGINE = Message("Check EARSHOT_ENGINE and its model; a model for one language alone does not know another.")
FASTER_MODEL = Message("Choose a faster model in EARSHOT_OPENAI_MODEL, or look at the load of its server.")
FILL_HANDBOOK = Message("See on the Handbook page whether it has entries, and what is wrong with its files.")
LOOK_AT_RETRIEVAL = Message("Look at the load of this machine and, if there is one, of the retrieval server.")


def recognise(
    transcriber: Transcriber, recording: Path, clock: Clock, pause: Callable[[float], None] = time.sleep
) -> Finding:
    """Have a recorded sentence recognised at the pace at which it is spoken. Blocking, about ten seconds.

    Raises:
        RecordingUnreadable: the demo's recording is not there.
    """
    health = transcriber.health
    if health.state is PartState.STARTING:
        return Finding(CheckState.WARNING, (Message("It is still being loaded."), *health.detail), WAIT_FOR_ENGINE)
    if health.state is PartState.DOWN:
        return Finding(CheckState.FAILED, health.detail)
    decoding = decoding_of(transcriber)
    texts: dict[int, str] = {}
    final_at_s: list[float] = []

    def take(recognition: Recognition) -> None:
        texts[recognition.ordinal] = recognition.text
        if recognition.is_final:
            final_at_s.append(clock.monotonic())

    session = transcriber.open_session("doctor", "en", take)
    began_s = clock.monotonic()
    try:
        for block, pcm in enumerate(islice(read_recording(recording), round(SENTENCE_S / BLOCK_S))):
            session.feed(pcm, began_s + block * BLOCK_S)
            pause(max(0.0, began_s + (block + 1) * BLOCK_S - clock.monotonic()))
        spoken_s = clock.monotonic()
    finally:
        session.close(SPEECH_LIMIT_S - SENTENCE_S - 5.0)
    took_s = max(0.0, (final_at_s[-1] if final_at_s else clock.monotonic()) - spoken_s)
    queue = () if decoding is None else (_queue(decoding),)
    return _heard(" ".join(texts[each] for each in sorted(texts)), took_s, queue)


def _queue(decoding: DecodeStats) -> Message:
    return Message(
        "When it was asked, {waiting} utterances of calls waited for recognition, and final texts were {seconds} s"
        " behind; {skipped} interim texts were left out since the start.",
        {
            "waiting": decoding.waiting_finals,
            "seconds": f"{decoding.oldest_s:.1f}",
            "skipped": decoding.skipped_interims,
        },
    )


def _heard(text: str, took_s: float, queue: tuple[Message, ...]) -> Finding:
    known, heard = _words(SENTENCE), set(_words(text))
    right = sum(word in heard for word in known)
    figures = {"right": right, "all": len(known), "seconds": f"{took_s:.1f}"}
    if right < FEWEST_WORDS * len(known):
        found = Message("Of the {all} words of a recorded sentence, {right} were recognised.", figures)
        return Finding(CheckState.FAILED, (found, *queue), CHECK_ENGINE)
    found = Message("{right} of {all} words of a recorded sentence, {seconds} s after its end.", figures)
    if took_s > SLOW_S:
        return Finding(CheckState.WARNING, (found, *queue), FASTER_ENGINE)
    return Finding(CheckState.GOOD, (found, *queue))


def _words(text: str) -> list[str]:
    return re.findall(r"[a-z]+", text.lower())


def tiny_request(token_limit: int) -> ModelRequest:
    """A question that every model can answer in a few tokens."""
    schema = {
        "type": "object",
        "properties": {"ready": {"type": "string", "enum": ["yes"]}},
        "required": ["ready"],
        "additionalProperties": False,
    }
    return ModelRequest("You answer with JSON alone.", 'Answer {"ready": "yes"}.', "ready", schema, token_limit)


def read_answer(model: LanguageModel, answer: ModelAnswer, clock: Clock, began_s: float) -> Finding:
    """Read the answer to `tiny_request`, which was sent at `began_s`. Blocking. Raises AssistError."""
    first_s: float | None = None
    text = ""
    for delta in answer:
        text += delta.text
        if delta.text and first_s is None:
            first_s = clock.monotonic() - began_s
    took_s = clock.monotonic() - began_s
    json_object(text)
    figures = {"model": model.model or model.engine, "first": f"{first_s or took_s:.1f}", "seconds": f"{took_s:.1f}"}
    found = Message("{model} answered: first word after {first} s, all of it after {seconds} s.", figures)
    is_slow = took_s > SLOW_MODEL_S
    return Finding(CheckState.WARNING, (found,), FASTER_MODEL) if is_slow else Finding(CheckState.GOOD, (found,))


def look_up(retriever: Retriever, clock: Clock) -> Finding:
    """Ask the handbook something. Blocking. Raises GuidanceError."""
    began_s = clock.monotonic()
    answer = retriever.assist(GuidanceRequest(summary=QUESTION, max_documents=3))
    took_s = clock.monotonic() - began_s
    figures = {"count": len(answer.documents), "ms": f"{1000 * took_s:.0f}"}
    if not answer.documents:
        nothing = Message("It answered a question in {ms} ms, but found no passage.", figures)
        return Finding(CheckState.WARNING, (nothing, *retriever.health.detail), FILL_HANDBOOK)
    found = Message("It answered a question with {count} passages in {ms} ms.", figures)
    if took_s > SLOW_RETRIEVAL_S:
        return Finding(CheckState.WARNING, (found,), LOOK_AT_RETRIEVAL)
    return Finding(CheckState.GOOD, (found,))
