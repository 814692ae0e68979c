"""Earshot's own pages and stream on a backend of snapshots, which the test changes with POST /act/STEP."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import streamlit as st
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route

from core import backend
from core.api.application import create_api
from core.calls.costs import ModelPrice, Prices, SpeechPrice
from core.calls.wrap_ups import WrapUpReport
from core.model.call import (
    CallId,
    CallPersona,
    CallState,
    EndReason,
    LegId,
    LegState,
    Participant,
    ParticipantId,
    PersonaId,
    Role,
    SupervisionMode,
)
from core.model.errors import PersonaConnectionLost, PersonaQuotaUsedUp, PersonaToolFailed
from core.model.insight import ModelActivity, ModelPhase, RequestTimes, Summary, SummaryText
from core.model.media_path import CandidateType
from core.model.message import Message
from core.model.opening_hours import HoursOverride, Opening
from core.model.passage import Guidance, GuidanceAnswer, Passage
from core.model.persona import (
    EventDirection,
    Persona,
    PersonaActivity,
    PersonaCounts,
    PersonaOffer,
    PersonaState,
    PersonaStatus,
    SessionEvent,
    ToolCall,
)
from core.model.sample import Direction, RtpSample, Vantage
from core.model.snapshot import Note
from core.model.text_alert import AlertLevel, TextAlert
from core.model.utterance import Utterance
from core.model.wrap_up import Resolution, WrapUp, WrapUpDraft, WrapUpText
from core.quality.alerts import QualityWatch
from core.quality.diagnosis import diagnose
from core.quality.synthetic import DESK, MICROPHONE, Trouble, synthetic_call
from tests.fakes.insight_source import FULL, USAGE, growing
from tests.fakes.page_backend import STARTED, PageBackend, make_call, make_snapshot, text_alert
from tests.fakes.turn_records import a_turn_record

ROOT = Path(__file__).resolve().parents[3]
CALL = CallId("c1")
AGENT = Participant(ParticipantId("p1"), "김민지", Role.AGENT, STARTED, LegId("l1"), LegState.CONNECTED)
CUSTOMER = Participant(ParticipantId("p2"), "이서준", Role.CUSTOMER, STARTED, LegId("l2"), LegState.CONNECTED)
LEGS = {LegId("l1"): AGENT.id, LegId("l2"): CUSTOMER.id}

server = PageBackend()


class Line:
    """Whether streams reach the browser; has what the API asks of a `ShutdownNotice`."""

    is_given = False


line = Line()


def reset() -> None:
    """A call that has just become live, as if nothing had been said."""
    server.put(make_snapshot(make_call(participants=(AGENT, CUSTOMER)), legs=LEGS))
    server.wrap_ups.clear()
    line.is_given = False


reset()


def say(number: int, text: str, is_final: bool = True, confidence: float | None = 0.9, stable: int = 0) -> None:
    """An utterance, three seconds after the one before; alternating speakers."""
    who = CUSTOMER if number % 2 else AGENT
    start_s = 3.0 * number
    said = Utterance(
        f"u{number}",
        who.id,
        who.name,
        who.role,
        text,
        is_final,
        start_s,
        start_s + 2,
        confidence,
        "e",
        "m",
        start_s + 2,
        stable_chars=stable,
    )
    others = tuple(u for u in server.snapshots[CALL].utterances if u.id != said.id)
    server.change(CALL, utterances=(*others, said), now_s=start_s + 2.5)


def with_persona() -> None:
    """A rehearsal takes the agent's part: greeted, asked, looked something up twice, and was interrupted once."""
    persona = replace(AGENT, name="사라도령", role=Role.PERSONA)
    call = make_call(participants=(persona, CUSTOMER))
    call = replace(call, persona=CallPersona(PersonaId("sarado"), "사라도령", is_rehearsal=True))
    server.put(make_snapshot(call, legs=LEGS))
    lines = (
        ("u0", persona, "혼저옵서예. 서천꽃밭 꽃감관 사라도령이우다.", {}),
        ("u1", CUSTOMER, "환불은 며칠이나 걸려요?", {}),
        ("u2", persona, "잠깐만 기다려 줍서, 들여다보쿠다. 환불은 사흘에서", {"is_cut": True}),
        ("u3", CUSTOMER, "괜찮주게", {"is_typed": True}),
    )
    said = tuple(
        Utterance(
            id, who.id, who.name, who.role, text, True, 3.0 * n, 3.0 * n + 2, None, "realtime", "m", 3.0 * n + 2, **how
        )
        for n, (id, who, text, how) in enumerate(lines)
    )
    server.change(CALL, utterances=said, now_s=11.0)
    act_as(PersonaState.LISTENING, tool_calls=(LOOKED_UP, FAILED), counts=PersonaCounts(connections=1))


