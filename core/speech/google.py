"""Google Cloud Speech-to-Text v2 streaming. With `google_connection` the only home of google.* and grpc.

Facts about the service that no type tells (statuses, limits, regions) are those of its documentation; requests and
answers are those of `google.cloud.speech.v2.Speech/StreamingRecognize`.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import timedelta

from google.api_core.exceptions import (
    Aborted,
    FailedPrecondition,
    Forbidden,
    GoogleAPICallError,
    InvalidArgument,
    NotFound,
    OutOfRange,
    ResourceExhausted,
    Unauthenticated,
    Unauthorized,
)
from google.auth.exceptions import GoogleAuthError
from google.cloud.speech_v2.types import cloud_speech

from core.model.audio import SPEECH_FORMAT
from core.model.call import Language
from core.model.errors import SpeechError, SpeechQuotaUsedUp, SpeechServiceFailed, SpeechServiceRefused
from core.model.faults import log_fault
from core.model.message import Message
from core.speech.google_connection import (
    CREDENTIALS,
    SERVICE,
    Connection,
    GoogleConnector,
    GoogleSettings,
    as_credentials_error,
)
from core.speech.hints import SpeechHints
from core.speech.provider import EndKind, FinalText, HeardWord, StreamEnd, StreamListener, StreamResult
from core.speech.refused_hints import HintsAttempt, RefusedHints

logger = logging.getLogger(__name__)

MODEL_REGIONS: Mapping[str, frozenset[str]] = {
    "chirp_2": frozenset({"us-central1", "europe-west4", "asia-southeast1"}),
    "chirp_3": frozenset({"us", "eu", "asia-northeast1", "asia-southeast1"}),
}
"""Where these models stream Korean; other models and their regions are not known here, and are Google's to refuse."""
WITHOUT_WORD_TIMES = frozenset({"chirp_3"})
LANGUAGE_CODES: Mapping[Language, str] = {"ko": "ko-KR", "en": "en-US"}
"""BCP 47 codes of our languages; any other code is passed on as it is."""
STABLE = 0.8
"""From this stability on, interim text will most likely stay."""
ROOM = 8
"""Messages that wait for the network at most."""
_GRACE_S = 30.0
_LIMIT_WORDS = ("max duration", "maximum allowed stream duration")
_IDLE_WORDS = ("timed out after receiving no more", "audio timeout")


class GoogleSpeech:
    """Implements `core.speech.provider.Provider`.

    Args:
        settings: Which recogniser is asked, and where.
        stream_limit_s: How long a stream lives at most; a call that hangs longer is ended.
        hints: What callers are likely to say in a language; asked at every stream.
    """

    service = SERVICE

    def __init__(
        self,
        settings: GoogleSettings,
        stream_limit_s: float,
        hints: Callable[[Language], SpeechHints] = lambda language: SpeechHints(),
    ) -> None:
        self.model = settings.model
        self._settings = settings
        self._limit_s = stream_limit_s
        self._hints = RefusedHints(SERVICE, hints)
        self._connector = GoogleConnector(settings)
        self._streams: set[GoogleStream] = set()

    @property
    def description(self) -> Message:
        """Model and place."""
        return Message(
            "Google Speech-to-Text, model {model}, region {region}.",
            {"model": self.model, "region": self._settings.region},
        )

    @property
    def complaint(self) -> SpeechError | None:
        """Hints that Google refuses."""
        return self._hints.complaint

    async def check(self) -> None:
        """Find the credentials. Raises SpeechServiceRefused, SpeechServiceFailed."""
        await self._connector.connect()

    def open_stream(self, language: Language, listener: StreamListener) -> "GoogleStream":
        """Open a stream; see `Provider.open_stream`."""
        attempt = self._hints.begin(language)
        stream = GoogleStream(
            connect=self._connector.connect,
            config=self._config(language, attempt.sent),
            attempt=attempt,
            listener=listener,
            limit_s=self._limit_s,
            on_over=self._streams.discard,
        )
        self._streams.add(stream)
        return stream

    async def close(self) -> None:
        """End all streams and the connection."""
        streams = tuple(self._streams)
        for stream in streams:
            stream.drop()
        await asyncio.gather(*(stream.task for stream in streams), return_exceptions=True)
        await self._connector.close()

    def _config(self, language: Language, hints: SpeechHints) -> cloud_speech.StreamingRecognitionConfig:
        has_word_times = self.model not in WITHOUT_WORD_TIMES
        return cloud_speech.StreamingRecognitionConfig(
            config=cloud_speech.RecognitionConfig(
                explicit_decoding_config=cloud_speech.ExplicitDecodingConfig(
                    encoding=cloud_speech.ExplicitDecodingConfig.AudioEncoding.LINEAR16,
                    sample_rate_hertz=SPEECH_FORMAT.sample_rate,
                    audio_channel_count=SPEECH_FORMAT.channels,
                ),
                model=self.model,
                language_codes=[LANGUAGE_CODES.get(language, language)],
                features=cloud_speech.RecognitionFeatures(
                    enable_automatic_punctuation=True,
                    enable_word_time_offsets=has_word_times,
                    enable_word_confidence=has_word_times,
                ),
                adaptation=as_adaptation(hints),
            ),
            streaming_features=cloud_speech.StreamingRecognitionFeatures(
                interim_results=True, enable_voice_activity_events=True
            ),
        )


