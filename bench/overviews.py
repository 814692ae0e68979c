"""`python -m bench.overviews [--json]`: what a look at fifty running calls costs, with and without changes."""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable

from core.api.supervision import ListView
from core.calls.overviews import worst_first
from core.calls.record import CallRecord
from core.model.call import Call, CallId, CallOrigin, CallState, LegId, LegState, Participant, ParticipantId, Role
from core.model.clock import SystemClock
from core.model.quality import Alert, AlertKind, Band, CallQuality, Score
from core.model.sample import Direction
from core.model.utterance import Utterance

CALLS = 50
UTTERANCES = 500
LOOKS = 200


def _record(number: int) -> CallRecord:
    people = tuple(
        Participant(ParticipantId(f"{role}"), role.value, role, 0.0, LegId(f"{role}"), LegState.CONNECTED)
        for role in (Role.AGENT, Role.CUSTOMER, Role.SUPERVISOR)
    )
    call = Call(
        CallId(f"c{number}"), "ko", CallState.LIVE, CallOrigin.BROWSER, number, float(number), participants=people
    )
    record = CallRecord(call, SystemClock())
    for index in range(UTTERANCES):
        _say(record, index)
    scores = tuple(
        Score(LegId(f"{p.role}"), direction, 1.0, 4.2 - number % 3, Band.GOOD, 50.0, 5.0, 0.1)
        for p in people
        for direction in Direction
    )
    alert = Alert(LegId(f"{Role.CUSTOMER}"), AlertKind.PACKET_LOSS, Direction.INBOUND, 1.0, 1.0, (2.0,), 2.0)
    record.set_quality(CallQuality(scores, (alert,) * (number % 2)))
    return record


def _say(record: CallRecord, index: int) -> None:
    record.put_utterance(
        Utterance(
            f"u{index}", ParticipantId("customer"), "Cho", Role.CUSTOMER, "words " * 20, True, index, index + 1, 0.9,
            "bench", "bench", index + 2,
        )
    )  # fmt: skip


def _milliseconds(look: Callable[[], object], prepare: Callable[[int], object]) -> dict[str, float]:
    took = []
    for number in range(LOOKS):
        prepare(number)
        began = time.perf_counter()
        look()
        took.append(1000 * (time.perf_counter() - began))
    return {"p50_ms": round(statistics.median(took), 3), "p99_ms": round(sorted(took)[int(LOOKS * 0.99)], 3)}


def figures() -> dict[str, dict[str, float]]:
    """Milliseconds of a look; the revisions are compared, the calls sorted, the rows made and compared."""
    records = [_record(number) for number in range(CALLS)]
    view = ListView(str)

    def look() -> object:
        return view.update(worst_first(record.overview() for record in records))

    def compare() -> object:
        return {record.call.id: record.revision for record in records}

    def change(number: int) -> None:
        for record in records:
            _say(record, UTTERANCES + number)

    return {
        "revisions compared": _milliseconds(compare, lambda _: None),
        "no call has changed": _milliseconds(look, lambda _: None),
        "every call has changed": _milliseconds(look, change),
    }


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    found = figures()
    if parser.parse_args().json:
        sys.stdout.write(json.dumps(found, indent=2) + "\n")
        return
    sys.stdout.write(f"{CALLS} running calls with {UTTERANCES} utterances each\n")
    for name, line in found.items():
        sys.stdout.write(f"  {name:<24} p50 {line['p50_ms']:7.3f} ms   p99 {line['p99_ms']:7.3f} ms\n")


if __name__ == "__main__":
    main()
