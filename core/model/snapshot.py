"""What a page draws: one immutable picture of a call, taken at once."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from core.model.call import Call, LegId, ParticipantId
from core.model.errors import GuidanceError
from core.model.health import PartHealth
from core.model.insight import ModelActivity, Summary
from core.model.leg_facts import LegFacts
from core.model.passage import Guidance
from core.model.persona import PersonaActivity
from core.model.quality import CallQuality
from core.model.sample import RtpSample
from core.model.text_alert import TextAlert
from core.model.utterance import Utterance


@dataclass(frozen=True, slots=True)
class Note:
    """Something that happened in the call and is worth a line: joined, lost, came back, bridge restarted."""

    at_s: float
    code: str
    """A key of the message catalogues, such as `participant_joined`."""
    subject: str = ""
    """Who or what: a participant's name, a part's name."""
    until_s: float | None = None
    """When it was over, for something that lasted; None for a moment."""


@dataclass(frozen=True, slots=True)
class CallSnapshot:
    """A call as of `revision`. Two snapshots with equal revisions are equal.

    `utterances` are in order of their start; `summaries` oldest first; `samples` the latest window, oldest first.
    """

    revision: int
    now_s: float
    """The call's clock when the picture was taken."""
    call: Call
    utterances: tuple[Utterance, ...]
    summaries: tuple[Summary, ...]
    guidance: Guidance | None
    samples: tuple[RtpSample, ...]
    quality: CallQuality
    """What all samples so far say, not those of the window alone."""
    legs: Mapping[LegId, ParticipantId]
    """Every leg the call ever had, and whose it was: what a sample's `leg_id` means."""
    notes: tuple[Note, ...]
    parts: tuple[PartHealth, ...]
    dropped: Mapping[str, int]
    """Every bounded queue's counter of what it dropped, by the queue's name."""
    model: ModelActivity | None = None
    """None where no language model is asked, and once the call is in the store alone."""
    text_alerts: tuple[TextAlert, ...] = ()
    """Those that rules raised, in the order in which they were raised."""
    leg_facts: Mapping[LegId, LegFacts] = field(default_factory=dict)
    """What is known of its legs beside their samples; those of calls from before it was kept have none."""
    guidance_problem: GuidanceError | None = None
    """Why the handbook gave no answer when it was last asked; `guidance` is then an older one."""
    persona: PersonaActivity | None = None
    """None for a call between people."""
