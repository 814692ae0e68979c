"""Why a call is as it is: causes, each with what shows it. The words are made in `core.quality.diagnosis_words`."""

from dataclasses import dataclass
from enum import StrEnum

from core.model.call import LegId
from core.model.sample import Direction


class Cause(StrEnum):
    """What can be behind trouble in a call, worst first."""

    INSECURE_PAGE = "insecure_page"
    """The page is not secure, so there is no microphone."""
    TURN_CREDENTIALS = "turn_credentials"
    """The TURN server turned the credentials away."""
    UDP_BLOCKED = "udp_blocked"
    """No UDP leaves the browser's network, and nothing else was offered."""
    TCP_TUNNEL = "tcp_tunnel"
    """The page came through a tunnel that carries TCP only: the server's media addresses cannot be reached."""
    RELAY_NEEDED = "relay_needed"
    """Every pair of addresses failed, and there was no relay among them."""
    ONE_WAY_AUDIO = "one_way_audio"
    DEAD_MICROPHONE = "dead_microphone"
    MUTED_MICROPHONE = "muted_microphone"
    SHARED_TRACK = "shared_track"
    """Half of the packets, or time stamps that jump: several readers share one track."""
    TIMESTAMP_DRIFT = "timestamp_drift"
    """The jitter buffer grows though the network is clean: the sender's time stamps drift."""
    SERVER_OVERLOAD = "server_overload"
    ACCESS_NETWORK = "access_network"
    """One side's own network loses or delays."""
    SLOW_PATH = "slow_path"
    PATH_FLAPPING = "path_flapping"
    PATH_LOST = "path_lost"
    ROBOT_VOICE = "robot_voice"
    """Noise suppression is on."""
    SPEECH_BEHIND = "speech_behind"
    """The recogniser cannot keep up, or gets no sound."""
    SPEECH_HANDOVER = "speech_handover"
    """The provider's stream was handed over: routine."""
    MODEL_FAILING = "model_failing"
    GUIDANCE_FAILING = "guidance_failing"
    RELAY_IN_USE = "relay_in_use"
    """A relay carries the sound: no fault, but it has a price."""


ROUTINE = frozenset({Cause.SPEECH_HANDOVER, Cause.RELAY_IN_USE})
"""What is no fault: good to know, but nothing that anybody needs to mend."""
HARMLESS = ROUTINE | {Cause.MUTED_MICROPHONE}
"""What was no fault, once it is over. While a microphone is muted, those who do not hear its owner need to be told."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One figure that shows a cause."""

    figure: str
    """Which: a field of a sample, or another figure that `core.quality.diagnosis_words` names."""
    value: float | str
    """In the figure's unit; a text for what is no number."""
    limit: float | None = None
    """What it is held against."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One cause at work. Times are on the call's clock."""

    cause: Cause
    leg_id: LegId | None
    """None where it is about the server or the call as a whole."""
    direction: Direction | None
    start_s: float
    end_s: float | None
    """None while it goes on."""
    evidence: tuple[Evidence, ...]
    is_certain: bool = True
    """False where the figures fit, but another cause would show the same."""
