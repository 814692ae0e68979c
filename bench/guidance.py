"""`python -m bench.guidance [--json]`: how well and how fast the handbook is found.

Three question sets. `development` and `held_out` are asked of the sample handbook; both were written before the index
was tuned and not changed after, but its aliases and the everyday words were widened by people who had read them, so
their figures flatter. `other_trades` is asked of a handbook that has no aliases and no synonyms of its own: of the
three the nearest to a handbook that nobody here has seen, though the everyday words were tried on two thirds of it.
"""

import argparse
import json
import random
import statistics
import time
from collections.abc import Mapping
from pathlib import Path

from core.guidance.embedded import EmbeddedRetriever
from core.guidance.entry import Entry
from core.guidance.knowledge import Knowledge, read_knowledge
from core.model.passage import GuidanceRequest
from core.settings import PROJECT_ROOT

SAMPLE = PROJECT_ROOT / "knowledge"
TESTS = PROJECT_ROOT / "tests" / "guidance"
QUESTION_SETS: Mapping[str, tuple[Path, Path]] = {
    "development": (SAMPLE, TESTS / "questions.json"),
    "held_out": (SAMPLE, TESTS / "held_out_questions.json"),
    "other_trades": (TESTS / "other_trades", TESTS / "other_trades_questions.json"),
}
SYNTHETIC_ENTRIES = 10_000


def recall(retriever: EmbeddedRetriever, questions: Path) -> dict[str, float]:
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
    """A handbook of `count` entries: titles and aliases of the real one over its sentences in other mixtures."""
    chance = random.Random(7)
    pools = {
        language: [line for e in knowledge.entries if e.language == language for line in e.body.split(". ")]
        for language in ("ko", "en")
    }
    entries: list[Entry] = []
    for number in range(count):
        model = chance.choice(knowledge.entries)
        body = ". ".join(chance.sample(pools[model.language], 3))
        entries.append(Entry(f"{model.title} {number}", body, model.aliases, f"synthetic#{number}"))
    return Knowledge(tuple(entries), knowledge.synonyms, ())


def speed(knowledge: Knowledge) -> dict[str, float]:
    """What a large handbook costs to index and to ask, wall clock and processor."""
    queries = [
        question["query"]
        for _folder, questions in QUESTION_SETS.values()
        for question in json.loads(questions.read_text(encoding="utf-8"))
    ]
    wall, processor = time.perf_counter(), time.process_time()
    large = EmbeddedRetriever(synthetic(knowledge, SYNTHETIC_ENTRIES))
    figures = {
        f"build_{SYNTHETIC_ENTRIES}_entries_s": time.perf_counter() - wall,
        f"build_{SYNTHETIC_ENTRIES}_entries_cpu_s": time.process_time() - processor,
    }
    took_ms: list[float] = []
    for query in queries:
        started = time.perf_counter()
        large.assist(GuidanceRequest(summary=query))
        took_ms.append((time.perf_counter() - started) * 1000)
    figures[f"query_{SYNTHETIC_ENTRIES}_entries_p50_ms"] = statistics.median(took_ms)
    figures[f"query_{SYNTHETIC_ENTRIES}_entries_p95_ms"] = statistics.quantiles(took_ms, n=20)[-1]
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.guidance")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    knowledge = read_knowledge(SAMPLE)
    figures: dict[str, float] = {"entries": len(knowledge.entries)}
    for name, (folder, questions) in QUESTION_SETS.items():
        found = recall(EmbeddedRetriever(read_knowledge(folder)), questions)
        figures |= {f"{name}_{figure}": value for figure, value in found.items()}
    figures |= speed(knowledge)
    rounded = {name: round(value, 3) for name, value in figures.items()}
    print(json.dumps(rounded) if options.json else "\n".join(f"{k:36} {v}" for k, v in rounded.items()))


if __name__ == "__main__":
    main()
