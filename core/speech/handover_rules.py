"""When a session's streams change, and what the one who plans it asks for."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class HandoverRules:
    """When streams change. Seconds."""

    limit_s: float = 300.0
    """How long the provider lets a stream live."""
    seek_pause_s: float = 60.0
    """So long before the limit the next pause is taken to change to a new stream."""
    margin_s: float = 10.0
    """So long before the limit the change is made, pause or not."""
    pace: float = 1.5
    """Seconds of audio a second while a new stream catches up; a provider refuses what is much faster than speech."""
    kept_s: float = 30.0
    """Audio that no stream has got yet, kept at most during an outage; what is older is given up."""
    unsettled_s: float = 60.0
    """Audio that a stream was sent and gave no final text for, kept at most besides."""
    first_wait_s: float = 0.5
    """Until the first retry after a failure; it doubles with each further one, and up to half of it is random."""
    longest_wait_s: float = 5.0
    quota_wait_s: float = 4.0
    longest_quota_wait_s: float = 15.0
    """The same where a quota is used up; less than what is kept."""
    refused_wait_s: float = 30.0
    """Until the next try where the provider refuses: somebody has to change something."""
    deaf_s: float = 12.0
    """A stream that was sent so much loud audio since its last answer is replaced; the patience doubles each time."""
    stalled_s: float = 8.0
    """A stream that takes no audio for so long is replaced."""


@dataclass(frozen=True, slots=True)
class Open:
    """Open a stream."""

    stream: int


@dataclass(frozen=True, slots=True)
class Send:
    """Send audio on a stream."""

    stream: int
    pcm: bytes


@dataclass(frozen=True, slots=True)
class Finish:
    """Say on a stream that no more audio comes; it still answers."""

    stream: int


@dataclass(frozen=True, slots=True)
class Drop:
    """Close a stream; nobody listens to it any more."""

    stream: int


Action = Open | Send | Finish | Drop
