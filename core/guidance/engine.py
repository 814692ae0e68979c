"""What the settings say of other servers that take part in guidance."""

from core.guidance.embeddings import Embedder, EmbeddingServer
from core.guidance.remote import RemoteRetriever
from core.model.clock import Clock
from core.settings import Settings


def open_remote(settings: Settings, clock: Clock) -> RemoteRetriever | None:
    """The server that is asked instead of the handbook here; None where there is none."""
    if not settings.guidance_url:
        return None
    key = settings.guidance_key.get_secret_value() if settings.guidance_key else ""
    return RemoteRetriever(settings.guidance_url, key, settings.guidance_timeout_s, clock)


def open_embedder(settings: Settings) -> Embedder | None:
    """The embedding model; None where there is none, or where it is another server that finds passages."""
    if not settings.embedding_url or settings.guidance_url:
        return None
    key = settings.embedding_key.get_secret_value() if settings.embedding_key else ""
    return EmbeddingServer(settings.embedding_url, settings.embedding_model, key)
