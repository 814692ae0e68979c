"""Calls as those see them who may not see all: that a supervisor listens in silence, or why a part fails. Pure; any
thread."""

from dataclasses import replace

from core.calls.supervision import LEG_NOTES, MODE_NOTES
from core.model.call import Call, Participant, ParticipantId, Role, SupervisionMode
from core.model.errors import PersonaClosed, PersonaUnavailable
from core.model.persona import PersonaCounts
from core.model.quality import CallQuality
from core.model.snapshot import CallSnapshot, Note
from core.model.stored_call import StoredCall

SILENT_NOTES = frozenset({MODE_NOTES[SupervisionMode.MONITOR], *LEG_NOTES.values()})
LEFT = "supervision_left"
PERSONA_UNAVAILABLE = PersonaUnavailable()
"""The same one always, so that two pictures with it are equal."""


def is_discreet(participant: Participant) -> bool:
    """Whether somebody is a supervisor whom nobody hears, or was one in a call that only the store knows."""
    return participant.role is Role.SUPERVISOR and participant.mode in (None, SupervisionMode.MONITOR)


def call_without_listeners(call: Call) -> Call:
    """A call without the supervisors whom nobody hears."""
    return replace(call, participants=tuple(p for p in call.participants if not is_discreet(p)))


def without_listeners(picture: CallSnapshot) -> CallSnapshot:
    """A picture without the supervisors whom nobody hears: their places, connections, figures and notes."""
    hidden = {p.id for p in picture.call.participants if is_discreet(p)}
    if not hidden and not any(note.code in SILENT_NOTES for note in picture.notes):
        return picture
    legs = {leg: owner for leg, owner in picture.legs.items() if owner in hidden}
    quality = replace(
        picture.quality,
        scores=tuple(score for score in picture.quality.scores if score.leg_id not in legs),
        alerts=tuple(alert for alert in picture.quality.alerts if alert.leg_id not in legs),
        drifts=tuple(drift for drift in picture.quality.drifts if drift.leg_id not in legs),
        diagnoses=tuple(each for each in picture.quality.diagnoses if each.leg_id not in legs),
    )
    return replace(
        picture,
        call=call_without_listeners(picture.call),
        samples=tuple(sample for sample in picture.samples if sample.leg_id not in legs),
        quality=quality,
        legs={leg: owner for leg, owner in picture.legs.items() if owner not in hidden},
        leg_facts={leg: facts for leg, facts in picture.leg_facts.items() if leg not in legs},
        notes=shown_notes(picture.notes),
    )


def kept_without_listeners(kept: StoredCall) -> StoredCall:
    """What is kept of a call without the supervisors whom nobody hears: their places, connections and notes."""
    hidden = {p.id for p in kept.call.participants if is_discreet(p)}
    return replace(
        kept,
        call=call_without_listeners(kept.call),
        legs={leg: owner for leg, owner in kept.legs.items() if owner not in hidden},
        leg_facts={leg: facts for leg, facts in kept.leg_facts.items() if kept.legs.get(leg) not in hidden},
        notes=shown_notes(kept.notes),
    )


def shown_notes(notes: tuple[Note, ...]) -> tuple[Note, ...]:
    """The notes without listeners' coming and going. Who stops being heard and goes on listening reads as gone.

    What is shown of a note depends on the notes before it alone, so that a stream of them only ever grows.
    """
    heard: set[str] = set()
    shown: list[Note] = []
    for note in notes:
        if note.code not in SILENT_NOTES:
            shown.append(note)
            if note.code in MODE_NOTES.values():
                heard.add(note.subject)
        elif note.subject in heard:
            if note.code == MODE_NOTES[SupervisionMode.MONITOR]:
                note = replace(note, code=LEFT)
            if note.code == LEFT:
                heard.discard(note.subject)
            shown.append(note)
    return tuple(shown)


def without_persona_problem(picture: CallSnapshot) -> CallSnapshot:
    """A picture that does not say what is wrong with the persona's server, only that something is."""
    persona = picture.persona
    if persona is None or persona.status.problem is None or isinstance(persona.status.problem, PersonaClosed):
        return picture
    return replace(picture, persona=replace(persona, status=replace(persona.status, problem=PERSONA_UNAVAILABLE)))


def as_guest_sees(picture: CallSnapshot, seat: ParticipantId, *, is_private: bool) -> CallSnapshot:
    """A persona's call as the guest in a seat sees it: what was said since the guest came, and what the persona does.

    Nothing of what Earshot makes of the call, nor, where monitoring is private, about supervisors whom nobody hears.
    Whoever holds the persona is heard by everybody, and so is named.
    """
    picture = without_persona_problem(picture)
    call = call_without_listeners(picture.call) if is_private else picture.call
    came_s = next((p.joined_at for p in call.participants if p.id == seat), call.created_at) - call.created_at
    persona = picture.persona
    return replace(
        picture,
        call=replace(
            call,
            participants=tuple(replace(each, person_id="", leg_id=None, leg_path=None) for each in call.participants),
            created_by="",
        ),
        utterances=tuple(
            replace(said, correction=None, raw_text="", trace_id="")
            for said in picture.utterances
            if said.end_s >= came_s
        ),
        summaries=(),
        guidance=None,
        guidance_problem=None,
        samples=(),
        quality=CallQuality(),
        legs={},
        leg_facts={},
        notes=(),
        parts=(),
        dropped={},
        model=None,
        text_alerts=(),
        persona=None if persona is None else replace(persona, tool_calls=(), counts=PersonaCounts()),
    )
