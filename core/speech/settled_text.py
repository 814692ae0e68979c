"""What is believed of a session's streams: text up to a position, each word once, and what was lost before it."""

from collections.abc import Callable
from dataclasses import replace

from core.model.audio import SPEECH_FORMAT
from core.model.utterance import Recognition, Word, given_up
from core.speech.fed_audio import FedAudio
from core.speech.provider import FinalText

RATE = SPEECH_FORMAT.sample_rate
LEAD_IN_S = 0.2
"""Audio from before the last final's end that a new stream gets again: the next word does not begin abruptly."""


class SettledText:
    """Turns a stream's answers into recognitions. One thread at a time. Positions are those of the session's audio.

    Args:
        audio: Tells the time of a position.
        deliver: Takes recognitions, in order.
    """

    def __init__(self, audio: FedAudio, deliver: Callable[[Recognition], None]) -> None:
        self._audio = audio
        self._deliver = deliver
        self._settled = 0
        self._has_words = False
        self._ordinal = 0
        self._interim: Recognition | None = None
        self._began: int | None = None
        self._lost: tuple[float, float] | None = None
        self._dropped_s = 0.0

    @property
    def settled(self) -> int:
        """Position up to which there is final text, or nothing to understand."""
        return self._settled

    @property
    def resume(self) -> int:
        """Position of the first sample that another stream has to get."""
        lead_in = round(LEAD_IN_S * RATE) if self._has_words else 0
        return max(self._audio.start, self._settled - lead_in)

    @property
    def has_interim(self) -> bool:
        """Whether there is text that no final one has confirmed."""
        return self._interim is not None

    @property
    def has_untold_loss(self) -> bool:
        """Whether audio was lost of which nobody was told yet."""
        return self._lost is not None

    @property
    def dropped_s(self) -> float:
        """Audio with sound in it that was given up so far."""
        return self._dropped_s

    def speech_began(self, position: int) -> None:
        """Somebody begins to speak here."""
        self._began = max(self._settled, position)

    def show(self, text: str, stable_chars: int, first_loud: int | None, heard_until: int) -> None:
        """Take an interim text: everything after the last final one, as far as it has come.

        Args:
            text: The text.
            stable_chars: How much of its beginning will most likely stay.
            first_loud: Position of the first sound that is not settled.
            heard_until: Position up to which the stream has got the audio.
        """
        if self._began is None:
            self._began = self._settled if first_loud is None else max(first_loud, self._settled)
        self._interim = Recognition(
            self._ordinal,
            text,
            is_final=False,
            start_s=self._audio.clock_s(max(self._began, self._settled)),
            end_s=self._audio.clock_s(heard_until),
            stable_chars=stable_chars,
        )
        self._deliver(self._interim)

    def settle(self, final: FinalText, base: int, heard_until: int) -> None:
        """Take a final text, without the words that an earlier one has covered already.

        Args:
            final: The text, with times from its stream's beginning.
            base: Position of the stream's first sample.
            heard_until: Position up to which the stream has got the audio.
        """
        end = min(base + round(final.end_s * RATE), heard_until)
        placed = [(word, base + round(word.start_s * RATE), base + round(word.end_s * RATE)) for word in final.words]
        # A word that is heard again does not end at the same sample: its middle decides.
        new = [each for each in placed if each[1] + each[2] > 2 * self._settled]
        self._has_words = bool(placed)
        text = final.text.strip()
        if len(new) < len(placed):
            text = " ".join(word.text for word, _, _ in new)
        elif not placed and end <= self._settled:
            text = ""
        if text:
            start = new[0][1] if new else min(self._settled if self._began is None else self._began, end)
            self._give(
                Recognition(
                    self._ordinal,
                    text,
                    is_final=True,
                    start_s=self._audio.clock_s(max(start, self._settled)),
                    end_s=self._audio.clock_s(new[-1][2] if new else end),
                    confidence=final.confidence,
                    words=tuple(
                        Word(word.text, self._audio.clock_s(begin), self._audio.clock_s(end), word.confidence)
                        for word, begin, end in new
                    ),
                )
            )
        else:
            self._withdraw()
        self._began = None
        self.settle_silence(end)

    def settle_silence(self, position: int) -> None:
        """Nothing more will be understood before a position."""
        self._settled = max(self._settled, position)
        self._audio.trim(self.resume)

    def settle_rest(self, position: int) -> None:
        """A stream ended in order: it found nothing more before a position. An interim text is all there will be."""
        self.promote()
        self._began = None
        self.settle_silence(position)

    def promote(self) -> None:
        """Let the interim text, if there is one, be final."""
        if self._interim is not None:
            self._give(replace(self._interim, is_final=True, stable_chars=0))

    def lose(self, start: int, end: int) -> None:
        """Audio between two positions, in which there may be speech, will never be recognised."""
        self._dropped_s += (end - start) / RATE
        begin_s, end_s = self._audio.clock_s(start), self._audio.clock_s(end)
        self._lost = (self._lost[0] if self._lost else begin_s, end_s)

    def tell_of_loss(self) -> None:
        """Deliver what was lost since the last time, as one stretch."""
        if self._lost is not None:
            (start_s, end_s), self._lost = self._lost, None
            self._give(given_up(self._ordinal, start_s, end_s))

    def _withdraw(self) -> None:
        """A final text without words takes an interim one back: there was nothing to understand."""
        if self._interim is not None:
            self._give(replace(self._interim, text="", is_final=True, stable_chars=0))

    def _give(self, recognition: Recognition) -> None:
        self._interim = None
        self._ordinal += 1
        self._deliver(recognition)
