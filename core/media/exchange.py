"""Every leg of the media process, and every call's table of who hears whom."""

import asyncio
import gc
import logging
import math
import time
from collections.abc import Callable, Mapping

from core.media.bridge import Bridge
from core.media.events import LegChanged, LegSpec, PlaybackEnded, VoiceSent
from core.media.feed import DirectFeed
from core.media.guard import Guard, Tally
from core.media.ice import IceConfiguration
from core.media.leg import Leg
from core.media.messages import AnyReport, LegReport, PcmReport, PlaybackReport, SampleReport, VoiceReport
from core.media.pacer import Pacer
from core.media.spare_turns import SpareTurns
from core.media.voice import Voice
from core.media.voice_leg import VoiceLeg
from core.model.audio import PcmChunk
from core.model.call import CallId, LegId, LegState
from core.model.errors import LegNotFound

logger = logging.getLogger(__name__)

SAMPLE_PERIOD_S = 1.0
SAMPLE_TURNS = 20
"""Into how many turns the legs of a second are divided: the figures of many at once would hold up packets."""


class Exchange:
    """Opens, routes, samples and closes legs. Media loop only; `emit` gets the events and must not block."""

    def __init__(self, bridge: Bridge, emit: Callable[[AnyReport], None], tally: Tally) -> None:
        self._bridge = bridge
        self._emit = emit
        self._tally = tally
        self._guard = Guard("feed_and_sample_errors", tally)
        self._spare_turns = SpareTurns(Guard("speech_feed_errors", tally))
        self._legs: dict[LegId, Leg] = {}
        self._sampled_s: dict[LegId, float] = {}
        self._tables: dict[CallId, Mapping[LegId, frozenset[LegId]]] = {}
        self._feeds: dict[CallId, DirectFeed] = {}
        self._pacer = Pacer(tally)
        self._endings: set[asyncio.Task[None]] = set()
        self._sampler: asyncio.Task[None] | None = None
        self.loop_lag_p99_ms: float | None = None
        """How late this loop woke from short sleeps in the last second that was measured."""

    @property
    def legs(self) -> int:
        """How many legs there are."""
        return len(self._legs)

    @property
    def held(self) -> int:
        """Of how many legs the bridge keeps anything."""
        return self._bridge.held

    def start(self) -> None:
        """Begin to take samples once a second."""
        self._sampler = asyncio.create_task(self._sample(), name="media-sampler")

    def open(self, spec: LegSpec) -> None:
        """Make a leg known. Idempotent."""
        if spec.leg_id in self._legs:
            return
        leg = (
            VoiceLeg(spec, self._bridge, self._leg_changed, self._pcm, self._voice_sent, self._pacer, self._tally)
            if spec.is_voice
            else Leg(spec, self._bridge, self._leg_changed, self._pcm, self._tally, self._spare_turns.later)
        )
        self._legs[spec.leg_id] = leg
        self._sampled_s[spec.leg_id] = time.monotonic()
        self._leg_changed(leg, LegState.OPEN)
        if isinstance(leg, VoiceLeg):
            self._route(spec.call_id)
            leg.begin()

    def _leg(self, leg_id: LegId) -> Leg:
        try:
            return self._legs[leg_id]
        except KeyError:
            raise LegNotFound(leg_id=leg_id) from None

    async def answer(self, leg_id: LegId, offer_sdp: str, ice: IceConfiguration) -> str:
        """The answer to a leg's one offer.

        Raises:
            LegNotFound: no such leg.
            OfferRefused, MediaPortsUsedUp, RelayRefused, RelayUnreachable: see `Leg.answer`.
        """
        leg = self._leg(leg_id)
        answer = await leg.answer(offer_sdp, ice)
        self._route(leg.spec.call_id)
        return answer

    async def add_candidate(
        self, leg_id: LegId, candidate: str | None, sdp_mid: str | None, sdp_mline_index: int | None
    ) -> None:
        """Take a trickled candidate.

        Raises:
            LegNotFound: no such leg.
            OfferRefused: the candidate cannot be read.
        """
        await self._leg(leg_id).add_candidate(candidate, sdp_mid, sdp_mline_index)

    def set_routes(self, call_id: CallId, routes: Mapping[LegId, frozenset[LegId]]) -> None:
        """Replace a call's whole table. Idempotent. Legs of other calls in it are never heard."""
        self._tables[call_id] = routes
        self._route(call_id)
        self._forget_call(call_id)

    def _route(self, call_id: CallId) -> None:
        table = self._tables.get(call_id, {})
        own = {leg_id for leg_id, leg in self._legs.items() if leg.spec.call_id == call_id}
        for leg_id in own:
            self._bridge.set_sources(leg_id, (table.get(leg_id, frozenset()) & own) - {leg_id})

    def _forget_call(self, call_id: CallId) -> None:
        if not any(leg.spec.call_id == call_id for leg in self._legs.values()) and not self._tables.get(call_id):
            self._tables.pop(call_id, None)

    def set_muted(self, leg_id: LegId, muted: bool) -> None:
        """Mute or unmute a leg on the server.

        Raises:
            LegNotFound: no such leg.
        """
        self._leg(leg_id).set_muted(muted)

    def speak(self, leg_id: LegId, item_id: str, pcm: bytes) -> None:
        """Have a voice leg say this after what it was given before.

        Raises:
            LegNotFound: no such voice leg.
        """
        self._voice(leg_id).speak(item_id, pcm)

    def hush(self, leg_id: LegId) -> None:
        """Have a voice leg say nothing more of what it was given. Idempotent.

        Raises:
            LegNotFound: no such voice leg.
        """
        self._voice(leg_id).hush()

    def _voice(self, leg_id: LegId) -> Voice:
        leg = self._leg(leg_id)
        if not isinstance(leg, VoiceLeg):
            raise LegNotFound(leg_id=leg_id)
        return leg.voice

    async def feed(self, call_id: CallId, files: Mapping[LegId, str], offset_s: float = 0.0) -> None:
        """Let files be heard as if they came from these legs. Returns when they are playing.

        Raises:
            LegNotFound: no such leg.
            AudioFileUnreadable: one of the files.
        """
        takers = {leg_id: self._leg(leg_id).feed for leg_id in files}
        feed = DirectFeed(files, offset_s, takers, self._guard, lambda error: self._fed(call_id, tuple(files), error))
        # Known before anything is waited for: a leg that is closed meanwhile is to be dropped from it.
        former, self._feeds[call_id] = self._feeds.get(call_id), feed
        try:
            if former is not None:
                await former.close()
            await feed.start()
        except BaseException:
            if self._feeds.get(call_id) is feed:
                del self._feeds[call_id]
            raise

    def _fed(self, call_id: CallId, legs: tuple[LegId, ...], error: str | None) -> None:
        self._emit(PlaybackReport(PlaybackEnded(call_id=call_id, legs=legs, error=error)))

    async def close_leg(self, leg_id: LegId) -> None:
        """End a leg on purpose. Idempotent."""
        leg = self._legs.pop(leg_id, None)
        if leg is None:
            return
        del self._sampled_s[leg_id]
        call_id = leg.spec.call_id
        feed = self._feeds.get(call_id)
        if feed is not None and feed.drop(leg_id):
            del self._feeds[call_id]
            await feed.close()
        await leg.close()
        if not any(other.spec.call_id == call_id for other in self._legs.values()):
            self._tables.pop(call_id, None)
        self._route(call_id)
        if not self._legs and not self._bridge.held:
            # Closed connections are cycles, and `process.quieten_collector` lets them pile up; now no packet waits. Of
            # legs that close together only the last one comes here.
            gc.collect()

    def _leg_changed(self, leg: Leg, state: LegState) -> None:
        leg_id = leg.spec.leg_id
        logger.info("leg %s is %s", leg_id, state)
        self._emit(LegReport(LegChanged(leg_id=leg_id, state=state, at_s=time.monotonic(), path=leg.path)))
        if state is LegState.LOST:
            ending = asyncio.create_task(self.close_leg(leg_id), name=f"media-ending-{leg_id}")
            self._endings.add(ending)
            ending.add_done_callback(self._endings.discard)

    def _pcm(self, chunk: PcmChunk) -> None:
        self._emit(PcmReport(chunk))

    def _voice_sent(self, sent: VoiceSent) -> None:
        self._emit(VoiceReport(sent))

    async def _sample(self) -> None:
        turn_s = SAMPLE_PERIOD_S / SAMPLE_TURNS
        while True:
            await asyncio.sleep(turn_s)
            now_s = time.monotonic()
            for leg_id in next_in_turn(self._sampled_s, now_s):
                leg = self._legs.get(leg_id)
                if leg is None:
                    # Closed while another's figures were taken.
                    continue
                last_s, self._sampled_s[leg_id] = self._sampled_s[leg_id], now_s
                with self._guard:
                    for sample in await leg.sample(now_s, now_s - last_s, self.loop_lag_p99_ms):
                        self._emit(SampleReport(sample))

    async def close(self) -> None:
        """Close every leg and stop every task. Idempotent."""
        if self._sampler is not None:
            self._sampler.cancel()
            await asyncio.gather(self._sampler, return_exceptions=True)
            self._sampler = None
        await asyncio.gather(*(self.close_leg(leg_id) for leg_id in list(self._legs)))
        await asyncio.gather(*self._endings, return_exceptions=True)
        await self._pacer.close()
        await self._bridge.close()


def next_in_turn(sampled_s: Mapping[LegId, float], now_s: float) -> list[LegId]:
    """Whose figures are due, those first that have waited longest; no more than a turn's share of all.

    Legs that were opened together so come apart by themselves.
    """
    half_turn_s = SAMPLE_PERIOD_S / SAMPLE_TURNS / 2
    due = [leg_id for leg_id, at_s in sampled_s.items() if now_s - at_s >= SAMPLE_PERIOD_S - half_turn_s]
    return sorted(due, key=lambda leg_id: sampled_s[leg_id])[: math.ceil(len(sampled_s) / SAMPLE_TURNS)]