LOOKED_UP = ToolCall(
    "t1",
    "search_handbook",
    {"query": "환불 기간", "language": "ko"},
    4.2,
    output="환불은 카드사에 따라 영업일로 사흘에서 닷새 걸립니다. (환불.md)",
    took_s=0.12,
)
FAILED = ToolCall(
    "t2",
    "search_handbook",
    {"query": "환불 수수료"},
    6.1,
    error=PersonaToolFailed(tool="search_handbook", reason=Message("it took too long")),
    took_s=10.0,
)
RUNNING = ToolCall("t3", "search_handbook", {"query": "꽃밭 여는 시간"}, 9.0)
SERVER = "https://realtime.example:443"


def act_as(state: PersonaState, since_s: float = 9.5, **parts: Any) -> None:
    """The persona does something else."""
    before = server.snapshots[CALL].persona or PersonaActivity(PersonaStatus(state, since_s))
    status = {name: parts.pop(name) for name in ("attempt", "attempts", "problem") if name in parts}
    server.change(CALL, persona=replace(before, status=PersonaStatus(state, since_s, **status), **parts))


def ail() -> None:
    """The persona's session has seen everything that can happen to one."""
    counts = PersonaCounts(5, 2, 1, 1, 3, 1, 2, 1.5, 4)
    lost = PersonaConnectionLost(server=SERVER)
    act_as(PersonaState.RECONNECTING, attempt=2, attempts=5, problem=lost, counts=counts)


def hold() -> None:
    """A supervisor takes over from the persona."""
    boss = Participant(
        ParticipantId("p3"),
        "박수진",
        Role.SUPERVISOR,
        STARTED,
        LegId("l3"),
        LegState.CONNECTED,
        mode=SupervisionMode.TAKE_OVER,
    )
    call = server.snapshots[CALL].call
    server.change(CALL, call=replace(call, participants=(*call.participants, boss)))
    act_as(PersonaState.LISTENING, held_by=boss.name)


def exchange(count: int) -> None:
    """Events of the persona's session: a connection that was lost, and a longer one."""
    first: tuple[tuple[EventDirection, str, dict[str, object], int], ...] = (
        (EventDirection.RECEIVED, "session.created", {"session": {"model": "gpt-realtime-2.1-mini"}}, 1),
        (EventDirection.SENT, "session.update", {"session": {"model": "gpt-realtime-2.1-mini", "voice": "cedar"}}, 1),
        (
            EventDirection.RECEIVED,
            "error",
            {"error": {"code": "server_error", "message": "The server had an error."}},
            1,
        ),
        (EventDirection.SENT, "input_audio_buffer.append", {"audio": "", "seconds": 2.4}, 60),
        (EventDirection.RECEIVED, "input_audio_buffer.speech_stopped", {"audio_end_ms": 2400, "item_id": "item_1"}, 1),
        (
            EventDirection.RECEIVED,
            "conversation.item.input_audio_transcription.completed",
            {"item_id": "item_1", "transcript": "환불은 며칠이나 걸려요?"},
            1,
        ),
        (EventDirection.RECEIVED, "response.output_audio.delta", {"delta": "", "seconds": 3.2}, 16),
        (
            EventDirection.RECEIVED,
            "response.done",
            {"response": {"status": "completed", "usage": {"total_tokens": 9}}},
            1,
        ),
    )
    server.personas.told[CALL] = tuple(
        SessionEvent(
            n + 41, 1 if n < 3 else 2, STARTED + n * 0.25, *first[n % len(first)][:2], first[n % len(first)][2], times
        )
        for n in range(count)
        for times in (first[n % len(first)][3],)
    )


