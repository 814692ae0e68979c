"""Speech recognition without an end over streams that have one: which stream gets which audio, and what is believed.

Pure: no threads, no clock, no network. A provider ends its streams after some minutes, after silence, or because it
fails. Here every sample has one position for the whole session; what no final text covers yet is kept, and the next
stream begins with it. So a stream's end, expected or not, costs no word, and none is written twice.

    feed -> kept audio -> poll -> actions (open, send, finish, drop) -> a provider's stream
    a provider's stream -> take_result, take_end -> recognitions, on the clock of the audio that was fed
"""

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from core.model.audio import SPEECH_FORMAT
from core.model.utterance import Recognition
from core.speech.fed_audio import PIECE_S, FedAudio
from core.speech.handover_rules import Action, Drop, Finish, HandoverRules, Open, Send
from core.speech.pacing import Pacer
from core.speech.provider import EndKind, StreamEnd, StreamResult
from core.speech.settled_text import SettledText

RATE = SPEECH_FORMAT.sample_rate
MOST_SENT_S = 0.4
"""Audio in one message: 12,800 bytes, under the 15 KB that are advised for Google's 25,600."""
REST_S = 0.3
"""So long after the last audio what is less than a piece is sent, too."""
STARVED_S = 1.5
"""So long after it a stream that may owe words is asked for them: a service waits for many seconds by itself."""
ONSET_S = 0.5
"""Audio before a loud place that may belong to the word there."""
ANSWERED_WITHIN_S = 3.0
"""Audio older than this, without a word or a loud place in it, holds no speech."""
UNHEARD_S = 15.0
"""Loud audio that two streams in a row gave no word for is kept no longer: it may be music, or an engine."""
PROVEN_S = 5.0
"""A stream that has taken audio for so long works, even though nobody has said anything."""
UNANSWERED_S = 1.0
"""More loud audio than this without an answer is no proof of it."""


@dataclass(slots=True)
class _Stream:
    number: int
    base: int
    """Position of its first sample."""
    sent: int
    """Position after its last sample."""
    opened_s: float
    took_s: float
    """When it last had room for audio."""
    is_proven: bool = False
    """It has answered, or taken audio for a while."""
    finishing: bool = False
    loud_s: float = 0.0
    """Loud audio since its last answer."""

    @property
    def seems_to_work(self) -> bool:
        """Whether it has taken audio for long enough, with nothing in it that should have been answered."""
        return self.took_s - self.opened_s >= PROVEN_S and self.loud_s <= UNANSWERED_S


