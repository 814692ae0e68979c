"""A language model behind OpenAI's chat completions API, at OpenAI or any server that speaks it, by the official SDK.

The only home of `openai`, and of `httpx2`, by which it sends. Requests run on one asyncio loop in a thread of its own,
so that one total time holds whatever a server does, and a request ends at once when nobody waits for it any more.

How the token limit is named: OpenAI's newer models take `max_completion_tokens` alone, many compatible servers know
`max_tokens` alone, and some ignore what they do not know. So OpenAI is sent the former and every other server the
latter; a server that says that it does not know it is sent the other one, at once and from then on.
"""

import asyncio
import logging
import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import urlsplit

import httpx2
import openai
from openai.types.chat import ChatCompletionChunk

from core.assist.answer_stream import AnswerStream
from core.assist.json_members import LONGEST
from core.assist.language_model import ModelDelta, ModelRequest
from core.model.errors import (
    AssistError,
    ModelAnswerFiltered,
    ModelAnswerInvalid,
    ModelAnswerTooLong,
    ModelDeclined,
    ModelKeyRefused,
    ModelQuotaUsedUp,
    ModelRateLimited,
    ModelRequestRefused,
    ModelServerFailed,
    ModelServerForeign,
    ModelStreamDropped,
    ModelTimeout,
    ModelUnknown,
    ModelUnreachable,
)
from core.model.insight import TokenUsage
from core.model.loop_thread import LoopThread, cancel_others
from core.model.message import Message
from core.settings import ReasoningEffort, Settings
from core.settings.safety import LOCAL_NAMES

logger = logging.getLogger(__name__)

OPENAI_URL = "https://api.openai.com/v1"
CONNECT_S = 5.0
CLOSE_TIMEOUT_S = 5.0
CLOSED = "closed"
"""Why a server is not reached that nobody asks any more."""
EVENTS = "text/event-stream"
NEW_LIMIT, OLD_LIMIT = "max_completion_tokens", "max_tokens"
_QUOTA = frozenset({"insufficient_quota", "billing_hard_limit_reached", "billing_not_active", "account_deactivated"})
_FILTER = frozenset({"content_filter", "content_policy_violation", "invalid_prompt"})
_CODE: Final = re.compile(r"[\w.-]{1,60}")
_TALKATIVE = ("openai", "httpx2", "httpcore2")
"""Loggers that tell of every request, at DEBUG with headers and, in some versions of the SDK, with what was said."""


