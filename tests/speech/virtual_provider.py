"""A provider of speech streams in virtual time, as faulty as it is told to be, and a call that runs over it."""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from random import Random

import numpy as np
from numpy.typing import NDArray

from core.model.utterance import Recognition
from core.speech.handover import Handover
from core.speech.handover_rules import Drop, Finish, HandoverRules, Open, Send
from core.speech.provider import EndKind, StreamEnd, StreamResult
from tests.fakes.scripted_speech import RATE, ScriptedRecogniser, SpokenWord

STEP_S = 0.02


@dataclass(frozen=True, slots=True)
class Faults:
    """What goes wrong; seconds."""

    limit_s: float = 300.0
    surprise_limits: bool = False
    """Streams end earlier than the provider says."""
    errors_every_s: float = 0.0
    """Mean time to a transient or quota error; 0 for none."""
    outages: tuple[tuple[float, float], ...] = ()
    """From when until when no stream lives."""
    stalls: tuple[tuple[float, float], ...] = ()
    """From when until when the provider takes nothing."""
    deaf_streams: frozenset[int] = frozenset()
    """Streams that take audio and never answer, nor end when asked to."""
    pace_limit: float = 2.0
    """A stream that gets audio faster than this, after a burst of two seconds, is refused."""
    latency_s: tuple[float, float] = (0.1, 1.0)
    gives_words: bool = True
    idle_s: float = 10.0


@dataclass
class _Served:
    ear: ScriptedRecogniser
    opened_s: float
    ends_s: float
    ends_as: EndKind
    deaf: bool
    received_s: float = 0.0
    last_audio_s: float = 0.0
    answers_after_s: float = 0.0
    silent: bool = False


@dataclass
class VirtualCall:
    """One voice over a faulty provider, from the first sample to the session's end. Every run of a seed is alike."""

    words: Sequence[SpokenWord]
    sound: NDArray[np.int16]
    faults: Faults
    rules: HandoverRules
    random: Random
    heard: list[Recognition] = field(default_factory=list)
    heard_at_s: list[float] = field(default_factory=list)
    """When each was heard, in seconds from the first sample."""
    troubles: list[EndKind | None] = field(default_factory=list)
    """What was wrong, in order of time; None for nothing."""
    ends: list[EndKind] = field(default_factory=list)
    opened: int = 0
    _at_s: float = 0.0

    def run(self, starts_s: float = 100.0, gaps: Sequence[tuple[float, float]] = (), close_s: float = 120.0) -> None:
        """Feed everything at its pace and close.

        Args:
            starts_s: The time of the first sample.
            gaps: Stretches of the sound, in seconds, in which nothing is fed.
            close_s: What closing may take.
        """
        self._events: list[tuple[float, int, int, StreamResult | StreamEnd]] = []
        self._order = count()
        self._served: dict[int, _Served] = {}
        handover = Handover(self.rules, Random(self.random.random()), self._take)
        self.handover = handover
        step = round(STEP_S * RATE)
        length_s = len(self.sound) / RATE
        now, at = starts_s, 0
        while now < starts_s + length_s + close_s:
            if at < len(self.sound):
                block = self.sound[at : at + step]
                spoken_s = at / RATE
                if not any(start <= spoken_s < end for start, end in gaps):
                    handover.feed(block.tobytes(), starts_s + spoken_s)
                at += step
            elif handover.is_done:
                break
            else:
                handover.finish()
            now += STEP_S
            self._at_s = now - starts_s
            self._serve(now - starts_s)
            self._tell(handover, now - starts_s, now)
            stalled = any(start <= now - starts_s < end for start, end in self.faults.stalls)
            for action in handover.poll(now, has_room=not stalled):
                match action:
                    case Open(number):
                        self._open(number, now - starts_s)
                    case Send(number, pcm):
                        self._hear(number, pcm, now - starts_s)
                    case Finish(number):
                        self._finish(number, now - starts_s)
                    case Drop(number):
                        self._served.pop(number, None)
            trouble = handover.trouble.kind if handover.trouble is not None else None
            if self.troubles[-1:] != [trouble]:
                self.troubles.append(trouble)
        else:
            handover.abandon()

    def _take(self, recognition: Recognition) -> None:
        self.heard.append(recognition)
        self.heard_at_s.append(self._at_s)

    def _open(self, number: int, at_s: float) -> None:
        faults, random = self.faults, self.random
        self.opened += 1
        limit_s = faults.limit_s * (random.uniform(0.3, 1.0) if faults.surprise_limits else 1.0)
        ends_s, ends_as = at_s + limit_s, EndKind.LIMIT
        if faults.errors_every_s and (error_s := at_s + random.expovariate(1 / faults.errors_every_s)) < ends_s:
            ends_s, ends_as = error_s, random.choice((EndKind.TRANSIENT, EndKind.TRANSIENT, EndKind.QUOTA))
        ear = ScriptedRecogniser(self.words, random, faults.gives_words)
        self._served[number] = _Served(
            ear, at_s, ends_s, ends_as, deaf=number in faults.deaf_streams, last_audio_s=at_s
        )

    def _hear(self, number: int, pcm: bytes, at_s: float) -> None:
        served = self._served[number]
        served.last_audio_s = at_s
        served.received_s += len(pcm) / 2 / RATE
        if served.received_s > self.faults.pace_limit * (at_s - served.opened_s) + 2.0:
            served.ends_s, served.ends_as = at_s, EndKind.QUOTA
        self._answer(number, served, served.ear.push(pcm), at_s)

    def _finish(self, number: int, at_s: float) -> None:
        served = self._served[number]
        if served.deaf:
            return
        self._answer(number, served, served.ear.finish(), at_s)
        if served.ends_s > served.answers_after_s:
            served.ends_s, served.ends_as = max(served.answers_after_s, at_s) + 0.05, EndKind.FINISHED

    def _answer(self, number: int, served: _Served, results: Sequence[StreamResult], at_s: float) -> None:
        if served.deaf:
            return
        for result in results:
            served.answers_after_s = max(served.answers_after_s, at_s + self.random.uniform(*self.faults.latency_s))
            heapq.heappush(self._events, (served.answers_after_s, next(self._order), number, result))

    def _serve(self, at_s: float) -> None:
        for number, served in list(self._served.items()):
            in_outage = any(start <= at_s < end for start, end in self.faults.outages)
            if in_outage:
                self._end(number, EndKind.TRANSIENT, at_s)
            elif at_s >= served.ends_s:
                self._end(number, served.ends_as, at_s)
            elif at_s - served.last_audio_s > self.faults.idle_s:
                self._end(number, EndKind.IDLE, at_s)

    def _end(self, number: int, kind: EndKind, at_s: float) -> None:
        del self._served[number]
        self.ends.append(kind)
        heapq.heappush(self._events, (at_s, next(self._order), number, StreamEnd(kind)))

    def _tell(self, handover: Handover, at_s: float, now: float) -> None:
        while self._events and self._events[0][0] <= at_s:
            _, _, number, event = heapq.heappop(self._events)
            if isinstance(event, StreamEnd):
                handover.take_end(number, event, now)
                self._events = [each for each in self._events if each[2] != number]
                heapq.heapify(self._events)
            else:
                handover.take_result(number, event)
