"""Calls that never were, in the records: a new user sees the pages alive. They say of themselves what they are.

`python -m core.calls.demo_data [--remove]`, or `make demo-data` and `make demo-data-remove`, while the server is
stopped. Made again, they take the place of the former ones.
"""

import argparse
import hashlib
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from pathlib import Path
from random import Random

from core.calls.demo_words import LINES, PEOPLE, SUMMARIES, DemoPeople
from core.calls.rollups import write_missing
from core.model.call import (
    Call,
    CallId,
    CallOrigin,
    CallState,
    EndReason,
    LegId,
    LegState,
    Participant,
    ParticipantId,
    Role,
)
from core.model.clock import Clock, SystemClock
from core.model.errors import EarshotError, SampleFileUnwritable
from core.model.insight import RequestTimes, Summary, SummaryText
from core.model.leg_facts import BrowserFacts
from core.model.stored_call import StoredCall
from core.model.turn_trace import ModelAnswer, Moment, Purpose, Step, TurnBatch
from core.model.utterance import Utterance
from core.quality.compaction import compact
from core.quality.rollup_files import RollupFiles
from core.quality.segments import SampleWriter
from core.quality.synthetic import DESK, PHONE, SyntheticCall, Trouble, synthetic_call
from core.settings import Settings, load_settings
from core.store.lock import DataFolderLock
from core.store.records import Store

CALLS = 200
DAYS = 14
MAKER = "demo-data"
"""Who began them (`Call.created_by`)."""
SHARES = {
    Trouble.NONE: 118,
    Trouble.LOSS: 18,
    Trouble.JITTER: 15,
    Trouble.FAR: 9,
    Trouble.RELAY: 8,
    Trouble.DEAD_MICROPHONE: 6,
    Trouble.DRIFT: 6,
    Trouble.OUTAGE: 5,
    Trouble.ROBOT_VOICE: 4,
    Trouble.ONE_WAY: 3,
    Trouble.OVERLOAD: 3,
    Trouble.FLAPPING: 3,
    Trouble.SHARED_TRACK: 2,
}
"""How many of two hundred calls suffer from what."""
BROWSERS = ("Chromium 156", "Chromium 155", "Firefox 150", "Safari 26")
NETWORKS = ("wifi", "wifi", "wifi", "ethernet", "cellular")
SHIFT_H = (9, 18)
"""The hours in which people call."""


@dataclass(frozen=True, slots=True)
class DemoCall:
    """One call as the store and the sample files take it."""

    kept: StoredCall
    turns: TurnBatch
    synthetic: SyntheticCall


def demo_call(number: int, today: datetime) -> DemoCall:
    """The n-th call; the newest is the first. Pure.

    Args:
        number: From 0 to `CALLS` - 1.
        today: Now, in the time zone whose days the calls are spread over.
    """
    chance = Random(f"demo data {number}")
    troubles = [trouble for trouble, share in SHARES.items() for _ in range(share)]
    trouble = Random("troubles").sample(troubles, len(troubles))[number % len(troubles)]
    call_id = CallId(hashlib.sha256(f"earshot demo data {number}".encode()).hexdigest()[:12])
    language = "ko" if number % 3 else "en"
    people = PEOPLE[language]
    names = chance.choice(people.agents), chance.choice(people.customers)
    network = chance.choice(NETWORKS)
    if trouble in (Trouble.LOSS, Trouble.JITTER) and chance.random() < 0.85:
        network = "cellular"
    synthetic = synthetic_call(
        trouble,
        number,
        length_s=chance.randrange(70, 330),
        severity=chance.uniform(0.5, 1.3),
        legs=(LegId(f"{call_id}-a"), LegId(f"{call_id}-c")),
        names=names,
        browsers=(
            replace(DESK, name=BROWSERS[people.agents.index(names[0]) % 2]),
            _customers_browser(chance, network),
        ),
    )
    created_at = _moment(number, today, synthetic.length_s, chance)
    return _recorded(call_id, language, created_at, names, synthetic, people, chance)


