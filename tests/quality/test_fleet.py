"""Questions over many calls are answered as a plain loop over them would."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.model.call import CallId, CallOrigin
from core.model.errors import FleetQuestionFailed
from core.model.quality import UNHEARD
from core.model.sample import RtpSample
from core.quality import fleet as fleet_module
from core.quality.fleet import BIN_WIDTHS, Fleet
from core.quality.fleet_question import Counted, FleetFilter, Group, IssueSource, Measured, Metric
from core.quality.rollup import CallRollup, LegRollup
from core.quality.rollup_files import RollupFiles, day_of
from core.quality.segments import SCHEMA, SampleWriter, sample_files
from core.quality.synthetic import Trouble
from tests.fakes.clock import ManualClock
from tests.quality.fleet_calls import NOON, rollup_of, synthetic_of

DAY_S = 86_400.0
HOUR_S = 3_600.0
SEOUL = ZoneInfo("Asia/Seoul")
NAMES = (("Dana", "Chris"), ("Dana", "Kim"), ("민지", "Chris"))
ORIGINS = (CallOrigin.BROWSER, CallOrigin.SYNTHETIC)
CALLS: dict[str, tuple[Trouble, int]] = {f"c{n:02d}": (trouble, n) for n, trouble in enumerate(Trouble)}
"""One call of each trouble, over four days and all hours."""


def made(call_id: str) -> CallRollup:
    trouble, number = CALLS[call_id]
    return rollup_of(
        call_id,
        trouble,
        seed=number,
        created_at=NOON + number % 4 * DAY_S + number * HOUR_S * 1.7,
        names=NAMES[number % 3],
        origin=ORIGINS[number % 2],
        language=("ko", "en")[number % 2],
        network=("wifi", "cellular", "")[number % 3],
    )


@pytest.fixture(scope="module")
def rollups() -> Sequence[CallRollup]:
    return [made(call_id) for call_id in CALLS]


@pytest.fixture(scope="module")
def fleet(rollups: Sequence[CallRollup], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    folder = tmp_path_factory.mktemp("fleet")
    files = RollupFiles(folder / "rollups")
    files.put(rollups)
    writer = SampleWriter(folder / "samples", ManualClock())
    for call_id, (trouble, number) in CALLS.items():
        network = ("wifi", "cellular", "")[number % 3]
        writer.append(CallId(call_id), synthetic_of(call_id, trouble, number, network=network).samples)
        writer.close(CallId(call_id))
    return Fleet(files, folder / "samples")


filters = st.builds(
    FleetFilter,
    since=st.none() | st.floats(NOON - DAY_S, NOON + 5 * DAY_S),
    until=st.none() | st.floats(NOON - DAY_S, NOON + 5 * DAY_S),
    language=st.sampled_from(["", "ko", "en", "de"]),
    participant=st.sampled_from(["", "Dana", "Chris", "민지", "'; DROP TABLE rollups --"]),
    browser=st.sampled_from(["", "Chromium 156", "Firefox 1"]),
    network=st.sampled_from(["", "wifi", "cellular"]),
    origin=st.sampled_from(["", "browser", "synthetic"]),
    without=st.sampled_from([(), ("synthetic",)]),
)
plain = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def fits_leg(wanted: FleetFilter, leg: LegRollup) -> bool:
    return (
        wanted.participant in ("", leg.participant)
        and wanted.browser in ("", leg.browser)
        and wanted.network in ("", leg.network)
    )


def fitting(wanted: FleetFilter, rollups: Sequence[CallRollup]) -> list[CallRollup]:
    return [
        each
        for each in rollups
        if (wanted.since is None or each.created_at >= wanted.since)
        and (wanted.until is None or each.created_at < wanted.until)
        and wanted.language in ("", each.language)
        and wanted.origin in ("", each.origin)
        and each.origin not in wanted.without
        and any(fits_leg(wanted, leg) for leg in each.legs)
    ]


def key_of(group: Group | None, rollup: CallRollup, leg: LegRollup | None, speaker: str = "") -> str:
    local = datetime.fromtimestamp(rollup.created_at, SEOUL)
    match group:
        case None:
            return ""
        case Group.DAY:
            return local.date().isoformat()
        case Group.HOUR:
            return f"{local.hour:02d}"
        case Group.LANGUAGE:
            return rollup.language
        case Group.PARTICIPANT:
            return speaker or (leg.participant if leg else "")
        case _:
            return str(getattr(leg, group.value)) if leg else ""


def values(
    wanted: FleetFilter, rollups: Sequence[CallRollup], metric: Metric, group: Group | None, measured: Measured
) -> list[tuple[str, str, float]]:
    found: list[tuple[str, str, float | None]] = []
    for each in fitting(wanted, rollups):
        legs = [leg for leg in each.legs if fits_leg(wanted, leg)]
        if metric in (Metric.FINAL, Metric.SUMMARY):
            for turn in each.turns:
                leg = next((leg for leg in legs if leg.participant == turn.speaker), None)
                if leg is not None:
                    key = key_of(group, each, leg, turn.speaker)
                    found.append((key, each.call_id, getattr(turn, metric.value)))
            continue
        for leg in legs:
            key = key_of(group, each, leg)
            if metric is Metric.SET_UP:
                found.append((key, each.call_id, leg.set_up_s))
                continue
            for stream in (stream for stream in leg.streams if stream.vantage == measured):
                spread = getattr(stream, metric.value)
                value = stream.lost_pct if metric is Metric.LOSS else spread.mean if spread else None
                found.append((key, each.call_id, value))
    return [(key, call_id, value) for key, call_id, value in found if value is not None]


def summed(found: Sequence[tuple[str, str, float]], metric: Metric) -> dict[str, tuple[object, ...]]:
    tails = (50, 5, 1) if metric.is_better_high else (50, 95, 99)
    result: dict[str, tuple[object, ...]] = {}
    for key in {key for key, _, _ in found}:
        own = [value for each, _, value in found if each == key]
        calls = {call_id for each, call_id, _ in found if each == key}
        result[key] = (len(calls), len(own), *(pytest.approx(p) for p in np.percentile(own, tails)))
    return result


@given(wanted=filters, metric=st.sampled_from(Metric), group=st.none() | st.sampled_from(Group), data=st.data())
@plain
def test_figures_are_those_of_a_loop_over_the_calls(
    fleet: Fleet,
    rollups: Sequence[CallRollup],
    wanted: FleetFilter,
    metric: Metric,
    group: Group | None,
    data: st.DataObject,
) -> None:
    measured = data.draw(st.sampled_from(Measured))
    found = fleet.figures(wanted, metric, group, measured=measured, zone="Asia/Seoul")
    expected = summed(values(wanted, rollups, metric, group, measured), metric)
    assert {each.key: (each.calls, each.count, each.p50, each.p95, each.p99) for each in found} == expected


@given(wanted=filters, metric=st.sampled_from(Metric))
@plain
def test_a_distribution_counts_every_value_once(
    fleet: Fleet, rollups: Sequence[CallRollup], wanted: FleetFilter, metric: Metric
) -> None:
    found = fleet.distribution(wanted, metric)
    own = [value for _, _, value in values(wanted, rollups, metric, None, Measured.SERVER)]
    assert found.count == len(own) == sum(each.count for each in found.bins)
    width, most = BIN_WIDTHS[metric]
    for number, each in enumerate(found.bins):
        last = number == most - 1
        assert each.low == pytest.approx(number * width)
        inside = [v for v in own if each.low - 1e-6 <= v < (np.inf if last else each.high - 1e-6)]
        assert each.count == pytest.approx(len(inside), abs=1)


@given(wanted=filters)
@plain
def test_the_worst_calls_come_first_and_all_that_fit_are_counted(
    fleet: Fleet, rollups: Sequence[CallRollup], wanted: FleetFilter
) -> None:
    found = fleet.worst(wanted, 100)
    expected = fitting(wanted, rollups)
    assert found.total == len(expected)
    assert {line.call_id for line in found.lines} == {each.call_id for each in expected}
    places = [(not set(line.alerts) & UNHEARD, line.mos is None, line.mos or 0.0) for line in found.lines]
    assert places == sorted(places)
    by_id = {each.call_id: each for each in expected}
    for line in found.lines:
        own = by_id[line.call_id]
        assert (line.people, line.origin, line.language, line.mos) == (
            own.people, own.origin, own.language, own.worst_mos,
        )  # fmt: skip
        assert line.trouble_s == pytest.approx(sum(each.seconds for each in own.alerts))
        assert line.alerts == tuple(sorted({each.kind for each in own.alerts}))


@given(wanted=filters)
@plain
def test_issues_are_counted_by_calls_and_lead_to_them(
    fleet: Fleet, rollups: Sequence[CallRollup], wanted: FleetFilter
) -> None:
    expected: dict[tuple[str, str], set[str]] = {}
    for each in fitting(wanted, rollups):
        for source, issues in ((IssueSource.ALERT, each.alerts), (IssueSource.CAUSE, each.causes)):
            for issue in issues:
                expected.setdefault((source, issue.kind), set()).add(each.call_id)
    found = fleet.issues(wanted)
    assert {(each.source, each.kind): each.calls for each in found} == {k: len(v) for k, v in expected.items()}
    assert [each.calls for each in found] == sorted((each.calls for each in found), reverse=True)
    for each in found:
        lines = fleet.affected(wanted, each.source, each.kind, 100)
        assert {line.call_id for line in lines.lines} == expected[each.source, each.kind]


def test_a_list_is_given_in_stretches_with_the_total(fleet: Fleet) -> None:
    everything = fleet.worst(FleetFilter(), 100)
    stretches = [fleet.worst(FleetFilter(), 5, offset) for offset in (0, 5, 10)]
    assert [line for each in stretches for line in each.lines] == list(everything.lines)
    assert {each.total for each in stretches} == {len(CALLS)}
    assert fleet.worst(FleetFilter(), 5, 500) == fleet_module.CallLines((), len(CALLS))


def test_what_can_be_chosen_is_what_is_there(fleet: Fleet) -> None:
    options = fleet.options(FleetFilter(language="ko"))
    assert options.participants == tuple(sorted({name for names in NAMES for name in names}))
    assert options.browsers == ("Chromium 156",)
    assert options.networks == ("cellular", "ethernet", "wifi")
    assert (options.languages, options.origins) == (("en", "ko"), ("browser", "synthetic"))
    assert options.calls == len(CALLS)


def loss_pct(sample: RtpSample) -> float | None:
    return sample.loss_pct


@pytest.mark.parametrize("metric", [metric for metric in Metric if metric.has_seconds])
@pytest.mark.parametrize("group", [None, Group.PARTICIPANT, Group.DAY])
@pytest.mark.parametrize("measured", Measured)
def test_seconds_are_those_of_the_sample_files(
    fleet: Fleet, metric: Metric, group: Group | None, measured: Measured
) -> None:
    wanted = FleetFilter(without=("synthetic",))
    found: list[tuple[str, str, float]] = []
    for call_id, (trouble, number) in CALLS.items():
        own = made(call_id)
        if own.origin == "synthetic":
            continue
        legs = {leg.leg_id: leg for leg in own.legs}
        for sample in synthetic_of(call_id, trouble, number).samples:
            value = getattr(sample, metric.value)
            if sample.vantage != measured or value is None or (metric is Metric.JITTER and not sample.packets):
                continue
            found.append((key_of(group, own, legs[sample.leg_id]), call_id, value))
    answer = fleet.figures(wanted, metric, group, counted=Counted.SECOND, measured=measured, zone="Asia/Seoul")
    assert {each.key: (each.calls, each.count, each.p50, each.p95, each.p99) for each in answer} == summed(
        found, metric
    )


def test_comparing_gives_each_call_one_voice(fleet: Fleet, rollups: Sequence[CallRollup]) -> None:
    first, second = FleetFilter(origin="browser"), FleetFilter(origin="synthetic")
    found = {each.metric: each for each in fleet.compare(first, second)}
    for wanted, index in ((first, 0), (second, 1)):
        per_call: dict[str, list[float]] = {}
        for _, call_id, value in values(wanted, rollups, Metric.RTT, None, Measured.SERVER):
            per_call.setdefault(call_id, []).append(value)
        means = [np.mean(each) for each in per_call.values()]
        assert found[Metric.RTT].calls[index] == len(means)
        assert found[Metric.RTT].p50[index] == pytest.approx(np.median(means))


def test_an_answer_is_kept_until_the_rollups_change(tmp_path: Path) -> None:
    files = RollupFiles(tmp_path / "rollups")
    files.put([made("c00")])
    fleet = Fleet(files, tmp_path / "samples")
    first = fleet.worst(FleetFilter(), 10)
    assert fleet.worst(FleetFilter(), 10) is first
    files.put([made("c01")])
    assert fleet.worst(FleetFilter(), 10).total == 2


def test_without_any_call_there_is_nothing_and_no_error(tmp_path: Path) -> None:
    fleet = Fleet(RollupFiles(tmp_path / "none"), tmp_path / "samples")
    assert fleet.figures(FleetFilter(), Metric.MOS) == ()
    assert fleet.figures(FleetFilter(), Metric.RTT, counted=Counted.SECOND) == ()
    assert fleet.distribution(FleetFilter(), Metric.FINAL).bins == ()
    assert fleet.worst(FleetFilter(), 10).total == 0
    assert fleet.issues(FleetFilter()) == ()
    assert fleet.options(FleetFilter()).calls == 0
    assert fleet.compare(FleetFilter(), FleetFilter()) == ()


def test_damaged_and_older_sample_files_stop_no_answer(tmp_path: Path) -> None:
    files = RollupFiles(tmp_path / "rollups")
    files.put([made(call_id) for call_id in ("c00", "c01", "c02")])
    writer = SampleWriter(tmp_path / "samples", ManualClock())
    for call_id in ("c00", "c01", "c02"):
        trouble, number = CALLS[call_id]
        writer.append(CallId(call_id), synthetic_of(call_id, trouble, number).samples)
        writer.close(CallId(call_id))
    (broken,) = sample_files(tmp_path / "samples", CallId("c00"))
    broken.write_bytes(broken.read_bytes()[:100])
    (older,) = sample_files(tmp_path / "samples", CallId("c01"))
    old = pa.schema([field for field in SCHEMA if field.name not in ("expected", "jitter_buffer_ms")])
    pq.write_table(pq.read_table(older).select(old.names), older)
    fleet = Fleet(files, tmp_path / "samples")
    (figures,) = fleet.figures(FleetFilter(), Metric.JITTER, counted=Counted.SECOND)
    assert figures.calls == 2
    (figures,) = fleet.figures(FleetFilter(), Metric.LOSS, counted=Counted.SECOND)
    assert figures.calls == 2
    assert fleet.damaged_samples == (broken,)
    broken.unlink()
    assert fleet.damaged_samples == ()


def test_a_damaged_rollup_file_is_named(tmp_path: Path) -> None:
    files = RollupFiles(tmp_path)
    files.put([made("c00")])
    path = tmp_path / f"{day_of(made('c00').created_at)}.parquet"
    path.write_bytes(b"nothing")
    assert Fleet(files, tmp_path).damaged(FleetFilter()) == (path,)


def test_no_question_reads_a_file_beside_the_samples(tmp_path: Path) -> None:
    fleet = Fleet(RollupFiles(tmp_path / "rollups"), tmp_path / "samples")
    secret = tmp_path / "secret.csv"
    secret.write_text("a\n1\n")
    with pytest.raises(FleetQuestionFailed, match="secret"):
        fleet._ask(FleetFilter(), f"SELECT * FROM read_csv('{secret}')")
    with pytest.raises(FleetQuestionFailed):
        fleet._ask(FleetFilter(), "INSTALL httpfs")


def test_days_are_the_readers(fleet: Fleet, rollups: Sequence[CallRollup]) -> None:
    in_utc = {each.key for each in fleet.figures(FleetFilter(), Metric.RTT, Group.DAY)}
    assert in_utc == {datetime.fromtimestamp(each.created_at, UTC).date().isoformat() for each in rollups}
