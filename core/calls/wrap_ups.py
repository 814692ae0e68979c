"""Wrap-ups of the calls that are over: drafted from what was said, filed by whoever stands for it, both kept."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from core.assist.extractive import ExtractiveSummarizer
from core.assist.prompt import Prompt
from core.assist.wrap_up import LONGEST_LINE, MOST_LINES, wrap_up_of, wrap_up_request
from core.calls.asking import Mask
from core.calls.durable import DurableWriter
from core.calls.folding import FoldingPool
from core.calls.model_use import ModelUse
from core.model.call import CallId, CallState, Language
from core.model.clock import Clock
from core.model.errors import AssistError, CallRunning
from core.model.insight import Turn
from core.model.stored_call import StoredCall
from core.model.turn_trace import Purpose
from core.model.wrap_up import Filing, WrapUp, WrapUpDraft, WrapUpText
from core.store.records import Store

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class WrapUpReport:
    """Where a call's wrap-up stands."""

    wrap_up: WrapUp | None
    is_being_drafted: bool


class WrapUps:
    """Drafts on a named thread of its own, a call at a time."""

    def __init__(
        self,
        store: Store,
        model: ModelUse | None,
        clock: Clock,
        mask: Mask,
        prompt: Callable[[Language], Prompt],
        condense: Callable[[Sequence[Turn], Language], Sequence[Turn]],
    ) -> None:
        """`prompt` is what the model is told in a language, and what calls can be about; asked for at every draft.
        `condense` brings a conversation within what may be sent to the model.
        """
        self._store = store
        self._model = model
        self._clock = clock
        self._mask = mask
        self._prompt = prompt
        self._condense = condense
        # Not the summaries' own: both hold phrases that they have taken apart, on their own threads.
        self._extractive = ExtractiveSummarizer()
        self._pool = FoldingPool("earshot-wrap-up", clock)

    def call_types(self, language: Language) -> Sequence[str]:
        """What a call in a language can be about. Any thread."""
        return self._prompt(language).call_types(language)

    def draft(self, call_id: CallId) -> None:
        """Have a draft written from what is kept of a call; one that is filed stays as it is. Any thread; at once."""
        self._pool.submit(call_id, lambda: self._draft(call_id))

    def report(self, call_id: CallId) -> WrapUpReport:
        """Both versions, as far as there are any. Any thread. Raises CallNotFound, StoreError."""
        return WrapUpReport(self._store.load_call(call_id).wrap_up, self.is_drafting(call_id))

    def is_drafting(self, call_id: CallId) -> bool:
        """Whether a draft is being written. Any thread; cheap."""
        return self._pool.is_busy_with(call_id)

    async def file(self, call_id: CallId, text: WrapUpText, by: str, durable: DurableWriter) -> WrapUp:
        """File a wrap-up once and for all. On the calls loop.

        Raises:
            CallRunning: the call has to end first.
            WrapUpFiled: it is filed already.
            CallNotFound, StoreError
        """
        at = self._clock.wall()

        def write() -> WrapUp:
            kept = self._store.load_call(call_id)
            if kept.call.state is not CallState.ENDED:
                raise CallRunning(call_id=call_id)
            filed = Filing(self._tidied(text, kept.call.language), by, at)
            self._store.file_wrap_up(call_id, filed)
            return WrapUp(kept.wrap_up.draft if kept.wrap_up else None, filed)

        return await durable.ask(write)

    def close(self, timeout_s: float = 5.0) -> None:
        """Stop the thread; idempotent. A draft that was not written can be asked for later."""
        if not self._pool.close(timeout_s):
            logger.warning("a wrap-up is still being drafted %g s after it should have ended", timeout_s)

    def _draft(self, call_id: CallId) -> None:
        kept = self._store.load_call(call_id)
        if kept.utterances and not (kept.wrap_up and kept.wrap_up.filed):
            self._store.save_wrap_up_draft(call_id, self._written(kept))

    def _written(self, kept: StoredCall) -> WrapUpDraft:
        started, language, reason = self._clock.monotonic(), kept.call.language, ""
        turns = [Turn(each.role, each.text) for each in kept.utterances]
        engine, model, text = self._extractive.engine, self._extractive.model, None
        if self._model is not None:
            prompt = self._prompt(language)
            try:
                request = wrap_up_request(self._condense(turns, language), language, prompt)
                at_s = self._clock.wall() - kept.call.created_at
                asked = self._model.ask(request, Purpose.WRAP_UP, kept.call.id, at_s, kept.utterances)
                text = wrap_up_of(asked, prompt.call_types(language))
                engine, model = self._model.engine, self._model.model
            except AssistError as error:
                logger.warning("call %s: its wrap-up was drafted without the model: %s", kept.call.id, error)
                reason = type(error).__name__
        if text is None:
            issue = self._extractive.summarize(turns, language).customer_issue
            text = WrapUpText(issue=issue, steps=self._extractive.steps(turns, language))
        took_s = self._clock.monotonic() - started
        return WrapUpDraft(self._tidied(text, language), engine, model, self._clock.wall(), took_s, reason)

    def _tidied(self, text: WrapUpText, language: str) -> WrapUpText:
        def line(raw: str) -> str:
            # Half a character, which a browser may send, can be neither kept nor drawn.
            whole = raw.encode("utf-8", "ignore").decode().replace("\0", "")
            return self._mask(" ".join(whole.split())[:LONGEST_LINE], language)

        def lines(raw: Sequence[str]) -> tuple[str, ...]:
            return tuple(tidy for each in raw if (tidy := line(each)))[:MOST_LINES]

        return replace(
            text,
            call_type=line(text.call_type),
            issue=line(text.issue),
            outcome=line(text.outcome),
            steps=lines(text.steps),
            follow_ups=lines(text.follow_ups),
        )
