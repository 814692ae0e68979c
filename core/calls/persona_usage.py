"""What a persona's provider charges for, from its running total to what is kept. Pure."""

from dataclasses import dataclass

from core.model.insight import RequestTimes, TokenUsage
from core.model.persona import PersonaCounts
from core.model.turn_trace import ModelAnswer, Purpose, TurnBatch


@dataclass(frozen=True, slots=True)
class ChargedUsage:
    """How much has been kept so far, and when it was, on the call's clock."""

    at_s: float = 0.0
    input_tokens: int = 0
    output_tokens: int = 0
    cached_input_tokens: int = 0

    def until(
        self, counts: PersonaCounts, engine: str, model: str, now_s: float
    ) -> "tuple[TurnBatch | None, ChargedUsage]":
        """What is to be kept of what came since, None where nothing did; and how much has been kept then."""
        kept = ChargedUsage(now_s, counts.input_tokens, counts.output_tokens, counts.cached_input_tokens)
        usage = TokenUsage(
            kept.input_tokens - self.input_tokens,
            kept.output_tokens - self.output_tokens,
            kept.cached_input_tokens - self.cached_input_tokens,
        )
        if not (usage.input_tokens or usage.output_tokens):
            return None, kept
        times = RequestTimes(wanted_s=self.at_s, sent_s=self.at_s, done_s=now_s)
        answer = ModelAnswer(Purpose.PERSONA, engine, model, now_s, "", 0, False, times, usage)
        return TurnBatch(answers=(answer,)), kept
