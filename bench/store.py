"""`python -m bench.store [--json] [--calls N]`: how long finding calls takes in a database of a realistic size.

The database is made anew in a temporary folder: 10,000 calls of 30 utterances, Korean and English, over a year.
"""

import argparse
import json
import random
import tempfile
import time
from pathlib import Path

from sqlalchemy import insert

from core.model.archive import CallQuery
from core.model.call import CallOrigin, CallState, LegState, Role
from core.store import schema
from core.store.database import Database
from core.store.records import Store

CALLS = 10_000
UTTERANCES = 30
ROUNDS = 15
DAY_S = 86_400.0
BATCH = 500
KOREAN = (
    "안녕하세요 무엇을 도와드릴까요",
    "지난달 요금이 두 번 청구되었어요",
    "환불을 받을 수 있는지 확인해 주세요",
    "카드 승인 내역을 먼저 조회하겠습니다",
    "네 감사합니다 문자로 안내해 드릴게요",
    "배송지가 바뀌어서 주소를 고치고 싶어요",
)
ENGLISH = (
    "Thank you for calling, how can I help you today",
    "I was charged twice for the same order last month",
    "Let me look at the payment history first",
    "Could you send the refund to my other account",
    "You will get a message within three working days",
    "The parcel went to the wrong address",
)
RARE = "오로라"
QUERIES: dict[str, CallQuery] = {
    "everything": CallQuery(),
    "last page": CallQuery(offset=CALLS - 50),
    "a month": CallQuery(since=300 * DAY_S, until=330 * DAY_S),
    "participant": CallQuery(participant="상담사 7"),
    "own calls": CallQuery(own_of="user:agent7"),
    "common word": CallQuery(text="환불"),
    "two words": CallQuery(text="refund account"),
    "rare word": CallQuery(text=RARE),
    "no such word": CallQuery(text="비행기"),
    "own, by word": CallQuery(text="환불", own_of="user:agent7"),
    "all conditions": CallQuery(text="환불", participant="상담사", language="ko", since=100 * DAY_S, until=300 * DAY_S),
}


def fill(database: Database, calls: int, chance: random.Random) -> None:
    for begin in range(0, calls, BATCH):
        numbers = range(begin, min(calls, begin + BATCH))
        rows: dict[str, list[dict[str, object]]] = {
            "calls": [], "participants": [], "legs": [], "utterances": [], "summaries": [],
        }  # fmt: skip
        for number in numbers:
            _add_call(rows, number, number * 365 * DAY_S / calls, chance)
        with database.transaction() as connection:
            for name, values in rows.items():
                connection.execute(insert(schema.metadata.tables[name]), values)


def _add_call(rows: dict[str, list[dict[str, object]]], number: int, at: float, chance: random.Random) -> None:
    call, agent = f"c{number:06d}", chance.randrange(40)
    language, lines = ("ko", KOREAN) if number % 3 else ("en", ENGLISH)
    rows["calls"].append(
        {
            "id": call,
            "language": language,
            "state": CallState.ENDED.value,
            "origin": CallOrigin.BROWSER.value,
            "created_at": at,
            "ended_at": at + 300,
            "created_by": f"user:agent{agent}",
        }
    )
    people = ((Role.AGENT, f"상담사 {agent}", f"user:agent{agent}"), (Role.CUSTOMER, f"고객 {number}", ""))
    for role, name, person in people:
        key = f"{call}-{role.value}"
        rows["participants"].append(
            {
                "id": key,
                "call_id": call,
                "name": name,
                "role": role.value,
                "joined_at": at,
                "muted": False,
                "person_id": person,
            }
        )
        rows["legs"].append({"id": f"l-{key}", "call_id": call, "participant_id": key, "state": LegState.CLOSED.value})
    for index in range(UTTERANCES):
        role, name, _ = people[index % 2]
        text = f"{chance.choice(lines)} {chance.randrange(10_000)}"
        rows["utterances"].append(
            {
                "call_id": call,
                "id": f"u{index}",
                "participant_id": f"{call}-{role.value}",
                "speaker": name,
                "role": role.value,
                "text": f"{text} {RARE}" if number % 1_000 == 500 and index == 20 else text,
                "start_s": index * 8.0,
                "end_s": index * 8.0 + 5,
                "confidence": 0.9,
                "engine": "whisper",
                "model": "base",
                "recognised_s": index * 8.0 + 6,
            }
        )
    rows["summaries"].append(
        {
            "call_id": call,
            "summary": f"{lines[1]}.",
            "customer_issue": "",
            "agent_action": "",
            "engine": "extractive",
            "model": "",
            "seen_utterance": "u29",
            "turns": UTTERANCES,
            "at_s": 240.0,
            "took_s": 0.01,
        }
    )


def measure(store: Store, query: CallQuery) -> tuple[int, float, float]:
    """How many calls fit, and the median and the longest time of several searches, in milliseconds."""
    took = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        total = store.search(query).total
        took.append((time.perf_counter() - began) * 1000)
    took.sort()
    return total, took[len(took) // 2], took[-1]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.store", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--calls", type=int, default=CALLS)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="earshot-bench-") as folder:
        file = Path(folder) / "earshot.db"
        store = Store.open(f"sqlite:///{file}")
        filling = Database(f"sqlite:///{file}")
        fill(filling, options.calls, random.Random(7))
        filling.close()
        figures = {name: measure(store, query) for name, query in QUERIES.items()}
        size_mb = file.stat().st_size / 1e6
        store.close()
    if options.json:
        report = {name: {"calls": n, "p50_ms": mid, "max_ms": worst} for name, (n, mid, worst) in figures.items()}
        print(json.dumps({"database_mb": size_mb, "searches": report}, ensure_ascii=False, indent=2))
        return
    print(f"{options.calls} calls of {UTTERANCES} utterances, {size_mb:.0f} MB; {ROUNDS} searches each")
    print(f"{'search':<16}{'calls':>8}{'p50 ms':>10}{'max ms':>10}")
    for name, (found, mid, worst) in figures.items():
        print(f"{name:<16}{found:>8}{mid:>10.1f}{worst:>10.1f}")


if __name__ == "__main__":
    main()
