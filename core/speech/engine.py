"""Which speech engine is used: one at a time, chosen by setting."""

from core.model.clock import Clock
from core.model.errors import EngineUnavailable
from core.model.message import Message
from core.settings import Settings, SpeechEngine
from core.speech.endpointing import EndpointRules
from core.speech.local import LoadedModels, LocalTranscriber
from core.speech.model_files import ensure_model
from core.speech.session import SessionRules
from core.speech.transcriber import Transcriber
from core.speech.voice_activity import SileroModel
from core.speech.whisper import COMPUTE_TYPE, WhisperDecoder

INTERIM_EVERY_S = 1.0


def open_transcriber(settings: Settings, clock: Clock, interims: bool = True) -> Transcriber:
    """The configured engine, the only one of the process. Returns at once; it goes on loading in the background.

    Args:
        settings: Says which engine, and how it is set.
        clock: Passed to the engine.
        interims: Whether text is wanted while somebody is still speaking.

    Raises:
        EngineUnavailable: the engine cannot be used here.
    """
    match settings.engine:
        case SpeechEngine.AUTO | SpeechEngine.WHISPER:
            return _open_whisper(settings, clock, interims)
        case SpeechEngine.GOOGLE:
            raise EngineUnavailable(
                engine=settings.engine,
                reason="Google Cloud Speech-to-Text is not part of this version yet; whisper runs on this machine",
            )


def _open_whisper(settings: Settings, clock: Clock, interims: bool) -> LocalTranscriber:
    def load() -> LoadedModels:
        folder = ensure_model(settings)
        activity = SileroModel()
        decoder = WhisperDecoder(folder, settings.whisper_workers, settings.whisper_beam)
        description = Message(
            "Whisper {model} ({precision}, {workers} at a time).",
            {"model": decoder.model, "precision": COMPUTE_TYPE, "workers": settings.whisper_workers},
        )
        return LoadedModels(decoder, activity.open_stream, description)

    return LocalTranscriber(
        load=load,
        rules=SessionRules(
            endpointing=EndpointRules(endpoint_s=settings.endpoint_ms / 1000),
            interim_every_s=INTERIM_EVERY_S if interims else None,
        ),
        workers=settings.whisper_workers,
        clock=clock,
    )
