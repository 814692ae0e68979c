"""Causes that the call itself has noted: speech recognition, the language model and the handbook."""

from collections import defaultdict
from collections.abc import Iterator

from core.model.diagnosis import Cause, Diagnosis, Evidence
from core.model.snapshot import Note
from core.quality.case import Case

NOTED: dict[str, Cause] = {
    "speech_behind": Cause.SPEECH_BEHIND,
    "speech_starved": Cause.SPEECH_BEHIND,
    "speech_handover": Cause.SPEECH_HANDOVER,
    "model_failing": Cause.MODEL_FAILING,
    "guidance_failing": Cause.GUIDANCE_FAILING,
}
"""Which note tells of which cause."""
MOMENTS = frozenset({Cause.SPEECH_HANDOVER})
"""What does not last."""


def noted_causes(case: Case) -> Iterator[Diagnosis]:
    """One diagnosis for each cause and whom it is about: from its first note to the end of its last one."""
    groups: defaultdict[tuple[Cause, str, str], list[Note]] = defaultdict(list)
    for note in case.notes:
        if (cause := NOTED.get(note.code)) is not None:
            groups[cause, note.code, note.subject].append(note)
    for (cause, code, subject), notes in groups.items():
        evidence = [Evidence("times", float(len(notes)))]
        if subject:
            evidence.insert(0, Evidence("subject", subject))
        if cause not in MOMENTS:
            lasted_s = sum((case.now_s if note.until_s is None else note.until_s) - note.at_s for note in notes)
            evidence.append(Evidence(f"{code}_s", lasted_s))
        yield Diagnosis(cause, None, None, notes[0].at_s, _end_s(case, cause, notes), tuple(evidence))


def _end_s(case: Case, cause: Cause, notes: list[Note]) -> float | None:
    if cause in MOMENTS:
        return notes[-1].at_s
    if any(note.until_s is None for note in notes):
        return case.end_s
    return max(note.until_s or 0.0 for note in notes)
