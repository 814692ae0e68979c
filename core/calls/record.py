"""What a live call has to show: written by its session alone, read by every page as an immutable snapshot."""

import threading
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from core.calls.overviews import alerts_worst_first, text_alerts_worst_first, worst_cause
from core.model.call import Call, LegId, ParticipantId
from core.model.clock import Clock
from core.model.errors import GuidanceError
from core.model.insight import ModelActivity, Summary
from core.model.leg_facts import LegFacts
from core.model.overview import CallOverview
from core.model.passage import Guidance
from core.model.persona import PersonaActivity
from core.model.quality import CallQuality
from core.model.sample import RtpSample
from core.model.snapshot import CallSnapshot, Note
from core.model.text_alert import TextAlert
from core.model.utterance import Utterance

SAMPLE_WINDOW_S = 300.0
"""How much of the samples a snapshot carries; older ones are in the sample files."""


class CallRecord:
    """A call's state with a revision that grows by one with every change.

    Changes come from the calls loop; `snapshot` and `revision` may be asked for from any thread.
    """

    def __init__(self, call: Call, clock: Clock) -> None:
        self._clock = clock
        self._origin = clock.monotonic()
        self._lock = threading.Lock()
        self._revision = 0
        self._call = call
        self._utterances: dict[str, Utterance] = {}
        self._summaries: list[Summary] = []
        self._guidance: Guidance | None = None
        self._guidance_problem: GuidanceError | None = None
        self._samples: deque[RtpSample] = deque()
        self._quality = CallQuality()
        self._text_alerts: tuple[TextAlert, ...] = ()
        self._legs: Mapping[LegId, ParticipantId] = {}
        self._leg_facts: Mapping[LegId, LegFacts] = {}
        self._notes: list[Note] = []
        self._dropped: Counter[str] = Counter()
        self._picture: CallSnapshot | None = None
        self._last_words: Utterance | None = None
        self._line: CallOverview | None = None
        self._model: ModelActivity | None = None
        self._persona: PersonaActivity | None = None
        self._watchers: dict[object, Callable[[], None]] = {}

    @property
    def origin(self) -> float:
        """Where the call's clock starts, in monotonic seconds."""
        return self._origin

    def now_s(self) -> float:
        """The call's clock."""
        return self._clock.monotonic() - self._origin

    @property
    def call(self) -> Call:
        """The call as it is now."""
        return self._call

    @property
    def revision(self) -> int:
        """Number of changes so far."""
        return self._revision

    @property
    def notes(self) -> tuple[Note, ...]:
        """What happened so far, oldest first."""
        return tuple(self._notes)

    @property
    def guidance_problem(self) -> GuidanceError | None:
        """Why the handbook gave no answer when it was last asked."""
        return self._guidance_problem

    @property
    def latest_summary(self) -> Summary | None:
        """The summary that is shown."""
        return self._summaries[-1] if self._summaries else None

    def finals(self) -> tuple[Utterance, ...]:
        """The final utterances in order of their start."""
        return tuple(u for u in self._in_order() if u.is_final)

    def set_call(self, call: Call, legs: Mapping[LegId, ParticipantId] | None = None) -> None:
        """Replace what is known of the call and whose its legs are."""
        with self._changing():
            self._call = call
            if legs is not None:
                self._legs = legs

    def overview(self) -> CallOverview:
        """The call in one line, as of now. Any thread; cheap enough for fifty calls at a look."""
        with self._lock:
            if self._line is None or self._line.revision != self._revision:
                self._line = CallOverview(
                    call=self._call,
                    mos=min((score.mos for score in self._quality.scores), default=None),
                    alerts=alerts_worst_first(self._quality.alerts),
                    last_words=self._last_words,
                    revision=self._revision,
                    text_alerts=text_alerts_worst_first(self._text_alerts),
                    cause=worst_cause(self._quality.diagnoses),
                    persona_state=self._persona.status.state if self._persona else None,
                )
            return self._line

    def put_utterance(self, utterance: Utterance) -> None:
        """Show an utterance, or a newer version of it; empty text withdraws it."""
        known = self._utterances.get(utterance.id)
        if known is None and not utterance.text:
            return
        with self._changing():
            if utterance.text:
                self._utterances[utterance.id] = utterance
            else:
                del self._utterances[utterance.id]
            self._last_words = self._latest(utterance)

    def _latest(self, changed: Utterance) -> Utterance | None:
        """The utterance that began last, now that one has changed."""
        last = self._last_words
        if last is not None and (last.id == changed.id or not changed.text):
            return max(self._utterances.values(), key=_begin, default=None)
        return changed if last is None or _begin(changed) >= _begin(last) else last

    def add_summary(self, summary: Summary) -> None:
        """Show a new summary; the former ones are its history."""
        with self._changing():
            self._summaries.append(summary)

    def set_model(self, model: ModelActivity) -> None:
        """State what the language model is about."""
        if model != self._model:
            with self._changing():
                self._model = model

    def set_guidance(self, guidance: Guidance) -> None:
        """Show a new answer of the handbook."""
        with self._changing():
            self._guidance = guidance
            self._guidance_problem = None

    def set_guidance_problem(self, problem: GuidanceError) -> None:
        """Say why the handbook gave no answer; the last one stays."""
        if str(problem) != str(self._guidance_problem):
            with self._changing():
                self._guidance_problem = problem

    def add_samples(self, samples: Iterable[RtpSample]) -> None:
        """Add samples (on the call's clock), in any order; those older than the window leave the snapshot."""
        with self._changing():
            # A browser's come some time after the server's of the same moment; only the latest have to make room.
            new = list(samples)
            first_s = min((sample.at_s for sample in new), default=float("inf"))
            while self._samples and self._samples[-1].at_s > first_s:
                new.append(self._samples.pop())
            self._samples.extend(sorted(new, key=_time))
            while self._samples and self._samples[0].at_s < self._samples[-1].at_s - SAMPLE_WINDOW_S:
                self._samples.popleft()

    def set_leg_facts(self, facts: Mapping[LegId, LegFacts]) -> None:
        """State what is known of the legs by now."""
        if facts != self._leg_facts:
            with self._changing():
                self._leg_facts = facts

    def set_quality(self, quality: CallQuality) -> None:
        """State what the samples say by now."""
        if quality != self._quality:
            with self._changing():
                self._quality = quality

    def set_text_alerts(self, alerts: tuple[TextAlert, ...]) -> None:
        """State which alerts rules have raised so far."""
        with self._changing():
            self._text_alerts = alerts

    def set_persona(self, activity: PersonaActivity) -> None:
        """State what the call's persona is doing."""
        if activity != self._persona:
            with self._changing():
                self._persona = activity

    def add_note(self, note: Note) -> None:
        """Add a line about something that happened."""
        with self._changing():
            self._notes.append(note)

    def set_dropped(self, queue: str, count: int) -> None:
        """State how much a bounded queue has dropped so far."""
        if self._dropped[queue] != count:
            with self._changing():
                self._dropped[queue] = count

    def snapshot(self) -> CallSnapshot:
        """The latest picture; equal revisions differ in `now_s` only. Any thread."""
        with self._lock:
            if self._picture is None:
                self._picture = CallSnapshot(
                    revision=self._revision,
                    now_s=0.0,
                    call=self._call,
                    utterances=self._in_order(),
                    summaries=tuple(self._summaries),
                    guidance=self._guidance,
                    guidance_problem=self._guidance_problem,
                    samples=tuple(self._samples),
                    quality=self._quality,
                    legs=self._legs,
                    leg_facts=self._leg_facts,
                    notes=tuple(self._notes),
                    parts=(),
                    dropped={queue: count for queue, count in self._dropped.items() if count},
                    model=self._model,
                    text_alerts=self._text_alerts,
                    persona=self._persona,
                )
            return replace(self._picture, now_s=self.now_s())

    @property
    def watchers(self) -> int:
        """How many are told of every change."""
        return len(self._watchers)

    def watch(self, notify: Callable[[], None]) -> Callable[[], None]:
        """Be told of every change, until the function that is returned is called. Any thread; `notify` must not wait
        and may come from any thread."""
        key = object()
        with self._lock:
            self._watchers[key] = notify

        def unwatch() -> None:
            with self._lock:
                self._watchers.pop(key, None)

        return unwatch

    def _in_order(self) -> tuple[Utterance, ...]:
        return tuple(sorted(self._utterances.values(), key=_begin))

    def _changing(self) -> "_Change":
        return _Change(self)


def _begin(utterance: Utterance) -> tuple[float, str]:
    return utterance.start_s, utterance.id


def _time(sample: RtpSample) -> float:
    return sample.at_s


class _Change:
    """Holds the lock for the length of a change, then counts it and tells who watches."""

    def __init__(self, record: CallRecord) -> None:
        self._record = record

    def __enter__(self) -> None:
        self._record._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._record._revision += 1
        self._record._picture = None
        watchers = tuple(self._record._watchers.values())
        self._record._lock.release()
        for notify in watchers:
            notify()
