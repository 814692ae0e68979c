"""Puts personas together: at the provider, or in rehearsal where there is neither a key nor a server of one's own."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date, datetime
from zoneinfo import ZoneInfo

from core.calls.durable import DurableWriter
from core.calls.handbook_search import HandbookSearch
from core.calls.hours_book import HoursBook
from core.calls.loop import RunOnCalls
from core.calls.persona_calls import PersonaCalls
from core.calls.persona_hours import PersonaHours
from core.calls.personas import PersonaParts, Personas
from core.calls.registry import CallRegistry
from core.calls.rehearsal_host import RehearsalHost
from core.calls.session import CallSession
from core.guidance.retriever import Retriever
from core.model.call import Call, CallId
from core.model.clock import Clock
from core.model.errors import SettingInvalid
from core.model.opening_hours import OpeningHours
from core.persona.handbook_tool import SEARCH_HANDBOOK, handbook_tool
from core.persona.persona_folder import PersonaFolder, PersonaList
from core.persona.realtime import OpenAIRealtime
from core.settings import Settings
from core.settings.opening_hours import settings_hours
from core.store.records import Store


def is_rehearsal(settings: Settings) -> bool:
    """Whether personas speak from a script on this machine."""
    return settings.effective_realtime_key is None and not settings.realtime_base_url


class PersonaSetup:
    """What personas need that is opened before the calls loop runs, and closed after the calls have ended."""

    def __init__(self, settings: Settings, clock: Clock, store: Store, retriever: Retriever) -> None:
        """Blocking. Raises SettingInvalid, StoreError."""
        general = settings_hours(settings)
        if not isinstance(general, OpeningHours):
            raise SettingInvalid(key=general[0], reason=str(general[1]))
        self._settings = settings
        self._clock = clock
        self._store = store
        self._is_rehearsal = is_rehearsal(settings)
        self._book = HoursBook(general, store.hours_overrides.in_force(clock.wall()), clock)
        self._search = HandbookSearch(retriever)
        self._tools = {SEARCH_HANDBOOK: handbook_tool(self._search.search)}
        self._folder = PersonaFolder(settings.persona_dir, settings.realtime_model, frozenset(self._tools), self._today)
        self.server = None if self._is_rehearsal else OpenAIRealtime(settings)
        """The provider's, or one's own; None for a rehearsal."""

    def _today(self) -> date:
        if self._is_rehearsal:
            # No model is asked, so one that was shut down may be rehearsed.
            return date.min
        return datetime.fromtimestamp(self._clock.wall(), ZoneInfo(self._settings.time_zone)).date()

    def begin(
        self,
        registry: CallRegistry,
        loop: RunOnCalls,
        durable: DurableWriter,
        find: Callable[[CallId], CallSession],
        written_down: Callable[[Call], Awaitable[None]],
    ) -> Personas:
        """Let there be personas. On the loop.

        `find` is `CallArchive.session`; `written_down` puts a call that began by itself into the audit log.
        """
        host = RehearsalHost(self._settings, self._clock)
        server = self.server or host
        calls = PersonaCalls(registry, server, self._is_rehearsal, self._tools, self._book)
        return Personas(
            PersonaParts(
                folder=self._folder,
                book=self._book,
                calls=calls,
                hours=PersonaHours(self._read_folder, calls, self._book, self._clock, written_down),
                server=server,
                loop=loop,
                store=self._store,
                durable=durable,
                find=find,
                health=lambda: host.health,
            )
        )

    async def _read_folder(self) -> PersonaList:
        return await asyncio.to_thread(self._folder.list)

    def close(self) -> None:
        """End the handbook's threads; idempotent."""
        self._search.close()