def offer_personas() -> None:
    """Three personas: open by its hours with a call ready, kept closed by a supervisor, and a rehearsal."""
    sarado = Persona(PersonaId("sarado"), "사라도령", "ko", "", "cedar", "gpt-realtime-2.1-mini", autostart=True)
    opens, closes = time.time() + 9 * 3600, time.time() + 3600
    held = HoursOverride(is_open=False, until=opens, by="박수진")
    morgan = replace(sarado, id=PersonaId("morgan"), name="Morgan at Harbour Desk", language="en", autostart=False)
    server.personas.offered = (
        PersonaOffer(sarado, Opening(True, closes), is_rehearsal=False, ready_call_id=CALL),
        PersonaOffer(morgan, Opening(False, opens, is_overridden=True), is_rehearsal=False, override=held),
        PersonaOffer(replace(sarado, id=PersonaId("practice"), name="연습"), Opening(True, None), is_rehearsal=True),
    )


def record_turn() -> None:
    """An utterance with all that is known of how it came about, and audio that gave none."""
    say(5, "3월 15일에 15,000원이요.")
    before = server.snapshots[CALL]
    (said,) = (u for u in before.utterances if u.id == "u5")
    told = replace(
        said,
        engine="whisper",
        model="base",
        recognised_s=said.end_s + 0.8,
        trace_id="5f0c2ab91d3e",
        first_interim_s=said.start_s + 1.2,
        raw_text="삼월 십오 일에 만 오천 원이요.",
    )
    lost = Note(20.0, "speech_lost", CUSTOMER.name, until_s=24.0)
    others = tuple(u for u in before.utterances if u.id != "u5")
    server.change(CALL, utterances=(*others, told), notes=(*before.notes, lost))


def sum_up(text: str) -> None:
    """A new summary, and the handbook's answer to it."""
    before = server.snapshots[CALL]
    summary = Summary(SummaryText(text, "요금이 많이 나옴", ""), "extractive", "kiwi", "u1", 2, before.now_s, 0.02)
    found = GuidanceAnswer("", (Passage("로밍 요금", "로밍 요금은 한 번 감면됩니다.", 4.2, "roaming.md#감면"),))
    server.change(
        CALL,
        summaries=(*before.summaries, summary),
        guidance=Guidance(text, found, before.now_s, 0.01, before.now_s, "u1"),
    )


MODEL = ModelActivity("openai", "gpt-5-mini")


def ask() -> None:
    """The model has been asked."""
    server.change(CALL, model=replace(MODEL, phase=ModelPhase.ASKED))


def draft(fields: int) -> None:
    """So many fields of the model's answer have come."""
    server.change(CALL, model=replace(MODEL, phase=ModelPhase.ANSWERING, draft=growing(FULL)[fields]))


def answer() -> None:
    """The whole answer of the model's."""
    before = server.snapshots[CALL]
    times = RequestTimes(before.now_s - 2, before.now_s - 2, before.now_s - 1.4, before.now_s - 1.2, before.now_s)
    summary = Summary(
        FULL.text,
        MODEL.engine,
        MODEL.model,
        "u1",
        2,
        before.now_s,
        2.0,
        FULL.intent,
        FULL.sentiment,
        FULL.risks,
        FULL.suggested_reply,
        times,
        USAGE,
    )
    server.change(CALL, summaries=(*before.summaries, summary), model=MODEL)


