"""A call's figures: put on its clock, judged, shown and kept."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Protocol

from core.calls.browser_samples import BrowserReport, LegAdmission, Refusal
from core.calls.gaps import GapWatch
from core.calls.leg_register import LegRegister
from core.calls.record import CallRecord
from core.calls.roster import Roster
from core.calls.services import CallServices
from core.model.call import CallState, LegId, LegState, ParticipantId
from core.model.sample import Direction, RtpSample
from core.model.snapshot import Note
from core.quality.alerts import QualityWatch
from core.quality.diagnosis_watch import DiagnosisWatch

SPEAKING_RATE = 25.0
"""Packets a second of a voice; silence may be sent in fewer."""
FRESH_S = 3.0


class TellOf(Protocol):
    """Adds a line to the call's history."""

    def __call__(self, code: str, subject: str = "", at_s: float | None = None, until_s: float | None = None) -> None:
        """See `Note`."""


class Measuring:
    """What is measured in one call. Lives on the calls loop; only `CallSession` touches it."""

    def __init__(self, record: CallRecord, services: CallServices, roster: Roster, note: TellOf) -> None:
        self._record = record
        self._services = services
        self._roster = roster
        self._note = note
        self._samples: list[RtpSample] = []
        self._legs = LegRegister()
        self._admissions: dict[LegId, LegAdmission] = {}
        self._refused: Counter[Refusal] = Counter()
        self._quality = QualityWatch()
        self._diagnosis = DiagnosisWatch()
        self._sent_s: dict[ParticipantId, float] = {}
        self._gaps = GapWatch()

    # Legs

    def opened(self, leg_id: LegId, is_listener: bool) -> None:
        """A leg is there; a listener's sends no sound on purpose."""
        now_s = self._record.now_s()
        self._legs.open(leg_id, now_s, is_listener)
        self._admissions[leg_id] = LegAdmission(now_s)
        self._show_legs()

    def offered(self, leg_id: LegId) -> None:
        """A leg's offer was answered."""
        self._legs.offer(leg_id, self._record.now_s())
        self._show_legs()

    def leg_changed(self, leg_id: LegId, state: LegState) -> None:
        """A leg has a new state, be it the one that its owner is on or one that was replaced."""
        self._legs.change(leg_id, state, self._record.now_s())
        self._show_legs()

    def listener_changed(self, leg_id: LegId, is_listener: bool) -> None:
        """A leg's owner means to be heard from now on, or not to be."""
        self._legs.set_listener(leg_id, is_listener)
        self._show_legs()

    def left(self, participant_id: ParticipantId) -> None:
        """Somebody left on purpose: what is not heard until they are back is no gap."""
        self._gaps.leave(participant_id)

    # Figures

    def measured(self, sample: RtpSample) -> None:
        """One second's figures of one leg, on the machine's monotonic clock; shown and kept with the next tick."""
        placed = replace(sample, at_s=sample.at_s - self._record.origin)
        self._samples.append(placed)
        owner = self._roster.participant(self._roster.leg(sample.leg_id).participant_id)
        if placed.packets_per_s >= SPEAKING_RATE and placed.direction is Direction.INBOUND:
            self._sent_s[owner.id] = placed.at_s
        if owner.role.speaks and (gap := self._gaps.add(owner.id, placed)):
            self._note("audio_missing", owner.name, gap.start_s, gap.end_s)

    def reported(self, leg_id: LegId, report: BrowserReport) -> Sequence[RtpSample]:
        """What a leg's browser measured and tells about itself; shown and kept with the next tick, as far as it is
        believed, which is returned. What is refused is counted by its reason; what came again is no loss and is
        counted for the server."""
        leg, admission = self._legs.find(leg_id), self._admissions.get(leg_id)
        if leg is None or admission is None:
            self._refused[Refusal.LEG_OVER] += len(report.seconds)
            return ()
        taken, refused = admission.admit(report.seconds, self._record.now_s(), leg.ended_at_s)
        self._samples.extend(taken)
        self._services.tally.repeated(refused.pop(Refusal.REPEATED, 0))
        self._refused.update(refused)
        if report.facts is not None and leg.ended_at_s is None:
            self._legs.describe(leg_id, report.facts)
        return taken

    def is_sending(self, participant_id: ParticipantId) -> bool:
        """Whether sound arrives of somebody, whatever becomes of it."""
        sent_s = self._sent_s.get(participant_id)
        return sent_s is not None and self._record.now_s() - sent_s < FRESH_S

    def tick(self, troubles: Sequence[Note] = ()) -> None:
        """Once a second, and when the call has ended: judge, show and keep what was measured since.

        `troubles` is what goes on and will be noted when it is over.
        """
        # A browser's figures come later than the server's of the same moment.
        samples, self._samples = tuple(sorted(self._samples, key=lambda sample: sample.at_s)), []
        if samples:
            self._record.add_samples(samples)
            self._services.samples.keep(self._record.call.id, samples)
        for sample in samples:
            self._quality.add(sample)
            self._diagnosis.add(sample)
        for leg_id in self._quality.legs - {leg.id for leg in self._roster.present_legs()}:
            self._quality.end_leg(leg_id)
        now_s, is_ended = self._record.now_s(), self._record.call.state is CallState.ENDED
        self._quality.know(self._legs.facts.values(), now_s)
        self._quality.tick(now_s)
        notes = (*self._record.notes, *troubles)
        self._diagnosis.tick(now_s, self._legs.facts, notes, is_over=is_ended)
        quality = self._quality.final if is_ended else self._quality.quality
        self._record.set_quality(replace(quality, diagnoses=self._diagnosis.diagnoses))
        self._keep_legs()
        for reason, count in self._refused.items():
            self._record.set_dropped(f"browser_{reason}", count)

    def finish(self) -> None:
        """The call is over and its last figures are kept: close its files, and have kept what it is compared by."""
        services, call_id = self._services, self._record.call.id
        services.samples.finish(call_id)
        # Once everything that was posted before is in the store, and then in the sample files.
        services.durable.post(partial(services.samples.afterwards, partial(services.rollups.write, call_id)))

    def _show_legs(self) -> None:
        self._record.set_leg_facts(self._legs.facts)

    def _keep_legs(self) -> None:
        self._show_legs()
        for facts in self._legs.take_changed():
            self._services.durable.post(partial(self._services.store.save_leg_facts, self._record.call.id, facts))
