"""A kept call with trouble, to be reported on: everything that a report shows, and words that would harm if let."""

from core.model.call import Call, CallId, CallOrigin, CallState, LegId, Participant, ParticipantId, Role
from core.model.insight import Summary, SummaryText
from core.model.stored_call import StoredCall
from core.model.utterance import Utterance
from core.quality.synthetic import AGENT, CUSTOMER, SyntheticCall, Trouble, synthetic_call

EVIL = "<script>alert(1)</script><img src=//evil.example/x onerror=alert(1)>"
BEGUN = 1_795_896_000.0


def reported_call(trouble: Trouble = Trouble.LOSS, length_s: int = 180) -> tuple[StoredCall, SyntheticCall]:
    """The call as the store gives it back, and what was measured."""
    made = synthetic_call(trouble, length_s=length_s)
    people = (
        Participant(ParticipantId("p1"), "김상담", Role.AGENT, BEGUN),
        Participant(ParticipantId("p2"), f"Chris {EVIL}", Role.CUSTOMER, BEGUN),
    )
    legs = {LegId(AGENT): people[0].id, LegId(CUSTOMER): people[1].id}
    said = tuple(
        Utterance(
            f"u{number}", legs[turn.leg_id], next(p.name for p in people if p.id == legs[turn.leg_id]), Role.AGENT,
            f"카드 번호는 ****-****-****-1234 입니다. {EVIL}", True, turn.start_s, turn.end_s, 0.9, "whisper", "",
            turn.end_s + 0.4,
        )
        for number, turn in enumerate(made.turns)
    )  # fmt: skip
    text = SummaryText("고객이 이중 결제를 환불받으려 합니다.", f"Charged twice {EVIL}", "Looked it up.")
    call = Call(
        CallId("a1b2c3"), "ko", CallState.ENDED, CallOrigin.BROWSER, BEGUN, BEGUN + 2, BEGUN + length_s, None, people
    )
    summary = Summary(text, "extractive", "", "u1", 2, 20.0, 0.1)
    return StoredCall(call, said, (summary,), (), made.notes, legs, leg_facts=made.leg_facts), made
