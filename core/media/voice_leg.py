"""A leg without a network: what it says is given to it, and it hears nobody."""

from collections.abc import Callable

from core.media.bridge import Bridge
from core.media.events import LegSpec, VoiceSent
from core.media.guard import Tally
from core.media.ice import IceConfiguration
from core.media.leg import Leg
from core.media.pacer import Pacer
from core.media.voice import Voice
from core.model.audio import PcmChunk
from core.model.call import LegState


class VoiceLeg(Leg):
    """A persona's leg in the media process. Media loop only.

    Args:
        on_sent: Told of given sound as it goes out.
        pacer: Tells when the next 20 ms are due.
    """

    def __init__(
        self,
        spec: LegSpec,
        bridge: Bridge,
        on_state: Callable[[Leg, LegState], None],
        on_pcm: Callable[[PcmChunk], None],
        on_sent: Callable[[VoiceSent], None],
        pacer: Pacer,
        tally: Tally,
    ) -> None:
        super().__init__(spec, bridge, on_state, on_pcm, tally)
        self.voice = Voice(spec.leg_id, self.feed, on_sent, tally)
        self._pacer = pacer

    def begin(self) -> None:
        """Be connected, and send from the next slot on."""
        self._change(LegState.CONNECTED)
        self._pacer.add(self.voice)

    async def answer(self, offer_sdp: str, ice: IceConfiguration) -> str:
        """See `Leg`.

        Raises:
            OfferRefused: always.
        """
        raise self._refused("it is a persona's voice, which has no connection of its own")

    async def add_candidate(self, candidate: str | None, sdp_mid: str | None, sdp_mline_index: int | None) -> None:
        """See `Leg`.

        Raises:
            OfferRefused: always.
        """
        raise self._refused("it is a persona's voice, which has no connection of its own")

    def _take_level(self, now_s: float) -> float | None:
        level = self.voice.take_level()
        return None if self.muted else level

    async def close(self) -> None:
        """See `Leg`."""
        self._pacer.remove(self.voice)
        await super().close()
