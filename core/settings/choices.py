"""The settings that are one of a few words."""

from enum import StrEnum


class Environment(StrEnum):
    """Where this server stands."""

    DEVELOPMENT = "development"
    """On somebody's own machine: without accounts, whoever sits at it is an administrator."""
    PRODUCTION = "production"
    """For others: unsafe settings are refused at start."""


class BridgeKind(StrEnum):
    """How audio goes from one leg to the others."""

    FORWARD = "forward"
    """Packets go from socket to socket as they came, numbers and all."""
    TAP = "tap"
    """Packets are tapped behind the receiver, and sent on with new numbers."""
    RELAY = "relay"
    """aiortc's MediaRelay: every voice is decoded and encoded again."""


class IcePolicy(StrEnum):
    """Which paths audio may take between a browser and the server."""

    ALL = "all"
    """The best that is found, a relay's only where nothing else connects."""
    RELAY = "relay"
    """Through a TURN server only."""


class SpeechEngine(StrEnum):
    """Which engine turns speech to text."""

    AUTO = "auto"
    """The best that this machine can run."""
    WHISPER = "whisper"
    GOOGLE = "google"


class AssistEngine(StrEnum):
    """Which engine says what a call is about."""

    AUTO = "auto"
    """The language model where one is set up, the extractive summary otherwise."""
    EXTRACTIVE = "extractive"
    OPENAI = "openai"
    """OpenAI, or any server that speaks its protocol."""


class ReasoningEffort(StrEnum):
    """How long a reasoning model thinks before it answers; other models know none of it."""

    OFF = "off"
    """Not sent: for models and servers that refuse it."""
    NONE = "none"
    MINIMAL = "minimal"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class InterfaceLocale(StrEnum):
    """The interface's language."""

    AUTO = "auto"
    """The browser's."""
    KO = "ko"
    EN = "en"
