"""`python -m core.assist SCENARIO.json [--json]`: replay a scripted conversation, one result a turn."""

import argparse
import json
import sys
import time
from dataclasses import asdict
from pathlib import Path

from core.assist.extractive import ExtractiveSummarizer
from core.assist.scenario import read_scenario
from core.model.errors import ScenarioInvalid


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m core.assist", description="Replay a scripted conversation.")
    parser.add_argument("scenario", type=Path, help="a JSON file of turns, as in demo/scenarios")
    parser.add_argument("--language", choices=("ko", "en"), help="found from the text when left out")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    options = parser.parse_args(arguments)
    try:
        scenario = read_scenario(options.scenario)
    except ScenarioInvalid as error:
        print(error, file=sys.stderr)
        return 2
    turns, summarizer, language = scenario.turns, ExtractiveSummarizer(), options.language or scenario.language
    for number, turn in enumerate(turns, start=1):
        started = time.perf_counter()
        result = asdict(summarizer.summarize(turns[:number], language))
        took_ms = round((time.perf_counter() - started) * 1000, 2)
        if options.json:
            line = {
                "turn": number,
                "speaker": turn.role.value,
                **result,
                "engine": summarizer.engine,
                "took_ms": took_ms,
            }
            print(json.dumps(line, ensure_ascii=False))
        else:
            print(f"{number:3} {turn.role.value}: {turn.text}")
            print("".join(f"      {name}: {value}\n" for name, value in result.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
