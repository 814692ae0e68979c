"""Every method of the desk for every role: what the role has no right to is refused, and the refusal written down."""

import inspect
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass

import pytest

from core.backend import Backend
from core.calls.export import ExportFormat
from core.calls.hours_book import told_moment
from core.desk import Desk
from core.guest import Guest
from core.guidance.knowledge_folder import KnowledgeChange
from core.model.access import RIGHTS, Person, Right, SignInMethod, UserRole
from core.model.archive import CallQuery
from core.model.audit import AuditAction, AuditQuery
from core.model.call import CallId, CallState, ParticipantId, PersonaId, Role, SupervisionMode
from core.model.errors import (
    AccessDenied,
    AlertRulesChanged,
    AlertRulesInvalid,
    CallNotFound,
    CallNotImpairable,
    CallRunning,
    CallWithoutPersona,
    HintsChanged,
    HintsInvalid,
    HoursOverrideInvalid,
    ImportNotFound,
    KnowledgePathRefused,
    ModelNotConfigured,
    OfferRefused,
    ParticipantNotFound,
    PersonaNotFound,
    PromptChanged,
    PromptInvalid,
    ScenarioNotFound,
    SignInEnded,
    UtteranceNotFound,
)
from core.model.health import PartState
from core.model.impairment import CLEAN
from core.model.opening_hours import HoursOverride
from core.model.wrap_up import WrapUpText
from core.settings import Settings
from tests.support.waiting import wait_for

NOBODYS_SEAT = ParticipantId("nobody")


def person_in(role: UserRole, name: str = "one") -> Person:
    return Person(f"oidc:test#{role.value}-{name}", name, role, SignInMethod.OIDC, f"session-{role.value}-{name}")


@dataclass(frozen=True, slots=True)
class Deed:
    """Something a desk can be asked for, in a call, and the right that it takes."""

    right: Right
    ask: Callable[[Desk, CallId], object]


