"""Questions about a call so far. Each is a request of its own, which waits for no summary."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from threading import BoundedSemaphore

from core.assist.extractive import ExtractiveSummarizer
from core.assist.prompt import Prompt
from core.assist.question import Answer, answer_of, found_in, question_request
from core.calls.asking import Mask
from core.calls.model_use import ModelUse
from core.model.call import Language
from core.model.clock import Clock
from core.model.errors import AssistError, QuestionInvalid, QuestionsBusy
from core.model.snapshot import CallSnapshot
from core.model.turn_trace import Purpose

logger = logging.getLogger(__name__)

LONGEST_QUESTION = 300
AT_ONCE = 4
"""Questions that are answered at the same time on this server; a further one is refused."""


@dataclass(frozen=True, slots=True)
class AnswerReport:
    """An answer, and who gave it."""

    answer: Answer
    engine: str
    """`extractive`, or the vendor of the language model."""
    model: str
    took_s: float
    stands_in_for: str = ""
    """Why no model answered: the error's code; empty where none was asked or one did."""


class Questions:
    """Answers questions on the threads of those who ask. No word is kept of them, only what the answer took."""

    def __init__(self, model: ModelUse | None, clock: Clock, mask: Mask, prompt: Callable[[Language], Prompt]) -> None:
        """`mask` hides in an answer what a model put together of pieces that were harmless each; `prompt` is
        what the model is told in a language."""
        self._model = model
        self._mask = mask
        self._prompt = prompt
        self._clock = clock
        self._places = BoundedSemaphore(AT_ONCE)

    def ask(self, picture: CallSnapshot, question: str) -> AnswerReport:
        """Answer from what was said by now. Blocking, as long as the model takes; not for a loop's thread.

        Raises:
            QuestionInvalid: it is empty or too long.
            QuestionsBusy: too many are being answered.
        """
        wanted = " ".join(question.split())
        if not wanted or len(wanted) > LONGEST_QUESTION:
            raise QuestionInvalid(limit=LONGEST_QUESTION)
        if not self._places.acquire(blocking=False):
            raise QuestionsBusy
        try:
            return self._answered(picture, wanted)
        finally:
            self._places.release()

    def _answered(self, picture: CallSnapshot, question: str) -> AnswerReport:
        started = self._clock.monotonic()
        said = tuple(utterance for utterance in picture.utterances if utterance.is_final)
        language, reason = picture.call.language, ""
        if self._model is not None and said:
            summary = picture.summaries[-1].text if picture.summaries else None
            try:
                request = question_request(question, said, summary, language, self._prompt(language))
                text = self._model.ask(request, Purpose.QUESTION, picture.call.id, picture.now_s, said)
                answer = answer_of(text, said)
                masked = replace(answer, text=self._mask(answer.text, language))
                took_s = self._clock.monotonic() - started
                return AnswerReport(masked, self._model.engine, self._model.model, took_s)
            except AssistError as error:
                logger.warning("call %s: a question went without the model: %s", picture.call.id, error)
                reason = type(error).__name__
        answer = found_in(question, said, language)
        return AnswerReport(answer, ExtractiveSummarizer.engine, "", self._clock.monotonic() - started, reason)
