"""The speech sessions of one call: one for each participant who is written down, another when the language changes.

Lives on the calls loop; the speech engine's threads deliver the recognitions.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from core.model.call import CallId, Language, ParticipantId
from core.model.utterance import Recognition
from core.speech.transcriber import SpeechSession, SpeechStats, Transcriber

LAST_WORDS_S = 10.0
"""How long the end of a session waits for what was still being recognised."""


@dataclass(frozen=True, slots=True)
class Ear:
    """Who is heard, and as what."""

    participant_id: ParticipantId
    language: Language
    number: int
    """How many sessions the participant had before: their ordinals begin anew with each."""
    source: str = ""
    """Who wrote it down, where that is not the speech engine."""

    def utterance_id(self, ordinal: int) -> str:
        """The id of an utterance; unique in the call."""
        number = f"{self.number}-" if self.number else ""
        source = f"{self.source}-" if self.source else ""
        return f"{self.participant_id}-{source}{number}{ordinal}"


class Listening:
    """Hears everybody whom `listen` was called for.

    Args:
        call_id: Names the sessions.
        transcriber: The speech engine.
        recognised: Takes recognitions, on a thread of the engine.
    """

    def __init__(
        self, call_id: CallId, transcriber: Transcriber, recognised: Callable[[Ear, Recognition], None]
    ) -> None:
        self._call_id = call_id
        self._transcriber = transcriber
        self._recognised = recognised
        self._open: dict[ParticipantId, tuple[Ear, SpeechSession]] = {}
        self._closing: dict[ParticipantId, asyncio.Task[None]] = {}
        self._numbers: dict[ParticipantId, int] = {}
        """How many sessions those had who were stopped listening to."""
        self._former_dropped_s = 0.0

    def listen(self, participant_id: ParticipantId, language: Language) -> None:
        """Hear a participant in a language from now on; what was heard before is recognised in the former one."""
        ear, session = self._open.get(participant_id, (None, None))
        if ear is None or session is None:
            self._open_ear(Ear(participant_id, language, self._numbers.get(participant_id, 0)))
        elif ear.language != language:
            self._open_ear(Ear(participant_id, language, ear.number + 1))
            self._close_later(participant_id, session)

    def stop(self, participant_id: ParticipantId) -> None:
        """Hear a participant no more; what was heard before is still recognised. Idempotent."""
        ear, session = self._open.pop(participant_id, (None, None))
        if ear is not None and session is not None:
            self._numbers[participant_id] = ear.number + 1
            self._close_later(participant_id, session)

    def _close_later(self, participant_id: ParticipantId, session: SpeechSession) -> None:
        self._closing[participant_id] = asyncio.create_task(
            self._close_former(session, after=self._closing.get(participant_id)),
            name=f"call-{self._call_id}-{participant_id}-former-speech",
        )

    def hears(self, participant_id: ParticipantId) -> bool:
        """Whether `listen` was called for a participant."""
        return participant_id in self._open

    def feed(self, participant_id: ParticipantId, pcm: bytes, start_s: float) -> None:
        """Audio of a participant on the call's clock; ignored where nobody listens."""
        if participant_id in self._open:
            self._open[participant_id][1].feed(pcm, start_s)

    @property
    def stats(self) -> Mapping[Ear, SpeechStats]:
        """The counters of every session that is open."""
        return {ear: session.stats for ear, session in self._open.values()}

    @property
    def dropped_s(self) -> float:
        """Seconds of audio that were given up."""
        return self._former_dropped_s + sum(session.stats.dropped_s for _, session in self._open.values())

    async def close(self) -> None:
        """Recognise what was heard, and stop; idempotent."""
        sessions, self._open = [session for _, session in self._open.values()], {}
        await asyncio.gather(*(asyncio.to_thread(session.close, LAST_WORDS_S) for session in sessions))
        self._former_dropped_s += sum(session.stats.dropped_s for session in sessions)
        await asyncio.gather(*self._closing.values())

    def _open_ear(self, ear: Ear) -> None:
        number = f"-{ear.number}" if ear.number else ""
        session = self._transcriber.open_session(
            name=f"{self._call_id}-{ear.participant_id}{number}",
            language=ear.language,
            on_recognition=lambda recognition: self._recognised(ear, recognition),
        )
        self._open[ear.participant_id] = (ear, session)

    async def _close_former(self, session: SpeechSession, after: "asyncio.Task[None] | None") -> None:
        if after is not None:
            await after
        await asyncio.to_thread(session.close, LAST_WORDS_S)
        self._former_dropped_s += session.stats.dropped_s
