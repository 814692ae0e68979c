"""What a session took of the provider's tokens. Of `response.done` and of the transcription events."""

from core.model.insight import NO_TOKENS, TokenUsage
from core.persona.connection import ServerEvent


class TokenMeter:
    """One session's, over all its connections. One thread."""

    def __init__(self) -> None:
        self.answers = self.transcripts = NO_TOKENS
        self.uncounted_transcripts = 0

    def take_answer(self, response: ServerEvent) -> None:
        """An answer is over."""
        self.answers = self.answers.plus(_usage(response))

    def take_transcript(self, event: ServerEvent) -> None:
        """The listener's turn was written down. Some models are charged by the second of sound, and tell that."""
        self.transcripts = self.transcripts.plus(_usage(event))
        self.uncounted_transcripts += ServerEvent("", event.table("usage")).number("seconds") is not None


def _usage(charged: ServerEvent) -> TokenUsage:
    told = ServerEvent("", charged.table("usage"))
    input_details = ServerEvent("", told.table("input_token_details"))
    cached_details = ServerEvent("", input_details.table("cached_tokens_details"))
    output_details = ServerEvent("", told.table("output_token_details"))
    return TokenUsage(
        input_tokens=_count(told, "input_tokens"),
        output_tokens=_count(told, "output_tokens"),
        cached_input_tokens=_count(input_details, "cached_tokens"),
        audio_input_tokens=_count(input_details, "audio_tokens"),
        cached_audio_input_tokens=_count(cached_details, "audio_tokens"),
        audio_output_tokens=_count(output_details, "audio_tokens"),
    )


def _count(told: ServerEvent, key: str) -> int:
    return max(0, int(told.number(key) or 0))
