"""Running calls for tests of lists: people, trouble and words, each made up from its number."""

from dataclasses import replace

from core.model.call import Call, CallState, LegId, LegState, Participant, ParticipantId, Role, SupervisionMode
from core.model.quality import Alert, AlertKind, Band, CallQuality, Score
from core.model.sample import Direction
from core.model.snapshot import CallSnapshot
from core.model.utterance import Utterance
from tests.fakes.page_backend import STARTED, make_call, make_snapshot

AGENTS = ("김민지", "박도윤", "이하은", "최지우", "정서연", "강민준", "Grace Ahn", "윤채원")
CUSTOMERS = ("이서준", "Chris Miller", "한지민", "오세훈", "Dana Fox", "서예린", "문태오", "Priya Nair", "조아라")
SAID = (
    "이번 달 요금이 두 번 빠져나갔어요. 확인해 주실 수 있나요?",
    "I was charged twice for the same order, and nobody called me back.",
    "네, 본인 확인을 위해 생년월일을 말씀해 주세요.",
    "로밍 요금제를 해지하고 싶은데 위약금이 있나요?",
    "Could you hold for a minute while I look that up?",
    "배송지가 잘못 들어갔습니다. 오늘 안에 바꿀 수 있을까요?",
)
SCORES = ((4.3, Band.EXCELLENT), (4.2, Band.GREAT), (4.0, Band.GOOD), (3.5, Band.FAIR), (2.4, Band.POOR))
KINDS = (
    (AlertKind.NO_MEDIA, Direction.INBOUND),
    (AlertKind.LOW_MOS, Direction.OUTBOUND),
    (AlertKind.PACKET_LOSS, Direction.INBOUND),
    (AlertKind.HIGH_RTT, None),
)


def many_calls(count: int, now: float = STARTED) -> tuple[CallSnapshot, ...]:
    """Calls `call-01`, `call-02`, ...: the first is supervised; about a fifth is in trouble; the last few wait.

    Each began a little before the one in front of it; `now` is in seconds since the Unix epoch.
    """
    return tuple(_snapshot(number, count, now) for number in range(1, count + 1))


def saying(call: Call, text: str) -> Utterance:
    """The customer's latest words."""
    who = next(p for p in call.participants if p.role is Role.CUSTOMER)
    return Utterance("u1", who.id, who.name, who.role, text, True, 5.0, 7.0, 0.9, "e", "m", 7.5)


def at_trouble(call: Call, kind: AlertKind = AlertKind.NO_MEDIA, mos: float = 2.4) -> CallSnapshot:
    """The call with an open alert about its customer and a poor score."""
    leg = next(p.leg_id for p in call.participants if p.role is Role.CUSTOMER) or LegId("")
    direction = dict(KINDS)[kind]
    alert = Alert(leg, kind, direction, 30.0, 5.0, (6.0,), 9.0)
    score = Score(leg, Direction.INBOUND, 40.0, mos, Band.POOR, 320.0, 44.0, 5.2)
    return make_snapshot(call, quality=CallQuality((score,), (alert,)))


def _snapshot(number: int, count: int, now: float) -> CallSnapshot:
    call = _call(number, number > count - 4, now)
    leg = LegId(f"leg-{number}-customer")
    mos, band = SCORES[4] if number % 13 == 3 else SCORES[number % 4 if number % 7 == 3 else number % 3]
    kinds = KINDS[number % 4 :][: 1 + number % 2] if number % 13 == 3 else ()
    alerts = tuple(Alert(leg, kind, direction, 30.0, 5.0, (6.0,), 9.0) for kind, direction in kinds)
    score = Score(leg, Direction.INBOUND, 40.0, mos, band, 90.0, 8.0, 0.1)
    said = () if call.state is CallState.WAITING else (saying(call, SAID[number % len(SAID)]),)
    return make_snapshot(
        call,
        utterances=said,
        quality=CallQuality((score,), alerts) if said else CallQuality(),
        legs={p.leg_id: p.id for p in call.participants if p.leg_id},
        revision=number,
    )


def _call(number: int, waiting: bool, now: float) -> Call:
    agent = _person(number, Role.AGENT, AGENTS[number % len(AGENTS)])
    customer = _person(number, Role.CUSTOMER, CUSTOMERS[number % len(CUSTOMERS)])
    if number % 17 == 5:
        customer = replace(customer, leg_state=LegState.LOST)
    people = (customer,) if waiting else (agent, customer)
    if number == 1:
        people = (*people, replace(_person(number, Role.SUPERVISOR, "임수빈"), mode=SupervisionMode.COACH))
    call = make_call(f"call-{number:02}", CallState.WAITING if waiting else CallState.LIVE, participants=people)
    began = now - 37.0 * number
    return replace(call, created_at=began, live_at=None if waiting else began + 5)


def _person(number: int, role: Role, name: str) -> Participant:
    return Participant(
        ParticipantId(f"{number}-{role}"), name, role, STARTED, LegId(f"leg-{number}-{role}"), LegState.CONNECTED
    )
