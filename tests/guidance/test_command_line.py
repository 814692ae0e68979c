import json
import subprocess
import sys
from pathlib import Path

from core.settings import PROJECT_ROOT
from tests.guidance.writing import write


def command(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "core.guidance", *arguments],
        capture_output=True,
        encoding="utf-8",
        cwd=PROJECT_ROOT,
        check=False,
    )


def test_it_prints_one_object_a_query() -> None:
    ran = command("--json", "--max-documents", "2", "요금 두 번 청구됨", "lost my phone", "")
    lines = [json.loads(line) for line in ran.stdout.splitlines()]
    assert [line["query"] for line in lines] == ["요금 두 번 청구됨", "lost my phone", ""]
    assert [len(line["documents"]) for line in lines] == [2, 2, 0]
    assert set(lines[0]["documents"][0]) == {"title", "snippet", "score", "source"}


def test_it_reads_another_folder_and_names_what_it_left_out(tmp_path: Path) -> None:
    write(tmp_path, "good.json", '[{"question": "환불", "answer": "사흘 안에 입금한다."}]')
    write(tmp_path, "bad.json", "[")
    ran = command("--knowledge", str(tmp_path), "환불은 언제 돼요", "zzzz")
    assert ran.returncode == 0
    assert "1. 환불" in ran.stdout
    assert "nothing was found" in ran.stdout
    assert "bad.json was left out: line 1" in ran.stderr


def test_it_refuses_in_words(tmp_path: Path) -> None:
    ran = command("--knowledge", str(tmp_path), "환불")
    assert (ran.returncode, "holds no entries" in ran.stderr) == (2, True)
    ran = command("--max-documents", "0", "환불")
    assert (ran.returncode, "not a number from 1 to 50" in ran.stderr) == (2, True)