def fail(stands_in: bool) -> None:
    """The model is in trouble; the extract stands in or does not yet."""
    before = server.snapshots[CALL]
    if stands_in:
        sum_up("해지 위약금 문의")
        *others, last = server.snapshots[CALL].summaries
        server.change(CALL, summaries=(*others, replace(last, stands_in_for="ModelTimeout")))
    trouble = replace(
        MODEL, phase=ModelPhase.FAILED, trouble="ModelTimeout", stands_in=stands_in, retry_at_s=before.now_s + 20
    )
    server.change(CALL, model=trouble)


def measure(at_s: float, jitter_ms: float) -> None:
    """One second's samples of both legs, and what they say."""
    new = tuple(
        RtpSample(leg, direction, Vantage.SERVER, at_s, 1.0, 50, 4000, 0, jitter_ms, rtt_ms, 0.2, 1.5)
        for leg in LEGS
        for direction, rtt_ms in ((Direction.OUTBOUND, 320.0), (Direction.INBOUND, None))
    )
    samples = server.snapshots[CALL].samples + new
    watch = QualityWatch()
    for sample in samples:
        watch.add(sample)
    server.change(CALL, samples=samples, quality=watch.quality, now_s=at_s)


def trouble() -> None:
    """Two browsers have told for four minutes: one hears later and later, and its own network loses packets."""
    leg_ids = (LegId("l1"), LegId("l2"))
    drifting = synthetic_call(Trouble.DRIFT, 1, length_s=240, legs=leg_ids)
    lossy = synthetic_call(Trouble.LOSS, 2, length_s=240, legs=leg_ids)
    late = [s for s in drifting.samples if s.leg_id == "l2"]
    lost = [s for s in lossy.samples if s.leg_id == "l1" and s.at_s < 160]
    calm = [s for s in drifting.samples if s.leg_id == "l1"]
    lost_at = {(s.direction, s.vantage, s.at_s): s for s in lost}
    mine = [lost_at.get((s.direction, s.vantage, s.at_s), s) for s in calm]
    muffled = replace(
        drifting.leg_facts[LegId("l1")],
        ended_at_s=None,
        browser=replace(DESK, microphone=replace(MICROPHONE, noise_suppression=True)),
    )
    samples = tuple(sorted((*mine, *late), key=lambda s: s.at_s))
    watch = QualityWatch()
    for sample in samples:
        watch.add(sample)
    relayed = [replace(s, local_candidate=CandidateType.RELAY) if s.leg_id == "l2" else s for s in samples]
    found = diagnose(relayed, {LegId("l1"): muffled}, (), None)
    server.change(CALL, samples=samples[-1200:], quality=replace(watch.quality, diagnoses=found), now_s=240.0)


def found(*alerts: TextAlert) -> None:
    """Rules have found something, besides what they had found."""
    known = {alert.id: alert for alert in server.snapshots[CALL].text_alerts}
    server.change(CALL, text_alerts=tuple((known | {alert.id: alert for alert in alerts}).values()))


def lose() -> None:
    """The customer's connection breaks."""
    call = server.snapshots[CALL].call
    server.change(CALL, call=replace(call, participants=(AGENT, replace(CUSTOMER, leg_state=LegState.LOST))))


def end() -> None:
    """Somebody ends the call."""
    call = server.snapshots[CALL].call
    over = replace(call, state=CallState.ENDED, ended_at=STARTED + 80, end_reason=EndReason.HUNG_UP)
    server.change(CALL, call=over)


def draft_wrap_up() -> None:
    """The call's wrap-up is drafted."""
    text = WrapUpText(
        "요금", "요금이 두 번 나감", ("청구 내역 확인", "중복 요금 환불"), Resolution.RESOLVED, "3일 안에 환불"
    )
    drafted = WrapUpDraft(text, "openai", "gpt-5-mini", STARTED + 85, 1.4)
    server.wrap_ups[CALL] = WrapUpReport(WrapUp(drafted, None), is_being_drafted=False)


