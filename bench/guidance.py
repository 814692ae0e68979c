"""`python -m bench.guidance [--json]`: how well and how fast the handbook is found."""

import argparse
import json
import random
import statistics
import time
from pathlib import Path

from core.guidance.embedded import EmbeddedRetriever
from core.guidance.knowledge import Entry, Knowledge, read_knowledge
from core.model.passage import GuidanceRequest
from core.settings import PROJECT_ROOT

QUESTIONS = PROJECT_ROOT / "tests" / "guidance" / "questions.json"
SYNTHETIC_ENTRIES = 10_000


def recall(retriever: EmbeddedRetriever, questions: Path = QUESTIONS) -> dict[str, float]:
    """Recall at 1 and 5 and the mean reciprocal rank over a question set."""
    ranks: list[int | None] = []
    for question in json.loads(questions.read_text(encoding="utf-8")):
        answer = retriever.assist(GuidanceRequest(summary=question["query"], max_documents=10))
        titles = [passage.title for passage in answer.documents]
        ranks.append(titles.index(question["title"]) + 1 if question["title"] in titles else None)
    return {
        "questions": len(ranks),
        "recall_at_1_pct": 100 * sum(r == 1 for r in ranks) / len(ranks),
        "recall_at_5_pct": 100 * sum(r is not None and r <= 5 for r in ranks) / len(ranks),
        "mean_reciprocal_rank": statistics.mean(1 / r if r else 0.0 for r in ranks),
    }


def synthetic(knowledge: Knowledge, count: int) -> Knowledge:
    """A handbook of `count` entries, made by shuffling the sentences of the real one."""
    chance = random.Random(7)
    pool = [sentence for entry in knowledge.entries for sentence in entry.body.split(". ")]
    entries = [
        Entry(f"{chance.choice(knowledge.entries).title} {n}", ". ".join(chance.sample(pool, 3)), (), f"synthetic#{n}")
        for n in range(count)
    ]
    return Knowledge(tuple(entries), knowledge.synonyms, ())


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.guidance")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    knowledge = read_knowledge(PROJECT_ROOT / "knowledge")
    figures: dict[str, float] = {"entries": len(knowledge.entries), **recall(EmbeddedRetriever(knowledge))}
    started = time.perf_counter()
    large = EmbeddedRetriever(synthetic(knowledge, SYNTHETIC_ENTRIES))
    figures["build_10000_entries_s"] = time.perf_counter() - started
    took_ms: list[float] = []
    for question in json.loads(QUESTIONS.read_text(encoding="utf-8")) * 4:
        started = time.perf_counter()
        large.assist(GuidanceRequest(summary=question["query"]))
        took_ms.append((time.perf_counter() - started) * 1000)
    figures["query_10000_entries_p50_ms"] = statistics.median(took_ms)
    figures["query_10000_entries_p95_ms"] = statistics.quantiles(took_ms, n=20)[-1]
    rounded = {name: round(value, 3) for name, value in figures.items()}
    print(json.dumps(rounded) if options.json else "\n".join(f"{k:32} {v}" for k, v in rounded.items()))


if __name__ == "__main__":
    main()
