"""The interface of a language model: instructions and material go in, text that fits a JSON schema comes out."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from core.model.insight import TokenUsage


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """One question. `schema_name` is a short identifier; `schema` is a strict JSON schema of an object."""

    instructions: str
    """What the model is, and what it must keep to: the system's part."""
    material: str
    """What it is to work on: the user's part."""
    schema_name: str
    schema: Mapping[str, Any]
    token_limit: int
    """Most tokens that the answer may have."""


@dataclass(frozen=True, slots=True)
class ModelDelta:
    """A piece of an answer as it arrives: raw JSON text, never to be shown. The last one may carry the usage."""

    text: str = ""
    usage: TokenUsage | None = None


class ModelAnswer(Protocol):
    """An answer on its way: iterating waits for it, `close` ends the request. A generator is one."""

    def __iter__(self) -> "ModelAnswer":
        """Itself."""

    def __next__(self) -> ModelDelta:
        """The next piece. Blocking. Raises AssistError."""

    def close(self) -> None:
        """Wait for no more of it. Idempotent."""


class LanguageModel(Protocol):
    """A chat model behind some server. Several threads may ask at once."""

    engine: str
    """The vendor, shown beside what it says."""
    model: str

    def stream(self, request: ModelRequest) -> ModelAnswer:
        """Ask. Whoever gives an answer up closes it (`contextlib.closing`); until then the request goes on.

        Raises:
            AssistError: the request failed or its answer ended in a way that is no answer; while iterating, too.
        """

    def close(self) -> None:
        """End all requests and whatever serves them. Idempotent."""