def _customers_browser(chance: Random, network: str) -> BrowserFacts:
    name = chance.choice(BROWSERS)
    platform = "Windows" if network == "ethernet" else "iOS" if name.startswith("Safari") else "Android"
    return replace(PHONE, name=name, platform=platform, network="" if name.startswith("Safari") else network)


def _moment(number: int, today: datetime, length_s: float, chance: Random) -> float:
    day = today.date() - timedelta(days=number * DAYS // CALLS)
    first, last = SHIFT_H
    # A shift has two waves of calls, and none begins after its end.
    hour = min(last - 0.2, max(float(first), chance.gauss(chance.choice((10.5, 15.0)), 1.4)))
    begun = datetime.combine(day, time(), today.tzinfo) + timedelta(hours=hour)
    latest = today - timedelta(seconds=length_s + 60 + 30 * number)
    return min(begun, latest).timestamp()


def _recorded(
    call_id: CallId,
    language: str,
    created_at: float,
    names: tuple[str, str],
    synthetic: SyntheticCall,
    people: DemoPeople,
    chance: Random,
) -> DemoCall:
    legs = tuple(synthetic.leg_facts)
    participants = tuple(
        Participant(
            id=ParticipantId(f"{call_id}-{role.value}"),
            name=name,
            role=role,
            joined_at=created_at + 0.4,
            leg_id=leg_id,
            leg_state=LegState.CLOSED,
        )
        for name, role, leg_id in zip(names, (Role.AGENT, Role.CUSTOMER), legs, strict=True)
    )
    call = Call(
        id=call_id,
        language=language,
        state=CallState.ENDED,
        origin=CallOrigin.SYNTHETIC,
        created_at=created_at,
        live_at=created_at + 1.0,
        ended_at=created_at + synthetic.length_s,
        end_reason=EndReason.FINISHED,
        participants=participants,
        created_by=MAKER,
    )
    owners = dict(zip(legs, participants, strict=True))
    story = chance.randrange(len(LINES[language]))
    utterances = _utterances(synthetic, owners, LINES[language][story], chance)
    turns = _turns(utterances, chance)
    summary = SummaryText(*SUMMARIES[language][story])
    kept = StoredCall(
        call=call,
        utterances=utterances,
        summaries=tuple(
            Summary(summary, "demo-data", "", answer.seen_utterance, answer.turns, answer.at_s, 0.8)
            for answer in turns.answers[-1:]
        ),
        guidance=(),
        notes=synthetic.notes,
        legs={leg_id: owner.id for leg_id, owner in owners.items()},
        leg_facts=synthetic.leg_facts,
    )
    return DemoCall(kept, turns, synthetic)


def _utterances(
    synthetic: SyntheticCall, owners: dict[LegId, Participant], lines: Sequence[str], chance: Random
) -> tuple[Utterance, ...]:
    """The story, a line a turn; who has nothing left to say, or is not heard, says nothing."""
    unheard = (Trouble.DEAD_MICROPHONE, Trouble.MUTED_MICROPHONE, Trouble.ONE_WAY, Trouble.OUTAGE)
    silent_s = synthetic.trouble_s if synthetic.trouble in unheard else (0.0, 0.0)
    found = []
    for number, (turn, line) in enumerate(zip(synthetic.turns, lines, strict=False)):
        owner = owners[turn.leg_id]
        if owner.role is Role.CUSTOMER and silent_s[0] < turn.end_s and turn.start_s < silent_s[1]:
            continue
        in_trouble = synthetic.trouble_s[0] < turn.start_s < synthetic.trouble_s[1]
        is_lossy = synthetic.trouble is Trouble.LOSS and in_trouble and owner.role is Role.CUSTOMER
        delay_s = chance.uniform(0.35, 0.9) + (0.5 * chance.random() if in_trouble else 0.0)
        found.append(
            Utterance(
                id=f"u{number}",
                participant_id=owner.id,
                speaker=owner.name,
                role=owner.role,
                text=line,
                is_final=True,
                start_s=turn.start_s,
                end_s=turn.end_s,
                confidence=round(chance.uniform(0.3, 0.6) if is_lossy else chance.uniform(0.82, 0.97), 2),
                engine="demo-data",
                model="",
                recognised_s=turn.end_s + delay_s,
                trace_id=f"{owner.id}-{number}",
                first_interim_s=turn.start_s + chance.uniform(0.4, 0.9),
            )
        )
    return tuple(found)


def _turns(utterances: Sequence[Utterance], chance: Random) -> TurnBatch:
    moments: list[Moment] = []
    answers: list[ModelAnswer] = []
    for number, each in enumerate(utterances, start=1):
        kept_s = each.recognised_s + chance.uniform(0.004, 0.02)
        first_s = kept_s + chance.uniform(0.25, 0.7)
        summary_s = first_s + chance.uniform(0.3, 1.1) + (2.5 if chance.random() < 0.04 else 0.0)
        moments += [
            Moment(each.id, Step.KEPT, kept_s),
            Moment(each.id, Step.TEXT_PAINTED, kept_s + chance.uniform(0.03, 0.09)),
            Moment(each.id, Step.SUMMARY_PAINTED, summary_s + chance.uniform(0.03, 0.09)),
        ]
        times = RequestTimes(kept_s, kept_s + 0.01, first_s, summary_s, summary_s + 0.4)
        answers.append(ModelAnswer(Purpose.SUMMARY, "demo-data", "", summary_s, each.id, number, True, times))
    return TurnBatch(tuple(moments), tuple(answers))


def remove(store: Store, folder: Path) -> int:
    """Delete all demo data; returns how many calls there were. Blocking. Raises StoreError."""
    calls = store.ended_calls(CallOrigin.SYNTHETIC)
    for call_id in calls:
        store.delete_call(call_id)
        try:
            shutil.rmtree(folder / "samples" / call_id)
        except FileNotFoundError:
            continue
        except OSError as error:
            raise SampleFileUnwritable(
                path=str(folder / "samples" / call_id), reason=error.strerror or str(error)
            ) from error
    RollupFiles(folder / "rollups").delete(calls)
    return len(calls)


def make(store: Store, folder: Path, today: datetime, clock: Clock) -> int:
    """Make the demo data, in the place of what there is of it; returns how many calls. Blocking, half a minute.

    Raises StoreError.
    """
    remove(store, folder)
    writer = SampleWriter(folder / "samples", clock)
    for number in range(CALLS):
        demo = demo_call(number, today)
        call_id = demo.kept.call.id
        store.keep_whole(demo.kept, demo.turns)
        writer.append(call_id, demo.synthetic.samples)
        writer.close(call_id)
        compact(folder / "samples" / call_id)
    write_missing(store, folder / "samples", RollupFiles(folder / "rollups"))
    return CALLS


def _run(settings: Settings, is_removal: bool) -> str:
    with DataFolderLock(settings.data_dir):
        store = Store.open(settings.effective_database_url)
        try:
            if is_removal:
                return f"{remove(store, settings.data_dir)} demo calls were removed"
            made = make(store, settings.data_dir, datetime.now().astimezone(), SystemClock())
            return f"{made} demo calls are there now; `make demo-data-remove` takes them away again"
        finally:
            store.close()


def main(arguments: Sequence[str]) -> int:
    """Run one command; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m core.calls.demo_data", description=__doc__)
    parser.add_argument("--remove", action="store_true", help="take the demo data away")
    options = parser.parse_args(arguments)
    try:
        sys.stdout.write(f"{_run(load_settings(), options.remove)}\n")
    except EarshotError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
