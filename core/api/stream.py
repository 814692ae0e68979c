"""The live page's stream: what changed in a call since the page last heard, as server-sent events."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import asdict
from typing import Any

from core.api.persona_stream import persona_change
from core.language.catalogue import Translate, describe, describe_all
from core.model.call import CallState
from core.model.diagnosis import ROUTINE, Cause, Diagnosis
from core.model.errors import EarshotError
from core.model.health import PartHealth
from core.model.quality import Alert
from core.model.sample import RtpSample, Vantage
from core.model.snapshot import CallSnapshot
from core.model.text_alert import TextAlert
from core.model.utterance import Utterance
from core.quality.diagnosis_words import diagnosis_words

POLL_S = 0.2
"""How often the stream looks for a new revision where nobody tells it of one: a look costs one integer."""
GAP_S = 0.02
"""Least time between two messages: what changes meanwhile is told in one."""
PARTS_S = 2.0
"""How often the parts' health is compared when nothing else changes."""
KEEP_ALIVE_S = 15.0

UNTOLD = frozenset({Cause.SPEECH_HANDOVER})
"""What is of no use to anybody while a call goes on; the quality page has it."""

Json = dict[str, Any]


def changes(before: CallSnapshot | None, now: CallSnapshot, translate: Translate) -> Json:
    """What a page that drew `before` needs in order to show `now`; everything for a page that drew nothing.

    The parts' details are put into words by `translate`.
    """
    message: Json = {"reset": before is None, "revision": now.revision, "now_s": round(now.now_s, 3)}
    if before is None or before.call != now.call:
        message["call"] = asdict(now.call)
    if utterances := _changed_utterances(before, now):
        message["utterances"] = utterances
    known = len(before.summaries) if before else 0
    if new := now.summaries[known:]:
        message["summaries"] = [asdict(summary) for summary in new]
    if now.guidance is not None and (before is None or before.guidance != now.guidance):
        message["guidance"] = asdict(now.guidance)
    if (before.guidance_problem if before else None) != now.guidance_problem:
        problem = now.guidance_problem
        message["guidance_problem"] = "" if problem is None else describe(problem, translate)
    if samples := _new_samples(before, now):
        message["samples"] = samples
    if before is None or before.legs != now.legs:
        message["legs"] = dict(now.legs)
    if before is None or before.quality != now.quality:
        message["quality"] = _quality(now, translate)
    if now.text_alerts != (before.text_alerts if before else ()):
        message["text_alerts"] = [text_alert(alert) for alert in now.text_alerts]
    if notes := now.notes[len(before.notes) if before else 0 :]:
        message["notes"] = [asdict(note) for note in notes]
    if before is None or before.parts != now.parts:
        message["parts"] = [_part(part, translate) for part in now.parts]
    if before is None or before.dropped != now.dropped:
        message["dropped"] = dict(now.dropped)
    if now.model is not None and (before is None or before.model != now.model):
        message["model"] = asdict(now.model)
    if now.persona is not None and (before is None or before.persona != now.persona):
        message["persona"] = persona_change(before, now, now.persona, translate)
    return message


def _part(part: PartHealth, translate: Translate) -> Json:
    return {
        "name": part.name,
        "state": part.state,
        "needed": part.needed,
        "detail": describe_all(part.detail, translate),
    }


def _changed_utterances(before: CallSnapshot | None, now: CallSnapshot) -> list[Json]:
    known = {u.id: u for u in before.utterances} if before else {}
    # Mostly it is the same object: comparing an hour's utterances field by field would take milliseconds.
    changed = [_utterance(u) for u in now.utterances if (old := known.pop(u.id, None)) is not u and old != u]
    # What is left of the known ones is gone: an interim that turned out to be nothing.
    return changed + [{**_utterance(u), "text": ""} for u in known.values()]


def _utterance(utterance: Utterance) -> Json:
    return {**asdict(utterance), "uncertain": utterance.is_uncertain}


def _new_samples(before: CallSnapshot | None, now: CallSnapshot) -> list[Json]:
    latest: dict[tuple[str, str, str], float] = {}
    for sample in before.samples if before else ():
        latest[(sample.leg_id, sample.direction, sample.vantage)] = sample.at_s
    return [
        _sample(sample)
        for sample in now.samples
        if sample.at_s > latest.get((sample.leg_id, sample.direction, sample.vantage), float("-inf"))
    ]


def _sample(sample: RtpSample) -> Json:
    told = _measured_by_all(sample)
    if sample.vantage is Vantage.SERVER:
        return told
    more = {
        "jitter_buffer_ms": _rounded(sample.jitter_buffer_ms),
        "concealed_pct": _rounded(sample.concealed_pct),
        "path_state": sample.path_state,
    }
    return _known(told | more)


def _known(fields: Json) -> Json:
    """Fields without those that are missing."""
    return {name: value for name, value in fields.items() if value is not None}


