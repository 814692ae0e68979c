"""Causes in the network and in the server: who loses or delays, by comparing the legs with each other.

A packet that is lost or late on its way to the server is lost or late for whoever hears it, too: what a leg suffers on
the way out counts only where it is more than twice what came in so.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from core.model.call import LegId
from core.model.diagnosis import Cause, Diagnosis, Evidence
from core.model.media_path import CandidateType
from core.model.sample import Direction, PathState, RtpSample
from core.quality.case import BROWSER, IN, OUT, SERVER, Case, round_trip_ms, shown
from core.quality.grid import BIN_S, Bins, first_known, greatest, mean_around, most_around
from core.quality.path_watch import CALM_S, SWITCHES, SWITCHES_S
from core.quality.spans import Span, spans, where, without
from core.quality.thresholds import JITTER_LIMIT_MS, LOSS_LIMIT_PCT

LOSS_BINS = 7
"""Loss is counted over so many bins: at 50 packets a second a single one of them says nothing."""
LOSSY_BINS = 3
"""In so many bins at least something must be lost: one burst is no lossy network."""
JITTER_BINS = 5
REPORT_BINS = 7
"""So far apart stand what was lost on the way in and the report of who missed it."""
TROUBLE_S = 10.0
APART_S = 16.0
"""Trouble that comes back within so long is the same."""
LAG_LIMIT_MS = 60.0
DEVIATION_LIMIT_MS = 40.0
EVEN_JITTER_MS = 15.0
"""Packets that arrive so evenly leave unevenly by the server's fault alone."""
RTT_LIMIT_MS = 250.0
SLOW_LOSS_PCT, SLOW_JITTER_MS = 5.0, 200.0
"""With more of either, high RTT is not the path's length."""
LOST_S = 5.0


@dataclass(frozen=True, slots=True)
class Suffering:
    """What one leg suffers in one direction by its own doing, bin by bin."""

    loss_pct: Bins
    jitter_ms: Bins
    lossy: Bins
    """Whether anything was lost at all."""
    spans: tuple[Span, ...]


def overload(case: Case) -> Iterator[tuple[Span, Diagnosis]]:
    """A server that wakes late, or sends late what came in time to everybody."""
    grid = case.grid
    measured = [(key, series) for key, series in grid.series.items() if key[2] is SERVER]
    lag = greatest([series.mean("loop_lag_p99_ms") for _, series in measured], grid.unknown)
    arriving = greatest([series.mean("jitter_ms") for key, series in measured if key[1] is IN], grid.unknown)
    sending = [series.mean("send_deviation_p99_ms") for key, series in measured if key[1] is OUT]
    least = grid.unknown
    for each in sending:
        least = np.fmin(least, each)
    late = (lag >= LAG_LIMIT_MS) | ((least >= DEVIATION_LIMIT_MS) & ~(arriving > EVEN_JITTER_MS))
    for span in spans(where(late, first_known(lag, least)), for_s=TROUBLE_S, apart_s=APART_S):
        evidence = shown("loop_lag_p99_ms", span.median(lag), LAG_LIMIT_MS)
        evidence += shown("send_deviation_p99_ms", span.median(least), DEVIATION_LIMIT_MS)
        yield span, case.found(Cause.SERVER_OVERLOAD, None, None, span, evidence)


def sufferings(case: Case) -> Mapping[tuple[LegId, Direction], Suffering]:
    """What every leg suffers by its own network, each way."""
    grid = case.grid

    def loss(leg_id: LegId, direction: Direction, over: int) -> Bins:
        vantages = (BROWSER, SERVER) if direction is OUT else (SERVER, BROWSER)
        return first_known(*(grid.loss_pct(leg_id, direction, vantage, over) for vantage in vantages))

    def jitter(leg_id: LegId, direction: Direction) -> Bins:
        vantages = (BROWSER, SERVER) if direction is OUT else (SERVER, BROWSER)
        figures = first_known(*(grid.mean(leg_id, direction, vantage, "jitter_ms") for vantage in vantages))
        return mean_around(figures, JITTER_BINS)

    losses = {(leg, way): loss(leg, way, LOSS_BINS) for leg in grid.legs for way in Direction}
    jitters = {(leg, way): jitter(leg, way) for leg in grid.legs for way in Direction}
    found = {}
    for (leg_id, direction), lost in losses.items():
        uneven = jitters[leg_id, direction]
        own_lost, own_uneven = lost, uneven
        if direction is OUT:
            # What the far end has lost is told some seconds later, and of several at once.
            came_lost = most_around(grid.others(leg_id, lambda other: losses[other, IN]), REPORT_BINS)
            came_uneven = grid.others(leg_id, lambda other: jitters[other, IN])
            own_lost = np.where(came_lost > lost / 2, 0.0, lost - np.nan_to_num(came_lost))
            own_uneven = np.where(came_uneven > uneven / 2, 0.0, uneven)
        lossy = where(loss(leg_id, direction, 1) > 0, lost)
        losing = spans(where(own_lost > LOSS_LIMIT_PCT, lost), for_s=TROUBLE_S, apart_s=APART_S)
        losing = tuple(span for span in losing if np.nansum(lossy[span.first : span.last + 1]) >= LOSSY_BINS)
        shaking = spans(where(own_uneven > JITTER_LIMIT_MS, uneven), for_s=TROUBLE_S, apart_s=APART_S)
        found[leg_id, direction] = Suffering(lost, uneven, lossy, losing + shaking)
    return found


