"""`python -m core.guidance [--knowledge DIR] [--max-documents N] [--json] QUERY...`: ask the handbook."""

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

from core.guidance.embedded import EmbeddedRetriever
from core.model.errors import EarshotError
from core.model.passage import MOST_DOCUMENTS, GuidanceRequest
from core.settings import load_settings


def _count(text: str) -> int:
    number = int(text) if text.isdecimal() else 0
    if not 1 <= number <= MOST_DOCUMENTS:
        raise argparse.ArgumentTypeError(f"{text} is not a number from 1 to {MOST_DOCUMENTS}")
    return number


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m core.guidance", description="Ask the handbook.")
    parser.add_argument("query", nargs="+", help="what a caller wants, in Korean or English")
    parser.add_argument("--knowledge", type=Path, help="the handbook's folder")
    parser.add_argument("--max-documents", type=_count, default=5, help="passages at most")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    options = parser.parse_args(arguments)
    try:
        retriever = EmbeddedRetriever.load(options.knowledge or load_settings().knowledge_dir)
    except EarshotError as error:
        print(error, file=sys.stderr)
        return 2
    for query in options.query:
        answer = retriever.assist(GuidanceRequest(summary=query, max_documents=options.max_documents))
        documents = [asdict(passage) for passage in answer.documents]
        if options.json:
            print(json.dumps({"query": query, "documents": documents}, ensure_ascii=False))
            continue
        print(query)
        for rank, passage in enumerate(answer.documents, start=1):
            print(f"  {rank}. {passage.title}  ({passage.score:.2f}, {passage.source})\n     {passage.snippet}")
        if not documents:
            print("  nothing was found")
    return 0


if __name__ == "__main__":
    sys.exit(main())
