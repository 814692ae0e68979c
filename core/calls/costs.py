"""From what a call used to what it cost, by a table of prices. Pure but for reading the table; any thread.

Speech is priced by the sound that was given to the engine: providers round it up a little, and a hand-over between two
streams hears a few seconds twice, so a bill may be slightly higher. Tokens are those that the server told.
"""

import math
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import reduce
from pathlib import Path

from core.model.cost import Cost, CostKind, CostPart, CostSum
from core.model.errors import SettingInvalid
from core.model.insight import NO_TOKENS, TokenUsage
from core.model.turn_trace import ModelAnswer, TurnRecord

KEY = "EARSHOT_PRICES"
ANY = "*"
TEXT_PRICES = ("input", "output", "cached_input")
AUDIO_PRICES = ("audio_input", "audio_output", "cached_audio_input")
MILLION = 1_000_000
MINUTE_S = 60.0


@dataclass(frozen=True, slots=True)
class SpeechPrice:
    """What a minute of sound costs."""

    engine: str
    model: str
    """A pattern with wildcards (`fnmatch`)."""
    per_minute: float


@dataclass(frozen=True, slots=True)
class ModelPrice:
    """What a million tokens cost."""

    engine: str
    model: str
    """A pattern with wildcards (`fnmatch`)."""
    input: float
    output: float
    cached_input: float
    audio: "AudioPrice | None" = None
    """None where the entry has no price for sound: what a model took of it is then unknown."""

    @property
    def is_free(self) -> bool:
        """Whether it costs nothing, however much is used."""
        return self.audio is None and not (self.input or self.output or self.cached_input)

    def of(self, usage: TokenUsage) -> float | None:
        """What requests cost; None where a part of them has no price."""
        audio = TokenUsage(usage.audio_input_tokens, usage.audio_output_tokens, usage.cached_audio_input_tokens)
        text = _per_million(self, usage.less(audio))
        if not audio.input_tokens and not audio.output_tokens:
            return text
        return None if self.audio is None else text + _per_million(self.audio, audio)


@dataclass(frozen=True, slots=True)
class AudioPrice:
    """What a million tokens of sound cost, where a model hears or speaks itself."""

    input: float
    output: float
    cached_input: float


def _per_million(price: ModelPrice | AudioPrice, usage: TokenUsage) -> float:
    # What a server tells need not add up.
    cached, output = max(0, usage.cached_input_tokens), max(0, usage.output_tokens)
    fresh = max(0, usage.input_tokens - cached)
    return (fresh * price.input + cached * price.cached_input + output * price.output) / MILLION


@dataclass(frozen=True, slots=True)
class Prices:
    """A table of prices; of several entries that fit, the first counts."""

    currency: str
    speech: tuple[SpeechPrice, ...] = ()
    models: tuple[ModelPrice, ...] = ()

    @classmethod
    def load(cls, path: Path) -> "Prices":
        """Read a table (TOML). Raises SettingInvalid, naming what is wrong."""
        try:
            table = tomllib.loads(path.read_text(encoding="utf-8"))
            currency, speech, models = table.pop("currency"), table.pop("speech", []), table.pop("model", [])
            if not isinstance(currency, str) or not currency.strip():
                raise ValueError("currency is no text")
            if table:
                raise ValueError(f"{next(iter(table))} is not known")
            return cls(currency.strip(), tuple(map(_speech_price, speech)), tuple(map(_model_price, models)))
        except KeyError as error:
            raise SettingInvalid(key=KEY, reason=f"{path}: {error} is missing") from error
        except (OSError, ValueError, TypeError, AttributeError) as error:
            raise SettingInvalid(key=KEY, reason=f"{path}: {error}") from error

    def cost_of(self, record: TurnRecord) -> Cost:
        """What a call cost, a running one as far as it has come."""
        return Cost(self.currency, (*self._speech_parts(record), *self._model_parts(record.answers)))

    def _speech_parts(self, record: TurnRecord) -> Iterable[CostPart]:
        seconds: dict[tuple[str, str], float] = {}
        for heard in record.heard:
            key = heard.engine, heard.model
            seconds[key] = seconds.get(key, 0.0) + heard.seconds
        for (engine, model), heard_s in seconds.items():
            price = next((p for p in self.speech if p.engine == engine and fnmatchcase(model, p.model)), None)
            amount = None if price is None else price.per_minute * heard_s / MINUTE_S
            yield CostPart(CostKind.SPEECH, engine, model, amount, seconds=heard_s)

    def _model_parts(self, answers: Iterable[ModelAnswer]) -> Iterable[CostPart]:
        asked: dict[tuple[str, str], list[TokenUsage | None]] = {}
        for answer in answers:
            asked.setdefault((answer.engine, answer.model), []).append(answer.usage)
        for (engine, model), usages in asked.items():
            price = next((p for p in self.models if p.engine == engine and fnmatchcase(model, p.model)), None)
            told = [usage for usage in usages if usage is not None]
            used = reduce(TokenUsage.plus, told, NO_TOKENS)
            yield CostPart(
                CostKind.MODEL,
                engine,
                model,
                _amount(price, used, is_all_told=len(told) == len(usages)),
                input_tokens=used.input_tokens,
                cached_input_tokens=used.cached_input_tokens,
                output_tokens=used.output_tokens,
            )


def sum_of(costs: Iterable[Cost], currency: str) -> CostSum:
    """What calls cost together. All costs are of one table, in its currency."""
    costs = tuple(costs)
    return CostSum(
        currency=currency,
        known=sum(cost.known for cost in costs),
        calls=len(costs),
        partial_calls=sum(cost.is_partial for cost in costs),
    )


def _amount(price: ModelPrice | None, used: TokenUsage, *, is_all_told: bool) -> float | None:
    if price is None:
        return None
    if price.is_free:
        return 0.0
    return price.of(used) if is_all_told else None


def _speech_price(entry: Mapping[str, object]) -> SpeechPrice:
    _require_known(entry, {"engine", "model", "per_minute"})
    return SpeechPrice(_text(entry, "engine"), _text(entry, "model", ANY), _price(entry, "per_minute"))


def _model_price(entry: Mapping[str, object]) -> ModelPrice:
    _require_known(entry, {"engine", "model", *TEXT_PRICES, *AUDIO_PRICES})
    text = _token_prices(entry, TEXT_PRICES)
    audio = AudioPrice(*_token_prices(entry, AUDIO_PRICES)) if entry.keys() & set(AUDIO_PRICES) else None
    return ModelPrice(_text(entry, "engine"), _text(entry, "model", ANY), *text, audio)


def _token_prices(entry: Mapping[str, object], names: tuple[str, str, str]) -> tuple[float, float, float]:
    """Input, output, cached input; the last as the first where it is left out."""
    fresh, output, cached = names
    return _price(entry, fresh), _price(entry, output), _price(entry, cached if cached in entry else fresh)


def _require_known(entry: Mapping[str, object], known: set[str]) -> None:
    for name in entry:
        if name not in known:
            raise ValueError(f"{name} is not known")


def _text(entry: Mapping[str, object], name: str, otherwise: str | None = None) -> str:
    value = entry[name] if otherwise is None else entry.get(name, otherwise)
    if not isinstance(value, str) or not value:
        raise ValueError(f"{name} is no text")
    return value


def _price(entry: Mapping[str, object], name: str) -> float:
    value = entry[name]
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
        raise ValueError(f"{name} is no price")
    return float(value)
