"""The media process as the backend, its controller, sees it: started, watched, restarted, and asked."""

import asyncio
import logging
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from core.media.addresses import only_loopback
from core.media.child import MediaChild
from core.media.client import REQUEST_TIMEOUT_S
from core.media.events import LegChanged, LegSpec, MediaEvent, MediaRestarted, PlaybackKind
from core.media.guard import Guard, Tally
from core.media.ice import SERVER, IceConfiguration
from core.media.messages import (
    AddCandidate,
    Answer,
    AnyReport,
    AnyRequest,
    CloseLeg,
    Feed,
    Hush,
    LegReport,
    LoadReport,
    OpenLeg,
    PcmReport,
    PlaybackReport,
    ProtocolError,
    SampleReport,
    SetMuted,
    SetRoutes,
    Speak,
    VoiceReport,
    Welcome,
)
from core.media.playback import Playback
from core.model.call import CallId, LegId, LegState
from core.model.clock import Clock
from core.model.errors import LegNotFound, MediaProcessDown, MediaTimeout, RelayRefused, RelayUnreachable
from core.model.health import PartHealth, PartState
from core.model.impairment import Impairment
from core.model.message import Message
from core.settings import Settings

logger = logging.getLogger(__name__)

START_TIMEOUT_S = 20.0
FEED_TIMEOUT_S = 15.0

SPEAK_BYTES = 96_000
"""Most that one request gives a voice leg, two seconds: more at once would hold up packets while it is read."""

BACKOFF_S = (0.1, 0.5, 1.0, 2.0, 5.0)
"""Pauses before the first, second, ... restart in a row; the last one repeats."""

STEADY_S = 30.0
"""A process that ran this long was well: the next restart is a first one again."""


