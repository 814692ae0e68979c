"""A language model that is asked about a call: its conversation within the budget, the prompt, the answer's fields."""

from collections.abc import Callable, Generator, Sequence
from contextlib import closing

from core.assist.compaction import Compactor
from core.assist.insight_request import insight_request
from core.assist.insight_source import AnswerSoFar
from core.assist.insight_stream import InsightStream
from core.assist.language_model import LanguageModel, ModelRequest
from core.assist.prompt import Prompt
from core.model.call import Language
from core.model.insight import Insight, Turn


class ModelInsights:
    """Implements `core.assist.insight_source.InsightSource`."""

    def __init__(
        self,
        model: LanguageModel,
        prompt: Callable[[Language], Prompt],
        compactor: Compactor,
        input_tokens: int,
        token_limit: int,
    ) -> None:
        """Ask `model`.

        Args:
            model: Whom to ask.
            prompt: What it is told, for calls in a language; asked for each question, so that a change counts at once.
            compactor: Brings conversations within the budget.
            input_tokens: The budget of a conversation; the prompt comes on top.
            token_limit: Most tokens of an answer.
        """
        self.engine = model.engine
        self.model = model.model
        self._model = model
        self._prompt = prompt
        self._compactor = compactor
        self._input_tokens = input_tokens
        self._token_limit = token_limit

    def ask(
        self, turns: Sequence[Turn], language: Language, previous: Insight | None
    ) -> Generator[AnswerSoFar, None, None]:
        """See `InsightSource.ask`."""
        prompt = self._prompt(language)
        request = insight_request(
            self._compactor.compact(turns, language, self._input_tokens),
            language,
            prompt,
            prompt.intent_labels,
            prompt.risk_kinds,
            previous,
            self._token_limit,
        )
        return self._answer(request, prompt, turns, language, previous)

    def _answer(
        self,
        request: ModelRequest,
        prompt: Prompt,
        turns: Sequence[Turn],
        language: Language,
        previous: Insight | None,
    ) -> Generator[AnswerSoFar, None, None]:
        with closing(self._model.stream(request)) as deltas:
            # Made while the question is on its way.
            answer = InsightStream(language, prompt.intent_labels, prompt.risk_kinds, turns, previous)
            for delta in deltas:
                if delta.text or delta.usage:
                    yield AnswerSoFar(answer.feed(delta.text), delta.usage)
                if answer.is_broken:
                    break
        yield AnswerSoFar(answer.finish())

    def prepare(self, turns: Sequence[Turn], language: Language) -> None:
        """See `InsightSource.prepare`."""
        # Turn by turn: once the budget is used up, no question has to wait for the analysis of them all.
        self._compactor.prepare(turns, language)

    def close(self) -> None:
        """See `InsightSource.close`."""
        self._model.close()
