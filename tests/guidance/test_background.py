"""The handbook while its files change."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from core.guidance.background import BackgroundRetriever
from core.model.errors import GuidanceError
from core.model.health import PartState
from core.model.passage import GuidanceRequest
from tests.fakes.clock import ManualClock
from tests.guidance.writing import write

SOON_S = 0.02
NEVER_S = 600.0
LIMIT_S = 15.0

Watch = Callable[..., BackgroundRetriever]


@pytest.fixture
def watch(tmp_path: Path) -> Iterator[Watch]:
    with ExitStack() as opened:

        def start(interval_s: float = SOON_S) -> BackgroundRetriever:
            retriever = BackgroundRetriever(tmp_path, ManualClock(), interval_s)
            opened.callback(retriever.close)
            return retriever

        yield start


def titles(retriever: BackgroundRetriever, query: str = "환불") -> list[str]:
    return [passage.title for passage in retriever.assist(GuidanceRequest(summary=query)).documents]


def until(seen: Callable[[], bool]) -> None:
    deadline = time.monotonic() + LIMIT_S
    while not seen():
        assert time.monotonic() < deadline, "it was never seen"
        time.sleep(0.01)


def test_requests_wait_for_the_first_reading(watch: Watch, tmp_path: Path) -> None:
    write(tmp_path, "a.md", "## 환불 절차\n사흘 안에 환불한다.\n")
    retriever = watch()
    assert titles(retriever) == ["환불 절차"]
    assert retriever.health.state is PartState.UP
    report = retriever.report()
    assert (report.entries, report.loaded_at, report.is_loading) == (1, ManualClock().wall(), False)
    assert [(file.path, file.entries, file.languages) for file in report.files] == [("a.md", 1, ("ko",))]


def test_a_handbook_that_cannot_be_read_is_said_and_comes_once_it_is_there(watch: Watch, tmp_path: Path) -> None:
    retriever = watch()
    with pytest.raises(GuidanceError):
        retriever.assist(GuidanceRequest(summary="환불"))
    assert retriever.health.state is PartState.DOWN
    write(tmp_path, "a.md", "## 환불 절차\n사흘 안에 환불한다.\n")
    until(lambda: retriever.health.state is PartState.UP)
    assert titles(retriever) == ["환불 절차"]


def test_changed_added_and_removed_files_are_picked_up(watch: Watch, tmp_path: Path) -> None:
    write(tmp_path, "a.md", "## 환불 절차\n사흘 안에 환불한다.\n")
    retriever = watch()
    assert titles(retriever) == ["환불 절차"]
    write(tmp_path, "deep/b.csv", "title,body\n환불 지연,늦으면 환불 담당에게 넘긴다.\n")
    until(lambda: set(titles(retriever)) == {"환불 절차", "환불 지연"})
    (tmp_path / "a.md").unlink()
    until(lambda: titles(retriever) == ["환불 지연"])


def test_an_editor_that_puts_a_new_file_in_place_is_noticed_at_the_same_time_and_size(
    watch: Watch, tmp_path: Path
) -> None:
    write(tmp_path, "a.md", "## 환불 절차\n사흘 안에 환불한다.\n")
    retriever = watch()
    assert titles(retriever) == ["환불 절차"]
    seen = (tmp_path / "a.md").stat()
    write(tmp_path, "a.tmp", "## 환불 방법\n사흘 안에 환불한다.\n")
    os.utime(tmp_path / "a.tmp", ns=(seen.st_atime_ns, seen.st_mtime_ns))
    os.replace(tmp_path / "a.tmp", tmp_path / "a.md")
    until(lambda: titles(retriever) == ["환불 방법"])


def test_a_broken_file_is_named_and_the_others_stay(watch: Watch, tmp_path: Path) -> None:
    write(tmp_path, "a.md", "## 환불 절차\n사흘 안에 환불한다.\n")
    write(tmp_path, "b.json", '[{"question": "환불?", "answer": "네."}]')
    retriever = watch()
    assert len(titles(retriever)) == 2
    write(tmp_path, "b.json", "[{")
    until(lambda: retriever.health.state is PartState.DEGRADED)
    assert titles(retriever) == ["환불 절차"]
    [broken] = [file for file in retriever.report().files if file.problems]
    assert (broken.path, broken.entries) == ("b.json", 0)


def test_when_everything_breaks_the_last_good_handbook_answers(watch: Watch, tmp_path: Path) -> None:
    write(tmp_path, "a.md", "## 환불 절차\n사흘 안에 환불한다.\n")
    retriever = watch()
    assert titles(retriever) == ["환불 절차"]
    write(tmp_path, "a.md", "nothing")
    until(lambda: retriever.health.state is PartState.DEGRADED)
    assert titles(retriever) == ["환불 절차"]
    assert retriever.report().problem is not None
    assert retriever.report().entries == 1
    write(tmp_path, "a.md", "## 환불 규정\n환불은 닷새 안에.\n")
    until(lambda: titles(retriever) == ["환불 규정"])
    assert retriever.report().problem is None


def test_reload_reads_at_once_and_reports(watch: Watch, tmp_path: Path) -> None:
    write(tmp_path, "a.md", "## 환불 절차\n사흘 안에 환불한다.\n")
    retriever = watch(NEVER_S)
    assert titles(retriever) == ["환불 절차"]
    write(tmp_path, "b.md", "## 환불 지연\n담당에게 넘긴다.\n")
    assert retriever.reload().entries == 2
    assert set(titles(retriever)) == {"환불 절차", "환불 지연"}


def test_what_is_no_readable_file_is_named_and_skipped(watch: Watch, tmp_path: Path) -> None:
    write(tmp_path, "a.md", "## 환불 절차\n사흘 안에 환불한다.\n")
    (tmp_path / "circle.md").symlink_to(tmp_path / "circle.md")
    (tmp_path / "gone.md").symlink_to(tmp_path / "nowhere.md")
    (tmp_path / "round").symlink_to(tmp_path, target_is_directory=True)
    os.mkfifo(tmp_path / "pipe.md")
    (tmp_path / "noise.csv").write_bytes(os.urandom(1024))
    (tmp_path / "zeros.json").write_bytes(bytes(100))
    (tmp_path / "digits.json").write_text("[" + "9" * 5000 + "]")
    with (tmp_path / "huge.md").open("wb") as huge:
        huge.truncate(50_000_000)
    retriever = watch()
    assert titles(retriever) == ["환불 절차"]
    named = {file.path: str(file.problems[0].reason) for file in retriever.report().files if file.problems}
    assert set(named) == {"circle.md", "gone.md", "pipe.md", "noise.csv", "zeros.json", "digits.json", "huge.md"}
    assert named["huge.md"] == "it is larger than 4 MB"


def test_closing_is_idempotent_and_ends_the_thread(watch: Watch, tmp_path: Path) -> None:
    write(tmp_path, "a.md", "## 환불 절차\n사흘 안에 환불한다.\n")
    retriever = watch(NEVER_S)
    titles(retriever)
    started = time.monotonic()
    retriever.close()
    retriever.close()
    assert time.monotonic() - started < LIMIT_S
    assert titles(retriever) == ["환불 절차"]