PROMPT = '+++\n[intents]\nother = "Other"\n+++\nBe brief.'
DEEDS: dict[str, Deed] = {
    "require": Deed(Right.SEE_AUDIT, lambda desk, call: desk.require(Right.SEE_AUDIT)),
    "start_call": Deed(Right.TALK, lambda desk, call: desk.start_call("ko")),
    "start_demo": Deed(Right.DEMO, lambda desk, call: desk.start_demo()),
    "start_scenario": Deed(Right.DEMO, lambda desk, call: desk.start_scenario("no-such-demo")),
    "impair": Deed(Right.DEMO, lambda desk, call: desk.impair(call, NOBODYS_SEAT, CLEAN)),
    "impairments": Deed(Right.DEMO, lambda desk, call: desk.impairments(call)),
    "calls": Deed(Right.SEE_OWN_CALLS, lambda desk, call: desk.calls()),
    "search": Deed(Right.SEE_OWN_CALLS, lambda desk, call: desk.search(CallQuery())),
    "snapshot": Deed(Right.SEE_OWN_CALLS, lambda desk, call: desk.snapshot(call)),
    "quality": Deed(Right.SEE_OWN_CALLS, lambda desk, call: desk.quality(call)),
    "insight_names": Deed(Right.SEE_OWN_CALLS, lambda desk, call: desk.insight_names("ko", "en")),
    "end_call": Deed(Right.TALK, lambda desk, call: desk.end_call(call)),
    "join": Deed(Right.TALK, lambda desk, call: desk.join(call, Role.AGENT, "Agent")),
    "join_token": Deed(Right.TALK, lambda desk, call: desk.join_token(call)),
    "view_token": Deed(Right.SEE_OWN_CALLS, lambda desk, call: desk.view_token(call)),
    "set_language": Deed(Right.CORRECT, lambda desk, call: desk.set_language(call, NOBODYS_SEAT, "en")),
    "overviews": Deed(Right.LISTEN, lambda desk, call: desk.overviews()),
    "overviews_token": Deed(Right.LISTEN, lambda desk, call: desk.overviews_token()),
    "make_api_token": Deed(Right.MAKE_TOKENS, lambda desk, call: desk.make_api_token(1, "report")),
    "found_turns": Deed(Right.SEE_OWN_CALLS, lambda desk, call: desk.found_turns(CallQuery())),
    "turns": Deed(Right.SEE_OWN_CALLS, lambda desk, call: desk.turns(call)),
    "costs": Deed(Right.SEE_OWN_CALLS, lambda desk, call: desk.costs(())),
    "fleet": Deed(Right.SEE_ALL_CALLS, lambda desk, call: desk.fleet()),
    "painted": Deed(Right.SEE_OWN_CALLS, lambda desk, call: desk.painted(call, ())),
    "correct": Deed(Right.CORRECT, lambda desk, call: desk.correct(call, "u1", "words")),
    "ask": Deed(Right.SEE_OWN_CALLS, lambda desk, call: desk.ask(call, "What was promised?")),
    "wrap_up": Deed(Right.SEE_OWN_CALLS, lambda desk, call: desk.wrap_up(call)),
    "is_wrap_up_due": Deed(Right.SEE_OWN_CALLS, lambda desk, call: desk.is_wrap_up_due(call)),
    "draft_wrap_up": Deed(Right.WRAP_UP, lambda desk, call: desk.draft_wrap_up(call)),
    "file_wrap_up": Deed(Right.WRAP_UP, lambda desk, call: desk.file_wrap_up(call, WrapUpText(issue="None"))),
    "export": Deed(Right.EXPORT, lambda desk, call: desk.export(call, ExportFormat.JSON)),
    "delete_call": Deed(Right.DELETE, lambda desk, call: desk.delete_call(call)),
    "loads": Deed(Right.SEE_SERVER, lambda desk, call: desk.loads()),
    "begin_import": Deed(Right.EXPORT, lambda desk, call: desk.begin_import("dump.txt")[1].give_up()),
    "import_status": Deed(Right.EXPORT, lambda desk, call: desk.import_status("none")),
    "imports": Deed(Right.EXPORT, lambda desk, call: desk.imports()),
    "figures": Deed(Right.SEE_SERVER, lambda desk, call: desk.figures()),
    "settings_report": Deed(Right.SEE_SETTINGS, lambda desk, call: desk.settings_report()),
    "knowledge": Deed(Right.SEE_SETTINGS, lambda desk, call: desk.knowledge()),
    "handbook": Deed(Right.READ_HANDBOOK, lambda desk, call: desk.handbook()),
    "change_handbook": Deed(
        Right.CHANGE_HANDBOOK, lambda desk, call: desk.change_handbook(KnowledgeChange("../out.md", "## a\nb\n", ""))
    ),
    "speech_hints": Deed(Right.SEE_SETTINGS, lambda desk, call: desk.speech_hints()),
    "save_speech_hints": Deed(Right.CHANGE_SETTINGS, lambda desk, call: desk.save_speech_hints("", "another file's")),
    "prompt": Deed(Right.SEE_SETTINGS, lambda desk, call: desk.prompt("en")),
    "save_prompt": Deed(Right.CHANGE_SETTINGS, lambda desk, call: desk.save_prompt(PROMPT, "en", "another file's")),
    "try_prompt": Deed(Right.CHANGE_SETTINGS, lambda desk, call: desk.try_prompt(call, "en", PROMPT)),
    "alert_rules": Deed(Right.SEE_SETTINGS, lambda desk, call: desk.alert_rules()),
    "switched_off_rules": Deed(Right.SEE_SETTINGS, lambda desk, call: desk.switched_off_rules()),
    "save_alert_rules": Deed(Right.CHANGE_SETTINGS, lambda desk, call: desk.save_alert_rules("", "another file's")),
    "doctor_token": Deed(Right.SEE_OWN_CALLS, lambda desk, call: desk.doctor_token()),
    "check_report": Deed(Right.SEE_SERVER, lambda desk, call: desk.check_report()),
    "run_checks": Deed(Right.SEE_SERVER, lambda desk, call: desk.run_checks({"clock"})),
    "trial_ice": Deed(Right.TALK, lambda desk, call: desk.trial_ice()),
    "connect_trial": Deed(Right.TALK, lambda desk, call: desk.connect_trial("no offer", "no offer")),
    "end_trial": Deed(Right.TALK, lambda desk, call: desk.end_trial()),
    "persona_offers": Deed(Right.TALK, lambda desk, call: desk.persona_offers()),
    "persona_problems": Deed(Right.TALK, lambda desk, call: desk.persona_problems()),
    "start_persona": Deed(Right.TALK, lambda desk, call: desk.start_persona(PersonaId("no-such-persona"))),
    "type_to_persona": Deed(Right.TALK, lambda desk, call: desk.type_to_persona(desk.start_call("en").id, "Hello")),
    "interrupt_persona": Deed(Right.TALK, lambda desk, call: desk.interrupt_persona(desk.start_call("en").id)),
    "persona_events": Deed(Right.SEE_ALL_CALLS, lambda desk, call: desk.persona_events(call)),
    "export_persona_events": Deed(Right.EXPORT, lambda desk, call: desk.export_persona_events(call)),
    "override_hours": Deed(
        Right.CHANGE_HOURS, lambda desk, call: desk.override_hours(PersonaId("no-such-persona"), True, 0.0)
    ),
    "end_override": Deed(Right.CHANGE_HOURS, lambda desk, call: desk.end_override(PersonaId("no-such-persona"))),
    "scenarios": Deed(Right.DEMO, lambda desk, call: desk.scenarios()),
    "reload": Deed(Right.RELOAD, lambda desk, call: desk.reload()),
    "audit": Deed(Right.SEE_AUDIT, lambda desk, call: desk.audit(AuditQuery())),
}
IMPOSSIBLE = (
    ScenarioNotFound,
    UtteranceNotFound,
    CallRunning,
    CallNotImpairable,
    ParticipantNotFound,
    HintsChanged,
    ImportNotFound,
    PromptChanged,
    ModelNotConfigured,
    AlertRulesChanged,
    KnowledgePathRefused,
    OfferRefused,
    PersonaNotFound,
    CallWithoutPersona,
)
"""What a deed that is allowed may fail of in a call without words that still runs."""
OWN_SEAT = {"connect", "set_muted", "supervise", "leave"}
"""These take a seat of one's own, whoever one is."""
FOR_ANYBODY = {"call_types", "may", "sign_out", "revision", "health"}


