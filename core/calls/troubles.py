"""What goes wrong around a call's words: speech to text, the language model, the handbook. Noted when it is over.

Lives on the calls loop; only `Conversation` touches it. A trouble of a moment is none.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from core.calls.insights import Insights
from core.calls.listening import Listening
from core.calls.record import CallRecord
from core.model.call import CallState, Participant, ParticipantId
from core.model.snapshot import Note
from core.speech.transcriber import SpeechStats

BEHIND_FROM_S = 3.0
"""Speech that has waited so long for its text is late."""
BEHIND_UNTIL_S = 2.0
UNSEEN_FROM_S = 5.0
"""Audio that nobody has looked at yet, in seconds of it."""
STARVED_S = 5.0
"""Sound arrives of somebody, and none of it has got to speech to text for so long."""
SHORTEST_S = 3.0
"""What is over sooner is not worth a word."""
OF_SPEECH = frozenset({"speech_behind", "speech_starved"})
CALM_S = 5.0
"""Only what has been well for so long is over."""


class TakeNote(Protocol):
    """Notes something of the call that lasted from `at_s` to `until_s` on its clock."""

    def __call__(self, code: str, subject: str, at_s: float, until_s: float) -> None:
        """`code` is that of a `Note`, `subject` is whom it is about."""


@dataclass(slots=True)
class _Trouble:
    """One that goes on, or was there a moment ago."""

    since_s: float
    seen_s: float


class Troubles:
    """Watches one call. Looked after once a second."""

    def __init__(
        self,
        record: CallRecord,
        insights: Insights,
        listening: Listening,
        who: Callable[[ParticipantId], Participant],
        note: TakeNote,
        is_sending: Callable[[ParticipantId], bool],
    ) -> None:
        self._record = record
        self._insights = insights
        self._listening = listening
        self._who = who
        self._note = note
        self._is_sending = is_sending
        self._heard_s: dict[ParticipantId, float] = {}
        self._hand_overs: dict[ParticipantId, int] = {}
        self._open: dict[tuple[str, str], _Trouble] = {}

    @property
    def going_on(self) -> tuple[Note, ...]:
        """What has gone on for a while and is not over."""
        return tuple(
            Note(trouble.since_s, code, subject)
            for (code, subject), trouble in self._open.items()
            if trouble.seen_s - trouble.since_s >= SHORTEST_S
        )

    def heard(self, participant_id: ParticipantId) -> None:
        """Speech to text has got audio of somebody."""
        self._heard_s[participant_id] = self._record.now_s()

    def tick(self) -> None:
        """Look at everything once."""
        if self._record.call.state is CallState.ENDED:
            return
        now_s = self._record.now_s()
        for ear, stats in self._listening.stats.items():
            participant = self._who(ear.participant_id)
            if participant.role.speaks:
                self._watch("speech_behind", participant.name, self._is_behind(participant, stats), now_s)
                self._watch("speech_starved", participant.name, self._is_starved(participant, now_s), now_s)
            self._watch_hand_overs(participant, stats, now_s)
        heard = {self._who(ear.participant_id).name for ear in self._listening.stats}
        for code, subject in [key for key in self._open if key[0] in OF_SPEECH and key[1] not in heard]:
            # Nobody writes them down any more: what was wrong with that is over.
            self._watch(code, subject, False, now_s)
        self._watch("model_failing", "", self._insights.trouble() is not None, now_s)
        self._watch("guidance_failing", "", self._record.guidance_problem is not None, now_s)

    def close(self) -> None:
        """The call is over, and what goes on with it; idempotent."""
        for key in list(self._open):
            self._end(key)

    def _is_behind(self, participant: Participant, stats: SpeechStats) -> bool:
        is_known = ("speech_behind", participant.name) in self._open
        waits_s = BEHIND_UNTIL_S if is_known else BEHIND_FROM_S
        unseen_s = BEHIND_UNTIL_S if is_known else UNSEEN_FROM_S
        return stats.oldest_s >= waits_s or stats.waiting_s >= unseen_s

    def _is_starved(self, participant: Participant, now_s: float) -> bool:
        if participant.muted or not self._is_sending(participant.id):
            self._heard_s[participant.id] = now_s
        return now_s - self._heard_s.setdefault(participant.id, now_s) >= STARVED_S

    def _watch_hand_overs(self, participant: Participant, stats: SpeechStats, now_s: float) -> None:
        # Another language is another session, whose count begins anew.
        if stats.hand_overs > self._hand_overs.get(participant.id, 0):
            self._note("speech_handover", participant.name, now_s, now_s)
        self._hand_overs[participant.id] = stats.hand_overs

    def _watch(self, code: str, subject: str, is_wrong: bool, now_s: float) -> None:
        trouble = self._open.get((code, subject))
        if is_wrong and trouble is None:
            self._open[code, subject] = _Trouble(now_s, now_s)
        elif is_wrong and trouble is not None:
            trouble.seen_s = now_s
        elif trouble is not None and now_s - trouble.seen_s >= CALM_S:
            self._end((code, subject))

    def _end(self, key: tuple[str, str]) -> None:
        trouble = self._open.pop(key)
        if trouble.seen_s - trouble.since_s >= SHORTEST_S:
            self._note(*key, trouble.since_s, trouble.seen_s)
