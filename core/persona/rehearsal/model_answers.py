"""Answers of the language model of the settings, for a rehearsal that is not to sound like a script.

Its package may not import the one that asks the model for summaries, so it is asked here once more by the official
SDK: one short answer at a time. What the model does not give in time the script says, and a warning says that.
"""

from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urlsplit

import httpx2
import openai

from core.model.errors import EarshotError, ModelServerFailed, ModelUnreachable
from core.persona.rehearsal.answers import EXACTLY, Answer, Answers, Asked
from core.settings import Settings
from core.settings.safety import LOCAL_NAMES

TIMEOUT_S: Final = 15.0
LONGEST_ANSWER = 600
"""Characters that are spoken of it: about a minute."""
MOST_TOKENS = 300
MOST_TURNS = 20
BRIEFLY = "Answer in one to three short sentences of plain speech, without lists, headings or emoji."


class ModelAnswers:
    """Implements `core.persona.rehearsal.answers.Answers`. On one loop.

    Args:
        settings: Which model, at which server.
        script: Gives words that are to be said exactly, searches, and whatever the model fails to give.
        on_warning: Takes why it failed.
    """

    def __init__(self, settings: Settings, script: Answers, on_warning: Callable[[EarshotError], None]) -> None:
        place = urlsplit(settings.openai_base_url)
        self._server = place.netloc
        self._model = settings.openai_model
        self._script = script
        self._on_warning = on_warning
        key = settings.openai_api_key
        self._http = httpx2.AsyncClient(follow_redirects=False, trust_env=place.hostname not in LOCAL_NAMES)
        self._client = openai.AsyncOpenAI(
            api_key=key.get_secret_value() if key is not None else "none",
            base_url=settings.openai_base_url,
            max_retries=0,
            timeout=TIMEOUT_S,
            http_client=self._http,
        )
        # The SDK takes these from the environment, of which the settings know nothing.
        self._client.organization = self._client.project = None

    async def answer(self, asked: Asked) -> Answer:
        """What the model says, or the script in its place."""
        scripted = await self._script.answer(asked)
        if EXACTLY in asked.instructions or scripted.tool:
            return scripted
        try:
            text = await self._said(asked)
        except EarshotError as error:
            self._on_warning(error)
            return scripted
        return Answer(text[:LONGEST_ANSWER]) if text else scripted

    async def _said(self, asked: Asked) -> str:
        """Raises ModelUnreachable, ModelServerFailed."""
        messages: list[Any] = [{"role": "system", "content": f"{asked.instructions}\n\n{BRIEFLY}"}]
        messages += [{"role": role, "content": text} for role, text in asked.turns[-MOST_TURNS:]]
        if asked.is_tool_output:
            messages.append({"role": "user", "content": f"(The search found: {asked.last})"})
        try:
            completion = await self._client.chat.completions.create(
                model=self._model, messages=messages, max_tokens=MOST_TOKENS
            )
        except openai.APIStatusError as error:
            raise ModelServerFailed(server=self._server, reason=str(error.status_code)) from error
        except openai.APIConnectionError as error:
            raise ModelUnreachable(server=self._server, reason=type(error).__name__) from error
        except (openai.OpenAIError, httpx2.HTTPError, ValueError) as error:
            raise ModelServerFailed(server=self._server, reason=type(error).__name__) from error
        return _text_of(completion)

    async def close(self) -> None:
        """Let go of the connections; idempotent."""
        await self._http.aclose()


def _text_of(completion: object) -> str:
    """What was said; empty where the answer is none: the SDK checks no types."""
    choices = getattr(completion, "choices", None)
    message = getattr(choices[0], "message", None) if isinstance(choices, list) and choices else None
    text = getattr(message, "content", None)
    return " ".join(text.split()) if isinstance(text, str) else ""