class OpenAIModel:
    """Implements `core.assist.language_model.LanguageModel`. All methods may be called from any thread."""

    def __init__(self, settings: Settings) -> None:
        base_url = settings.openai_base_url or OPENAI_URL
        place = urlsplit(base_url)
        is_openai = (place.hostname or "").endswith((".openai.com", ".openai.azure.com"))
        self.engine = "openai" if is_openai else "openai-compatible"
        self.model = settings.openai_model
        self.server = place.netloc
        """Host and port, as errors name them."""
        self._limit_name = NEW_LIMIT if is_openai else OLD_LIMIT
        self._effort = settings.openai_reasoning_effort
        self._total_s = settings.openai_timeout_s
        for name in _TALKATIVE:
            logging.getLogger(name).setLevel(logging.WARNING)
        silence_s = min(settings.openai_silence_s, self._total_s)
        self._silence_s = silence_s
        self._http = httpx2.AsyncClient(
            timeout=httpx2.Timeout(silence_s, connect=min(CONNECT_S, self._total_s)),
            # Somewhere else than where the settings say, nothing that was said must go.
            follow_redirects=False,
            # A proxy of the environment's does not reach this machine's own servers.
            trust_env=place.hostname not in LOCAL_NAMES,
        )
        key = settings.openai_api_key
        self._client = openai.AsyncOpenAI(
            # Servers without keys ignore it; the SDK insists on one.
            api_key=key.get_secret_value() if key is not None else "none",
            base_url=base_url,
            max_retries=0,
            http_client=self._http,
        )
        # The SDK takes these from the environment, of which the settings know nothing.
        self._client.organization = self._client.project = None
        self._thread = LoopThread("earshot-openai")
        # The SDK loads this part of it when it is first asked for; the first question need not wait for that.
        self._thread.loop.call_soon_threadsafe(lambda: self._client.chat.completions)

    def stream(self, request: ModelRequest) -> AnswerStream:
        """Ask. The request is on its way at once; iterating waits for the answer, closing ends the request.

        Raises:
            AssistError: while iterating; ModelUnreachable where the model is closed, or was meanwhile.
        """
        answer = AnswerStream()
        gone = ModelUnreachable(server=self.server, reason=CLOSED)
        sent = self._thread.submit(lambda: self._answer(request, answer))
        # Whoever closes an answer has ended it before: what else is cancelled is cut off by `close`.
        sent.add_done_callback(lambda done: answer.end(gone if done.cancelled() else None))
        answer.cancel_with(sent.cancel)
        return answer

    def close(self) -> None:
        """End all requests and the thread. Idempotent."""
        self._thread.close(self._end_all, CLOSE_TIMEOUT_S)

    async def _end_all(self) -> None:
        await cancel_others()
        await self._http.aclose()

    async def _answer(self, request: ModelRequest, answer: AnswerStream) -> None:
        try:
            async with asyncio.timeout(self._total_s):
                try:
                    await self._receive(request, answer, self._limit_name)
                except openai.APIStatusError as error:
                    other = self._other_limit(error)
                    if other is None:
                        raise
                    logger.info("the language model's server takes %s instead of %s", other, self._limit_name)
                    self._limit_name = other
                    await self._receive(request, answer, other)
        except AssistError as error:
            answer.end(error)
        except TimeoutError:
            answer.end(ModelTimeout(server=self.server, seconds=self._total_s))
        except openai.OpenAIError as error:
            answer.end(self._named(error))
        except httpx2.TimeoutException:
            answer.end(ModelTimeout(server=self.server, seconds=self._silence_s))
        except httpx2.HTTPError:
            answer.end(ModelStreamDropped(server=self.server))
        except ValueError:
            # The SDK's own words would quote what came.
            answer.end(ModelAnswerInvalid(Message("the stream of events is malformed")))
        except Exception as error:  # noqa: BLE001 - the SDK checks no types, so what came may break it anywhere
            logger.error("the language model's answer failed with %s", type(error).__name__)
            answer.end(ModelAnswerInvalid(Message("the stream of events is malformed")))
        else:
            answer.end()

    def _other_limit(self, error: openai.APIStatusError) -> str | None:
        """The token limit's other name, where a server says that it does not know the one that was sent."""
        refuses = error.status_code in (400, 422) and self._limit_name in _words(error)
        unsupported = any(word in _words(error) for word in ("unsupported", "not supported", "unknown", "unrecognized"))
        if not refuses or not (unsupported or "extra" in _words(error)):
            return None
        return OLD_LIMIT if self._limit_name == NEW_LIMIT else NEW_LIMIT

    async def _receive(self, request: ModelRequest, answer: AnswerStream, limit_name: str) -> None:
        stream = await self._client.chat.completions.create(**self._arguments(request, limit_name))
        has_ended = False
        length = 0
        async with stream:
            content_type = stream.response.headers.get("content-type", "").partition(";")[0].strip().lower()
            if content_type != EVENTS:
                kind = content_type if re.fullmatch(r"[\w.+/-]{1,60}", content_type) else "?"
                raise ModelServerForeign(server=self.server, content_type=kind)
            try:
                async for chunk in stream:
                    delta = self._delta(chunk)
                    length += len(delta.text)
                    if length > LONGEST:
                        raise ModelAnswerInvalid(Message("it is longer than {limit} characters", {"limit": LONGEST}))
                    if delta.text or delta.usage is not None:
                        answer.put(delta)
                    has_ended = self._judged_end(chunk, request) or has_ended
            except (openai.APIConnectionError, httpx2.HTTPError):
                # Only the count of the tokens can be missing once the answer has ended.
                if not has_ended:
                    raise
        if not has_ended:
            raise ModelStreamDropped(server=self.server)

    def _arguments(self, request: ModelRequest, limit_name: str) -> dict[str, Any]:
        effort = {} if self._effort is ReasoningEffort.OFF else {"reasoning_effort": self._effort.value}
        return {
            "model": self.model,
            "messages": [
                {"role": "system", "content": request.instructions},
                {"role": "user", "content": request.material},
            ],
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": request.schema_name, "strict": True, "schema": request.schema},
            },
            "stream": True,
            "stream_options": {"include_usage": True},
            limit_name: request.token_limit,
            **effort,
        }

    def _delta(self, chunk: object) -> ModelDelta:
        # The SDK checks no types: what came may be anything.
        if not isinstance(chunk, ChatCompletionChunk):
            raise ModelAnswerInvalid(Message("the stream of events is malformed"))
        said = getattr(_choice(chunk), "delta", None)
        refusal, content = getattr(said, "refusal", None), getattr(said, "content", None)
        if isinstance(refusal, str) and refusal:
            raise ModelDeclined(server=self.server)
        return ModelDelta(content if isinstance(content, str) else "", _usage(getattr(chunk, "usage", None)))

    def _judged_end(self, chunk: ChatCompletionChunk, request: ModelRequest) -> bool:
        match getattr(_choice(chunk), "finish_reason", None):
            case "length":
                raise ModelAnswerTooLong(limit=request.token_limit)
            case "content_filter":
                raise ModelAnswerFiltered(server=self.server)
            case reason:
                return bool(reason)

    def _named(self, error: openai.OpenAIError) -> AssistError:
        """The SDK's error as ours; its sentence, which may quote the conversation, is left behind."""
        match error:
            case openai.APITimeoutError():
                connecting = isinstance(error.__cause__, httpx2.ConnectTimeout)
                return ModelTimeout(server=self.server, seconds=CONNECT_S if connecting else self._silence_s)
            case openai.APIConnectionError():
                cause = error.__cause__
                if isinstance(cause, httpx2.RemoteProtocolError | httpx2.ReadError | httpx2.WriteError):
                    return ModelStreamDropped(server=self.server)
                return ModelUnreachable(server=self.server, reason=type(cause or error).__name__)
            case openai.APIStatusError():
                return self._by_status(error)
            case openai.APIError():
                return self._by_code(error) or ModelServerFailed(server=self.server, reason=_code(error) or "error")
        return ModelServerFailed(server=self.server, reason=type(error).__name__)

    def _by_status(self, error: openai.APIStatusError) -> AssistError:
        status = error.status_code
        reason = ", ".join(part for part in (str(status), _code(error)) if part)
        if named := self._by_code(error):
            return named
        match status:
            case 401 | 403:
                return ModelKeyRefused(server=self.server, status=status)
            case 404:
                return ModelUnknown(server=self.server, model=self.model)
            case 429:
                return ModelRateLimited(server=self.server, wait_s=retry_after_s(error.response.headers))
            case 408 | 409:
                return ModelServerFailed(server=self.server, reason=reason)
            case _ if status >= 500:
                return ModelServerFailed(server=self.server, reason=reason)
        return ModelRequestRefused(server=self.server, reason=reason, setting=_setting(error))

    def _by_code(self, error: openai.APIError) -> AssistError | None:
        codes = {_code(error), str(error.type or "")}
        if codes & _QUOTA:
            return ModelQuotaUsedUp(server=self.server)
        if codes & _FILTER:
            return ModelAnswerFiltered(server=self.server)
        if "rate_limit_exceeded" in codes:
            response = error.response if isinstance(error, openai.APIStatusError) else None
            return ModelRateLimited(
                server=self.server, wait_s=retry_after_s(response.headers) if response is not None else 0.0
            )
        return None


