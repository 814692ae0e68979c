"""Everything that was measured of one call, for whoever analyses it."""

from dataclasses import dataclass

from core.calls.discretion import without_listeners
from core.model.snapshot import CallSnapshot
from core.quality.stored_frames import StoredFrame, of_legs


@dataclass(frozen=True, slots=True)
class CallMeasures:
    """A call's picture, and all its samples instead of the picture's few."""

    picture: CallSnapshot
    """Its `quality` is of all samples; its `samples` are not those to draw."""
    stored: StoredFrame
    """From the files and, while the call goes on, from memory."""


def measures_without_listeners(measures: CallMeasures) -> CallMeasures:
    """What was measured, without supervisors whom nobody hears."""
    picture = without_listeners(measures.picture)
    return CallMeasures(picture, of_legs(measures.stored, picture.legs.keys()))