class GoogleStream:
    """Implements `core.speech.provider.ProviderStream`: one call of StreamingRecognize, in a task of its own.

    Args:
        connect: Gives the client and the recogniser's path.
        config: What is asked for.
        attempt: Is told how the service takes the hints in it.
        listener: Hears of answers and of the end.
        limit_s: How long the call may take.
        on_over: Called once, when nothing comes any more.
    """

    def __init__(
        self,
        connect: Callable[[], Awaitable[Connection]],
        config: cloud_speech.StreamingRecognitionConfig,
        attempt: HintsAttempt,
        listener: StreamListener,
        limit_s: float,
        on_over: Callable[["GoogleStream"], None],
    ) -> None:
        self._connect = connect
        self._config = config
        self._attempt = attempt
        self._listener = listener
        self._limit_s = limit_s
        self._on_over = on_over
        self._waiting: asyncio.Queue[bytes | None] = asyncio.Queue()
        self.task = asyncio.create_task(self._run(), name=f"speech-{SERVICE}-stream")
        """Ends with the stream."""

    @property
    def has_room(self) -> bool:
        """Whether the network takes what it is given."""
        return self._waiting.qsize() < ROOM

    def send(self, pcm: bytes) -> None:
        """Send audio."""
        self._waiting.put_nowait(pcm)

    def finish(self) -> None:
        """Say that no more audio comes."""
        self._waiting.put_nowait(None)

    def drop(self) -> None:
        """Close it; nothing is reported any more."""
        self.task.cancel()

    async def _run(self) -> None:
        try:
            end = await self._recognise()
        finally:
            # The client's own task goes on asking for requests after the call is over, unless they end, too.
            self.finish()
            self._on_over(self)
        try:
            self._listener.on_end(end)
        except Exception as error:  # noqa: BLE001
            log_fault("the end of a stream to Google was lost", error)

    async def _recognise(self) -> StreamEnd:
        try:
            connection = await self._connect()
            answers = await connection.client.streaming_recognize(
                self._requests(connection.recognizer), retry=None, timeout=self._limit_s + _GRACE_S
            )
            async for answer in answers:
                if (result := as_result(answer)) is not None:
                    self._attempt.heard(result)
                    self._listener.on_result(result)
        except SpeechError as error:
            return _credentials_failed(error)
        except InvalidArgument as error:
            return self._attempt.refused(as_end(error))
        except GoogleAPICallError as error:
            return as_end(error)
        except GoogleAuthError as error:
            return _credentials_failed(as_credentials_error(error))
        except asyncio.CancelledError:
            if self.task.cancelling():
                raise
            # The client library cancels a call whose requests fail; why they did is logged.
            return _failed("CANCELLED")
        except Exception as error:  # noqa: BLE001
            log_fault("a stream to Google was lost", error)
            return _failed(type(error).__name__)
        return StreamEnd(EndKind.FINISHED)

    async def _requests(self, recognizer: str) -> AsyncIterator[cloud_speech.StreamingRecognizeRequest]:
        yield cloud_speech.StreamingRecognizeRequest(recognizer=recognizer, streaming_config=self._config)
        while (pcm := await self._waiting.get()) is not None:
            try:
                self._listener.on_room()
            except Exception as error:
                log_fault("a stream to Google was lost", error)
                raise
            yield cloud_speech.StreamingRecognizeRequest(audio=pcm)


