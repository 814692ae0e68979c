"""A backend for page tests: the facade's calls, on snapshots that the test puts there. No threads, no files."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from core.calls.tokens import JoinGrant
from core.model.call import (
    Call,
    CallId,
    CallOrigin,
    CallState,
    EndReason,
    LegId,
    LegState,
    Participant,
    ParticipantId,
    Role,
)
from core.model.errors import CallEnded, CallNotFound, LinkInvalid, ParticipantNotFound
from core.model.health import PartHealth, PartState
from core.model.snapshot import CallSnapshot
from core.settings import Settings

STARTED = 1_790_000_000.0


def make_call(
    call_id: str = "c1",
    state: CallState = CallState.LIVE,
    origin: CallOrigin = CallOrigin.BROWSER,
    participants: tuple[Participant, ...] = (),
    language: str = "ko",
) -> Call:
    """A call of that state, 75 seconds long if it has ended."""
    return Call(
        id=CallId(call_id),
        language=language,
        state=state,
        origin=origin,
        created_at=STARTED,
        live_at=None if state is CallState.WAITING else STARTED + 5,
        ended_at=STARTED + 80 if state is CallState.ENDED else None,
        end_reason=EndReason.HUNG_UP if state is CallState.ENDED else None,
        participants=participants,
    )


def make_snapshot(call: Call, **parts: object) -> CallSnapshot:
    """An otherwise empty picture of a call."""
    empty: dict[str, object] = {
        "revision": 1,
        "now_s": 10.0,
        "utterances": (),
        "summaries": (),
        "guidance": None,
        "samples": (),
        "legs": {},
        "notes": (),
        "parts": (),
        "dropped": {},
    }
    return CallSnapshot(call=call, **(empty | parts))


@dataclass
class FakePort:
    """A leg that connects at once."""

    leg_id: LegId
    state: LegState | None = LegState.CONNECTED

    def answer(self, offer_sdp: str, offer_type: str = "offer") -> str:
        return offer_sdp

    def add_candidate(self, candidate: Mapping[str, object]) -> None:
        pass

    def close(self) -> None:
        self.state = LegState.CLOSED


@dataclass
class PageBackend:
    """Has the methods of `core.backend.Backend` that pages use. `done` records the commands it was given."""

    settings: Settings = field(default_factory=lambda: Settings(_env_file=None))
    snapshots: dict[str, CallSnapshot] = field(default_factory=dict)
    tokens: dict[str, JoinGrant] = field(default_factory=dict)
    token_error: Exception | None = None
    demo_error: Exception | None = None
    parts: tuple[PartHealth, ...] = tuple(
        PartHealth(name, PartState.UP, needed=name in ("media", "store"))
        for name in ("media", "speech", "assist", "guidance", "store")
    )
    done: list[tuple[object, ...]] = field(default_factory=list)

    def put(self, snapshot: CallSnapshot) -> CallSnapshot:
        self.snapshots[snapshot.call.id] = snapshot
        return snapshot

    def change(self, call_id: CallId, **parts: object) -> CallSnapshot:
        """Replace parts of a call's picture, and count the change."""
        before = self.snapshots[call_id]
        return self.put(replace(before, revision=before.revision + 1, **parts))

    def calls(self) -> tuple[Call, ...]:
        return tuple(s.call for s in self.snapshots.values())

    def snapshot(self, call_id: CallId) -> CallSnapshot:
        if call_id not in self.snapshots:
            raise CallNotFound(call_id=call_id)
        return replace(self.snapshots[call_id], parts=self.parts)

    def start_call(self, language: str) -> Call:
        self.done.append(("start_call", language))
        return self.put(make_snapshot(make_call("new", CallState.WAITING, language=language))).call

    def start_demo(self) -> Call:
        self.done.append(("start_demo",))
        if self.demo_error:
            raise self.demo_error
        return self.put(make_snapshot(make_call("demo", origin=CallOrigin.DEMO, language="en"))).call

    def start_script(self, path: Path, language: str) -> Call:
        self.done.append(("start_script", path.name, language))
        return self.put(make_snapshot(make_call("script", origin=CallOrigin.SCRIPT, language=language))).call

    def join(self, call_id: CallId, role: Role, name: str, participant_id: ParticipantId | None = None) -> Participant:
        snapshot = self.snapshot(call_id)
        if snapshot.call.state is CallState.ENDED:
            raise CallEnded(call_id=call_id)
        known = {p.id: p for p in snapshot.call.participants}
        if participant_id is not None and participant_id not in known:
            raise ParticipantNotFound(participant_id=participant_id)
        new_id = participant_id or ParticipantId(f"p{len(known) + 1}")
        person = Participant(new_id, name, role, STARTED, LegId(f"l-{new_id}"), LegState.CONNECTED)
        people = tuple((known | {new_id: person}).values())
        self.put(replace(snapshot, call=replace(snapshot.call, participants=people)))
        self.done.append(("join", call_id, role, name, participant_id))
        return person

    def connect(self, call_id: CallId, participant_id: ParticipantId, listen_only: bool = False) -> FakePort:
        self.done.append(("connect", call_id, participant_id, listen_only))
        return FakePort(LegId(f"l-{participant_id}"))

    def set_muted(self, call_id: CallId, participant_id: ParticipantId, muted: bool) -> None:
        self.done.append(("set_muted", call_id, participant_id, muted))

    def leave(self, call_id: CallId, participant_id: ParticipantId) -> None:
        self.done.append(("leave", call_id, participant_id))

    def end_call(self, call_id: CallId) -> None:
        self.done.append(("end_call", call_id))

    def join_token(self, call_id: CallId, role: Role = Role.CUSTOMER) -> str:
        self.tokens[f"join-{call_id}"] = JoinGrant(call_id=call_id, role=role)
        return f"join-{call_id}"

    def read_join_token(self, token: str) -> JoinGrant:
        if self.token_error:
            raise self.token_error
        if token not in self.tokens:
            raise LinkInvalid
        return self.tokens[token]

    def view_token(self, call_id: CallId) -> str:
        return f"view-{call_id}"

    def read_view_token(self, token: str) -> CallId:
        return CallId(token.removeprefix("view-"))

    def revision(self, call_id: CallId) -> int:
        return self.snapshot(call_id).revision

    def health(self) -> tuple[PartHealth, ...]:
        return self.parts