class MediaProcess:
    """Owns the child `python -m core.media` and the connection to it.

    All coroutines run on the loop on which `start` was awaited; `on_event` is called on it too and must not block.
    `health` may be read from any thread. When the child dies, every leg becomes LOST, pending requests fail with
    `MediaProcessDown`, and `MediaRestarted` comes as soon as a new child can be asked.
    """

    def __init__(self, settings: Settings, on_event: Callable[[MediaEvent], None], clock: Clock) -> None:
        self._settings = settings
        self._on_event = on_event
        self._guard = Guard("media event handler", Tally())
        self._clock = clock
        self._folder: Path | None = None
        self._child: MediaChild | None = None
        self._supervising: asyncio.Task[None] | None = None
        self._up = asyncio.Event()
        self._welcome: Welcome | None = None
        self._misses_relay = False
        self._legs: dict[LegId, bool] = {}
        """Whether the process has said that a leg is open."""
        self._closings: set[asyncio.Task[None]] = set()
        self._playbacks: dict[CallId, Playback] = {}
        self._health = PartHealth("media", PartState.DOWN, needed=True, detail=(Message("Not started."),))

    @property
    def health(self) -> PartHealth:
        """The audio server's state, in words. Any thread."""
        return self._health

    @property
    def pid(self) -> int | None:
        """The child's process id, None while there is none. Any thread."""
        child = self._child
        return None if child is None else child.pid

    @property
    def socket(self) -> Path | None:
        """The control socket, for another controller on this machine. Any thread."""
        folder = self._folder
        return None if folder is None else folder / "media.sock"

    async def start(self) -> None:
        """Start the child and wait until it can be asked. Idempotent.

        Raises:
            MediaProcessDown: it did not come up in time; attempts go on, `health` tells why.
        """
        if self._supervising is None:
            # Unix socket paths are limited to about 107 bytes, which a data folder's path may exceed.
            self._folder = Path(tempfile.mkdtemp(prefix="earshot-"))
            self._supervising = asyncio.create_task(
                self._supervise(self._folder / "media.sock"), name="media-controller"
            )
        try:
            async with asyncio.timeout(START_TIMEOUT_S):
                await self._up.wait()
        except TimeoutError as error:
            raise MediaProcessDown from error

    async def _supervise(self, socket: Path) -> None:
        attempt = 0
        restarted = False
        while True:
            self._tell(PartState.STARTING, Message("The audio server is being started."))
            began_s = self._clock.monotonic()
            child = self._child = MediaChild(self._settings, self._take, self._clock)
            try:
                self._come_up(await child.start(socket))
                if restarted:
                    self._emit(MediaRestarted(at_s=self._clock.monotonic()))
                restarted = True
                reason = await child.wait_down()
            except (OSError, ProtocolError, TimeoutError) as error:
                reason = str(error) or "it did not answer in time"
            self._up.clear()
            attempt = 0 if self._clock.monotonic() - began_s > STEADY_S else attempt
            pause_s = BACKOFF_S[min(attempt, len(BACKOFF_S) - 1)]
            attempt += 1
            logger.error("the media process is down (%s); it is started again in %.1f s", reason, pause_s)
            down = Message("The audio server is down ({reason}). It is being started again.", {"reason": reason})
            self._tell(PartState.DOWN, down)
            await self._go_down(child)
            await asyncio.sleep(pause_s)

    def _come_up(self, welcome: Welcome) -> None:
        self._welcome = welcome
        self._tell_how_it_is(welcome)
        self._up.set()

    def _tell_how_it_is(self, welcome: Welcome) -> None:
        in_use = Message("Bridge: {bridge}.", {"bridge": welcome.bridge})
        problems = []
        if welcome.problem:
            wanted = {"bridge": str(self._settings.bridge), "reason": welcome.problem}
            problems.append(Message("{bridge} cannot be used: {reason}.", wanted))
        if self._misses_relay:
            relay = {"server": self._settings.turn_servers[0]}
            problems.append(
                Message(
                    "The relay {server} gave the last connection no path: callers who need one are not heard. The log "
                    "says why.",
                    relay,
                )
            )
        self._tell(PartState.DEGRADED if problems else PartState.UP, in_use, *problems)

    async def _go_down(self, child: MediaChild) -> None:
        for leg_id in list(self._legs):
            self._lose(leg_id)
        playbacks, self._playbacks = self._playbacks, {}
        for playback in playbacks.values():
            self._emit(playback.broken_off("The audio server stopped."))
        await asyncio.gather(child.end(), *(playback.stop() for playback in playbacks.values()))

    def _emit(self, event: MediaEvent) -> None:
        with self._guard:
            self._on_event(event)

    def _lose(self, leg_id: LegId) -> None:
        del self._legs[leg_id]
        self._emit(LegChanged(leg_id=leg_id, state=LegState.LOST, at_s=self._clock.monotonic()))

    def _tell(self, state: PartState, *detail: Message) -> None:
        self._health = PartHealth("media", state, needed=True, detail=detail)

    def _take(self, report: AnyReport) -> None:
        match report:
            case LegReport():
                self._take_change(report.change)
            case PcmReport():
                self._emit(report.chunk)
            case SampleReport():
                self._emit(report.sample)
            case VoiceReport():
                self._emit(report.sent)
            case LoadReport():
                self._emit(report.load)
            case PlaybackReport():
                self._emit(report.ended)

    def _take_change(self, change: LegChanged) -> None:
        if change.leg_id not in self._legs:
            if change.state is LegState.OPEN:
                self._close_ownerless(change.leg_id)
            return
        if change.state is LegState.OPEN:
            self._legs[change.leg_id] = True
        elif change.state in (LegState.LOST, LegState.CLOSED):
            del self._legs[change.leg_id]
        self._emit(change)

    def _close_ownerless(self, leg_id: LegId) -> None:
        """End a leg in the process whose owner has given up waiting for it."""

        async def close() -> None:
            try:
                await self.close_leg(leg_id)
            except MediaTimeout:
                logger.warning("leg %s, which has no owner, is not known to be closed", leg_id)

        closing = asyncio.create_task(close(), name=f"media-closing-{leg_id}")
        self._closings.add(closing)
        closing.add_done_callback(self._closings.discard)

    async def _ask(self, request: AnyRequest, timeout_s: float = REQUEST_TIMEOUT_S) -> str:
        if self._child is None or not self._up.is_set():
            raise MediaProcessDown
        return await self._child.request(request, timeout_s)

    async def open_leg(self, spec: LegSpec) -> None:
        """Make a leg known. Idempotent. One that becomes known after this has failed is closed at once.

        Raises:
            MediaProcessDown, MediaTimeout: the process cannot be asked now.
        """
        self._legs.setdefault(spec.leg_id, False)
        try:
            await self._ask(OpenLeg(spec=spec))
        except BaseException:
            if self._legs.pop(spec.leg_id, False):
                self._close_ownerless(spec.leg_id)
            raise

    async def answer(self, leg_id: LegId, offer_sdp: str) -> str:
        """The answer to a leg's one offer, with all of the server's candidates inside.

        Raises:
            OfferRefused: it is the leg's second, or offers no audio with Opus, or cannot be read.
            LegNotFound: the leg was closed or lost.
            RelayRefused, RelayUnreachable: only a relay may be used, and there is none.
            MediaProcessDown, MediaTimeout: the process cannot be asked now.
        """
        ice = IceConfiguration.from_settings(self._settings, self._clock.wall(), SERVER)
        try:
            answer = await self._ask(Answer(leg_id=leg_id, offer_sdp=offer_sdp, ice=ice))
        except (RelayRefused, RelayUnreachable):
            self._note_relay(ice, found=False)
            raise
        self._note_relay(ice, found=" typ relay" in answer)
        return answer

    def _note_relay(self, ice: IceConfiguration, *, found: bool) -> None:
        """Show from a leg without a relay until the next one with it that something is wrong."""
        if ice.relay is None or found is not self._misses_relay:
            return
        self._misses_relay = not found
        if self._welcome is not None and self._up.is_set():
            self._tell_how_it_is(self._welcome)

    async def add_candidate(
        self, leg_id: LegId, candidate: str | None, sdp_mid: str | None, sdp_mline_index: int | None
    ) -> None:
        """Pass on one trickled candidate, as the browser wrote it; None or an empty text ends them.

        Raises:
            OfferRefused: it cannot be read.
            LegNotFound: the leg was closed or lost.
            MediaProcessDown, MediaTimeout: the process cannot be asked now.
        """
        await self._ask(
            AddCandidate(leg_id=leg_id, candidate=candidate, sdp_mid=sdp_mid, sdp_mline_index=sdp_mline_index)
        )

    async def set_routes(self, call_id: CallId, routes: Mapping[LegId, frozenset[LegId]]) -> None:
        """Replace a call's whole table: listener to whom it hears. Idempotent; a leg that is not listed hears nobody.

        Raises:
            MediaProcessDown, MediaTimeout: the process cannot be asked now.
        """
        await self._ask(SetRoutes(call_id=call_id, routes=dict(routes)))

    async def set_muted(self, leg_id: LegId, muted: bool) -> None:
        """Mute a leg on the server (it is neither forwarded nor decoded), or unmute it. Idempotent.

        Raises:
            LegNotFound: the leg was closed or lost.
            MediaProcessDown, MediaTimeout: the process cannot be asked now.
        """
        await self._ask(SetMuted(leg_id=leg_id, muted=muted))

    async def close_leg(self, leg_id: LegId) -> None:
        """End a leg on purpose. Idempotent; a leg that died with the process counts as ended.

        Raises:
            MediaTimeout: the process did not answer in time.
        """
        try:
            await self._ask(CloseLeg(leg_id=leg_id))
        except MediaProcessDown:
            logger.info("leg %s ended with the media process", leg_id)
        for call_id, playback in list(self._playbacks.items()):
            if playback.drop(leg_id):
                del self._playbacks[call_id]
                await playback.stop()

    async def speak(self, leg_id: LegId, item_id: str, pcm: bytes) -> None:
        """Have a voice leg say `pcm` (`PERSONA_FORMAT`, whole samples) after what it was given before.

        It goes out in real time, however much of it comes at once: 600 s may wait, what finds no room is counted. Each
        stretch is told back as `VoiceSent`. As with any leg, what it says while it is muted or has no listener passes
        unheard. One call at a time for each leg, or the order is anybody's.

        Raises:
            LegNotFound: the leg was closed or lost, or is no voice leg.
            MediaProcessDown, MediaTimeout: the process cannot be asked now.
        """
        for begin in range(0, len(pcm), SPEAK_BYTES):
            await self._ask(Speak(leg_id=leg_id, item_id=item_id, pcm=pcm[begin : begin + SPEAK_BYTES]))

    async def hush(self, leg_id: LegId) -> None:
        """Have a voice leg say nothing more of what it was given. Idempotent.

        What has gone out is heard all the same; every `VoiceSent` of it has come when this returns.

        Raises:
            LegNotFound: the leg was closed or lost, or is no voice leg.
            MediaProcessDown, MediaTimeout: the process cannot be asked now.
        """
        await self._ask(Hush(leg_id=leg_id))

    async def play(self, legs: Mapping[LegId, Path], call_id: CallId, offset_s: float = 0.0) -> PlaybackKind:
        """Play a file into each leg (open, without an offer so far). Returns when they play; `PlaybackEnded` follows.

        `offset_s` seconds of each file are left out. After the end the legs stay up and send silence, until the call
        closes them. The clients are real ones in a process of their own, or, where the machine has only loopback, the
        files feed the bridge directly.
        `PlaybackEnded` does not come when all of the legs were closed first.

        Raises:
            AudioFileUnreadable: one of the files.
            MediaError: a connection did not come about.
        """
        socket = self.socket
        if socket is None or not self._up.is_set():
            raise MediaProcessDown
        if only_loopback():
            files = {leg_id: str(path.absolute()) for leg_id, path in legs.items()}
            await self._ask(Feed(call_id=call_id, files=files, offset_s=offset_s), FEED_TIMEOUT_S)
            return PlaybackKind.DIRECT
        former = self._playbacks.pop(call_id, None)
        if former is not None:
            await former.stop()
        playback = self._playbacks[call_id] = Playback(call_id, legs, self._emit)
        try:
            await playback.start(socket, self._settings.log_level, offset_s)
        except BaseException:
            self._playbacks.pop(call_id, None)
            raise
        return PlaybackKind.NETWORK

    async def impair(self, call_id: CallId, leg_id: LegId, impairment: Impairment) -> None:
        """Do this to what a leg that `play` connected over the network sends from now on, until the leg ends.

        Raises:
            LegNotFound: nothing plays into the leg over the network.
            MediaProcessDown: the client is gone.
        """
        playback = self._playbacks.get(call_id)
        if playback is None:
            raise LegNotFound(leg_id=leg_id)
        await playback.impair(leg_id, impairment)

    async def stop(self) -> None:
        """End the child and whatever plays, within five seconds. Idempotent."""
        supervising, self._supervising = self._supervising, None
        if supervising is not None:
            supervising.cancel()
            await asyncio.gather(supervising, return_exceptions=True)
        self._up.clear()
        child, self._child = self._child, None
        playbacks, self._playbacks = self._playbacks, {}
        endings = [playback.stop() for playback in playbacks.values()]
        await asyncio.gather(*endings, *([child.end()] if child is not None else []))
        await asyncio.gather(*self._closings)  # Their requests have failed with the connection.
        self._legs.clear()
        self._tell(PartState.DOWN, Message("Stopped."))
        folder, self._folder = self._folder, None
        if folder is not None:
            await asyncio.to_thread(shutil.rmtree, folder, True)