@pytest.fixture(scope="module")
def backend(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backend]:
    folder = tmp_path_factory.mktemp("desk")
    settings = Settings(
        _env_file=None,
        data_dir=folder,
        oidc_metadata_url="http://127.0.0.1:9/none",
        oidc_client_id="earshot",
        oidc_client_secret="a secret of this test",
        call_limit=1_000,
    )
    backend = Backend(settings)
    # On a busy machine the media process takes longer to come up than the first call would wait for it.
    assert wait_for(lambda: all(part.state is not PartState.STARTING for part in backend.health()), 60.0)
    yield backend
    backend.close()


@pytest.fixture
def call(backend: Backend) -> Iterator[CallId]:
    """A running call that no agent has taken yet, which an agent may see."""
    yield backend.start_call("ko", "oidc:test#starter").id
    for running in backend.calls():
        backend.end_call(running.id)


def refusals(backend: Backend, person: Person) -> list[str]:
    lines = backend.audit.entries(AuditQuery(action=AuditAction.ACCESS_REFUSED))
    return [line.detail["right"] for line in lines if line.person_id == person.id]


def test_every_method_of_the_desk_is_in_the_table() -> None:
    methods = {name for name, _ in inspect.getmembers(Desk, inspect.isfunction) if not name.startswith("_")}
    assert methods == set(DEEDS) | OWN_SEAT | FOR_ANYBODY


@pytest.mark.parametrize("role", UserRole)
@pytest.mark.parametrize("name", DEEDS)
def test_a_role_does_what_it_has_the_right_to_and_nothing_else(
    backend: Backend, call: CallId, name: str, role: UserRole
) -> None:
    person, deed = person_in(role, name), DEEDS[name]
    desk = Desk(backend, person)
    if deed.right in RIGHTS[role]:
        with suppress(*IMPOSSIBLE):
            deed.ask(desk, call)
        assert refusals(backend, person) == []
    else:
        with pytest.raises(AccessDenied):
            deed.ask(desk, call)
        assert len(refusals(backend, person)) == 1


@pytest.mark.parametrize("role", [role for role in UserRole if role is not UserRole.CUSTOMER])
@pytest.mark.parametrize("name", DEEDS)
def test_a_sign_in_that_is_over_opens_nothing(backend: Backend, call: CallId, name: str, role: UserRole) -> None:
    person = person_in(role, f"gone-{name}")
    desk = Desk(backend, person)
    desk.sign_out()
    with pytest.raises(SignInEnded):
        DEEDS[name].ask(desk, call)


