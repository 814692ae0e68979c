"""Demo calls: two recorded voices over real media connections, or a scripted conversation without sound.

Everything runs on the calls loop.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from core.calls.registry import CallRegistry
from core.calls.session import CallSession
from core.media.events import PlaybackEnded, PlaybackKind
from core.model.call import CallId, CallOrigin, CallState, EndReason, Language, LegId, ParticipantId, Role
from core.model.errors import CallNotImpairable, EarshotError, ParticipantNotFound
from core.model.impairment import CLEAN, Impairment, ImpairmentKind
from core.model.insight import Turn
from core.model.utterance import Recognition

logger = logging.getLogger(__name__)

READING_S_PER_CHARACTER = {"ko": 0.12}
READING_S_PER_CHARACTER_OTHERWISE = 0.055
PAUSE_S = 0.8
SCRIPT_NAMES: Mapping[Language, Mapping[Role, str]] = {
    "ko": {Role.AGENT: "상담사", Role.CUSTOMER: "고객"},
    "en": {Role.AGENT: "Agent", Role.CUSTOMER: "Customer"},
}
"""What the speakers of a script are called where it does not say, by its language."""
SPEAK_AGAIN_S = (0.5, 1.0, 2.0, 4.0, 8.0)
"""Pauses before each attempt to bring the voices back after the media process died."""

IMPAIRMENT_NOTES: Mapping[ImpairmentKind, str] = {
    ImpairmentKind.LOSS: "impaired_loss",
    ImpairmentKind.JITTER: "impaired_jitter",
    ImpairmentKind.DRIFT: "impaired_drift",
    ImpairmentKind.DEAD_MICROPHONE: "impaired_microphone",
    ImpairmentKind.BLOCKED: "impaired_blocked",
}
"""The line in the call's history for each kind."""
STRENGTHS: Mapping[ImpairmentKind, str] = {
    ImpairmentKind.LOSS: "{:g} %",
    ImpairmentKind.JITTER: "{:g} ms",
    ImpairmentKind.DRIFT: "{:g} ms/min",
}


class Playback(Protocol):
    """What a demo asks of the media process."""

    async def play(self, legs: Mapping[LegId, Path], call_id: CallId, offset_s: float = 0.0) -> PlaybackKind:
        """Let a file speak on each leg, from `offset_s` seconds on. Raises MediaError."""

    async def impair(self, call_id: CallId, leg_id: LegId, impairment: Impairment) -> None:
        """Do this to what a leg's file sends from now on. Raises MediaError."""


@dataclass(frozen=True, slots=True)
class DemoSide:
    """One of the recorded voices."""

    role: Role
    name: str
    path: Path