def access_network(
    case: Case, suffered: Mapping[tuple[LegId, Direction], Suffering], explained: Mapping[LegId, Sequence[Span]]
) -> Iterator[Diagnosis]:
    """Loss and jitter of one side alone are its network's; of all sides at once, the server's."""
    own = {
        leg_id: _joined(
            tuple(
                span
                for direction in Direction
                for span in without(suffered[leg_id, direction].spans, explained.get(leg_id, ()), margin=3)
            )
        )
        for leg_id in case.grid.legs
    }
    for leg_id, mine in own.items():
        for span in mine:
            others = [other for other in own if other != leg_id and _measured(suffered, other, span)]
            together = [other for other in others if any(_mostly(span, each) for each in own[other])]
            is_shared = bool(others) and len(together) == len(others)
            if is_shared and case.grid.legs.index(leg_id) > min(case.grid.legs.index(other) for other in together):
                continue
            directions = [
                direction
                for direction in Direction
                if any(span.touches(each) for each in suffered[leg_id, direction].spans)
            ]
            evidence: tuple[Evidence, ...] = ()
            for direction in directions:
                figures = suffered[leg_id, direction]
                evidence += _evidence(direction, span, figures)
            way = directions[0] if len(directions) == 1 else None
            if is_shared:
                yield case.found(Cause.SERVER_OVERLOAD, None, None, span, evidence, is_certain=False)
            else:
                yield case.found(Cause.ACCESS_NETWORK, leg_id, way, span, evidence, is_certain=bool(others))


def _evidence(direction: Direction, span: Span, figures: Suffering) -> tuple[Evidence, ...]:
    way = "up" if direction is IN else "down"
    evidence: tuple[Evidence, ...] = ()
    loss, jitter = span.mean(figures.loss_pct), span.median(figures.jitter_ms)
    if loss is not None and loss > LOSS_LIMIT_PCT / 2:
        evidence += shown(f"loss_{way}_pct", loss, LOSS_LIMIT_PCT)
    if jitter is not None and jitter > JITTER_LIMIT_MS / 2:
        evidence += shown(f"jitter_{way}_ms", jitter, JITTER_LIMIT_MS)
    return evidence


def _joined(found: tuple[Span, ...]) -> tuple[Span, ...]:
    joined: list[Span] = []
    for span in sorted(found, key=lambda each: each.first):
        if joined and joined[-1].touches(span, margin=round(APART_S / BIN_S)):
            last = joined.pop()
            latest = max(last, span, key=lambda each: each.last)
            span = Span(last.first, latest.last, last.is_open or span.is_open)
        joined.append(span)
    return tuple(joined)


def _measured(suffered: Mapping[tuple[LegId, Direction], Suffering], leg_id: LegId, span: Span) -> bool:
    """Whether there is a network that could have suffered, too: a persona and a file that is fed directly have none."""
    figures = [
        figure for way in Direction for figure in (suffered[leg_id, way].loss_pct, suffered[leg_id, way].jitter_ms)
    ]
    return any(span.mean(figure) is not None for figure in figures)


def _mostly(one: Span, other: Span) -> bool:
    common = min(one.last, other.last) - max(one.first, other.first) + 1
    return 2 * common > min(one.last - one.first, other.last - other.first) + 1