@pytest.mark.parametrize("role", UserRole)
@pytest.mark.parametrize("deed", sorted(OWN_SEAT))
def test_nobody_acts_from_anothers_seat(backend: Backend, call: CallId, deed: str, role: UserRole) -> None:
    other = Desk(backend, person_in(UserRole.AGENT, "other")).join(call, Role.AGENT, "Other")
    desk = Desk(backend, person_in(role))
    asked: dict[str, Callable[[ParticipantId], object]] = {
        "connect": lambda seat: desk.connect(call, seat),
        "set_muted": lambda seat: desk.set_muted(call, seat, muted=True),
        "supervise": lambda seat: desk.supervise(call, seat, SupervisionMode.BARGE_IN),
        "leave": lambda seat: desk.leave(call, seat),
    }
    for seat in (other.id, NOBODYS_SEAT):
        with pytest.raises(ParticipantNotFound):
            asked[deed](seat)
    assert not backend.call(call).participants[0].muted


@pytest.mark.parametrize("role", UserRole)
@pytest.mark.parametrize("seat", Role)
def test_a_seat_is_taken_by_the_right_that_it_needs(backend: Backend, call: CallId, seat: Role, role: UserRole) -> None:
    needed = {Role.AGENT: Right.TALK, Role.SUPERVISOR: Right.LISTEN}.get(seat)
    desk = Desk(backend, person_in(role))
    if needed in RIGHTS[role]:
        assert desk.join(call, seat, "Name").person_id == desk.person.id
    else:
        with pytest.raises(AccessDenied):
            desk.join(call, seat, "Name")


def test_an_agent_does_not_learn_that_another_agents_call_exists(backend: Backend, call: CallId) -> None:
    backend.end_call(call)
    assert wait_for(lambda: backend.call(call).state is CallState.ENDED)
    desk = Desk(backend, person_in(UserRole.AGENT, "curious"))
    for ask in (desk.snapshot, desk.join_token, desk.end_call):
        with pytest.raises(CallNotFound) as refused:
            ask(call)
        with pytest.raises(CallNotFound) as missing:
            ask(CallId("no-such-call"))
        assert str(refused.value).replace(call, "no-such-call") == str(missing.value)


@pytest.mark.parametrize("role", UserRole)
def test_the_parts_are_described_to_those_who_may_see_the_server(
    backend: Backend, call: CallId, role: UserRole
) -> None:
    desk = Desk(backend, person_in(role))
    parts = desk.health() if role is UserRole.CUSTOMER else (*desk.health(), *desk.snapshot(call).parts)
    assert parts
    assert any(part.detail for part in parts) == (Right.SEE_SERVER in RIGHTS[role])


@pytest.mark.parametrize("mode", SupervisionMode)
def test_a_supervisor_steps_in_from_the_own_seat_and_every_change_is_written_down(
    backend: Backend, call: CallId, mode: SupervisionMode
) -> None:
    desk = Desk(backend, person_in(UserRole.SUPERVISOR, f"stepping-{mode}"))
    seat = desk.join(call, Role.SUPERVISOR, "Sue")
    desk.supervise(call, seat.id, mode)
    assert backend.call(call).participants[0].mode is mode
    (line,) = backend.audit.entries(AuditQuery(action=AuditAction.SUPERVISED, subject=call))
    assert (line.person_id, line.detail["mode"], line.role) == (desk.person.id, mode.value, "supervisor")


def test_an_agents_seat_has_no_modes(backend: Backend, call: CallId) -> None:
    desk = Desk(backend, person_in(UserRole.ADMIN, "agent"))
    seat = desk.join(call, Role.AGENT, "Ann")
    with pytest.raises(ParticipantNotFound):
        desk.supervise(call, seat.id, SupervisionMode.TAKE_OVER)
    assert backend.call(call).participants[0].mode is None


