"""A handbook that is read in the background, and read again when its files change."""

import logging
import threading
from dataclasses import dataclass, replace
from pathlib import Path

from core.guidance.embedded import EmbeddedRetriever
from core.guidance.embeddings import Embedder
from core.guidance.entry import Entry
from core.guidance.entry_vectors import EntryVectors
from core.guidance.explanation import Explanation, explain
from core.guidance.hybrid import WORDS_ALONE, HybridRetriever
from core.guidance.knowledge import SUFFIXES, KnowledgeFile, read_knowledge
from core.guidance.settling import Settling
from core.model.clock import Clock
from core.model.errors import EarshotError, GuidanceError
from core.model.folder import file_stamps
from core.model.health import PartHealth, PartState
from core.model.message import Message
from core.model.passage import GuidanceAnswer, GuidanceRequest

logger = logging.getLogger(__name__)

CLOSE_TIMEOUT_S = 10.0
INTERVAL_S = 2.0
VECTORS_PAUSE_S = 30.0
"""Before the embedding model is asked again for the entries' vectors that it failed to give."""


@dataclass(frozen=True, slots=True)
class KnowledgeReport:
    """The handbook in use, and the files as they were last read."""

    directory: Path
    files: tuple[KnowledgeFile, ...]
    loaded_at: float | None
    """When the index in use was made, in seconds since the Unix epoch; None before the first."""
    entries: int
    """In the index in use."""
    is_loading: bool
    problem: GuidanceError | None
    """Why the files as they are now make no handbook; the one in use is then the last good one, if there was any."""


@dataclass(frozen=True, slots=True)
class _InUse:
    """An index and what it was made of; replaced whole."""

    retriever: EmbeddedRetriever | HybridRetriever | None
    report: KnowledgeReport
    no_vectors: GuidanceError | None = None
    """Why the embedding model has not given the entries' vectors."""


