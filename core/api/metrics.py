"""`/api/metrics`: the server in figures, in Prometheus's text format.

Every label has few values, all of them names from the program: no call, no person, nothing that was said. Read it with
an API token of somebody who may see the server (an analyst's, say); `docs/deploy.md` shows how Prometheus sends it.
"""

from collections.abc import Iterator
from statistics import median
from typing import Annotated

from fastapi import APIRouter, Depends, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric

from core.api.visitors import Visitors
from core.desk import Desk
from core.model.health import PartState
from core.model.server_figures import ServerFigures

SCORES = {
    "mos": ("earshot_leg_mos", "Mean opinion score (1 to 4.4), estimated", min),
    "rtt_ms": ("earshot_leg_rtt_seconds", "Round-trip time to participants", max),
    "jitter_ms": ("earshot_leg_jitter_seconds", "Interarrival jitter (RFC 3550)", max),
    "loss_pct": ("earshot_leg_loss_ratio", "Share of the packets that are lost", max),
}
"""Of each figure its metric, what it is, and how the worst is found."""
SCALES = {"mos": 1.0, "rtt_ms": 1e-3, "jitter_ms": 1e-3, "loss_pct": 1e-2}
"""Prometheus wants seconds and ratios."""
PARTS = (
    (PartState.UP, "earshot_part_up", "Whether a part works as configured"),
    (PartState.DOWN, "earshot_part_down", "Whether a part does not work at all"),
)
WAITS = {
    "end_of_speech_to_final": "From the end of speech to its final text",
    "end_of_speech_to_summary": "From the end of speech to a new summary that has heard it",
}


def metrics_routes(visitors: Visitors) -> APIRouter:
    """The route. It asks the desk of whoever sent the request, which holds the rights."""
    router = APIRouter()

    @router.get("/metrics", response_class=Response)
    def metrics(desk: Annotated[Desk, Depends(visitors.desk)]) -> Response:
        """The server in figures, in Prometheus's text format."""
        registry = CollectorRegistry(auto_describe=False)
        registry.register(_Figures(desk.figures()))
        return Response(generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    return router


class _Figures:
    """Figures as a collector of Prometheus's client."""

    def __init__(self, figures: ServerFigures) -> None:
        self._figures = figures

    def collect(self) -> Iterator[Metric]:
        """All metrics, each with all of its samples."""
        figures = self._figures
        yield _gauge("earshot_calls", "Running calls", "state", {k.value: v for k, v in figures.calls.items()})
        for name, (metric, meaning, worst) in SCORES.items():
            scaled = [value * SCALES[name] for value in figures.scores.get(name, ())]
            found = {"median": median(scaled), "worst": float(worst(scaled))} if scaled else {}
            yield _gauge(metric, f"{meaning}, over the running calls' legs and directions", "statistic", found)
        alerts = {kind.value: count for kind, count in figures.alerts.items()}
        yield _gauge("earshot_open_alerts", "Open network alerts of running calls", "kind", alerts)
        # No counters: those of a call are gone with it.
        yield _gauge("earshot_dropped", "What bounded queues dropped or refused", "queue", dict(figures.dropped))
        for state, metric, meaning in PARTS:
            held = {name: float(each is state) for name, each in figures.parts.items()}
            yield _gauge(metric, meaning, "part", held)
        yield from self._media()
        yield from self._speech()
        for name, meaning in WAITS.items():
            yield self._histogram(name, meaning)
        failures = CounterMetricFamily(
            "earshot_failures",
            "Requests to the language model or handbook that failed, and faults in the work on calls",
            labels=("part", "error"),
        )
        for (part, error), count in figures.failures.items():
            failures.add_metric((part, error), count)
        yield failures
        yield CounterMetricFamily(
            "earshot_browser_seconds_repeated",
            "Seconds of browsers' figures that came again and were left out; nothing is missing for it",
            value=figures.repeated,
        )

    def _media(self) -> Iterator[Metric]:
        media = self._figures.media
        if media is None:
            return
        yield GaugeMetricFamily("earshot_media_legs", "Media connections", value=media.legs)
        cpu = "CPU of the media process, as a share of one core, in its last second"
        yield GaugeMetricFamily("earshot_media_cpu_ratio", cpu, value=media.cpu_pct / 100)
        lags = {"0.5": media.loop_lag_p50_ms / 1000, "0.99": media.loop_lag_p99_ms / 1000}
        yield _gauge(
            "earshot_media_loop_lag_seconds", "How late the media loop woke in its last second", "quantile", lags
        )

    def _speech(self) -> Iterator[Metric]:
        speech = self._figures.speech
        if speech is None:
            return
        waiting = "Utterances that wait for recognition to begin their final text"
        yield GaugeMetricFamily("earshot_speech_waiting_finals", waiting, value=speech.waiting_finals)
        oldest = "Since the end of the speech that waits longest for its final text"
        yield GaugeMetricFamily("earshot_speech_oldest_wait_seconds", oldest, value=speech.oldest_s)
        skipped = "Interim texts that were left out for the load"
        yield CounterMetricFamily("earshot_speech_skipped_interims", skipped, value=speech.skipped_interims)

    def _histogram(self, name: str, meaning: str) -> Metric:
        family = HistogramMetricFamily(f"earshot_{name}_seconds", meaning)
        waits = self._figures.waits.get(name)
        if waits is not None:
            buckets = [(str(bound), float(count)) for bound, count in zip(waits.bounds_s, waits.counts, strict=True)]
            family.add_metric((), [*buckets, ("+Inf", float(waits.count))], waits.total_s)
        return family


def _gauge(name: str, meaning: str, label: str, values: dict[str, float] | dict[str, int]) -> Metric:
    family = GaugeMetricFamily(name, meaning, labels=(label,))
    for value, figure in sorted(values.items()):
        family.add_metric((value,), figure)
    return family
