"""Which speech engine is used: one at a time, chosen by setting."""

from collections.abc import Callable
from random import Random

from core.model.call import Language
from core.model.clock import Clock, SystemClock
from core.model.errors import SettingInvalid
from core.model.message import Message
from core.settings import Settings, SpeechEngine
from core.speech.endpointing import EndpointRules
from core.speech.google import MODEL_REGIONS, GoogleSpeech
from core.speech.google_connection import GoogleSettings
from core.speech.handover_rules import HandoverRules
from core.speech.hints import SpeechHints
from core.speech.local import LoadedModels, LocalTranscriber
from core.speech.model_files import ensure_model
from core.speech.provider_transcriber import ProviderTranscriber
from core.speech.scheduler import DecodeStats
from core.speech.session import SessionRules
from core.speech.transcriber import Transcriber
from core.speech.voice_activity import SileroModel
from core.speech.whisper import COMPUTE_TYPE, WhisperDecoder
from core.speech.whisper_prompt import WhisperPrompts

INTERIM_EVERY_S = 0.8
"""Audio between two interim texts. It comes 100 ms at a time, and the texts take as long: that makes one a second."""
HintsFor = Callable[[Language], SpeechHints]
"""The vocabulary hints in use for a language. Any thread."""


def open_transcriber(
    settings: Settings, clock: Clock, interims: bool = True, hints: HintsFor = lambda language: SpeechHints()
) -> Transcriber:
    """The configured engine, the only one of the process. Returns at once; it goes on loading in the background.

    Args:
        settings: Says which engine, and how it is set.
        clock: Passed to an engine that runs on this machine.
        interims: Whether text is wanted while somebody is still speaking.
        hints: Asked again by Whisper at every utterance and for Google at every stream, of at most five minutes, so
            that a change needs no new start.

    Raises:
        SettingInvalid: the engine cannot be used with these settings.
    """
    match settings.engine:
        case SpeechEngine.AUTO | SpeechEngine.WHISPER:
            return _open_whisper(settings, clock, interims, hints)
        case SpeechEngine.GOOGLE:
            return _open_google(settings, hints)


def decoding_of(transcriber: Transcriber) -> DecodeStats | None:
    """How the engine keeps up; None for a service, which has no queue here. Any thread."""
    return transcriber.decoding if isinstance(transcriber, LocalTranscriber) else None


def _open_whisper(settings: Settings, clock: Clock, interims: bool, hints: HintsFor) -> LocalTranscriber:
    def load() -> LoadedModels:
        folder = ensure_model(settings)
        activity = SileroModel()
        decoder = WhisperDecoder(
            folder,
            workers=settings.whisper_workers,
            threads=settings.whisper_threads,
            beam=settings.whisper_beam,
            window_s=settings.whisper_window_s,
            hints=WhisperPrompts(hints),
        )
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


def _open_google(settings: Settings, hints: HintsFor) -> ProviderTranscriber:
    regions = MODEL_REGIONS.get(settings.google_model)
    if regions is not None and settings.google_region not in regions:
        raise SettingInvalid(
            key="EARSHOT_GOOGLE_REGION",
            reason=f"{settings.google_model} is in {', '.join(sorted(regions))}, not in {settings.google_region}",
        )
    limit_s = float(settings.google_stream_s)
    provider = GoogleSpeech(
        GoogleSettings(
            project=settings.google_project,
            region=settings.google_region,
            model=settings.google_model,
            recognizer=settings.google_recognizer,
            endpoint=settings.google_endpoint,
        ),
        limit_s,
        hints,
    )
    rules = HandoverRules(limit_s=limit_s, seek_pause_s=limit_s / 5, margin_s=limit_s / 30)
    # The service lives in real time, even where a file is read and the caller's clock stands still.
    return ProviderTranscriber(provider, rules, SystemClock(), Random())