def test_who_may_listen_but_not_step_in_only_monitors(
    backend: Backend, call: CallId, monkeypatch: pytest.MonkeyPatch
) -> None:
    listeners = {**RIGHTS, UserRole.SUPERVISOR: RIGHTS[UserRole.SUPERVISOR] - {Right.STEP_IN}}
    monkeypatch.setattr("core.model.access.RIGHTS", listeners)
    desk = Desk(backend, person_in(UserRole.SUPERVISOR, "listener"))
    seat = desk.join(call, Role.SUPERVISOR, "Sue")
    desk.supervise(call, seat.id, SupervisionMode.MONITOR)
    for mode in set(SupervisionMode) - {SupervisionMode.MONITOR}:
        with pytest.raises(AccessDenied):
            desk.supervise(call, seat.id, mode)
    assert backend.call(call).participants[0].mode is SupervisionMode.MONITOR
    assert refusals(backend, desk.person) == ["step_in"] * 3


@pytest.mark.parametrize("is_private", [False, True])
def test_private_monitoring_hides_listeners_from_whoever_may_not_listen(
    backend: Backend, call: CallId, monkeypatch: pytest.MonkeyPatch, is_private: bool
) -> None:
    settings = backend.settings.model_copy(update={"private_monitoring": is_private})
    monkeypatch.setattr(backend, "settings", settings)
    supervisor = Desk(backend, person_in(UserRole.SUPERVISOR, "private"))
    agent = Desk(backend, person_in(UserRole.AGENT, "private"))
    analyst = Desk(backend, person_in(UserRole.ANALYST, "private"))
    guest = Guest(backend, agent.join_token(call))
    seat = supervisor.join(call, Role.SUPERVISOR, "Sue")
    supervisor.connect(call, seat.id)

    def exported(desk: Desk) -> bytes:
        return desk.export(call, ExportFormat.JSON).content

    def seen(desk: Desk) -> list[list[str]]:
        listed = next(each for each in desk.calls() if each.id == call)
        found = next(each.call for each in desk.search(CallQuery(is_running=True)).calls if each.call.id == call)
        shown = [desk.snapshot(call).call, listed, found]
        return [[p.name for p in each.participants] for each in shown]

    assert wait_for(lambda: seen(supervisor) == [["Sue"]] * 3)
    hidden: list[str] = [] if is_private else ["Sue"]
    assert seen(agent) == [hidden] * 3
    assert [p.name for p in guest.call().participants] == hidden
    assert bool(agent.snapshot(call).legs) != is_private
    traces = ("Sue", *supervisor.snapshot(call).legs)
    assert wait_for(lambda: all(trace.encode() in exported(supervisor) for trace in traces))
    for trace in traces:
        assert (trace.encode() in exported(analyst)) != is_private
    supervisor.supervise(call, seat.id, SupervisionMode.COACH)
    assert [p.name for p in agent.snapshot(call).call.participants] == ["Sue"]
    assert [p.name for p in guest.call().participants] == ["Sue"]


def test_a_guest_states_only_the_own_language_and_everybody_sees_it(backend: Backend, call: CallId) -> None:
    agent = Desk(backend, person_in(UserRole.AGENT, "language"))
    seat = agent.join(call, Role.AGENT, "Ann")
    guest = Guest(backend, agent.join_token(call))
    own = guest.join(call, Role.CUSTOMER, "Chris")
    guest.set_language(call, own.id, "en")
    with pytest.raises(ParticipantNotFound):
        guest.set_language(call, seat.id, "en")
    assert {p.name: p.language for p in agent.snapshot(call).call.participants} == {"Ann": None, "Chris": "en"}
    agent.set_language(call, own.id, "ko")
    assert [p.language for p in guest.call().participants] == [None, None], "the call's own language is no exception"


def test_nobody_learns_by_a_language_that_a_supervisor_listens_in_private(
    backend: Backend, call: CallId, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backend, "settings", backend.settings.model_copy(update={"private_monitoring": True}))
    seat = Desk(backend, person_in(UserRole.SUPERVISOR, "unseen")).join(call, Role.SUPERVISOR, "Sue")
    with pytest.raises(ParticipantNotFound):
        Desk(backend, person_in(UserRole.AGENT, "unseen")).set_language(call, seat.id, "en")


