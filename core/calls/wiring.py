"""What the media process is told of one call: its legs, who hears whom, and who is silent. Lives on the calls loop."""

import asyncio
import logging
from contextlib import suppress

from core.calls.roster import Roster
from core.calls.services import Media
from core.media.events import LegSpec
from core.model.call import CallId, LegId
from core.model.errors import LegNotFound, MediaError

logger = logging.getLogger(__name__)

AGAIN_S = 1.0
"""Between two tries of `update_soon`."""


class Wiring:
    """Brings the roster's tables to the media process, whole and in order, however often they change."""

    def __init__(self, media: Media, call_id: CallId, roster: Roster) -> None:
        self._media = media
        self._call_id = call_id
        self._roster = roster
        self._muted: set[LegId] = set()
        """Legs of which the media process knows that they are silent."""
        self._unsure: set[LegId] = set()
        """Legs of which it was told something, and never said that it has taken it."""
        # Two changes at once must not be told in the wrong order.
        self._telling = asyncio.Lock()
        self._is_behind = False
        self._is_closed = False
        self._catching_up: asyncio.Task[None] | None = None
        self._closing: set[asyncio.Task[None]] = set()

    async def update(self) -> None:
        """Tell the media process what has changed. Raises MediaError; the next update then tells it again."""
        async with self._telling:
            mutes = self._roster.mutes()
            self._muted &= mutes.keys()
            self._unsure &= mutes.keys()
            # Who falls silent does so before anybody else is heard, and speaks again only when the others are settled.
            await self._mute({leg_id for leg_id, muted in mutes.items() if muted}, True)
            await self._media.set_routes(self._call_id, self._roster.routes())
            await self._mute({leg_id for leg_id, muted in mutes.items() if not muted}, False)

    async def _mute(self, legs: set[LegId], muted: bool) -> None:
        for leg_id in (legs - self._muted if muted else legs & self._muted) | (legs & self._unsure):
            self._unsure.add(leg_id)
            # A leg that the media process has just lost is silent; the news of it is on its way.
            with suppress(LegNotFound):
                await self._media.set_muted(leg_id, muted)
            self._unsure.discard(leg_id)
            if muted:
                self._muted.add(leg_id)
            else:
                self._muted.discard(leg_id)

    async def update_if_up(self) -> None:
        """The same, where a media process that is being restarted may be told later."""
        try:
            await self.update()
        except MediaError as error:
            # A bridge that is being restarted has no routes; the next leg brings it the whole table.
            logger.warning("call %s keeps its routes for later: %s", self._call_id, error)

    def update_soon(self) -> None:
        """The same without waiting: told again and again until the media process has taken it, or until `close`."""
        self._is_behind = True
        if not self._is_closed and (self._catching_up is None or self._catching_up.done()):
            self._catching_up = asyncio.create_task(self._catch_up(), name=f"call-{self._call_id}-wiring")

    async def _catch_up(self) -> None:
        while self._is_behind:
            self._is_behind = False
            try:
                await self.update()
            except MediaError as error:
                logger.warning("call %s is not wired as it should be yet: %s", self._call_id, error)
                self._is_behind = True
                await asyncio.sleep(AGAIN_S)

    async def open_leg(self, spec: LegSpec) -> None:
        """Open a leg. Raises MediaError; of such a leg nobody knows, so it is closed in case it was opened."""
        try:
            await self._media.open_leg(spec)
        except BaseException:
            # Cancelled too: a persona that ends while its voice is being opened.
            task = asyncio.create_task(self.close_leg(spec.leg_id), name=f"call-{self._call_id}-unopened")
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)
            raise

    async def close_leg(self, leg_id: LegId) -> None:
        """End a leg for whose end nobody can do more than ask: what the media process cannot take is logged."""
        try:
            await self._media.close_leg(leg_id)
        except MediaError as error:
            logger.warning("call %s leaves leg %s to the bridge: %s", self._call_id, leg_id, error)

    async def close(self) -> None:
        """Catch up no more, and wait for the legs that are being closed; idempotent."""
        self._is_closed = True
        if self._catching_up is not None:
            self._catching_up.cancel()
            await asyncio.gather(self._catching_up, return_exceptions=True)
        await asyncio.gather(*self._closing, return_exceptions=True)
