"""A call as the store gives it back."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from core.model.call import Call, EndReason, LegId, ParticipantId
from core.model.insight import Summary
from core.model.leg_facts import LegFacts
from core.model.passage import Guidance
from core.model.persona import PersonaActivity, PersonaState, PersonaStatus, ToolCall
from core.model.quality import CallQuality
from core.model.sample import RtpSample
from core.model.snapshot import CallSnapshot, Note
from core.model.text_alert import TextAlert
from core.model.utterance import Utterance
from core.model.wrap_up import WrapUp


@dataclass(frozen=True, slots=True)
class StoredCall:
    """Everything durable of one call but its samples, which are in files. Utterances are in order of their start."""

    call: Call
    utterances: tuple[Utterance, ...]
    summaries: tuple[Summary, ...]
    guidance: tuple[Guidance, ...]
    notes: tuple[Note, ...]
    legs: Mapping[LegId, ParticipantId]
    wrap_up: WrapUp | None = None
    text_alerts: tuple[TextAlert, ...] = ()
    """In the order in which they were raised, without words."""
    leg_facts: Mapping[LegId, LegFacts] = field(default_factory=dict)
    """Of those legs of which any are kept."""
    tool_calls: tuple[ToolCall, ...] = ()
    """Those of the call's persona, oldest first, on the call's clock."""

    @property
    def end_s(self) -> float | None:
        """When it ended, on its clock; None for one that goes on."""
        return None if self.call.ended_at is None else max(0.0, self.call.ended_at - self.call.created_at)

    def snapshot(self, samples: tuple[RtpSample, ...], quality: CallQuality) -> CallSnapshot:
        """The picture that a page draws of a call that is in the store and the sample files alone; revision 0."""
        times = [u.end_s for u in self.utterances] + [note.at_s for note in self.notes] + [s.at_s for s in samples[-1:]]
        now_s = max(times, default=0.0)
        return CallSnapshot(
            revision=0,
            now_s=now_s,
            call=self.call,
            utterances=self.utterances,
            summaries=self.summaries,
            guidance=self.guidance[-1] if self.guidance else None,
            samples=samples,
            quality=quality,
            legs=self.legs,
            leg_facts=self.leg_facts,
            notes=self.notes,
            parts=(),
            dropped={},
            # After a crash nobody has cleared what was open.
            text_alerts=tuple(
                replace(alert, cleared_at_s=max(now_s, alert.raised_at_s)) if alert.is_open else alert
                for alert in self.text_alerts
            ),
            persona=self._activity(now_s) if self.call.persona is not None else None,
        )

    def _activity(self, now_s: float) -> PersonaActivity:
        closed = self.call.end_reason is EndReason.CLOSED_HOURS
        return PersonaActivity(
            PersonaStatus(PersonaState.CLOSED if closed else PersonaState.ENDED, self.end_s or now_s), self.tool_calls
        )