class Handover:
    """One session's streams, one at a time. One thread at a time; `now` is the caller's monotonic clock in seconds.

    Args:
        rules: When streams change.
        random: Spreads retries.
        deliver: Takes recognitions, in order.
    """

    def __init__(self, rules: HandoverRules, random: Random, deliver: Callable[[Recognition], None]) -> None:
        self._rules = rules
        self._random = random
        self._audio = FedAudio()
        self._text = SettledText(self._audio, deliver)
        self._pacer = Pacer(rules.pace)
        self._loud: deque[int] = deque()
        """Positions of loud pieces that the stream was sent and that are not settled."""

        self._stream: _Stream | None = None
        self._opened = 0
        self._hand_overs = 0
        self._farthest = 0
        """Position up to which a stream that worked has got the audio."""
        self._retry_s: float | None = None
        self._failures = 0
        self._trouble: StreamEnd | None = None
        self._patience = 1
        self._fed_until = 0
        self._fed_s = 0.0
        """When audio came last."""
        self._actions: deque[Action] = deque()

        self._is_finishing = False
        self._is_done = False

    @property
    def is_done(self) -> bool:
        """Whether everything was answered after `finish`."""
        return self._is_done

    @property
    def trouble(self) -> StreamEnd | None:
        """Why there is no working stream; None while there is one, or none is needed."""
        return self._trouble

    @property
    def hand_overs(self) -> int:
        """How often a stream was changed as a matter of course."""
        return self._hand_overs

    @property
    def waiting_s(self) -> float:
        """Audio that no stream was sent yet."""
        return max(0, self._audio.end - self._next_position) / RATE

    @property
    def dropped_s(self) -> float:
        """Audio with sound in it that was given up so far."""
        return self._text.dropped_s

    def feed(self, pcm: bytes, start_s: float) -> None:
        """Take audio whose first sample is at `start_s` on the clock of the recognitions."""
        if self._is_finishing:
            return
        self._audio.append(pcm, start_s)
        end, kept = self._audio.end, round(self._rules.kept_s * RATE)
        longest = kept + round(self._rules.unsettled_s * RATE)
        if self._stream is None and end - max(self._text.settled, self._farthest) > kept:
            self._give_up_until(end - kept)
        elif end - self._next_position > longest:
            self._give_up_until(end - longest)
        self._audio.trim(end - longest)

    def finish(self) -> None:
        """No more audio comes."""
        self._is_finishing = True
        self._conclude()

    def abandon(self) -> None:
        """Make the best of what there is: the session has no more time."""
        self._text.promote()
        self._give_up_until(self._audio.end)
        self._text.tell_of_loss()
        self._is_done = True

    def poll(self, now: float, has_room: bool = True) -> list[Action]:
        """What is to be done now.

        Args:
            now: The time.
            has_room: Whether the stream takes audio now; it does not while the network stalls.
        """
        if self._audio.end != self._fed_until:
            self._fed_until, self._fed_s = self._audio.end, now
        if not self._is_done:
            self._open_when_due(now)
            if (current := self._stream) is not None and has_room and not current.finishing:
                current.took_s = now
            self._change_when_due(now)
            self._send(now, has_room)
            if self._stream is not None and not self._stream.is_proven and self._stream.seems_to_work:
                self._has_proved_itself(self._stream)
        actions = list(self._actions)
        self._actions.clear()
        return actions

    def wake_s(self, now: float) -> float | None:
        """When `poll` wants to be called although nothing happened; None: only when something did."""
        current = self._stream
        if self._is_done or (current is None and self._is_quiet):
            return None
        if current is None:
            return max(now, self._retry_s or now)
        soonest = min(
            current.opened_s + self._rules.limit_s - self._rules.margin_s,
            current.took_s + self._rules.stalled_s,
        )
        if not current.is_proven and current.opened_s + PROVEN_S > now:
            soonest = min(soonest, current.opened_s + PROVEN_S)
        if not current.finishing:
            soonest = min(soonest, self._next_sending_s(current, now))
        return max(soonest, now + 0.02)

    def _next_sending_s(self, current: _Stream, now: float) -> float:
        waiting = self._audio.end - current.sent
        if waiting >= PIECE_S * RATE or self._is_finishing:
            return now + self._pacer.wait_s(PIECE_S)
        if waiting:
            return self._fed_s + REST_S
        return self._fed_s + STARVED_S if self._may_owe_words else math.inf

    def take_result(self, stream: int, result: StreamResult) -> None:
        """Take a stream's answer; one of a stream that was dropped counts for nothing."""
        current = self._stream
        if current is None or current.number != stream:
            return
        current.loud_s, self._patience = 0.0, 1
        self._has_proved_itself(current)
        if result.speech_began_s is not None:
            self._text.speech_began(current.base + round(result.speech_began_s * RATE))
        for final in result.finals:
            self._text.settle(final, current.base, current.sent)
        if result.interim:
            first_loud = next((at for at in self._loud if at >= self._text.settled), None)
            self._text.show(result.interim, result.stable_chars, first_loud, current.sent)

    def take_end(self, stream: int, end: StreamEnd, now: float) -> None:
        """Take the end of a stream, whatever its cause."""
        current = self._stream
        if current is None or current.number != stream:
            return
        self._leave_stream()
        has_heard_all = current.sent >= self._audio.end
        match end.kind:
            case EndKind.FINISHED if current.finishing:
                self._has_proved_itself(current)
                self._text.settle_rest(current.sent)
            case EndKind.IDLE if has_heard_all:
                # The next stream begins with new audio, when there is some.
                self._text.settle_rest(current.sent)
            case EndKind.LIMIT | EndKind.IDLE if now - current.opened_s > PROVEN_S:
                self._hand_overs += 1
                self._retry_s = now
            case _:
                self._fail(end, now)
        self._conclude()

    def _conclude(self) -> None:
        if self._is_finishing and self._stream is None and self._is_quiet and not self._is_done:
            self._text.tell_of_loss()
            self._is_done = True

    # Streams

    @property
    def _next_position(self) -> int:
        return self._stream.sent if self._stream is not None else self._text.resume

    @property
    def _is_quiet(self) -> bool:
        return self._audio.end <= self._text.settled

    def _open_when_due(self, now: float) -> None:
        if self._stream is not None or self._is_quiet or now < (self._retry_s or now):
            return
        if self._audio.start > self._text.settled:
            self._give_up_until(self._audio.start)
        self._opened += 1
        base = self._text.resume
        self._stream = _Stream(self._opened, base, base, opened_s=now, took_s=now)
        self._pacer.begin(now)
        self._actions.append(Open(self._opened))

    def _change_when_due(self, now: float) -> None:
        current = self._stream
        if current is None:
            return
        self._pass_over_silence(current)
        if current.loud_s > self._rules.deaf_s * self._patience:
            self._patience *= 2
            self._replace(EndKind.DEAF, now)
        elif now - current.took_s > self._rules.stalled_s:
            self._replace(EndKind.STALLED, now)
        elif not current.finishing and self._is_change_due(current, now):
            self._hand_overs += 1
            self._pacer.recover()
            self._drop_stream(current)
            self._open_when_due(now)

    def _is_change_due(self, current: _Stream, now: float) -> bool:
        age_s = now - current.opened_s
        # The provider may count the time, or the audio, of which a stream that had to catch up has more.
        if max(age_s, (current.sent - current.base) / RATE) >= self._rules.limit_s - self._rules.margin_s:
            return True
        is_pause = (
            not self._text.has_interim and current.sent - self._text.settled < (ANSWERED_WITHIN_S + ONSET_S) * RATE
        )
        return is_pause and age_s >= self._rules.limit_s - self._rules.seek_pause_s

    def _pass_over_silence(self, current: _Stream) -> None:
        """Settle what holds no speech, so that the next stream need not hear it again."""
        if self._text.has_interim:
            return
        while self._loud and self._loud[0] < self._text.settled:
            self._loud.popleft()
        silent_until = current.sent - round(ANSWERED_WITHIN_S * RATE)
        if self._loud:
            silent_until = min(silent_until, self._loud[0] - round(ONSET_S * RATE))
        if self._patience > 1:
            unheard_until = current.sent - round(UNHEARD_S * RATE)
            self._lose_loud(unheard_until)
            silent_until = max(silent_until, unheard_until)
        self._text.settle_silence(silent_until)

    def _replace(self, kind: EndKind, now: float) -> None:
        assert self._stream is not None
        self._drop_stream(self._stream)
        self._fail(StreamEnd(kind), now)

    def _drop_stream(self, current: _Stream) -> None:
        self._actions.append(Drop(current.number))
        self._leave_stream()
        self._retry_s = None

    def _leave_stream(self) -> None:
        if self._stream is not None and self._stream.is_proven:
            self._farthest = max(self._farthest, self._stream.sent)
        self._stream = None
        self._loud.clear()

    def _fail(self, end: StreamEnd, now: float) -> None:
        rules = self._rules
        same_again = self._trouble is not None and self._trouble.kind is end.kind
        self._failures = self._failures + 1 if same_again else 1
        self._trouble = end
        doubled = 2 ** min(self._failures - 1, 10)
        match end.kind:
            case EndKind.REFUSED:
                wait_s = rules.refused_wait_s
            case EndKind.QUOTA:
                self._pacer.slow_down()
                wait_s = min(rules.quota_wait_s * doubled, rules.longest_quota_wait_s)
            case _:
                wait_s = min(rules.first_wait_s * doubled, rules.longest_wait_s)
        self._retry_s = now + wait_s * self._random.uniform(0.5, 1.0)

    def _has_proved_itself(self, current: _Stream) -> None:
        current.is_proven = True
        self._failures, self._trouble = 0, None
        self._text.tell_of_loss()

    # Audio

    def _send(self, now: float, has_room: bool) -> None:
        current = self._stream
        if current is None or current.finishing:
            return
        pause_s = math.inf if self._is_finishing else now - self._fed_s
        while has_room and (waiting := self._audio.end - current.sent) > 0:
            piece = min(round(PIECE_S * RATE), waiting)
            affordable = int(self._pacer.allowed_s(now) * RATE)
            if affordable < piece or (waiting < PIECE_S * RATE and pause_s < REST_S):
                break
            self._send_piece(current, min(waiting, affordable, round(MOST_SENT_S * RATE)))
        is_starved = pause_s >= STARVED_S and self._may_owe_words
        if current.sent >= self._audio.end and (self._is_finishing or is_starved):
            current.finishing = True
            self._actions.append(Finish(current.number))

    @property
    def _may_owe_words(self) -> bool:
        """Whether the stream may have heard words that no final text covers yet."""
        return self._text.has_interim or any(at >= self._text.settled for at in self._loud)

    def _send_piece(self, current: _Stream, samples: int) -> None:
        for at, end in self._audio.loud_pieces(current.sent, current.sent + samples):
            current.loud_s += (end - at) / RATE
            self._loud.append(at)
        self._actions.append(Send(current.number, self._audio.read(current.sent, samples)))
        current.sent += samples
        self._pacer.spend(samples / RATE)

    def _give_up_until(self, position: int) -> None:
        """Forget audio that can neither be kept nor recognised; what was loud in it is told of, as one stretch."""
        if self._stream is not None:
            self._drop_stream(self._stream)
        settled, kept = self._text.settled, self._audio.start
        if settled < kept:
            self._text.lose(settled, kept)
        self._lose_loud(position)
        self._text.settle_silence(position)

    def _lose_loud(self, position: int) -> None:
        """Tell, later, of what is not settled and loud before a position: there may have been words in it."""
        for at, end in self._audio.loud_pieces(max(self._text.settled, self._audio.start), position):
            self._text.lose(at, end)
