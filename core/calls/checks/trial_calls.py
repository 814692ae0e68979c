"""Trial calls: legs in the media process that belong to no call, are kept nowhere, and end by themselves."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from core.media.events import LegSpec, MediaEvent, PlaybackKind
from core.model.call import CallId, LegId, ParticipantId
from core.model.check import TrialAnswers
from core.model.errors import TrialsBusy
from core.model.sample import RtpSample

LONGEST_S = 25.0
"""A browser's trial takes about ten seconds; one whose tab was closed ends after this."""
MOST_AT_ONCE = 4
MOST_SAMPLES = 200


class TrialMedia(Protocol):
    """What trial calls ask of the media process; see `core.media.controller.MediaProcess`."""

    async def open_leg(self, spec: LegSpec) -> None:
        """Make a leg known. Raises MediaError."""

    async def answer(self, leg_id: LegId, offer_sdp: str) -> str:
        """The answer to a leg's one offer. Raises MediaError."""

    async def set_routes(self, call_id: CallId, routes: Mapping[LegId, frozenset[LegId]]) -> None:
        """Who hears whom. Raises MediaError."""

    async def play(self, legs: Mapping[LegId, Path], call_id: CallId, offset_s: float = 0.0) -> PlaybackKind:
        """Let a file speak on each leg. Raises MediaError."""

    async def close_leg(self, leg_id: LegId) -> None:
        """End a leg. Raises MediaTimeout."""


@dataclass(slots=True)
class Trial:
    """A trial call that goes on."""

    call_id: CallId
    legs: tuple[LegId, ...]
    samples: list[RtpSample] = field(default_factory=list)
    """What the media process has measured on its legs, oldest first, on the monotonic clock."""
    ending: asyncio.Task[None] | None = None


class TrialCalls:
    """Opens, feeds and ends trial calls. Lives on the calls loop."""

    def __init__(self, media: TrialMedia, make_id: Callable[[], str], longest_s: float = LONGEST_S) -> None:
        self.media = media
        self._make_id = make_id
        self._longest_s = longest_s
        self._by_leg: dict[LegId, Trial] = {}
        self._of: dict[str, Trial] = {}
        """Browsers' trials, by whose they are."""
        self._opening = asyncio.Lock()
        self._endings: set[asyncio.Task[None]] = set()

    def take(self, event: MediaEvent) -> None:
        """Keep what is measured on the legs of trials; everything else is nothing to us."""
        if not isinstance(event, RtpSample):
            return
        trial = self._by_leg.get(event.leg_id)
        if trial is not None and len(trial.samples) < MOST_SAMPLES:
            trial.samples.append(event)

    async def open(self, *, is_both_ways: bool) -> Trial:
        """Two legs: the first is heard on the second and, both ways, the second on the first. Raises MediaError."""
        call_id = CallId(f"trial-{self._make_id()}")
        first, second = LegId(f"{call_id}-a"), LegId(f"{call_id}-b")
        trial = Trial(call_id, (first, second))
        self._by_leg |= dict.fromkeys(trial.legs, trial)
        try:
            for leg_id in trial.legs:
                listens = leg_id == second and not is_both_ways
                spec = LegSpec(leg_id, call_id, ParticipantId(leg_id), speech=False, listen_only=listens)
                await self.media.open_leg(spec)
            hears_second = frozenset({second} if is_both_ways else ())
            await self.media.set_routes(call_id, {second: frozenset({first}), first: hears_second})
        except BaseException:
            await self.close_trial(trial)
            raise
        return trial

    async def close_trial(self, trial: Trial) -> None:
        """End a trial and forget it. Idempotent."""
        known = [leg_id for leg_id in trial.legs if self._by_leg.pop(leg_id, None) is not None]
        closing = (self.media.close_leg(leg_id) for leg_id in known)
        await asyncio.gather(*closing, return_exceptions=True)

    async def connect(self, whose: str, speaking: str, hearing: str) -> TrialAnswers:
        """Begin a trial for one browser, whose former one ends. Its offers come with all of their candidates.

        Raises:
            TrialsBusy: too many are going on.
            MediaError: an offer was not answered.
        """
        async with self._opening:
            await self.end(whose)
            if len(self._of) >= MOST_AT_ONCE:
                raise TrialsBusy
            trial = self._of[whose] = await self.open(is_both_ways=False)
        trial.ending = asyncio.create_task(self._end_later(whose, trial), name=f"doctor-{trial.call_id}")
        self._endings.add(trial.ending)
        trial.ending.add_done_callback(self._endings.discard)
        try:
            answers = await asyncio.gather(*map(self.media.answer, trial.legs, (speaking, hearing)))
        except BaseException:
            await self.end(whose)
            raise
        return TrialAnswers(trial.call_id, *answers)

    async def _end_later(self, whose: str, trial: Trial) -> None:
        await asyncio.sleep(self._longest_s)
        if self._of.get(whose) is trial:
            del self._of[whose]
        await self.close_trial(trial)

    async def end(self, whose: str) -> None:
        """End somebody's trial, if there is one."""
        trial = self._of.pop(whose, None)
        if trial is None:
            return
        if trial.ending is not None:
            trial.ending.cancel()
        await self.close_trial(trial)

    async def close(self) -> None:
        """End every trial; idempotent."""
        for whose in tuple(self._of):
            await self.end(whose)
        for task in tuple(self._endings):
            task.cancel()
        await asyncio.gather(*self._endings, return_exceptions=True)
