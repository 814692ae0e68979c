"""Which engine says what a call is about, as the settings have it."""

from core.assist.openai_model import OpenAIModel
from core.settings import AssistEngine, Settings


def open_model(settings: Settings) -> OpenAIModel | None:
    """The language model, or None where the extractive summary alone is wanted or nothing is set up.

    Nothing is asked yet: a model that is away costs no start. Close it at the end.
    """
    is_set_up = settings.openai_api_key is not None or settings.openai_base_url != ""
    wanted = settings.assist_engine is not AssistEngine.EXTRACTIVE and is_set_up
    return OpenAIModel(settings) if wanted else None
