"""Earshot's own pages, stream and routes with a persona that the test plays with POST /act/STEP.

What is typed to it comes back as an utterance, like at the real one; GET /typed tells what was typed under which id.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import date
from typing import Any, cast

import streamlit as st
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from core import backend
from core.api.application import create_api
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
from core.model.errors import (
    EarshotError,
    PersonaFileInvalid,
    PersonaModelUnknown,
    PersonaQuotaUsedUp,
    PersonaTextInvalid,
    PersonaUnreachable,
)
from core.model.message import Message
from core.model.opening_hours import Opening
from core.model.persona import Persona, PersonaActivity, PersonaOffer, PersonaState, PersonaStatus
from core.model.utterance import Utterance
from core.settings import PROJECT_ROOT
from tests.fakes.page_backend import STARTED, FakePersonas, PageBackend, make_call, make_snapshot

CALL = CallId("c1")
SARADO = PersonaId("sarado")
CUSTOMER = Participant(ParticipantId("p1"), "이서준", Role.CUSTOMER, STARTED, LegId("l1"), LegState.CONNECTED)
PERSONA = Participant(ParticipantId("p2"), "사라도령", Role.PERSONA, STARTED, LegId("l2"), LegState.CONNECTED)
SUPERVISOR = Participant(
    ParticipantId("p3"),
    "박지현",
    Role.SUPERVISOR,
    STARTED,
    LegId("l3"),
    LegState.CONNECTED,
    mode=SupervisionMode.TAKE_OVER,
)
VISITOR = Participant(ParticipantId("p4"), "김하늘", Role.CUSTOMER, STARTED, LegId("l4"), LegState.CLOSED)
"""Came, and left without a word."""
CHURN_S = 0.15
"""How often the page is told something new while it is churned: several times a second."""


class EchoPersonas(FakePersonas):
    """What is typed is said in the call at once, and under one id only once."""

    def type(self, call_id: CallId, text: str, message_id: str = "") -> None:
        is_known = (call_id, message_id) in self.texts
        super().type(call_id, text, message_id)
        if not is_known:
            say(f"typed-{message_id}", CUSTOMER, text, is_typed=True)


server = PageBackend()
personas = EchoPersonas(server)
server.personas = personas


class Line:
    """Whether streams reach the browser; has what the API asks of a `ShutdownNotice`."""

    is_given = False


line = Line()
churning: "asyncio.Task[None] | None" = None


def offer(name: str, *, is_open: bool, is_rehearsal: bool = False, problem: EarshotError | None = None) -> PersonaOffer:
    """A persona that one can choose."""
    is_korean = name == "사라도령"
    persona = Persona(
        SARADO if is_korean else PersonaId(name.split()[0].lower()),
        name,
        "ko" if is_korean else "en",
        "",
        "cedar" if is_korean else "marin",
        "gpt-realtime-2.1-mini" if is_korean else "gpt-realtime-mini",
        description="서천꽃밭을 지키는 꽃감관. 고민을 들어 주고 제주말을 섞어 위로해 줍니다."
        if is_korean
        else "Answers questions about plans, bills and deliveries from the handbook.",
        retires_on=None if is_korean else date(2027, 1, 20),
    )
    return PersonaOffer(persona, Opening(is_open, STARTED + 3600 * 9), is_rehearsal, problem)


def reset() -> None:
    """Personas to choose from, and a call in which one waits for its customer."""
    line.is_given = False
    personas.error = None
    personas.texts.clear()
    server.done.clear()
    personas.broken = ()
    personas.offered = (
        offer("사라도령", is_open=True, is_rehearsal=True),
        offer("Morgan at Harbour Desk", is_open=False),
        offer("Nadia", is_open=True),
        offer("Olaf", is_open=True, problem=PersonaModelUnknown(server="api.openai.com", model="gpt-realtime")),
    )
    waiting = replace(
        make_call(str(CALL), CallState.WAITING, participants=(PERSONA,)),
        persona=CallPersona(SARADO, PERSONA.name, is_rehearsal=True),
        created_by="development",
    )
    server.put(make_snapshot(waiting, persona=PersonaActivity(PersonaStatus(PersonaState.LISTENING, 0.0))))
    server.tokens.join_token(CALL, Role.CUSTOMER)


def broken() -> None:
    """Files that cannot be used."""
    personas.broken = (
        PersonaFileInvalid(path="personas/nadia.toml", key="voice", reason=Message("it is missing")),
        PersonaFileInvalid(path="personas/olaf.toml", key="greeting", reason=Message("it is no text")),
    )


def connect(*others: Participant) -> None:
    """The customer is there, and whoever else."""
    call = server.snapshots[CALL].call
    here = [each for each in call.participants if each.role is Role.CUSTOMER] or [CUSTOMER]
    here = [replace(each, leg_state=LegState.CONNECTED) for each in here]
    server.change(CALL, call=replace(call, state=CallState.LIVE, participants=(PERSONA, *here, *others)))


def come() -> None:
    """The customer has pressed START, and the connection is being made."""
    call = server.snapshots[CALL].call
    server.change(CALL, call=replace(call, participants=(PERSONA, replace(CUSTOMER, leg_state=LegState.CONNECTING))))


def do(state: PersonaState, problem: EarshotError | None = None, held_by: str = "", attempt: int = 0) -> None:
    """The persona does something else."""
    before = server.snapshots[CALL]
    status = PersonaStatus(state, before.now_s, attempt, 5 if attempt else 0, problem)
    server.change(CALL, persona=PersonaActivity(status, held_by=held_by))


def hold() -> None:
    """A supervisor takes over."""
    connect(SUPERVISOR)
    do(PersonaState.LISTENING, held_by=SUPERVISOR.name)


def say(
    utterance_id: str,
    who: Participant,
    text: str,
    *,
    is_final: bool = True,
    is_typed: bool = False,
    is_cut: bool = False,
) -> None:
    """An utterance, or another version of it, three seconds after the one before."""
    before = server.snapshots[CALL]
    known = {each.id: each for each in before.utterances}
    start_s = known[utterance_id].start_s if utterance_id in known else before.now_s + 3
    known[utterance_id] = Utterance(
        utterance_id,
        who.id,
        who.name,
        who.role,
        text,
        is_final,
        start_s,
        start_s + 2,
        None,
        "realtime",
        "m",
        start_s + 2,
        is_typed=is_typed,
        is_cut=is_cut,
    )
    server.change(CALL, utterances=tuple(known.values()), now_s=max(before.now_s, start_s))


def talk() -> None:
    """A short conversation."""
    say("u1", PERSONA, "혼저옵서예. 서천꽃밭 꽃감관 사라도령이우다. 오늘은 무슨 마음을 안고 오셨수과?")
    say("u2", CUSTOMER, "요즘 일이 잘 안 풀려서 마음이 무거워요.")
    say("u3", PERSONA, "게메, 속았수다. 꽃도 재촉한다고 피지 않주.", is_cut=True)
    say("u4", CUSTOMER, "괜찮주게가 무슨 뜻이에요?", is_typed=True)
    say("u5", PERSONA, "괜찮고말고요, 하는 제주말이우다.")
    say("u6", CUSTOMER, "아, 그", is_final=False)


def end() -> None:
    """Somebody ends the call."""
    call = server.snapshots[CALL].call
    over = replace(call, state=CallState.ENDED, ended_at=STARTED + 80, end_reason=EndReason.HUNG_UP)
    server.change(CALL, call=over)


async def churn() -> None:
    """Tell the page something new over and over."""
    count = 0
    while True:
        count += 1
        state = (PersonaState.LISTENING, PersonaState.THINKING, PersonaState.SPEAKING)[count % 3]
        do(state)
        say(f"churn-{count // 10}", PERSONA, "꽃은 재촉한다고 피지 않주. " * (count % 10 + 1), is_final=count % 10 == 9)
        await asyncio.sleep(CHURN_S)


def start_churning() -> None:
    """Begin to tell it."""
    global churning
    churning = asyncio.get_running_loop().create_task(churn(), name="churn")


def stop_churning() -> None:
    """Be quiet again."""
    if churning is not None:
        churning.cancel()


UNREACHABLE = PersonaUnreachable(server="api.openai.com", reason="no route to host")

STEPS: dict[str, Callable[[], None]] = {
    "reset": reset,
    "empty": lambda: setattr(personas, "offered", ()),
    "broken": broken,
    "connect": connect,
    "come": come,
    "visitor_left": lambda: connect(VISITOR),
    "visitor_spoke": lambda: say("u7", VISITOR, "여보세요?"),
    "connecting": lambda: do(PersonaState.CONNECTING),
    "listening": lambda: do(PersonaState.LISTENING),
    "thinking": lambda: do(PersonaState.THINKING),
    "speaking": lambda: do(PersonaState.SPEAKING),
    "reconnecting": lambda: do(PersonaState.RECONNECTING, UNREACHABLE, attempt=2),
    "held": hold,
    "closed": lambda: do(PersonaState.CLOSED),
    "failed": lambda: do(PersonaState.ENDED, PersonaQuotaUsedUp(server="api.openai.com")),
    "talk": talk,
    "over": end,
    "cut": lambda: setattr(line, "is_given", True),
    "mend": lambda: setattr(line, "is_given", False),
    "refuse": lambda: setattr(personas, "error", PersonaTextInvalid(reason=Message("it is empty"))),
    "accept": lambda: setattr(personas, "error", None),
    "churn": start_churning,
    "calm": stop_churning,
}


async def act(request: Request) -> Response:
    """Take one step."""
    STEPS[request.path_params["step"]]()
    return Response(status_code=204)


async def typed(_: Request) -> Response:
    """Every text that came, in order, and the ids that they came under."""
    came = [command[2] for command in server.done if command[0] == "type"]
    return JSONResponse({"came": came, "texts": {message: text for (_, message), text in personas.texts.items()}})


async def done(_: Request) -> Response:
    """What the pages asked for."""
    return JSONResponse([str(command[0]) for command in server.done])


@asynccontextmanager
async def lifespan(_: st.App) -> AsyncIterator[None]:
    """Put the backend in the server's place."""
    reset()
    backend.install(cast(Any, server))
    yield
    backend.install(None)
    if churning is not None:
        churning.cancel()
        with suppress(asyncio.CancelledError):
            await churning


app = st.App(
    str(PROJECT_ROOT / "pages" / "main.py"),
    routes=[
        Route("/act/{step}", act, methods=["POST"]),
        Route("/typed", typed),
        Route("/done", done),
        Mount("/api", app=create_api(backend.current, cast(Any, line))),
    ],
    lifespan=lifespan,
)
