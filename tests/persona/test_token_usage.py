"""What a session took of the provider's tokens, as its events tell it."""

from core.model.insight import NO_TOKENS, TokenUsage
from core.persona.connection import ServerEvent
from core.persona.token_usage import TokenMeter

ANSWER = {
    "total_tokens": 821,
    "input_tokens": 789,
    "output_tokens": 32,
    "input_token_details": {
        "text_tokens": 313,
        "audio_tokens": 476,
        "cached_tokens": 640,
        "cached_tokens_details": {"text_tokens": 256, "audio_tokens": 384},
    },
    "output_token_details": {"text_tokens": 9, "audio_tokens": 23},
}
"""In the shape of `response.done`."""
TRANSCRIPT = {
    "type": "tokens",
    "total_tokens": 26,
    "input_tokens": 17,
    "input_token_details": {"text_tokens": 0, "audio_tokens": 17},
    "output_tokens": 9,
}


def test_answers_are_summed_up_text_and_sound_apart() -> None:
    meter = TokenMeter()
    for _ in range(2):
        meter.take_answer(ServerEvent("", {"id": "r1", "usage": ANSWER}))
    assert meter.answers == TokenUsage(2 * 789, 2 * 32, 2 * 640, 2 * 476, 2 * 384, 2 * 23)
    assert meter.transcripts == NO_TOKENS


def test_what_writes_the_listener_down_is_counted_apart_and_by_the_second_not_at_all() -> None:
    meter = TokenMeter()
    meter.take_transcript(ServerEvent("", {"usage": TRANSCRIPT}))
    assert meter.transcripts == TokenUsage(17, 9, audio_input_tokens=17)
    assert meter.uncounted_transcripts == 0
    meter.take_transcript(ServerEvent("", {"usage": {"type": "duration", "seconds": 1.5}}))
    meter.take_transcript(ServerEvent("", {}))
    assert meter.transcripts == TokenUsage(17, 9, audio_input_tokens=17)
    assert meter.uncounted_transcripts == 1


def test_nonsense_counts_nothing() -> None:
    meter = TokenMeter()
    for usage in (None, [], "many", {"input_tokens": "9", "output_tokens": -4, "input_token_details": [1]}):
        meter.take_answer(ServerEvent("", {"usage": usage}))
    assert meter.answers == NO_TOKENS
