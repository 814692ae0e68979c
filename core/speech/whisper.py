"""Whisper on this machine's CPU. The only home of faster_whisper and ctranslate2.

CTranslate2 is called directly: faster-whisper's own transcribe() pads every utterance to 30 s, and the encoder's work
grows with that length. A window a little longer than the utterance costs a fraction of it at the same accuracy.
"""

import logging
import shutil
from collections.abc import Callable, Hashable, Sequence
from functools import partial
from pathlib import Path

import ctranslate2
import numpy as np
from faster_whisper import WhisperModel
from faster_whisper import download_model as download_from_hub
from faster_whisper.tokenizer import Tokenizer
from numpy.typing import NDArray

from core.model.call import Language
from core.model.errors import ModelFileCorrupt, ModelFileMissing, RecognitionFailed
from core.speech.decoder import Decoding, repeats_itself
from core.speech.whisper_prompt import is_doubtful, the_believed

logger = logging.getLogger(__name__)

COMPUTE_TYPE = "int8"
WINDOW_MARGIN_S = 2.0
"""Less silence after the utterance ruins the text: Whisper was trained on windows that end in it."""
MAX_WINDOW_S = 30.0
_SAMPLE_RATE = 16_000
_MAX_TOKENS = 448
_MAX_PROMPT_TOKENS = 223
_TIMESTAMP_S = 0.02
_TOKENS_PER_S = 25.0
"""More than anyone can say, in Korean too; bounds what a decoder that repeats itself costs."""