def as_adaptation(hints: SpeechHints) -> cloud_speech.SpeechAdaptation | None:
    """Hints as inline phrase sets and custom classes; None for none."""
    if not hints.phrases:
        return None
    sets = [
        cloud_speech.PhraseSet(
            phrases=[cloud_speech.PhraseSet.Phrase(value=phrase.value, boost=phrase.boost or 0.0) for phrase in phrases]
        )
        for phrases in hints.phrase_sets()
    ]
    classes = [
        cloud_speech.CustomClass(
            name=each.id, items=[cloud_speech.CustomClass.ClassItem(value=item) for item in each.items]
        )
        for each in hints.classes
    ]
    return cloud_speech.SpeechAdaptation(
        phrase_sets=[cloud_speech.SpeechAdaptation.AdaptationPhraseSet(inline_phrase_set=each) for each in sets],
        custom_classes=classes,
    )


def as_result(answer: cloud_speech.StreamingRecognizeResponse) -> StreamResult | None:
    """What an answer says; None for one without text or event.

    Interim results are consecutive parts of what is being said, the stable ones first; they join without a separator.
    """
    began = answer.speech_event_type == cloud_speech.StreamingRecognizeResponse.SpeechEventType.SPEECH_ACTIVITY_BEGIN
    finals = tuple(_as_final(each) for each in answer.results if each.is_final)
    parts = [(each.alternatives[0].transcript, each.stability) for each in answer.results if _is_interim(each)]
    stable = ""
    for text, stability in parts:
        if stability < STABLE:
            break
        stable += text
    interim = "".join(text for text, _ in parts)
    if not (began or finals or interim):
        return None
    return StreamResult(
        finals=finals,
        interim=interim.strip(),
        stable_chars=len(stable.lstrip()),
        speech_began_s=_seconds(answer.speech_event_offset) if began else None,
    )


def as_end(error: GoogleAPICallError) -> StreamEnd:
    """What a failed call means."""
    words = (error.message or "").lower()
    status = error.grpc_status_code.name if error.grpc_status_code is not None else type(error).__name__
    match error:
        case Aborted() | OutOfRange() if any(part in words for part in _LIMIT_WORDS):
            return StreamEnd(EndKind.LIMIT)
        case Aborted() | OutOfRange() if any(part in words for part in _IDLE_WORDS):
            return StreamEnd(EndKind.IDLE)
        case ResourceExhausted():
            return StreamEnd(EndKind.QUOTA, SpeechQuotaUsedUp(service=SERVICE))
        case Unauthenticated() | Unauthorized():
            return _refused(error, status, CREDENTIALS)
        case Forbidden():
            return _refused(error, status, f"{CREDENTIALS}, EARSHOT_GOOGLE_PROJECT")
        case NotFound():
            return _refused(error, status, "EARSHOT_GOOGLE_RECOGNIZER, EARSHOT_GOOGLE_REGION")
        case InvalidArgument() | FailedPrecondition():
            return _refused(error, status, "EARSHOT_GOOGLE_MODEL, EARSHOT_GOOGLE_REGION, EARSHOT_LANGUAGE")
    return _failed(status)


def _failed(reason: str) -> StreamEnd:
    return StreamEnd(EndKind.TRANSIENT, SpeechServiceFailed(service=SERVICE, reason=reason))


def _refused(error: GoogleAPICallError, status: str, setting: str) -> StreamEnd:
    logger.warning("Google refuses a stream: %s %s", status, error.message)
    return StreamEnd(EndKind.REFUSED, SpeechServiceRefused(service=SERVICE, reason=status, setting=setting))


def _credentials_failed(error: SpeechError) -> StreamEnd:
    return StreamEnd(EndKind.TRANSIENT if error.retryable else EndKind.REFUSED, error)


def _is_interim(result: cloud_speech.StreamingRecognitionResult) -> bool:
    return not result.is_final and bool(result.alternatives)


def _as_final(result: cloud_speech.StreamingRecognitionResult) -> FinalText:
    best = result.alternatives[0] if result.alternatives else cloud_speech.SpeechRecognitionAlternative()
    words = tuple(
        HeardWord(word.word, _seconds(word.start_offset), _seconds(word.end_offset), word.confidence or None)
        for word in best.words
        if word.end_offset
    )
    return FinalText(best.transcript, _seconds(result.result_end_offset), words, best.confidence or None)


def _seconds(offset: timedelta) -> float:
    return offset.total_seconds()
