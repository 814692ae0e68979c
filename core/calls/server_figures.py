"""The running calls and the parts as figures without names. Any thread; cheap enough for every few seconds."""

from collections import Counter
from collections.abc import Iterable, Mapping

from core.calls.session import CallSession
from core.calls.tally import Tally
from core.media.events import MediaLoad
from core.model.call import CallState
from core.model.health import PartHealth
from core.model.quality import AlertKind, Score
from core.model.server_figures import MediaFigures, ServerFigures, SpeechFigures
from core.speech.scheduler import DecodeStats

FIGURES = ("mos", "rtt_ms", "jitter_ms", "loss_pct")


def server_figures(
    running: Iterable[CallSession],
    parts: Iterable[PartHealth],
    dropped: Mapping[str, int],
    load: MediaLoad | None,
    decoding: DecodeStats | None,
    tally: Tally,
) -> ServerFigures:
    """Everything as of now.

    Args:
        running: The calls that have not ended.
        parts: The server's parts.
        dropped: What the queues and guards that all calls share have dropped or refused; not the media process's.
        load: The media process's last report.
        decoding: How recognition keeps up on this machine; None where a service recognises.
        tally: What was counted.
    """
    states: Counter[CallState] = Counter()
    alerts: Counter[AlertKind] = Counter()
    lost = Counter(dropped)
    lost.update(load.dropped if load is not None else {})
    scores: list[Score] = []
    for session in running:
        picture = session.record.snapshot()
        states[picture.call.state] += 1
        alerts.update(alert.kind for alert in picture.quality.alerts if alert.is_open)
        lost.update(picture.dropped)
        scores.extend(picture.quality.scores)
    return ServerFigures(
        calls={state: states[state] for state in CallState if state is not CallState.ENDED},
        scores={name: tuple(float(getattr(score, name)) for score in scores) for name in FIGURES},
        alerts={kind: alerts[kind] for kind in AlertKind},
        dropped=dict(lost),
        parts={part.name: part.state for part in parts},
        media=None
        if load is None
        else MediaFigures(load.legs, load.cpu_pct, load.loop_lag_p50_ms, load.loop_lag_p99_ms),
        speech=None
        if decoding is None
        else SpeechFigures(decoding.waiting_finals, decoding.oldest_s, decoding.skipped_interims),
        waits=tally.waits,
        failures=tally.failures,
        repeated=tally.repeated_seconds,
    )
