"""Scripted conversations and their folder."""

import json
import re
from pathlib import Path

import pytest

from core.assist.extractive import ExtractiveSummarizer
from core.assist.scenario import read_scenario
from core.assist.scenarios import ScenarioFolder
from core.model.call import Role
from core.model.errors import ScenarioInvalid, ScenarioNotFound
from core.settings import PROJECT_ROOT

OURS = ScenarioFolder(PROJECT_ROOT / "demo" / "scenarios")
TURNS = [{"speaker": "고객", "text": "환불해 주세요."}, {"speaker": "상담사", "text": "네, 접수했습니다."}]
WHOLE: dict[str, object] = {"title": {"ko": "환불", "en": "Refund"}, "language": "ko", "turns": TURNS}


def write(folder: Path, name: str, content: object) -> Path:
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def test_a_whole_file_and_a_list_alone_are_read(tmp_path: Path) -> None:
    scenario = read_scenario(write(tmp_path, "환불.json", {**WHOLE, "names": {"고객": "이수진"}}))
    assert (scenario.name, scenario.title_in("en"), scenario.title_in("fr")) == ("환불", "Refund", "환불")
    assert scenario.names == {Role.CUSTOMER: "이수진"}
    bare = read_scenario(write(tmp_path, "bare.json", TURNS))
    assert (bare.title_in("ko"), bare.language, bare.turns) == ("bare", "ko", scenario.turns)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("{", "line 1"),
        ("[" * 100_000, "nesting"),
        ("[" + "9" * 5_000 + "]", "huge number"),
        ('"words"', "neither"),
        ([], "no list of turns"),
        ({**WHOLE, "turns": []}, "no list of turns"),
        ({**WHOLE, "turns": TURNS * 600}, "more than 1000 turns"),
        ({**WHOLE, "turns": [{"speaker": "dog", "text": "woof"}]}, "entry 1: the speaker"),
        ({**WHOLE, "turns": [*TURNS, {"speaker": "고객", "text": " "}]}, "entry 3 has no text"),
        ({**WHOLE, "turns": ["고객"]}, "entry 1 is not an object"),
        ({**WHOLE, "language": "fr"}, "language is none of"),
        ({**WHOLE, "language": ["ko"]}, "language is none of"),
        ({"turns": TURNS}, "`title` is not"),
        ({**WHOLE, "title": {}}, "`title` is empty"),
        ({**WHOLE, "title": {"fr": "Remboursement"}}, "`title` has `fr`"),
        ({**WHOLE, "names": {"cat": "Tom"}}, "`names` has `cat`"),
        (" " * 1_000_001, "larger than"),
    ],
)
def test_a_broken_file_is_named_and_the_others_stay(tmp_path: Path, content: object, reason: str) -> None:
    write(tmp_path, "good.json", WHOLE)
    write(tmp_path, "bad.json", content)
    found = ScenarioFolder(tmp_path).list()
    assert [scenario.name for scenario in found.scenarios] == ["good"]
    assert [problem.path for problem in found.problems] == ["bad.json"]
    assert reason in found.problems[0].reason


def test_changes_of_the_folder_are_seen_and_nothing_is_read_twice(tmp_path: Path) -> None:
    folder = ScenarioFolder(tmp_path / "later")
    assert folder.list().scenarios == ()
    folder.path.mkdir()
    write(folder.path, "a.json", WHOLE)
    first = folder.list()
    assert [scenario.name for scenario in first.scenarios] == ["a"]
    assert folder.list() is first
    write(folder.path, "a.json", {**WHOLE, "title": {"ko": "다른 환불"}})
    assert folder.list().scenarios[0].title_in("en") == "다른 환불"
    (folder.path / "a.json").unlink()
    assert folder.list().scenarios == ()


@pytest.mark.parametrize(
    "name", ["../secret", "..", "", "/etc/passwd", "secret/../a", "a.json", "a\0", "./a", "deep/b"]
)
def test_a_name_never_leaves_the_folder(tmp_path: Path, name: str) -> None:
    (tmp_path / "in" / "deep").mkdir(parents=True)
    write(tmp_path, "secret.json", WHOLE)
    write(tmp_path / "in", "a.json", WHOLE)
    write(tmp_path / "in" / "deep", "b.json", WHOLE)
    with pytest.raises(ScenarioNotFound):
        ScenarioFolder(tmp_path / "in").find(name)


def test_what_is_no_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "circle.json").symlink_to(tmp_path / "circle.json")
    (tmp_path / "gone.json").symlink_to(tmp_path / "nowhere.json")
    assert {problem.path for problem in ScenarioFolder(tmp_path).list().problems} == {"circle.json", "gone.json"}
    with pytest.raises(ScenarioInvalid):
        read_scenario(tmp_path)


def test_our_five_demos_are_whole_and_of_a_length_to_watch() -> None:
    found = OURS.list()
    assert found.problems == ()
    assert [scenario.language for scenario in found.scenarios] == ["ko", "ko", "ko", "en", "en"]
    for scenario in found.scenarios:
        assert 14 <= len(scenario.turns) <= 24
        assert {turn.role for turn in scenario.turns} == {Role.AGENT, Role.CUSTOMER} == set(scenario.names)
        assert set(scenario.title) == {"ko", "en"}


def test_our_demos_hold_numbers_to_be_masked() -> None:
    said = " ".join(turn.text for scenario in OURS.list().scenarios for turn in scenario.turns)
    assert "4111 1111 1111 1111" in said
    assert re.search(r"010-0000-\d{4}", said)


@pytest.mark.parametrize(
    ("name", "summary", "action"),
    [
        ("ko_refund", ("청소기", "반품", "충전 안 됨"), "결제 취소"),
        ("ko_slow_internet", ("인터넷", "느림"), "기사 방문 예약"),
        ("ko_roaming", ("로밍", "신청"), "자동이체 카드"),
        ("en_double_charge", ("charged twice",), "technician"),
        ("en_lost_phone", ("lost my phone",), "SIM"),
    ],
)
def test_our_demos_are_summed_up_well(name: str, summary: tuple[str, ...], action: str) -> None:
    scenario = OURS.find(name)
    found = ExtractiveSummarizer().summarize(scenario.turns, scenario.language)
    assert all(word in found.summary for word in summary), found
    assert action in found.agent_action
