"""Causes that the sound itself shows: which way it flows, what the microphone gives, how the packets are made."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from core.model.call import LegId
from core.model.diagnosis import Cause, Diagnosis, Evidence
from core.quality.case import BROWSER, IN, OUT, SERVER, Case, shown
from core.quality.drift import CLEAN_JITTER_MS, CLEAN_LOSS_PCT, GROWTH_LIMIT, GROWTH_S, STEP_S, growth, theil_sen
from core.quality.flow_watch import ONE_WAY_S
from core.quality.grid import BIN_S, Bins, first_known, mean_around
from core.quality.microphone_watch import CONSTANT_DB
from core.quality.spans import Span, spans, where, without

NORMAL_RATE = 50.0
"""Packets of 20 ms a second."""
MUTED_S = 5.0
DIGITAL_SILENCE_DBFS = -80.0
"""Softer than any room through any live microphone: nothing at all comes out of it."""
FAINT_DBFS = -70.0
HEARD_DBFS = -55.0
"""What was once louder than this comes from a live microphone."""
DEAD_S = 10.0
FAINT_S = 30.0
SHARED_S = 10.0
HALF_LOW, HALF_HIGH = 17.0, 33.0
"""About half of the normal rate."""
SMOOTH = 5
"""Bins over which figures are smoothed."""


def one_way(case: Case, leg_id: LegId) -> Iterator[tuple[Span, Diagnosis]]:
    """Sound that arrives one way and not the other.

    What a browser receives is believed before what the server sends: packets may be sent into nothing. What a browser
    has not told yet is not known.
    """
    grid = case.grid
    arrives, sent = grid.rate(leg_id, IN, SERVER), grid.rate(leg_id, OUT, SERVER)
    heard = grid.rate(leg_id, OUT, BROWSER) if grid.has(leg_id, BROWSER) else sent
    spoken = grid.rate(leg_id, IN, BROWSER)
    if not case.is_listener(leg_id):
        for span in spans(where((arrives == 0) & (heard > 0), arrives, heard), for_s=ONE_WAY_S, apart_s=4.0):
            evidence = shown("arriving_per_s", span.mean(arrives), NORMAL_RATE)
            evidence += shown("spoken_per_s", span.mean(spoken)) + shown("heard_per_s", span.mean(heard))
            yield span, case.found(Cause.ONE_WAY_AUDIO, leg_id, IN, span, evidence)
    others = grid.others(leg_id, lambda other: grid.rate(other, IN, SERVER))
    is_due = (sent > 0) | ((sent == 0) & (others > 0) & (arrives > 0))
    if grid.get(leg_id, OUT, BROWSER) is None:
        silent = where((sent == 0) & is_due, sent)
    else:
        silent = where((heard == 0) & is_due & ~(arrives == 0), heard, sent)
    for span in spans(silent, for_s=ONE_WAY_S, apart_s=4.0):
        evidence = shown("heard_per_s", span.mean(heard), NORMAL_RATE) + shown("sent_per_s", span.mean(sent))
        yield span, case.found(Cause.ONE_WAY_AUDIO, leg_id, OUT, span, evidence)


def microphone(case: Case, leg_id: LegId) -> Iterator[Diagnosis]:
    """A microphone that is switched off, or that gives nothing though it is on."""
    grid = case.grid
    if case.is_listener(leg_id):
        return
    is_muted = grid.mean(leg_id, IN, BROWSER, "is_muted")
    muted = spans(where(is_muted > 0.5, is_muted), for_s=MUTED_S, apart_s=4.0)
    for span in muted:
        yield case.found(Cause.MUTED_MICROPHONE, leg_id, IN, span, [Evidence("is_muted", "yes")])
    level = first_known(grid.mean(leg_id, IN, SERVER, "level_dbfs"), grid.mean(leg_id, IN, BROWSER, "level_dbfs"))
    if not grid.has(leg_id, BROWSER):
        is_muted = np.zeros(grid.bins)
    silent = (level <= DIGITAL_SILENCE_DBFS) | _is_constant(level)
    dead = without(spans(where(silent & (is_muted < 0.5), level, is_muted), for_s=DEAD_S, apart_s=4.0), muted, margin=2)
    for span in dead:
        evidence = shown("level_dbfs", span.median(level), DIGITAL_SILENCE_DBFS)
        yield case.found(Cause.DEAD_MICROPHONE, leg_id, IN, span, evidence)
    if dead or bool(np.any(level > HEARD_DBFS)):
        return
    faint = spans(where((level <= FAINT_DBFS) & (is_muted < 0.5), level, is_muted), for_s=FAINT_S, apart_s=4.0)
    for span in without(faint, muted, margin=2):
        evidence = shown("level_dbfs", span.median(level), FAINT_DBFS)
        yield case.found(Cause.DEAD_MICROPHONE, leg_id, IN, span, evidence, is_certain=False)


def _is_constant(level: Bins) -> npt.NDArray[np.bool_]:
    step = np.abs(np.diff(level))
    same = step <= CONSTANT_DB
    return np.asarray(np.concatenate((same, [False])) | np.concatenate(([False], same)))


def shared_track(case: Case, leg_id: LegId) -> Iterator[tuple[Span, Diagnosis]]:
    """Half of the packets go to a leg, though nothing is lost and its other end sends them all."""
    grid = case.grid
    rate = mean_around(first_known(grid.rate(leg_id, OUT, SERVER), grid.rate(leg_id, OUT, BROWSER)), SMOOTH)
    loss = grid.loss_pct(leg_id, OUT, BROWSER, SMOOTH)
    source = mean_around(grid.others(leg_id, lambda other: grid.rate(other, IN, SERVER)), SMOOTH)
    is_half = (rate > HALF_LOW) & (rate < HALF_HIGH) & ~(loss > 1.0) & ~(source < 45.0)
    for span in spans(where(is_half, rate), for_s=SHARED_S, apart_s=6.0):
        evidence = shown("sent_per_s", span.mean(rate), NORMAL_RATE) + shown("loss_pct", span.mean(loss))
        evidence += shown("concealed_pct", span.mean(grid.mean(leg_id, OUT, BROWSER, "concealed_pct")))
        yield span, case.found(Cause.SHARED_TRACK, leg_id, OUT, span, evidence)


def timestamp_drift(case: Case, leg_id: LegId, explained: tuple[Span, ...]) -> Iterator[Diagnosis]:
    """A jitter buffer that grows for two minutes and more, though nothing in the network asks for it."""
    grid = case.grid
    delay = grid.mean(leg_id, OUT, BROWSER, "jitter_buffer_ms")
    jitter = grid.mean(leg_id, OUT, BROWSER, "jitter_ms")
    loss = grid.loss_pct(leg_id, OUT, BROWSER, 15)
    rate = grid.rate(leg_id, OUT, BROWSER)
    clean = ~np.isnan(delay) & ~(mean_around(jitter, SMOOTH) >= CLEAN_JITTER_MS) & ~(loss >= CLEAN_LOSS_PCT)
    clean &= ~(mean_around(rate, SMOOTH) < 40.0)
    grown = _growth(np.where(clean, delay, np.nan))
    holds = where(grown > GROWTH_LIMIT, grown)
    found = spans(holds, for_s=STEP_S, apart_s=3 * STEP_S)
    window = round(GROWTH_S / BIN_S)
    for late in found:
        # It was seen at the end of a window of two minutes in which it had gone on.
        span = Span(max(0, late.first - window + 1), late.last, late.is_open)
        if any(span.touches(other) for other in explained):
            continue
        minutes, delays = _points(delay[span.first : span.last + 1])
        known = ~np.isnan(delays)
        slope = theil_sen(minutes[known], delays[known])
        evidence = shown("drift_ms_per_min", slope.value, GROWTH_LIMIT)
        evidence += shown("jitter_buffer_ms", float(delays[known][-1]))
        evidence += shown("jitter_ms", span.median(jitter), CLEAN_JITTER_MS)
        evidence += shown("loss_pct", span.mean(loss), CLEAN_LOSS_PCT) + shown("heard_per_s", span.mean(rate))
        deviation = grid.mean(leg_id, OUT, SERVER, "send_deviation_p50_ms")
        evidence += shown("send_deviation_p50_ms", span.median(deviation))
        yield case.found(Cause.TIMESTAMP_DRIFT, leg_id, OUT, span, evidence)


def _growth(delay: Bins) -> Bins:
    """The growth over two minutes up to each bin; NaN where less than most of them is known."""
    size, points = round(STEP_S / BIN_S), round(GROWTH_S / STEP_S)
    minutes, delays = _points(delay)
    grown = np.full(len(delay), np.nan)
    for end in range(points, len(delays) + 1):
        part = slice(end - points, end)
        known = ~np.isnan(delays[part])
        if 5 * known.sum() >= 4 * points:
            grown[(end - 1) * size : end * size] = growth(minutes[part][known], delays[part][known])
    return grown


def _points(delay: Bins) -> tuple[Bins, Bins]:
    """A median for every ten seconds: what lies between hangs together, and would make the line seem too sure.

    Of ten seconds of which less than half is known there is none. What is left over at the end comes with the next.
    """
    size = round(STEP_S / BIN_S)
    steps = len(delay) // size
    parts = np.sort(delay[: steps * size].reshape(steps, size), axis=1)
    known = np.sum(~np.isnan(parts), axis=1)
    # What is missing is sorted to the end.
    rows, middle = np.arange(steps), np.maximum(known - 1, 0)
    medians = (parts[rows, middle // 2] + parts[rows, (middle + 1) // 2]) / 2
    minutes = np.arange(steps, dtype=np.float64) * (STEP_S / 60.0)
    return minutes, np.where(2 * known >= size, medians, np.nan)