class WhisperDecoder:
    """Implements `core.speech.decoder.Decoder`. Any thread; up to `workers` decode at the same time.

    Args:
        folder: A model converted for CTranslate2.
        workers: Threads that will call `decode`.
        threads: Cores that each of them uses.
        beam: Beam width of final texts; interim ones are always greedy.
        window_s: Shortest stretch that the model is given, silence after the utterance included.
        hints: What the model is told before an utterance in a language, empty for nothing. Called by whoever decodes.

    Raises:
        ModelFileMissing: a file of the model is not there.
        ModelFileCorrupt: the model cannot be loaded.
    """

    engine = "whisper"

    def __init__(
        self,
        folder: Path,
        workers: int,
        threads: int,
        beam: int,
        window_s: float,
        hints: Callable[[Language], str] = lambda language: "",
    ) -> None:
        for name in ("config.json", "tokenizer.json", "model.bin"):
            if not (folder / name).is_file():
                raise ModelFileMissing(path=str(folder / name))
        try:
            # Tokenizer files that are no JSON raise a plain Exception in the tokenizers package.
            self._whisper = WhisperModel(
                str(folder),
                device="cpu",
                compute_type=COMPUTE_TYPE,
                cpu_threads=threads,
                num_workers=workers,
                local_files_only=True,
            )
        except Exception as error:
            logger.warning("the speech model was refused: %s", error)
            raise ModelFileCorrupt(path=str(folder)) from error
        self._beam = beam
        self._window_s = window_s
        self._hints = hints
        self._tokenizers: dict[Language, Tokenizer] = {}
        self.model = folder.name.removeprefix("whisper-")

    def knows(self, language: Language) -> bool:
        """Whether the model was trained on a language."""
        return language in self._whisper.supported_languages

    def decode(self, samples: NDArray[np.int16], language: Language, is_final: bool) -> Decoding:
        """The text of one utterance. A final one that repeats itself is decoded again without repetitions,
        unless it may be somebody who does.

        What may come from the hints instead of the audio is decoded again without them, so that over noise hints
        change nothing.
        """
        (decoding,) = self._decode([samples], language, is_final)
        return decoding

    def batch_key(self, seconds: float, language: Language) -> Hashable:
        """Utterances of a language that is known, and of one window; see `Decoder`."""
        return (language, self._window_frames(seconds)) if self.knows(language) else None

    def decode_batch(self, batch: Sequence[NDArray[np.int16]], language: Language) -> list[Decoding]:
        """See `Decoder`. The encoder gains nothing by it; the steps from word to word, more than half of all, do."""
        return self._decode(batch, language, is_final=True)

    def _decode(self, batch: Sequence[NDArray[np.int16]], language: Language, is_final: bool) -> list[Decoding]:
        seconds = [len(samples) / _SAMPLE_RATE for samples in batch]
        beam = self._beam if is_final else 1
        try:
            encoded = self._encode(batch)
            hints = self._hints(language)
            decodings = self._generate(encoded, language, seconds, beam, no_repeat=0, hints=hints)
            for at, decoding in enumerate(decodings):
                again = partial(self._generate_one, encoded, at, language, seconds[at], beam)
                if hints and is_doubtful(decoding, hints, seconds[at]):
                    decodings[at] = the_believed(decoding, again(no_repeat=0), seconds[at])
                if is_final and repeats_itself(decodings[at]):
                    decodings[at] = again(no_repeat=3)
        except (RuntimeError, ValueError, MemoryError) as error:
            raise RecognitionFailed(engine=self.engine, reason=type(error).__name__) from error
        return decodings

    def _window_frames(self, seconds: float) -> int:
        """How many 10 ms frames the model is given of an utterance and the silence after it."""
        return int(min(MAX_WINDOW_S, max(self._window_s, seconds + WINDOW_MARGIN_S)) * 100) // 2 * 2

    def _encode(self, batch: Sequence[NDArray[np.int16]]) -> ctranslate2.StorageView:
        wanted = self._window_frames(max(map(len, batch)) / _SAMPLE_RATE)
        features = np.stack([self._features(samples, wanted) for samples in batch])
        return self._whisper.model.encode(ctranslate2.StorageView.from_array(features))

    def _features(self, samples: NDArray[np.int16], wanted: int) -> NDArray[np.float32]:
        padded = np.zeros(wanted * 160, dtype=np.float32)
        padded[: len(samples)] = samples[: len(padded)].astype(np.float32) / 32768.0
        features = self._whisper.feature_extractor(padded, padding=160)[:, :wanted]
        return np.ascontiguousarray(features, dtype=np.float32)

    def _generate_one(
        self, encoded: ctranslate2.StorageView, at: int, language: Language, seconds: float, beam: int, no_repeat: int
    ) -> Decoding:
        """Decode one of a batch again, without hints."""
        alone = ctranslate2.StorageView.from_array(np.ascontiguousarray(np.array(encoded)[at : at + 1]))
        (decoding,) = self._generate(alone, language, [seconds], beam, no_repeat)
        return decoding

    def _generate(
        self,
        encoded: ctranslate2.StorageView,
        language: Language,
        seconds: Sequence[float],
        beam: int,
        no_repeat: int,
        hints: str = "",
    ) -> list[Decoding]:
        tokenizer = self._tokenizer(self._known(encoded, language))
        told = [tokenizer.sot_prev, *tokenizer.encode(f" {hints}")[:_MAX_PROMPT_TOKENS]] if hints else []
        prompt = [*told, *tokenizer.sot_sequence]
        results = self._whisper.model.generate(
            encoded,
            [prompt] * len(seconds),
            beam_size=beam,
            no_repeat_ngram_size=no_repeat,
            max_length=min(_MAX_TOKENS, len(prompt) + 20 + int(_TOKENS_PER_S * max(seconds))),
            return_scores=True,
            return_no_speech_prob=True,
            suppress_blank=True,
            suppress_tokens=[-1],
        )
        return [self._decoding(result, tokenizer, each_s) for result, each_s in zip(results, seconds, strict=True)]

    def _decoding(
        self, result: ctranslate2.models.WhisperGenerationResult, tokenizer: Tokenizer, seconds: float
    ) -> Decoding:
        tokens = result.sequences_ids[0]
        return Decoding(
            text=tokenizer.decode(_spoken_tokens(tokens, tokenizer, seconds)).strip(),
            average_log_probability=result.scores[0] * len(tokens) / (len(tokens) + 1),
            no_speech_probability=float(result.no_speech_prob),
            engine=self.engine,
            model=self.model,
        )

    def _known(self, encoded: ctranslate2.StorageView, language: Language) -> Language:
        if self.knows(language):
            return language
        if not self._whisper.model.is_multilingual:
            return "en"
        guessed: str = self._whisper.model.detect_language(encoded)[0][0][0]
        return guessed.strip("<|>")

    def _tokenizer(self, language: Language) -> Tokenizer:
        if language not in self._tokenizers:
            self._tokenizers[language] = Tokenizer(
                self._whisper.hf_tokenizer,
                multilingual=self._whisper.model.is_multilingual,
                task="transcribe",
                language=language,
            )
        return self._tokenizers[language]


def _spoken_tokens(tokens: list[int], tokenizer: Tokenizer, seconds: float) -> list[int]:
    """The tokens of text, without what is said to begin after the audio has ended: that is invented.

    Times are decoded although nobody reads them: without them the model fills the silence after the utterance by
    saying it again.
    """
    spoken = []
    at_s = 0.0
    for token in tokens:
        if token >= tokenizer.timestamp_begin:
            at_s = (token - tokenizer.timestamp_begin) * _TIMESTAMP_S
        elif token < tokenizer.eot and at_s < seconds:
            spoken.append(token)
    return spoken


def download_model(name: str, folder: Path) -> None:
    """Fetch a model from its hub by the name that faster-whisper knows it by; for set-up only. Blocking, minutes.

    Raises:
        ModelFileMissing: there is no such model, or the hub cannot be reached.
    """
    unfinished = folder.with_name(folder.name + ".part")
    try:
        unfinished.mkdir(parents=True, exist_ok=True)
        download_from_hub(name, output_dir=str(unfinished))
        shutil.rmtree(unfinished / ".cache", ignore_errors=True)
        unfinished.rename(folder)
    except (OSError, ValueError, RuntimeError) as error:
        raise ModelFileMissing(path=name) from error