def slow_path(case: Case, leg_id: LegId, suffered: Suffering, explained: Sequence[Span]) -> Iterator[Diagnosis]:
    """A round trip that takes long, though hardly anything is lost or uneven: the way is long, or slow."""
    rtt = mean_around(round_trip_ms(case.grid, leg_id), JITTER_BINS)
    calm = ~(suffered.loss_pct > SLOW_LOSS_PCT) & ~(suffered.jitter_ms >= SLOW_JITTER_MS)
    found = spans(where((rtt >= RTT_LIMIT_MS) & calm, rtt), for_s=TROUBLE_S, apart_s=APART_S)
    for span in without(found, explained):
        evidence = shown("rtt_ms", span.median(rtt), RTT_LIMIT_MS)
        evidence += shown("loss_pct", span.mean(suffered.loss_pct), SLOW_LOSS_PCT)
        evidence += shown("jitter_ms", span.median(suffered.jitter_ms), SLOW_JITTER_MS)
        yield case.found(Cause.SLOW_PATH, leg_id, None, span, evidence)


def path_flapping(case: Case, leg_id: LegId) -> Iterator[tuple[Span, Diagnosis]]:
    """A path that changes three times in half a minute, until a minute without."""
    at_s = _switches(_path_samples(case, leg_id))
    start = 0
    while start + SWITCHES <= len(at_s):
        if at_s[start + SWITCHES - 1] - at_s[start] > SWITCHES_S:
            start += 1
            continue
        end = start + SWITCHES - 1
        while end + 1 < len(at_s) and at_s[end + 1] - at_s[end] <= CALM_S:
            end += 1
        is_open = case.grid.now_s - at_s[end] < CALM_S
        span = Span(_bin(case, at_s[start]), _bin(case, at_s[end]), is_open)
        evidence = shown("path_switches", float(end - start + 1), float(SWITCHES))
        yield span, case.found(Cause.PATH_FLAPPING, leg_id, None, span, evidence)
        start = end + 1


def _switches(samples: Sequence[RtpSample]) -> list[float]:
    found, path = [], None
    for sample in samples:
        if sample.path_id is not None:
            if path not in (None, sample.path_id):
                found.append(sample.at_s)
            path = sample.path_id
    return found


def _path_samples(case: Case, leg_id: LegId) -> Sequence[RtpSample]:
    series = case.grid.get(leg_id, OUT, BROWSER) or case.grid.get(leg_id, IN, BROWSER)
    return () if series is None else series.samples


def _bin(case: Case, at_s: float) -> int:
    return min(case.grid.bins - 1, max(0, int((at_s - case.grid.start_s) // BIN_S)))


def path_lost(case: Case, leg_id: LegId) -> Iterator[tuple[Span, Diagnosis]]:
    """A path that was there, and on which nothing comes back any more.

    A browser calls a path disconnected, too, that works one way only: what it still hears says that it does.
    """
    grid = case.grid
    series = grid.get(leg_id, OUT, BROWSER) or grid.get(leg_id, IN, BROWSER)
    if series is None:
        return
    gone = series.share(
        lambda sample: (
            None if sample.path_state is None else sample.path_state in (PathState.DISCONNECTED, PathState.FAILED)
        )
    )
    was_there = np.logical_or.accumulate(
        series.share(lambda sample: None if sample.path_state is None else sample.path_state is PathState.CONNECTED) > 0
    )
    facts = case.facts.get(leg_id)
    if facts is not None and facts.connected_at_s is not None:
        was_there |= True
    heard = grid.rate(leg_id, OUT, BROWSER)
    for span in spans(where((gone > 0.5) & was_there & ~(heard > 0), gone), for_s=LOST_S, apart_s=4.0):
        length_s = (span.last - span.first + 1) * BIN_S
        yield span, case.found(Cause.PATH_LOST, leg_id, None, span, shown("path_lost_s", length_s, LOST_S))


def relay_in_use(case: Case, leg_id: LegId) -> Iterator[Diagnosis]:
    """Sound that goes by way of a relay, at either end."""
    samples = _path_samples(case, leg_id)
    series = case.grid.get(leg_id, OUT, BROWSER) or case.grid.get(leg_id, IN, BROWSER)
    if series is None:
        return
    relayed = series.share(
        lambda sample: (
            None
            if sample.local_candidate is None
            else CandidateType.RELAY in (sample.local_candidate, sample.remote_candidate)
        )
    )
    rtt = round_trip_ms(case.grid, leg_id)
    for span in spans(where(relayed > 0.5, relayed), for_s=BIN_S, apart_s=60.0):
        transport = next((sample.path_transport for sample in reversed(samples) if sample.path_transport), None)
        evidence: tuple[Evidence, ...] = ()
        if transport is not None:
            evidence += (Evidence("path_transport", transport.value),)
        evidence += shown("rtt_ms", span.median(rtt), RTT_LIMIT_MS)
        yield case.found(Cause.RELAY_IN_USE, leg_id, None, span, evidence)
