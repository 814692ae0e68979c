"""Samples as pandas frames: one row a sample, rates and shares computed, missing figures as NaN."""

from collections.abc import Iterable

import pandas as pd

from core.model.sample import RtpSample
from core.quality.segments import SCHEMA

COMPUTED = ("packets_per_s", "loss_pct")
"""What a sample computes from its counts; columns of the frame beside those of the files."""
COLUMNS = (*SCHEMA.names, *COMPUTED)
_TEXTS = frozenset(field.name for field in SCHEMA if str(field.type) == "string")
_FIGURES = tuple(name for name in COLUMNS if name not in _TEXTS and name != "is_muted")


def sample_frame(samples: Iterable[RtpSample]) -> pd.DataFrame:
    """Samples in the order given, a column for each field of `RtpSample` and for `COMPUTED`. Times in seconds."""
    rows = [tuple(getattr(sample, name) for name in COLUMNS) for sample in samples]
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    return frame.astype(dict.fromkeys(_FIGURES, "float64"))
