"""Why a call is as it is: causes from samples, leg facts and notes. Pure; the rules stand in `core.quality.causes_*`.

Rules and thresholds are those of `docs/quality-metrics.md` in the project's design, section Attribution.
"""

from collections.abc import Iterator, Mapping, Sequence

from core.model.call import LegId
from core.model.diagnosis import Cause, Diagnosis
from core.model.leg_facts import LegFacts
from core.model.sample import RtpSample
from core.model.snapshot import Note
from core.quality.case import OUT, Case
from core.quality.causes_clock import sender_clock
from core.quality.causes_media import microphone, one_way, shared_track, timestamp_drift
from core.quality.causes_network import (
    access_network,
    overload,
    path_flapping,
    path_lost,
    relay_in_use,
    slow_path,
    sufferings,
)
from core.quality.causes_notes import noted_causes
from core.quality.causes_set_up import set_up_causes
from core.quality.spans import Span

WORST_FIRST = tuple(Cause)


def diagnose(
    samples: Sequence[RtpSample], facts: Mapping[LegId, LegFacts], notes: Sequence[Note], end_s: float | None
) -> tuple[Diagnosis, ...]:
    """What is behind the trouble of a call, worst first. Any thread.

    Args:
        samples: On the call's clock, in the order of their times; of both vantages, or of one.
        facts: What is known of its legs; those of which nothing is known may be missing.
        notes: What the call has noted.
        end_s: When it ended, on its clock; None while it goes on.
    """
    case = Case(samples, facts, notes, end_s)
    return worst_first([*set_up_causes(case), *_measured_causes(case), *noted_causes(case)])


def worst_first(found: Sequence[Diagnosis]) -> tuple[Diagnosis, ...]:
    """Diagnoses in the order in which they are shown: what goes on before what is over, each by its cause."""
    return tuple(sorted(found, key=lambda each: (each.end_s is not None, WORST_FIRST.index(each.cause), each.start_s)))


def _measured_causes(case: Case) -> Iterator[Diagnosis]:
    """What explains loss, jitter or delay otherwise is looked for first, and leaves them to nobody's network."""
    late: list[Span] = []
    for span, diagnosis in overload(case):
        late.append(span)
        yield diagnosis
    suffered = sufferings(case)
    explained: dict[LegId, list[Span]] = {}
    for leg_id in case.grid.legs:
        known = explained[leg_id] = [*late]
        for span, diagnosis in (
            *path_lost(case, leg_id),
            *one_way(case, leg_id),
            *path_flapping(case, leg_id),
            *shared_track(case, leg_id),
        ):
            known.append(span)
            yield diagnosis
        yield from microphone(case, leg_id)
        yield from sender_clock(case, leg_id)
        yield from timestamp_drift(case, leg_id, tuple(known))
        yield from slow_path(case, leg_id, suffered[leg_id, OUT], known)
        yield from relay_in_use(case, leg_id)
    yield from access_network(case, suffered, explained)