def test_a_changed_prompt_is_in_use_and_written_down(backend: Backend) -> None:
    desk = Desk(backend, person_in(UserRole.ADMIN, "prompts"))
    saved = desk.save_prompt(PROMPT, "en", desk.prompt("en").digest)
    assert backend.prompts("en").instructions == "Be brief."
    assert saved.path == backend.settings.data_dir / "prompts" / "en.md"
    with pytest.raises(PromptInvalid):
        desk.save_prompt("Be brief.", "en", saved.digest)
    lines = backend.audit.entries(AuditQuery(action=AuditAction.PROMPT_CHANGED))
    (line,) = [line for line in lines if line.person_id == desk.person.id]
    assert line.detail == {"language": "en"}


def test_a_prompt_is_tried_by_administrators_alone_and_with_a_model_alone(backend: Backend) -> None:
    call = backend.start_call("en", "somebody")
    with pytest.raises(AccessDenied):
        Desk(backend, person_in(UserRole.SUPERVISOR, "tries")).try_prompt(call.id, "en", "Be brief.")
    desk = Desk(backend, person_in(UserRole.ADMIN, "tries"))
    assert not desk.has_model
    with pytest.raises(ModelNotConfigured):
        desk.try_prompt(call.id, "en", "Be brief.")
    lines = backend.audit.entries(AuditQuery(action=AuditAction.PROMPT_TRIED))
    assert [line.subject for line in lines if line.person_id == desk.person.id] == [call.id]
    backend.end_call(call.id)


def test_a_supervisor_opens_a_persona_for_a_while_and_that_is_written_down(backend: Backend) -> None:
    desk, sarado = Desk(backend, person_in(UserRole.SUPERVISOR, "hours")), PersonaId("sarado")
    until = time.time() + 3600
    desk.override_hours(sarado, is_open=True, until=until)
    (offer,) = [each for each in desk.persona_offers() if each.persona.id == sarado]
    assert offer.override == HoursOverride(True, until, "hours")
    desk.end_override(sarado)
    (offer,) = [each for each in desk.persona_offers() if each.persona.id == sarado]
    assert offer.override is None
    with pytest.raises(HoursOverrideInvalid):
        desk.override_hours(sarado, is_open=True, until=until - 7200)
    lines = backend.audit.entries(AuditQuery(action=AuditAction.HOURS_OVERRIDDEN, subject=sarado))
    after, before = [line for line in lines if line.person_id == desk.person.id]
    assert (before.detail["change"], after.detail) == ("opened", {"change": "as usual"})
    assert before.detail["until"] == told_moment(until, backend.settings.time_zone)


def test_changed_alert_rules_are_in_use_and_written_down(backend: Backend) -> None:
    desk = Desk(backend, person_in(UserRole.ADMIN, "rules"))
    assert len(desk.alert_rules().content.rules) >= 10, "those that come with Earshot"
    rule = "{id: a, name: {ko: 가, en: A}, category: c, level: info, silence: {for_s: 30}}"
    saved = desk.save_alert_rules(f"rules: [{rule}]", desk.alert_rules().digest)
    assert [each.id for each in desk.alert_rules().content.rules] == ["a"]
    assert saved.path == backend.settings.data_dir / "alerts.yaml"
    with pytest.raises(AlertRulesInvalid):
        desk.save_alert_rules("rules: [x]", saved.digest)
    with pytest.raises(AccessDenied):
        Desk(backend, person_in(UserRole.SUPERVISOR, "rules")).save_alert_rules("", saved.digest)
    lines = backend.audit.entries(AuditQuery(action=AuditAction.ALERT_RULES_CHANGED))
    (line,) = [line for line in lines if line.person_id == desk.person.id]
    assert line.detail == {"rules": "1"}
    assert desk.switched_off_rules() == ()


def test_changed_hints_are_in_use_and_written_down(backend: Backend) -> None:
    desk = Desk(backend, person_in(UserRole.ADMIN, "hints"))
    saved = desk.save_speech_hints("phrases: [Flex, Max]", desk.speech_hints().digest)
    assert [phrase.value for phrase in saved.content.phrases] == ["Flex", "Max"]
    assert saved.path == backend.settings.data_dir / "speech_hints.yaml"
    with pytest.raises(HintsInvalid):
        desk.save_speech_hints("phrases: [${no}]", saved.digest)
    lines = backend.audit.entries(AuditQuery(action=AuditAction.HINTS_CHANGED))
    (line,) = [line for line in lines if line.person_id == desk.person.id]
    assert line.detail == {"phrases": "2"}
