"""Handbooks as a test writes them."""

from pathlib import Path

from core.guidance.embedded import EmbeddedRetriever
from core.model.passage import GuidanceRequest


def write(folder: Path, name: str, text: str) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def titles(retriever: EmbeddedRetriever, query: str, most: int = 5) -> list[str]:
    answer = retriever.assist(GuidanceRequest(summary=query, max_documents=most))
    return [passage.title for passage in answer.documents]
