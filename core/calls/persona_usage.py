"""What a persona's provider charges for, from its running totals to what is kept. Pure."""

from dataclasses import dataclass, replace

from core.model.insight import RequestTimes, TokenUsage
from core.model.persona import PersonaCounts
from core.model.turn_trace import ModelAnswer, Purpose, TurnBatch

NOTHING = PersonaCounts()


@dataclass(frozen=True, slots=True)
class ChargedUsage:
    """How much has been kept so far, and when it was, on the call's clock.

    Args:
        engine: Under which what it used is kept.
        model: That answers.
        transcription_model: That writes the listener down, for a price of its own.
    """

    engine: str
    model: str
    transcription_model: str
    at_s: float = 0.0
    counts: PersonaCounts = NOTHING

    def until(self, counts: PersonaCounts, now_s: float) -> "tuple[TurnBatch | None, ChargedUsage]":
        """What is to be kept of what came since, None where nothing did; and how much has been kept then."""
        kept = replace(self, at_s=now_s, counts=counts)
        uses: list[tuple[str, TokenUsage | None]] = [
            (self.model, counts.answers_usage.less(self.counts.answers_usage)),
            (self.transcription_model, counts.transcripts_usage.less(self.counts.transcripts_usage)),
        ]
        if counts.uncounted_transcripts > self.counts.uncounted_transcripts:
            uses.append((self.transcription_model, None))
        times = RequestTimes(wanted_s=self.at_s, sent_s=self.at_s, done_s=now_s)
        answers = tuple(
            ModelAnswer(Purpose.PERSONA, self.engine, model, now_s, "", 0, False, times, usage)
            for model, usage in uses
            if usage is None or usage.input_tokens or usage.output_tokens
        )
        return TurnBatch(answers=answers) if answers else None, kept
