"""The calls that are kept: found, read, corrected, exported and deleted. Running ones are asked of their sessions."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Lock

from core.calls.discretion import kept_without_listeners
from core.calls.durable import DurableWriter
from core.calls.export import MEDIA_TYPES, WITH_SAMPLES, ExportFormat, export_call
from core.calls.measures import CallMeasures
from core.calls.registry import CallRegistry
from core.calls.rollups import Rollups
from core.calls.sampling import SampleKeeper
from core.calls.session import CallSession
from core.model.archive import CallPage, CallQuery
from core.model.call import CallId
from core.model.clock import Clock
from core.model.errors import CallEnded, CallNotFound, CallRunning, TextInvalid
from core.model.quality import CallQuality
from core.model.snapshot import CallSnapshot
from core.model.stored_call import StoredCall
from core.model.utterance import Utterance
from core.quality.alerts import judged_call
from core.quality.segments import StoredTable, read_samples, read_table, table_samples, thinned
from core.quality.stored_frames import read_frame, table_frame, with_latest, within
from core.store.records import Store

LONGEST_TEXT = 2_000
"""Characters of a corrected utterance: what one says in about five minutes without a pause."""
ENDED_POINTS = 600
"""Samples of each leg and direction that the page of an ended call draws."""
VERDICTS = 64
"""Ended calls whose quality is kept in memory: of how many samples, and what they say."""


@dataclass(frozen=True, slots=True)
class Export:
    """A call as a file."""

    name: str
    media_type: str
    content: bytes


class CallArchive:
    """Every call that the store knows. Methods that are coroutines run on the calls loop, the others on any thread."""

    def __init__(
        self,
        store: Store,
        samples: SampleKeeper,
        samples_dir: Path,
        rollups: Rollups,
        registry: CallRegistry,
        durable: DurableWriter,
        clock: Clock,
        mask: Callable[[str, str], str],
    ) -> None:
        """`mask(text, language)` hides in a corrected text what may not be kept."""
        self._store = store
        self._samples = samples
        self._samples_dir = samples_dir
        self._rollups = rollups
        self._registry = registry
        self._durable = durable
        self._clock = clock
        self._mask = mask
        self._verdicts: dict[CallId, tuple[int, CallQuality]] = {}
        self._verdicts_lock = Lock()

    def search(self, query: CallQuery) -> CallPage:
        """A stretch of the calls that fit a query. Raises StoreError."""
        return self._store.search(query)

    def session(self, call_id: CallId) -> CallSession:
        """A call in memory. Raises CallEnded where the store alone knows it, CallNotFound, StoreError."""
        try:
            return self._registry.find(call_id)
        except CallNotFound:
            # Nobody knows of a call for which this raises again.
            self._store.load_call(call_id)
            raise CallEnded(call_id=call_id) from None

    def snapshot(self, call_id: CallId) -> CallSnapshot:
        """The picture of a call that only the store knows. Raises CallNotFound, StoreError."""
        kept = self._store.load_call(call_id)
        samples = read_samples(self._samples_dir, call_id).samples
        return kept.snapshot(thinned(samples, ENDED_POINTS), judged_call(kept, samples))

    def measures(self, call_id: CallId, live: CallSnapshot | None = None) -> CallMeasures:
        """All that was measured of a call.

        `live` is the picture of a call that is still in the registry: its latest samples may be in memory alone.
        Without it, the picture is what the store and the sample files say. Raises CallNotFound, StoreError.
        """
        if live is not None:
            return CallMeasures(live, with_latest(read_frame(self._samples_dir, call_id), live.samples))
        kept = self._store.load_call(call_id)
        read = read_table(self._samples_dir, call_id)
        latest = table_samples(read.table.slice(max(0, read.table.num_rows - 1)))
        return CallMeasures(kept.snapshot(latest, self._verdict(kept, read)), table_frame(read))

    def _verdict(self, kept: StoredCall, read: StoredTable) -> CallQuality:
        """How an ended call was: to judge it takes longer than to draw it, and it does not change any more."""
        call_id = kept.call.id
        known = self._verdicts.get(call_id)
        if known is not None and known[0] == read.table.num_rows:
            return known[1]
        verdict = judged_call(kept, table_samples(read.table))
        with self._verdicts_lock:
            self._verdicts[call_id] = read.table.num_rows, verdict
            while len(self._verdicts) > VERDICTS:
                del self._verdicts[next(iter(self._verdicts))]
        return verdict

    def window(self, call_id: CallId, window_s: tuple[float, float], live: CallSnapshot | None = None) -> CallMeasures:
        """What was measured between two times on a call's clock, both included; the picture of one that has ended has
        no quality. Raises CallNotFound, StoreError."""
        stored = read_frame(self._samples_dir, call_id, window_s)
        if live is not None:
            return CallMeasures(live, within(with_latest(stored, live.samples), window_s))
        return CallMeasures(self._store.load_call(call_id).snapshot((), CallQuality()), stored)

    def export(self, call_id: CallId, kind: ExportFormat, locale: str = "en", *, is_discreet: bool = False) -> Export:
        """A call as a file, a running one as far as it has come; a discreet one tells of no listener.

        Raises CallNotFound, StoreError.
        """
        kept = self._store.load_call(call_id)
        (turns,) = self._store.turn_records([call_id])
        samples = read_samples(self._samples_dir, call_id).samples if kind in WITH_SAMPLES else ()
        if is_discreet:
            kept = kept_without_listeners(kept)
            samples = tuple(sample for sample in samples if sample.leg_id in kept.legs)
        return Export(
            name=f"earshot-{call_id}.{kind.value}",
            media_type=MEDIA_TYPES[kind],
            content=export_call(kept, samples, kind, turns, locale),
        )

    async def correct(self, call_id: CallId, utterance_id: str, text: str, by: str) -> Utterance:
        """Let an utterance read differently; what the engine had understood is kept beside it.

        Raises:
            TextInvalid: it is empty or too long.
            UtteranceNotFound: the call has no such final utterance.
            CallNotFound, StoreError
        """
        language = await self._call_language(call_id)
        wanted = self._mask(" ".join(text.split()), language)
        if not wanted:
            raise TextInvalid(reason="it is empty")
        if len(wanted) > LONGEST_TEXT:
            raise TextInvalid(reason=f"it is longer than {LONGEST_TEXT} characters")
        at = self._clock.wall()
        correct = partial(self._store.correct, call_id, utterance_id, wanted, by, at)
        corrected = await self._durable.ask(correct)
        with suppress(CallNotFound):
            self._registry.find(call_id).record.put_utterance(corrected)
        return corrected

    async def _call_language(self, call_id: CallId) -> str:
        try:
            return self._registry.find(call_id).call.language
        except CallNotFound:
            return (await self._durable.ask(partial(self._store.load_call, call_id))).call.language

    async def delete(self, call_id: CallId) -> None:
        """Delete everything that is kept of a call that has ended.

        Raises:
            CallRunning: it has to end first.
            CallNotFound, StoreError
        """
        try:
            session = self._registry.find(call_id)
        except CallNotFound:
            session = None
        if session is not None:
            if not session.is_over:
                raise CallRunning(call_id=call_id)
            self._registry.forget(call_id)
        await self._durable.ask(partial(self._store.delete_call, call_id))
        self._samples.delete(call_id)
        self._rollups.delete(call_id)

    async def expired(self, before: float, limit: int) -> Iterable[CallId]:
        """At most `limit` calls that ended before a moment (seconds since the Unix epoch). Raises StoreError."""
        return await self._durable.ask(partial(self._store.calls_ended_before, before, limit))
