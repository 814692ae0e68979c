"""The source, held to DESIGN's order and house rules. Each rule is shown to notice what it forbids."""

from collections.abc import Callable, Iterable, Iterator

import pytest

from tests.architecture import rules
from tests.architecture.source import Module, read_product

Rule = Callable[[Iterable[Module]], Iterator[str]]

PRODUCT = read_product()

EXAMPLES: tuple[tuple[Rule, dict[str, str], str], ...] = (
    (rules.against_the_order, {"core/model/call.py": "from core.settings import Settings"}, "core.settings"),
    (rules.against_the_order, {"core/speech/a.py": "import core.store.records"}, "core.store.records"),
    (rules.against_the_order, {"core/ui/a.py": "from core import api"}, "core.api"),
    (rules.against_the_order, {"core/odds_and_ends.py": ""}, "no layer"),
    (rules.beyond_the_standard_library, {"core/model/call.py": "import numpy"}, "numpy"),
    (rules.away_from_home, {"core/calls/session.py": "from streamlit import session_state"}, "streamlit"),
    (rules.away_from_home, {"core/speech/whisper.py": "import aiortc.mediastreams"}, "aiortc"),
    (rules.away_from_home, {"core/guidance/other.py": "import bm25s"}, "bm25s"),
    (rules.away_from_home, {"core/assist/a.py": "import langchain"}, "no home"),
    (rules.inside_functions, {"core/media/a.py": "async def f():\n    import av"}, "a.py:2"),
    (rules.relative, {"core/media/a.py": "from . import leg"}, "leg"),
    (
        rules.in_a_circle,
        {"core/calls/a.py": "from core.calls.b import x", "core/calls/b.py": "from core.calls import a"},
        "core.calls.b",
    ),
    (rules.private_elsewhere, {"core/media/a.py": "track._queue.put(1)"}, "track._queue"),
    (rules.private_elsewhere, {"core/media/a.py": "from aiortc import _inner"}, "_inner"),
    (rules.private_elsewhere, {"core/media/a.py": "x = self._of_a_foreign_class"}, "_of_a_foreign_class"),
    (rules.nameless_workers, {"core/calls/a.py": "Thread(target=work)"}, "Thread"),
    (rules.nameless_workers, {"core/calls/a.py": "asyncio.create_task(work())"}, "create_task"),
    (rules.nameless_workers, {"core/calls/a.py": "ThreadPoolExecutor(2)"}, "thread_name_prefix"),
    (rules.vague_or_long, {"core/calls/utils.py": ""}, "utils"),
    (rules.vague_or_long, {"core/calls/a.py": "\n" * 401}, "401"),
)
RULES = tuple(dict.fromkeys(rule for rule, _, _ in EXAMPLES))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_source_keeps_the_rule(rule: Rule) -> None:
    broken = list(rule(PRODUCT))
    assert not broken, f"{rule.__doc__}\n" + "\n".join(broken)


def test_failure_7_no_modules_import_each_other_put_it_off_until_run_time_or_grow_past_reading() -> None:
    """The first report broke circles by imports in functions, and had files of a thousand lines."""
    for rule in (rules.in_a_circle, rules.inside_functions, rules.against_the_order, rules.vague_or_long):
        assert not list(rule(PRODUCT)), rule.__doc__


@pytest.mark.parametrize(("rule", "files", "word"), EXAMPLES, ids=[f"{e[0].__name__}-{e[2]}" for e in EXAMPLES])
def test_the_rule_notices_what_it_forbids(rule: Rule, files: dict[str, str], word: str) -> None:
    broken = list(rule([Module(path, text) for path, text in files.items()]))
    assert len(broken) == 1
    assert word in broken[0]


def test_the_whole_product_is_read() -> None:
    names = {module.name for module in PRODUCT}
    assert {"app", "core.model.call", "core.store.migrations.env", "pages.live"} <= names
    assert all(rules.layer_of(name) is not None for name in names - {"core"})


def test_every_home_is_lived_in() -> None:
    imported = {each.top for module in PRODUCT for each in module.imports}
    assert set(rules.HOMES) <= imported, f"remove from tests/architecture/rules.py: {set(rules.HOMES) - imported}"
