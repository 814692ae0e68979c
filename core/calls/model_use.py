"""The language model for what is asked of it besides the running summary: one whole answer at a time, and priced."""

from collections.abc import Callable, Sequence
from contextlib import closing

from core.assist.language_model import LanguageModel, ModelDelta, ModelRequest
from core.model.call import CallId
from core.model.clock import Clock
from core.model.errors import AssistError
from core.model.insight import RequestTimes, TokenUsage
from core.model.turn_trace import ModelAnswer, Purpose
from core.model.utterance import Utterance, in_order_of_coming


class ModelUse:
    """Asks on the threads of those who want to know. Several may at once."""

    def __init__(
        self,
        model: LanguageModel,
        clock: Clock,
        charge: Callable[[CallId, ModelAnswer], None],
        trouble: Callable[[], AssistError | None],
    ) -> None:
        """Ask `model`.

        Args:
            model: Whom to ask.
            clock: Tells how long it takes.
            charge: Keeps what a request took; never raises.
            trouble: Why the model answers no call just now: then it is not asked, so that nobody waits for nothing.
        """
        self._model = model
        self._clock = clock
        self._charge = charge
        self._trouble = trouble
        self.engine = model.engine
        self.model = model.model

    def ask(
        self, request: ModelRequest, purpose: Purpose, call_id: CallId, now_s: float, seen: Sequence[Utterance]
    ) -> str:
        """The whole text of an answer. Blocking. Raises AssistError.

        Args:
            request: What is asked.
            purpose: What for.
            call_id: About which call.
            now_s: When, on the call's clock.
            seen: The utterances that it is about; at least one.
        """
        if (trouble := self._trouble()) is not None:
            raise trouble
        started = self._clock.monotonic()
        deltas: list[ModelDelta] = []
        try:
            with closing(self._model.stream(request)) as answer:
                deltas.extend(answer)
        finally:
            # An answer that broke off was paid for, too; how much, nobody told.
            if deltas:
                usage = next((delta.usage for delta in reversed(deltas) if delta.usage is not None), None)
                done_s = now_s + self._clock.monotonic() - started
                self._charge(call_id, self._used(purpose, usage, now_s, done_s, seen))
        return "".join(delta.text for delta in deltas)

    def _used(
        self, purpose: Purpose, usage: TokenUsage | None, sent_s: float, done_s: float, seen: Sequence[Utterance]
    ) -> ModelAnswer:
        return ModelAnswer(
            purpose=purpose,
            engine=self.engine,
            model=self.model,
            at_s=done_s,
            seen_utterance=in_order_of_coming(seen)[-1].id,
            turns=len(seen),
            is_news=False,
            times=RequestTimes(wanted_s=sent_s, sent_s=sent_s, done_s=done_s),
            usage=usage,
        )
