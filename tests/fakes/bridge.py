"""A bridge without sound: implements what call sessions ask of the media process and remembers what it was asked."""

from collections.abc import Mapping
from pathlib import Path

from core.media.events import LegSpec, PlaybackKind
from core.model.call import CallId, LegId
from core.model.errors import MediaProcessDown
from core.model.impairment import Impairment


class SilentBridge:
    """Implements `core.calls.services.Media` and `core.calls.demo.Playback`."""

    def __init__(self) -> None:
        self.legs: dict[LegId, LegSpec] = {}
        self.closed: list[LegId] = []
        self.muted: dict[LegId, bool] = {}
        self.routes: Mapping[LegId, frozenset[LegId]] = {}
        self.played: list[tuple[Mapping[LegId, Path], float]] = []
        self.impaired: list[tuple[LegId, Impairment]] = []
        self.spoken: list[tuple[LegId, str, bytes]] = []
        self.hushed: list[LegId] = []
        self.kind = PlaybackKind.NETWORK
        self.is_down = False

    def _require_up(self) -> None:
        if self.is_down:
            raise MediaProcessDown

    async def open_leg(self, spec: LegSpec) -> None:
        self._require_up()
        self.legs[spec.leg_id] = spec

    async def answer(self, leg_id: LegId, offer_sdp: str) -> str:
        self._require_up()
        return f"answer to {offer_sdp}"

    async def add_candidate(
        self, leg_id: LegId, candidate: str | None, sdp_mid: str | None, sdp_mline_index: int | None
    ) -> None:
        self._require_up()

    async def set_routes(self, call_id: CallId, routes: Mapping[LegId, frozenset[LegId]]) -> None:
        self._require_up()
        self.routes = routes

    async def set_muted(self, leg_id: LegId, muted: bool) -> None:
        self._require_up()
        self.muted[leg_id] = muted

    async def close_leg(self, leg_id: LegId) -> None:
        self._require_up()
        self.closed.append(leg_id)

    async def speak(self, leg_id: LegId, item_id: str, pcm: bytes) -> None:
        self._require_up()
        self.spoken.append((leg_id, item_id, pcm))

    async def hush(self, leg_id: LegId) -> None:
        self._require_up()
        self.hushed.append(leg_id)

    async def play(self, legs: Mapping[LegId, Path], call_id: CallId, offset_s: float = 0.0) -> PlaybackKind:
        self._require_up()
        self.played.append((legs, offset_s))
        return self.kind

    async def impair(self, call_id: CallId, leg_id: LegId, impairment: Impairment) -> None:
        self._require_up()
        self.impaired.append((leg_id, impairment))