def retry_after_s(headers: Mapping[str, str]) -> float:
    """How long a server wants to be left alone: `retry-after-ms`, or `Retry-After` (RFC 9110, 10.2.3); 0 if unknown."""
    for name, unit_s in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        value = headers.get(name, "").strip()
        if re.fullmatch(r"\d{1,9}(\.\d{1,6})?", value):
            return float(value) * unit_s
    try:
        # A date is meant by the server's own clock, which is in the same answer.
        until, now = (parsedate_to_datetime(headers[name]) for name in ("retry-after", "date"))
        return max(0.0, (until - now).total_seconds())
    except (KeyError, ValueError, TypeError):
        return 0.0


def _choice(chunk: ChatCompletionChunk) -> object:
    choices = getattr(chunk, "choices", None)
    return choices[0] if isinstance(choices, list) and choices else None


def _usage(usage: object) -> TokenUsage | None:
    prompt, completion = (getattr(usage, name, None) for name in ("prompt_tokens", "completion_tokens"))
    if not isinstance(prompt, int) or not isinstance(completion, int):
        return None
    cached = getattr(getattr(usage, "prompt_tokens_details", None), "cached_tokens", None)
    return TokenUsage(prompt, completion, cached if isinstance(cached, int) else 0)


def _code(error: openai.APIError) -> str:
    code = str(error.code or "")
    return code if _CODE.fullmatch(code) else ""


def _words(error: openai.APIError) -> str:
    """Everything that a server says of an error: to look for words in, never to show."""
    return f"{error.message} {error.param or ''} {error.code or ''}".lower()


def _setting(error: openai.APIStatusError) -> str:
    """Which setting a refused request points at."""
    words = _words(error)
    if "reasoning" in words or "think" in words:
        return "EARSHOT_OPENAI_REASONING_EFFORT"
    if error.status_code < 400 or error.status_code == 405:
        return "EARSHOT_OPENAI_BASE_URL"
    if OLD_LIMIT in words or NEW_LIMIT in words:
        return "EARSHOT_OPENAI_TOKEN_LIMIT"
    return "EARSHOT_OPENAI_MODEL"
