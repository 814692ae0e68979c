"""A speech engine that says what the test tells it to."""

from core.model.health import PartHealth, PartState
from core.model.message import Message
from core.model.utterance import Recognition
from core.speech.transcriber import OnRecognition, SpeechStats


class ScriptedSession:
    """Implements `core.speech.transcriber.SpeechSession`."""

    def __init__(self, language: str, on_recognition: OnRecognition) -> None:
        self.language = language
        self.fed: list[tuple[bytes, float]] = []
        self.on_close: list[Recognition] = []
        self.is_closed = False
        self.stats = SpeechStats(fed_s=0.0, dropped_s=0.0, waiting_s=0.0)
        self._on_recognition = on_recognition

    def recognise(self, text: str, ordinal: int = 0, is_final: bool = True, start_s: float = 0.0) -> None:
        self._on_recognition(
            Recognition(
                ordinal, text, is_final, start_s, start_s + 1.0, confidence=0.9, engine="scripted", model="test"
            )
        )

    def give_up(self, ordinal: int, start_s: float, end_s: float) -> None:
        self._on_recognition(Recognition(ordinal, "", True, start_s, end_s, is_given_up=True))

    def feed(self, pcm: bytes, start_s: float) -> None:
        self.fed.append((pcm, start_s))

    def close(self, timeout_s: float) -> bool:
        if not self.is_closed:
            for recognition in self.on_close:
                self._on_recognition(recognition)
        self.is_closed = True
        return True


class ScriptedTranscriber:
    """Implements `core.speech.transcriber.Transcriber`; keeps its sessions by name."""

    def __init__(self) -> None:
        self.sessions: dict[str, ScriptedSession] = {}

    @property
    def health(self) -> PartHealth:
        return PartHealth("speech", PartState.UP, needed=False, detail=(Message("scripted"),))

    def open_session(self, name: str, language: str, on_recognition: OnRecognition) -> ScriptedSession:
        self.sessions[name] = ScriptedSession(language, on_recognition)
        return self.sessions[name]

    def close(self) -> None:
        for session in self.sessions.values():
            session.close(0)
