"""RTP samples: their files, and what they say: scores and alerts. For analysts: `call_samples` and `calls_between`."""

from core.quality.analysis import call_samples, calls_between

__all__ = ["call_samples", "calls_between"]
