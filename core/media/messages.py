"""The control protocol: what goes over the media process's unix socket.

A frame is a four-byte big-endian length and that many bytes of MessagePack: one of the structs below, told apart by its
`type`. The first frame from a controller is `Hello`; the process answers `Welcome`, or `Refusal` in words and closes.
Then every `Request` gets one `Reply` with its number, in any order, and a controller that asked for events gets them
between the replies. `VERSION` changes with any change that an older side would misread.
"""

import struct
from typing import ClassVar

import msgspec

from core.media.events import LegChanged, LegSpec, MediaLoad, PlaybackEnded, VoiceSent
from core.media.ice import OWN_ADDRESSES, IceConfiguration
from core.model.audio import PcmChunk
from core.model.call import CallId, LegId
from core.model.errors import MediaError
from core.model.sample import RtpSample

VERSION = 4

FRAME_LIMIT = 1 << 20
"""Longest frame in bytes; nobody sends a longer one, so it means a peer that speaks something else."""

_LENGTH = struct.Struct("!I")
LENGTH_BYTES = _LENGTH.size


class ProtocolError(Exception):
    """The other side does not speak this protocol."""


class Message(msgspec.Struct, frozen=True, tag_field="type"):
    """Root of all messages."""


class Hello(Message, frozen=True, tag="hello"):
    """A controller's first words."""

    version: int
    events: bool
    """Whether this controller wants the events."""


class Welcome(Message, frozen=True, tag="welcome"):
    """The process takes the controller on."""

    version: int
    bridge: str
    """Which bridge is in use."""
    problem: str = ""
    """Why that is not the one that was asked for."""


class Refusal(Message, frozen=True, tag="refusal"):
    """The process does not take the controller on; the connection is closed after it."""

    reason: str


class Request(Message, frozen=True, kw_only=True):
    """Root of all requests."""

    number: int = 0
    """Chosen by the controller's side of the connection, unique on it; the reply repeats it."""


class OpenLeg(Request, frozen=True, tag="open_leg"):
    """Make a leg known. Idempotent."""

    name: ClassVar[str] = "open leg"
    spec: LegSpec


class Answer(Request, frozen=True, tag="answer"):
    """Answer a leg's one offer; the reply's text is the answer."""

    name: ClassVar[str] = "answer"
    leg_id: LegId
    offer_sdp: str
    ice: IceConfiguration = OWN_ADDRESSES
    """What the server's side may use, and the other side too; by default no STUN and no TURN server."""


class AddCandidate(Request, frozen=True, tag="add_candidate"):
    """Pass on a trickled candidate; None ends them."""

    name: ClassVar[str] = "add candidate"
    leg_id: LegId
    candidate: str | None
    sdp_mid: str | None
    sdp_mline_index: int | None


class SetRoutes(Request, frozen=True, tag="set_routes"):
    """Replace a call's whole table of who hears whom: listener to sources."""

    name: ClassVar[str] = "set routes"
    call_id: CallId
    routes: dict[LegId, frozenset[LegId]]


class SetMuted(Request, frozen=True, tag="set_muted"):
    """Mute or unmute a leg on the server."""

    name: ClassVar[str] = "set muted"
    leg_id: LegId
    muted: bool


class CloseLeg(Request, frozen=True, tag="close_leg"):
    """End a leg on purpose. Idempotent."""

    name: ClassVar[str] = "close leg"
    leg_id: LegId


class Feed(Request, frozen=True, tag="feed"):
    """Let files be heard as if they came from these legs, without any network."""

    name: ClassVar[str] = "feed"
    call_id: CallId
    files: dict[LegId, str]
    offset_s: float = 0.0


class Speak(Request, frozen=True, tag="speak"):
    """Have a voice leg say this after what it was given before."""

    name: ClassVar[str] = "speak"
    leg_id: LegId
    item_id: str
    pcm: bytes
    """In `PERSONA_FORMAT`, whole samples."""


class Hush(Request, frozen=True, tag="hush"):
    """Have a voice leg say nothing more of what it was given."""

    name: ClassVar[str] = "hush"
    leg_id: LegId


class Done(Message, frozen=True, tag="done"):
    """A request was carried out."""

    number: int
    text: str = ""


class Failed(Message, frozen=True, tag="failed"):
    """A request was not carried out: the name and the parameters of the error."""

    number: int
    error: str
    parameters: dict[str, str]


class LegReport(Message, frozen=True, tag="leg"):
    """Event: a leg has a new state."""

    change: LegChanged


class PcmReport(Message, frozen=True, tag="pcm"):
    """Event: audio for speech recognition."""

    chunk: PcmChunk


class SampleReport(Message, frozen=True, tag="sample"):
    """Event: a second of RTP figures."""

    sample: RtpSample


class VoiceReport(Message, frozen=True, tag="voice"):
    """Event: sound that was given to a voice leg goes out."""

    sent: VoiceSent


class LoadReport(Message, frozen=True, tag="load"):
    """Event: a second of the process's own figures."""

    load: MediaLoad


class PlaybackReport(Message, frozen=True, tag="playback"):
    """Event: a direct feed has ended."""

    ended: PlaybackEnded


AnyRequest = OpenLeg | Answer | AddCandidate | SetRoutes | SetMuted | CloseLeg | Feed | Speak | Hush
AnyReport = LegReport | PcmReport | SampleReport | VoiceReport | LoadReport | PlaybackReport
FromController = Hello | AnyRequest
FromProcess = Welcome | Refusal | Done | Failed | AnyReport

_encoder = msgspec.msgpack.Encoder()
_from_controller: msgspec.msgpack.Decoder[FromController] = msgspec.msgpack.Decoder(FromController)
_from_process: msgspec.msgpack.Decoder[FromProcess] = msgspec.msgpack.Decoder(FromProcess)


def encode_frame(message: Message) -> bytes:
    """One frame, ready to be written."""
    body = _encoder.encode(message)
    return _LENGTH.pack(len(body)) + body


def body_length(prefix: bytes) -> int:
    """Length of the body after a four-byte prefix.

    Raises:
        ProtocolError: no frame is that long.
    """
    length: int = _LENGTH.unpack(prefix)[0]
    if length > FRAME_LIMIT:
        raise ProtocolError(f"a frame of {length} bytes was announced")
    return length


def decode_from_controller(body: bytes) -> FromController:
    """What a controller sent.

    Raises:
        ProtocolError: it is none of the known messages.
    """
    try:
        return _from_controller.decode(body)
    except msgspec.MsgspecError as error:
        raise ProtocolError(str(error)) from error


def decode_from_process(body: bytes) -> FromProcess:
    """What the media process sent.

    Raises:
        ProtocolError: it is none of the known messages.
    """
    try:
        return _from_process.decode(body)
    except msgspec.MsgspecError as error:
        raise ProtocolError(str(error)) from error


def failure_of(number: int, error: MediaError) -> Failed:
    """A media error as it goes over the wire."""
    parameters = {name: str(value) for name, value in error.parameters.items()}
    return Failed(number=number, error=type(error).__name__, parameters=parameters)


def error_of(failed: Failed) -> MediaError:
    """The media error that the process raised, as it is known here.

    Raises:
        ProtocolError: there is no such error.
    """
    for kind in MediaError.__subclasses__():
        if kind.__name__ == failed.error:
            return kind(**failed.parameters)
    raise ProtocolError(f"the error {failed.error} is unknown here")