def _measured_by_all(sample: RtpSample) -> Json:
    return {
        "leg_id": sample.leg_id,
        "direction": sample.direction,
        "vantage": sample.vantage,
        "at_s": round(sample.at_s, 3),
        "packets_per_s": round(sample.packets_per_s, 2),
        "kbps": round(sample.octets * 8 / sample.period_s / 1000, 1),
        "loss_pct": _rounded(sample.loss_pct),
        "jitter_ms": _rounded(sample.jitter_ms),
        "rtt_ms": _rounded(sample.rtt_ms),
        "send_deviation_p50_ms": _rounded(sample.send_deviation_p50_ms),
        "send_deviation_p99_ms": _rounded(sample.send_deviation_p99_ms),
        "level_dbfs": _rounded(sample.level_dbfs),
        "jitter_buffer_total_s": _rounded(sample.jitter_buffer_total_s),
    }


def _quality(now: CallSnapshot, translate: Translate) -> Json:
    quality = now.quality
    scores = [
        {
            **asdict(score),
            "estimated": sorted(score.estimated),
            "mos": _rounded(score.mos),
            "rtt_ms": _rounded(score.rtt_ms),
            "jitter_ms": _rounded(score.jitter_ms),
            "loss_pct": _rounded(score.loss_pct),
        }
        for score in quality.scores
    ]
    return {
        "scores": scores,
        "alerts": [_alert(alert) for alert in quality.alerts],
        "drifts": [asdict(drift) for drift in quality.drifts],
        "diagnoses": [_diagnosis(each, now, translate) for each in quality.diagnoses if each.cause not in UNTOLD],
    }


def _diagnosis(diagnosis: Diagnosis, now: CallSnapshot, translate: Translate) -> Json:
    owner = now.legs.get(diagnosis.leg_id) if diagnosis.leg_id is not None else None
    name = next((each.name for each in now.call.participants if each.id == owner), "")
    return {
        **asdict(diagnosis_words(diagnosis, name, translate)),
        "cause": diagnosis.cause,
        "leg_id": diagnosis.leg_id,
        "direction": diagnosis.direction,
        "start_s": round(diagnosis.start_s, 1),
        "end_s": _rounded(diagnosis.end_s),
        "is_certain": diagnosis.is_certain,
        "is_routine": diagnosis.cause in ROUTINE,
    }


def _alert(alert: Alert) -> Json:
    return {
        "leg_id": alert.leg_id,
        "kind": alert.kind,
        "vantage": alert.vantage,
        "direction": alert.direction,
        "raised_at_s": round(alert.raised_at_s, 1),
        "cleared_at_s": _rounded(alert.cleared_at_s),
        "limit": alert.limit,
        "worst": _rounded(alert.worst),
    }


def text_alert(alert: TextAlert) -> Json:
    """What pages show of an alert that a rule raised."""
    return {
        "id": alert.id,
        "names": dict(alert.names),
        "category": alert.category,
        "level": alert.level,
        "raised_at_s": round(alert.raised_at_s, 1),
        "cleared_at_s": _rounded(alert.cleared_at_s),
        "utterance_ids": alert.utterance_ids,
        "notify": alert.notify,
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)


async def events(
    snapshot: Callable[[], CallSnapshot],
    revision: Callable[[], int],
    parts: Callable[[], tuple[PartHealth, ...]],
    is_over: Callable[[], bool],
    translate: Translate,
    watch: Callable[[Callable[[], None]], Callable[[], None]] = lambda _: lambda: None,
) -> AsyncIterator[str]:
    """The stream of one page, on the server's loop. It ends by itself once an ended call is shown in full.

    `snapshot` may read the store, so it runs on a worker thread. `is_over` is asked before every look: that the server
    is being stopped, or that the reader may not watch any more. Sentences are put into words by `translate`. `watch`
    lets a change be told at once, from any thread, until what it returns is called; without it a look comes now and
    then.
    """
    loop, changed = asyncio.get_running_loop(), asyncio.Event()
    unwatch = watch(lambda: None if loop.is_closed() else _wake(loop, changed))
    before: CallSnapshot | None = None
    told_s = parts_s = loop.time()
    try:
        while not is_over():
            changed.clear()
            is_parts_look = loop.time() - parts_s >= PARTS_S
            if before is None or revision() != before.revision or (is_parts_look and parts() != before.parts):
                try:
                    now = await asyncio.to_thread(snapshot)
                except EarshotError as error:
                    gone = {"error": type(error).__name__, "message": describe(error, translate)}
                    yield f"event: gone\ndata: {json.dumps(gone)}\n\n"
                    return
                yield f"data: {json.dumps(changes(before, now, translate), ensure_ascii=False)}\n\n"
                before, told_s, parts_s = now, loop.time(), loop.time()
                await asyncio.sleep(GAP_S)
            elif loop.time() - told_s >= KEEP_ALIVE_S:
                yield ": still here\n\n"
                told_s = loop.time()
            if is_parts_look:
                parts_s = loop.time()
            if before.call.state is CallState.ENDED and revision() == 0:
                yield "event: done\ndata: {}\n\n"
                return
            with suppress(TimeoutError):
                await asyncio.wait_for(changed.wait(), POLL_S)
    finally:
        unwatch()


def _wake(loop: asyncio.AbstractEventLoop, changed: asyncio.Event) -> None:
    loop.call_soon_threadsafe(changed.set)
