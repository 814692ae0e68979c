"""An imported file as if it were a call of ours, so that what shows those can show it."""

from collections.abc import Callable

from core.calls.measures import CallMeasures
from core.model.call import Call, CallId, CallOrigin, CallState, LegId, Participant, ParticipantId, Role
from core.model.imported import ImportedCall
from core.model.quality import CallQuality
from core.model.snapshot import CallSnapshot
from core.quality.frames import sample_frame
from core.quality.stored_frames import StoredFrame

ROLES = (Role.AGENT, Role.CUSTOMER)
"""Whose colours the legs have, by turns: what they are in their call nobody knows."""


def imported_measures(
    import_id: str, imported: ImportedCall, quality: CallQuality, name_of: Callable[[LegId], str]
) -> CallMeasures:
    """The file as a call that has ended, in which every leg is somebody of its own, named by `name_of`."""
    begun_at = imported.begun_at or 0.0
    legs = list(dict.fromkeys([*(sample.leg_id for sample in imported.samples), *imported.leg_facts]))
    people = tuple(
        Participant(ParticipantId(leg), name_of(leg), ROLES[number % len(ROLES)], begun_at, leg)
        for number, leg in enumerate(sorted(legs))
    )
    call = Call(
        id=CallId(import_id),
        language="",
        state=CallState.ENDED,
        origin=CallOrigin.BROWSER,
        created_at=begun_at,
        ended_at=begun_at + imported.end_s,
        participants=people,
    )
    picture = CallSnapshot(
        revision=0,
        now_s=imported.end_s,
        call=call,
        utterances=(),
        summaries=(),
        guidance=None,
        samples=imported.samples[-1:],
        quality=quality,
        legs={LegId(person.id): person.id for person in people},
        notes=imported.notes,
        parts=(),
        dropped={},
        leg_facts=imported.leg_facts,
    )
    return CallMeasures(picture, StoredFrame(sample_frame(imported.samples)))
