"""`python -m bench.diagnosis [--json]`: CPU time for judging and diagnosing calls, live ones and a whole one."""

import argparse
import json
import statistics
import sys
import time

from core.model.sample import RtpSample
from core.quality.alerts import QualityWatch, judged
from core.quality.diagnosis import diagnose
from core.quality.diagnosis_watch import EVERY_S, WINDOW_S, DiagnosisWatch
from core.quality.synthetic import Trouble, synthetic_call

CALLS = 50
SECONDS = 240
HOUR_S = 3_600
TROUBLES = (Trouble.NONE, Trouble.LOSS, Trouble.DRIFT, Trouble.JITTER, Trouble.DEAD_MICROPHONE)


def _by_second(samples: tuple[RtpSample, ...]) -> list[list[RtpSample]]:
    seconds: list[list[RtpSample]] = [[] for _ in range(SECONDS + 2)]
    for sample in samples:
        seconds[int(sample.at_s)].append(sample)
    return seconds


def live() -> dict[str, float]:
    """Milliseconds on the calls loop: a call's second without and with a diagnosis, and all calls' CPU, in percent."""
    made = [synthetic_call(TROUBLES[n % len(TROUBLES)], n, length_s=SECONDS) for n in range(CALLS)]
    calls = [_by_second(call.samples) for call in made]
    watches = [(QualityWatch(), DiagnosisWatch()) for _ in made]
    plain, diagnosed = [], []
    began, measured = time.thread_time(), 0
    for second in range(SECONDS):
        if second == int(WINDOW_S):
            began = time.thread_time()
        measured += second >= WINDOW_S
        for number, (call, (quality, diagnosis)) in enumerate(zip(calls, watches, strict=True)):
            start = time.thread_time()
            for sample in call[second]:
                quality.add(sample)
                diagnosis.add(sample)
            quality.tick(float(second))
            # Calls begin at different times, and so do their looks.
            diagnosis.tick(float(second), made[number].leg_facts, made[number].notes)
            took = 1000 * (time.thread_time() - start)
            if second >= WINDOW_S:
                (plain if second % EVERY_S else diagnosed).append(took)
    cpu = 100 * (time.thread_time() - began) / measured
    return {
        "second_p50_ms": round(statistics.median(plain), 3),
        "diagnosis_p50_ms": round(statistics.median(diagnosed), 2),
        "diagnosis_p99_ms": round(sorted(diagnosed)[int(0.99 * len(diagnosed))], 2),
        "all_calls_cpu_pct_of_a_core": round(cpu, 1),
    }


def ended() -> dict[str, float]:
    """Milliseconds for a call of an hour, two people, both vantages."""
    call = synthetic_call(Trouble.LOSS, 1, length_s=HOUR_S)
    start = time.thread_time()
    diagnose(call.samples, call.leg_facts, call.notes, call.length_s)
    middle = time.thread_time()
    judged(call.samples, call.leg_facts, call.notes, call.length_s)
    end = time.thread_time()
    return {
        "samples": len(call.samples),
        "diagnosis_ms": round(1000 * (middle - start), 1),
        "judgement_with_diagnosis_ms": round(1000 * (end - middle), 1),
    }


def main() -> int:
    """Print the figures. Returns the process's exit status."""
    parser = argparse.ArgumentParser(prog="python -m bench.diagnosis", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    arguments = parser.parse_args()
    figures = {f"{CALLS} live calls": live(), "a call of an hour": ended()}
    if arguments.json:
        print(json.dumps(figures))
    else:
        for name, values in figures.items():
            print(name)
            for figure, value in values.items():
                print(f"  {figure:32}{value:>12,}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
