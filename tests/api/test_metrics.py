"""What `/api/metrics` says, read by Prometheus's own parser."""

from dataclasses import replace

from fastapi import FastAPI
from fastapi.testclient import TestClient
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from core.api.metrics import metrics_routes
from core.api.visitors import Visitors
from core.model.call import CallState
from core.model.health import PartState
from core.model.quality import AlertKind
from core.model.server_figures import Distribution, MediaFigures, ServerFigures, SpeechFigures

FIGURES = ServerFigures(
    calls={CallState.WAITING: 1, CallState.LIVE: 2},
    scores={"mos": (4.2, 3.1, 4.0), "rtt_ms": (80.0, 400.0, 90.0), "jitter_ms": (), "loss_pct": (0.0, 5.0)},
    alerts={AlertKind.PACKET_LOSS: 2, AlertKind.HIGH_RTT: 0},
    dropped={"finals": 3},
    parts={"media": PartState.UP, "store": PartState.DOWN, "assist": PartState.DEGRADED},
    media=MediaFigures(legs=4, cpu_pct=12.5, loop_lag_p50_ms=0.5, loop_lag_p99_ms=8.0),
    speech=SpeechFigures(waiting_finals=5, oldest_s=2.5, skipped_interims=40),
    waits={"end_of_speech_to_final": Distribution((0.5, 1.0), (3, 5), 6, 4.5)},
    failures={("assist", "ModelTimeout"): 7},
    repeated=9,
)


class _Desk:
    def __init__(self, figures: ServerFigures) -> None:
        self._figures = figures

    def figures(self) -> ServerFigures:
        return self._figures


def read(figures: ServerFigures = FIGURES) -> dict[str, Metric]:
    visitors = Visitors(lambda: None)  # type: ignore[arg-type, return-value]
    api = FastAPI()
    api.include_router(metrics_routes(visitors))
    api.dependency_overrides[visitors.desk] = lambda: _Desk(figures)
    answer = TestClient(api).get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=")
    return {family.name: family for family in text_string_to_metric_families(answer.text)}


def figures(family: Metric) -> dict[str, float]:
    return {"/".join([s.name.removeprefix(family.name), *s.labels.values()]): s.value for s in family.samples}


def test_the_figures_are_those_of_the_server_in_seconds_and_ratios() -> None:
    found = read()
    assert figures(found["earshot_calls"]) == {"/live": 2, "/waiting": 1}
    assert figures(found["earshot_leg_mos"]) == {"/median": 4.0, "/worst": 3.1}
    assert figures(found["earshot_leg_rtt_seconds"]) == {"/median": 0.09, "/worst": 0.4}
    assert figures(found["earshot_leg_loss_ratio"]) == {"/median": 0.025, "/worst": 0.05}
    assert figures(found["earshot_open_alerts"]) == {"/packet_loss": 2, "/high_rtt": 0}
    assert figures(found["earshot_part_up"]) == {"/media": 1, "/store": 0, "/assist": 0}
    assert figures(found["earshot_part_down"]) == {"/media": 0, "/store": 1, "/assist": 0}
    assert figures(found["earshot_media_loop_lag_seconds"]) == {"/0.5": 0.0005, "/0.99": 0.008}
    assert figures(found["earshot_speech_waiting_finals"]) == {"": 5}
    assert figures(found["earshot_speech_oldest_wait_seconds"]) == {"": 2.5}
    assert figures(found["earshot_speech_skipped_interims"]) == {"_total": 40}
    assert figures(found["earshot_failures"]) == {"_total/ModelTimeout/assist": 7}
    assert figures(found["earshot_browser_seconds_repeated"]) == {"_total": 9}


def test_a_figure_that_nobody_measured_is_missing_and_not_zero() -> None:
    assert read()["earshot_leg_jitter_seconds"].samples == []


def test_a_service_that_recognises_has_no_queue_on_this_machine() -> None:
    assert not [name for name in read(replace(FIGURES, speech=None)) if name.startswith("earshot_speech")]


def test_waits_are_a_histogram() -> None:
    found = read()["earshot_end_of_speech_to_final_seconds"]
    assert found.type == "histogram"
    assert figures(found) == {"_bucket/0.5": 3, "_bucket/1.0": 5, "_bucket/+Inf": 6, "_count": 6, "_sum": 4.5}


def test_no_label_can_name_a_call_or_a_person() -> None:
    labels = {label for family in read().values() for sample in family.samples for label in sample.labels}
    assert labels <= {"state", "statistic", "kind", "queue", "part", "quantile", "le", "error"}
