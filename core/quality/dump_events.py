"""What a browser's log of one connection tells of it: how a path was looked for, when it was found, when it was lost.

The names of events and the form of their values differ between versions of Chromium (`onIceCandidate` or
`icecandidate`; a list of `name: value` or JSON); what is looked for in them does not. A log may hold megabytes of
session descriptions: of each event only what it tells is kept.
"""

import re
from dataclasses import dataclass, field

from core.model.leg_facts import IceFacts
from core.model.sample import PathState

CANDIDATE = re.compile(r"candidate:\S+ \d+ (udp|tcp|ssltcp) \d+ \S+ \d+ typ (host|srflx|prflx|relay)", re.IGNORECASE)
"""An ICE candidate as SDP writes it (RFC 8839, section 5.1)."""
RELAY_TRANSPORT = re.compile(r"""relayProtocol["']?:\s*["']?(udp|tcp|tls)""", re.IGNORECASE)
TURN_URL = re.compile(r"\b(turns?):[^\"'\s,\]}]*", re.IGNORECASE)
RELAY_ONLY = re.compile(r"""iceTransportPolicy["']?:\s*["']?relay""", re.IGNORECASE)
ERROR_CODE = re.compile(r"""error_?code["']?:\s*["']?(\d{3})""", re.IGNORECASE)
LONGEST_VALUE = 256 * 1024
"""Characters of one event's value that are looked at."""
MOST_STATES = 10_000
"""Changes of a connection's state that are kept."""
STATES = {
    "new": None,
    "checking": PathState.CONNECTING,
    "connecting": PathState.CONNECTING,
    "connected": PathState.CONNECTED,
    "completed": PathState.CONNECTED,
    "disconnected": PathState.DISCONNECTED,
    "failed": PathState.FAILED,
    "closed": None,
}


def event_name(kind: str) -> str:
    """An event's name as all versions have it: lower case, without `on` before it."""
    return kind.lower().removeprefix("on")


@dataclass(slots=True)
class EventLog:
    """What the events of one connection have told so far. Times are seconds since the Unix epoch."""

    began_at: float | None = None
    """The first event that has a time."""
    answered_at: float | None = None
    connected_at: float | None = None
    closed_at: float | None = None
    states: list[tuple[float, PathState]] = field(default_factory=list)
    """Each new state of the path, with its time."""
    untimed: int = 0
    """Events without a time that can be read."""
    has_turn: bool = False
    is_relay_only: bool = False
    _local: set[str] = field(default_factory=set)
    _remote: set[str] = field(default_factory=set)
    _errors: set[int] = field(default_factory=set)
    _offers: bool | None = None
    _ice: PathState | None = None
    _connection: PathState | None = None

    @property
    def ice(self) -> IceFacts:
        """How a path was looked for."""
        return IceFacts(
            is_relay_only=self.is_relay_only,
            has_turn=self.has_turn,
            local=tuple(sorted(self._local)),
            remote=tuple(sorted(self._remote)),
            errors=tuple(sorted(self._errors)),
        )

    def configure(self, configuration: str) -> None:
        """Take the connection's configuration, which every version writes as a text of its own."""
        text = configuration[:LONGEST_VALUE]
        self.has_turn = self.has_turn or TURN_URL.search(text) is not None
        self.is_relay_only = self.is_relay_only or RELAY_ONLY.search(text) is not None

    def add_candidate(self, form: str, is_local: bool) -> None:
        """A candidate that the figures tell of, such as `host/udp`."""
        (self._local if is_local else self._remote).add(form)

    def add(self, at: float | None, kind: str, value: str) -> None:
        """Take the next event, in the order in which they were written."""
        if at is None:
            self.untimed += 1
        elif self.began_at is None:
            self.began_at = at
        text = value[:LONGEST_VALUE]
        match event_name(kind):
            case "icecandidate":
                self._take_candidates(text, self._local)
            case "addicecandidate":
                self._take_candidates(text, self._remote)
            case "icecandidateerror":
                self._errors.update(int(code) for code in ERROR_CODE.findall(text))
            case "setlocaldescription":
                self._take_candidates(text, self._local)
                self._describe(at, text, is_local=True)
            case "setremotedescription":
                self._take_candidates(text, self._remote)
                self._describe(at, text, is_local=False)
            case "iceconnectionstatechange" | "iceconnectionstate":
                self._ice = _state(text)
                self._change(at)
            case "connectionstatechange":
                self._connection = _state(text)
                self._change(at)
            case "close" | "stop" | "remove":
                self.closed_at = at if self.closed_at is None else self.closed_at
            case _:
                return

    def shift(self, seconds: float) -> None:
        """Put all times so much later: the log was written by a clock of another time zone."""
        for name in ("began_at", "answered_at", "connected_at", "closed_at"):
            at = getattr(self, name)
            if at is not None:
                setattr(self, name, at + seconds)
        self.states = [(at + seconds, state) for at, state in self.states]

    def state_at(self, at: float) -> PathState | None:
        """The path's state at a moment; None where the log does not tell."""
        found = None
        for since, state in self.states:
            if since > at:
                break
            found = state
        return found

    def _take_candidates(self, text: str, found: set[str]) -> None:
        relay = RELAY_TRANSPORT.search(text)
        url = TURN_URL.search(text)
        for transport, kind in CANDIDATE.findall(text):
            form = transport.lower()
            if kind.lower() == "relay":
                secure = url is not None and url.group(1).lower() == "turns"
                over_tcp = url is not None and "transport=tcp" in url.group(0).lower()
                form = relay.group(1).lower() if relay else "tls" if secure else "tcp" if over_tcp else form
            found.add(f"{kind.lower()}/{form}")

    def _describe(self, at: float | None, text: str, is_local: bool) -> None:
        is_answer = re.search(r"""type["']?:\s*["']?answer""", text[:1_000] + text[-200:], re.IGNORECASE) is not None
        if self._offers is None:
            self._offers = is_local and not is_answer
        # Whoever offered has its answer when the other's description is set, the other one when it sets its own.
        if self.answered_at is None and is_answer and is_local is not self._offers:
            self.answered_at = at

    def _change(self, at: float | None) -> None:
        order = list(PathState)
        told = [state for state in (self._ice, self._connection) if state is not None]
        if not told or at is None:
            return
        state = max(told, key=order.index)
        # Of connecting and connected the connection's own state is the later one to come.
        if set(told) == {PathState.CONNECTING, PathState.CONNECTED}:
            state = PathState.CONNECTING
        if len(self.states) < MOST_STATES and (not self.states or self.states[-1][1] is not state):
            self.states.append((at, state))
        if state is PathState.CONNECTED and self.connected_at is None:
            self.connected_at = at


def _state(text: str) -> PathState | None:
    words = re.findall(r"[a-z]+", text.lower())
    return next((STATES[word] for word in reversed(words) if word in STATES), None)