class BackgroundRetriever:
    """Implements `core.guidance.retriever.Retriever`. Any thread.

    A thread of its own looks at the folder every `interval_s` seconds. Files that differ from those in use, and were
    the same at two looks, so that nobody is writing them just now, are made into a new index; the old one answers until
    it is put in its place in one step. Where there is an embedding model, the entries' vectors are asked for after
    that, and words alone find passages until they are there.
    """

    def __init__(
        self,
        directory: Path,
        clock: Clock,
        interval_s: float = INTERVAL_S,
        embedder: Embedder | None = None,
        vectors_dir: Path | None = None,
    ) -> None:
        """`vectors_dir` is where vectors are kept; `close` closes the embedder, too."""
        self._directory = directory
        self._embedder = embedder
        self._vectors = EntryVectors(embedder, vectors_dir) if embedder and vectors_dir else None
        self._vectors_due = 0.0
        self._clock = clock
        self._interval_s = interval_s
        self._in_use = _InUse(None, KnowledgeReport(directory, (), None, 0, is_loading=True, problem=None))
        self._changed = threading.Condition()
        self._closing = False
        self._wanted = 1
        self._done = 0
        """Readings that were asked for, and that are finished, by their number."""
        self._thread = threading.Thread(target=self._run, name="earshot-guidance-watch", daemon=True)
        self._thread.start()

    @property
    def health(self) -> PartHealth:
        """How the handbook is; that it is being read at first, or why it cannot be."""
        in_use = self._in_use
        report = in_use.report
        if not self._thread.is_alive() and not self._closing:
            return _health(PartState.DOWN, Message("The handbook broke off; see the log."))
        if in_use.retriever is None:
            if report.problem is None:
                return _health(PartState.STARTING, Message("The handbook is being read."))
            return _health(PartState.DOWN, report.problem)
        if report.problem is not None:
            return _health(PartState.DEGRADED, report.problem, Message("The last good handbook stays in use."))
        health = in_use.retriever.health
        if self._vectors is None or isinstance(in_use.retriever, HybridRetriever):
            return health
        reason = in_use.no_vectors or Message("The embedding model is reading the handbook.")
        return _health(PartState.DEGRADED, *health.detail, reason, WORDS_ALONE)

    def assist(self, request: GuidanceRequest) -> GuidanceAnswer:
        """Answer a request. Waits for the first reading: not for a loop's thread. Raises GuidanceError."""
        return self._retriever().assist(request)

    def explain(self, query: str, most: int) -> Explanation:
        """What a query finds, and why. Waits as `assist` does. Raises GuidanceError."""
        return explain(self._retriever(), query, most)

    def entries(self) -> tuple[Entry, ...]:
        """The entries in use; none before the first reading. Never waits."""
        retriever = self._in_use.retriever
        index = retriever.index if isinstance(retriever, HybridRetriever) else retriever
        return index.entries if index is not None else ()

    def _retriever(self) -> EmbeddedRetriever | HybridRetriever:
        with self._changed:
            self._changed.wait_for(lambda: self._done or self._closing or not self._thread.is_alive())
        in_use = self._in_use
        if in_use.retriever is None:
            raise in_use.report.problem or GuidanceError()
        return in_use.retriever

    def report(self) -> KnowledgeReport:
        """The handbook's files and what is wrong with them. Never waits."""
        return self._in_use.report

    def reload(self, timeout_s: float = 30.0) -> KnowledgeReport:
        """Read every file again now; the report says `is_loading` where that takes longer than `timeout_s` seconds."""
        with self._changed:
            number = self._wanted = self._wanted + 1
            self._changed.notify_all()
            self._changed.wait_for(
                lambda: self._done >= number or self._closing or not self._thread.is_alive(), timeout_s
            )
        return self._in_use.report

    def close(self) -> None:
        """End the thread and wait for it; bounded and idempotent."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._thread.join(CLOSE_TIMEOUT_S)
        if self._embedder is not None:
            self._embedder.close()

    def _run(self) -> None:
        try:
            self._watch()
        finally:
            with self._changed:
                self._changed.notify_all()

    def _watch(self) -> None:
        settling = Settling()
        while not self._closing:
            wanted = self._wanted
            now = file_stamps(self._directory, SUFFIXES)
            is_due = settling.is_due(now)
            if is_due or wanted > self._done:
                self._load()
                settling.read(now)
                with self._changed:
                    self._done = wanted
                    self._changed.notify_all()
            self._add_vectors()
            with self._changed:
                self._changed.wait_for(lambda: self._closing or self._wanted > self._done, self._interval_s)

    def _load(self) -> None:
        """Make a new index beside the one in use, and put it in its place if it is any good."""
        before = self._in_use
        self._in_use = replace(before, report=replace(before.report, is_loading=True))
        knowledge = read_knowledge(self._directory)
        if not knowledge.entries:
            problem = knowledge.missing(self._directory)
            logger.warning("%s", problem)
            report = replace(before.report, files=knowledge.files, is_loading=False, problem=problem)
            self._in_use = replace(before, report=report)
            return
        retriever = EmbeddedRetriever(knowledge)
        report = KnowledgeReport(
            directory=self._directory,
            files=knowledge.files,
            loaded_at=self._clock.wall(),
            entries=len(knowledge.entries),
            is_loading=False,
            problem=None,
        )
        self._in_use = _InUse(retriever, report)
        self._vectors_due = self._clock.monotonic()
        logger.info("the handbook has %d entries in %d files", len(knowledge.entries), len(knowledge.files))

    def _add_vectors(self) -> None:
        """Let the embedding model take part, if there is one and it does not yet."""
        in_use, now = self._in_use, self._clock.monotonic()
        index = in_use.retriever
        if self._vectors is None or self._embedder is None or not isinstance(index, EmbeddedRetriever):
            return
        if now < self._vectors_due:
            return
        try:
            vectors = self._vectors.of(index.entries, lambda: self._closing or self._wanted > self._done)
        except GuidanceError as error:
            # Only the kind: a server's words may repeat what it was asked.
            logger.warning("the embedding model gives no vectors: %s", type(error).__name__)
            self._in_use = replace(in_use, no_vectors=error)
            self._vectors_due = self._clock.monotonic() + VECTORS_PAUSE_S
            return
        if vectors is not None:
            hybrid = HybridRetriever(index, vectors, self._embedder, self._clock)
            self._in_use = replace(in_use, retriever=hybrid, no_vectors=None)


def _health(state: PartState, *detail: Message | EarshotError) -> PartHealth:
    return PartHealth("guidance", state, needed=False, detail=detail)
