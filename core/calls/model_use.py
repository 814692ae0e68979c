"""What was asked of a language model besides the running summary, as it is kept to be priced."""

from collections.abc import Sequence

from core.assist.language_model import LanguageModel
from core.model.insight import RequestTimes, TokenUsage
from core.model.turn_trace import ModelAnswer, Purpose
from core.model.utterance import Utterance, in_order_of_coming


def an_answer(
    purpose: Purpose,
    model: LanguageModel,
    usage: TokenUsage | None,
    at_s: float,
    took_s: float,
    seen: Sequence[Utterance],
) -> ModelAnswer:
    """A request that was answered at `at_s` on the call's clock after `took_s` seconds; `seen` has an utterance."""
    sent_s = at_s - took_s
    return ModelAnswer(
        purpose=purpose,
        engine=model.engine,
        model=model.model,
        at_s=at_s,
        seen_utterance=in_order_of_coming(seen)[-1].id,
        turns=len(seen),
        is_news=False,
        times=RequestTimes(wanted_s=sent_s, sent_s=sent_s, done_s=at_s),
        usage=usage,
    )