def review() -> None:
    """Calls that are over, whose turns were measured."""
    for number, call_id in enumerate(("t1", "t2", "t3")):
        record = a_turn_record(CallId(call_id))
        call = make_call(call_id, CallState.ENDED, participants=(AGENT, CUSTOMER))
        call = replace(call, created_at=call.created_at + 600 * number)
        server.put(make_snapshot(call, utterances=record.utterances))
        server.turns[call_id] = record
    server.prices = Prices(
        "USD",
        (SpeechPrice("google", "*", 0.016),),
        (ModelPrice("openai", "*", input=0.25, output=2.0, cached_input=0.025),),
    )


def cut(is_cut: bool) -> None:
    """Break every stream, and the ones that are tried from now on; or mend that."""
    line.is_given = is_cut


STEPS: dict[str, Callable[[], None]] = {
    "reset": reset,
    "cut": lambda: cut(True),
    "mend": lambda: cut(False),
    "interim": lambda: say(1, "이번 달 요", is_final=False, stable=4),
    "final": lambda: say(1, "이번 달 요금이 너무 많이 나왔어요."),
    "withdraw": lambda: server.change(CALL, utterances=()) and None,
    "doubtful": lambda: say(2, "로밍 요금 같습니다.", confidence=0.31),
    "turn": record_turn,
    "persona": with_persona,
    "persona_offers": offer_personas,
    "persona_events": lambda: exchange(24),
    "persona_more_events": lambda: exchange(26),
    "persona_many_events": lambda: exchange(400),
    "persona_no_events": lambda: server.personas.told.clear(),
    "persona_speaks": lambda: act_as(PersonaState.SPEAKING),
    "persona_looks_up": lambda: act_as(PersonaState.THINKING, tool_calls=(LOOKED_UP, FAILED, RUNNING)),
    "persona_ails": ail,
    "persona_held": hold,
    "persona_stops": lambda: act_as(PersonaState.ENDED, problem=PersonaQuotaUsedUp(server=SERVER)),
    "twenty": lambda: [say(n, f"{n}번째로 한 말입니다.") for n in range(3, 23)] and None,
    "more": lambda: say(40, "맨 끝에 한 말입니다."),
    "markup": lambda: say(41, "<img src=x onerror=alert(1)>"),
    "summary": lambda: sum_up("요금 문의"),
    "summary2": lambda: sum_up("로밍 요금 감면 문의"),
    "asked": ask,
    "draft": lambda: draft(2),
    "answer": answer,
    "failed": lambda: fail(stands_in=False),
    "stand-in": lambda: fail(stands_in=True),
    "samples": lambda: [measure(float(t), 41.0) for t in range(1, 30)] and None,
    "trouble": trouble,
    "calm": lambda: [measure(float(t), 2.0) for t in range(30, 40)] and None,
    "flag": lambda: found(
        text_alert("cancel", AlertLevel.CRITICAL, "u1", notify=True),
        text_alert("refund", AlertLevel.WARNING, "u1", "u2"),
        text_alert("silence", AlertLevel.INFO),
    ),
    "flag_more": lambda: found(text_alert("legal", AlertLevel.CRITICAL, "u2", notify=True)),
    "flag_over": lambda: found(replace(text_alert("cancel", AlertLevel.CRITICAL, "u1"), cleared_at_s=60.0)),
    "lose": lose,
    "review": review,
    "end": end,
    "wrap_up": draft_wrap_up,
}


async def act(request: Request) -> Response:
    """Take one step."""
    STEPS[request.path_params["step"]]()
    return Response(status_code=204)


@asynccontextmanager
async def lifespan(_: st.App) -> AsyncIterator[None]:
    """Put the backend in the server's place."""
    backend.install(cast(Any, server))
    yield
    backend.install(None)


app = st.App(
    str(ROOT / "pages" / "main.py"),
    routes=[
        Route("/act/{step}", act, methods=["POST"]),
        Mount("/api", app=create_api(backend.current, cast(Any, line))),
    ],
    lifespan=lifespan,
)