class DemoCalls:
    """Starts demo calls, and starts their voices again when the media process was restarted."""

    def __init__(
        self,
        registry: CallRegistry,
        playback: Playback,
        sides: Sequence[DemoSide],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._registry = registry
        self._playback = playback
        self._sides = tuple(sides)
        self._sleep = sleep
        self._voices: dict[CallId, dict[ParticipantId, Path]] = {}
        self._began_s: dict[CallId, float] = {}
        self._impairments: dict[CallId, dict[ParticipantId, Impairment]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        registry.on_playback_ended = self._playback_ended

    async def start_voices(self, language: Language, created_by: str = "") -> CallSession:
        """Begin a call between the two recorded voices. Raises MediaError."""
        self._forget_ended()
        session = await self._registry.start(language, CallOrigin.DEMO, created_by)
        try:
            voices = {}
            for side in self._sides:
                participant = await session.join(side.role, side.name)
                voices[participant.id] = side.path
            self._voices[session.call.id] = voices
            await self._speak(session, offset_s=0.0)
            self._began_s[session.call.id] = session.record.now_s()
        except EarshotError:
            await session.end(EndReason.ABANDONED)
            raise
        return session

    def _forget_ended(self) -> None:
        running = {session.call.id for session in self._registry.running()}
        for call_id in self._voices.keys() - running:
            del self._voices[call_id]
            self._began_s.pop(call_id, None)
            self._impairments.pop(call_id, None)

    async def start_script(
        self, turns: Sequence[Turn], language: Language, names: Mapping[Role, str], created_by: str = ""
    ) -> CallSession:
        """Begin a scripted, silent call: its turns appear at the pace at which one would say them."""
        session = await self._registry.start(language, CallOrigin.SCRIPT, created_by)
        self._own(self._recite(session, turns, names), f"call-{session.call.id}-script")
        return session

    async def impair(self, call_id: CallId, participant_id: ParticipantId, impairment: Impairment) -> None:
        """Do this to what one of the voices sends, until it is told otherwise or the call ends.

        Raises:
            CallNotFound: there is no such call in memory.
            CallNotImpairable: it has ended, or has no voices that talk over a network.
            ParticipantNotFound: nobody of that id is one of its voices.
            MediaError: the voices cannot be reached now; what was done before goes on.
        """
        session = self._registry.find(call_id)
        if session.call.origin is not CallOrigin.DEMO or session.call.state is CallState.ENDED:
            raise CallNotImpairable(call_id=call_id)
        voice = next((p for p in session.call.participants if p.id == participant_id), None)
        if voice is None or voice.leg_id is None or participant_id not in self._voices.get(call_id, {}):
            raise ParticipantNotFound(participant_id=participant_id)
        in_force = self._impairments.setdefault(call_id, {})
        if in_force.get(participant_id, CLEAN) == impairment:
            return
        await self._playback.impair(call_id, voice.leg_id, impairment)
        in_force[participant_id] = impairment
        if not impairment.kinds:
            session.tell("impairment_over", voice.name)
        for kind in impairment.kinds:
            session.tell(IMPAIRMENT_NOTES[kind], _with_strength(voice.name, impairment, kind))

    def impairments(self, call_id: CallId) -> Mapping[ParticipantId, Impairment]:
        """What is done to the voices of a demo call now, to each that can be impaired. Any thread."""
        in_force = dict(self._impairments.get(call_id, {}))
        return {participant_id: in_force.get(participant_id, CLEAN) for participant_id in self._voices.get(call_id, {})}

    async def _speak(self, session: CallSession, offset_s: float) -> None:
        legs: dict[LegId, Path] = {}
        for participant_id, path in self._voices[session.call.id].items():
            leg_id = await session.connect(participant_id)
            legs[leg_id] = path
        kind = await self._playback.play(legs, session.call.id, offset_s)
        if kind is PlaybackKind.DIRECT:
            session.change_origin(CallOrigin.DEMO_DIRECT)
            return
        for participant in session.call.participants:
            impairment = self._impairments.get(session.call.id, {}).get(participant.id, CLEAN)
            if participant.leg_id in legs and impairment != CLEAN:
                await self._playback.impair(session.call.id, participant.leg_id, impairment)

    def _playback_ended(self, session: CallSession, event: PlaybackEnded) -> None:
        if event.error is None or session.call.state is CallState.ENDED:
            session.begin_end(EndReason.FINISHED)
        else:
            self._own(self._speak_again(session), f"call-{session.call.id}-voices")

    async def _speak_again(self, session: CallSession) -> None:
        """The media process died under the voices: they come back where they would be by now."""
        for pause_s in SPEAK_AGAIN_S:
            await self._sleep(pause_s)
            try:
                await self._speak(session, offset_s=session.record.now_s() - self._began_s[session.call.id])
            except EarshotError as error:
                logger.warning("the voices of demo call %s are not back yet: %s", session.call.id, error)
            else:
                return
        await session.end(EndReason.FINISHED)

    def _own(self, work: Coroutine[None, None, None], name: str) -> None:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _recite(self, session: CallSession, turns: Sequence[Turn], names: Mapping[Role, str]) -> None:
        language = session.call.language
        pace = READING_S_PER_CHARACTER.get(language, READING_S_PER_CHARACTER_OTHERWISE)
        people = {role: await session.join(role, names[role]) for role in dict.fromkeys(t.role for t in turns)}
        session.go_live()
        for ordinal, turn in enumerate(turns):
            start_s = session.record.now_s()
            await self._sleep(pace * len(turn.text))
            if session.call.state is CallState.ENDED:
                return
            session.said(
                people[turn.role].id,
                Recognition(
                    ordinal=ordinal,
                    text=turn.text,
                    is_final=True,
                    start_s=start_s,
                    end_s=session.record.now_s(),
                    engine="script",
                ),
            )
            await self._sleep(PAUSE_S)
        await session.end(EndReason.FINISHED)

    async def close(self) -> None:
        """Stop every task; idempotent."""
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


def _with_strength(name: str, impairment: Impairment, kind: ImpairmentKind) -> str:
    strength = impairment.strength(kind)
    return name if strength is None else f"{name} ({STRENGTHS[kind].format(strength)})"
