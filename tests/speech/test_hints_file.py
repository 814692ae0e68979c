"""The file of vocabulary hints: changes are seen, a bad one leaves the last good, saving is whole or not at all."""

import os
import stat
from pathlib import Path

import pytest

from core.model.errors import HintsChanged, HintsInvalid, HintsUnreadable, HintsUnwritable
from core.model.folder import file_stamp
from core.speech.hints import HintPhrase
from core.speech.hints_file import HintsFile
from tests.fakes.clock import ManualClock

GOOD = "phrases:\n- Flex\nlanguages:\n  ko:\n    phrases: [안심]\n"
BAD = "phrases:\n- Flex\n- ${nothing}\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "speech_hints.yaml"


@pytest.fixture
def hints(path: Path) -> HintsFile:
    return HintsFile(path, ManualClock())


def put(path: Path, text: str) -> None:
    """As another program saves it; the time of change is another one however fast the test is."""
    before = file_stamp(path).modified_ns
    path.write_text(text, encoding="utf-8")
    os.utime(path, ns=(before + 10**9, before + 10**9))


def in_use(hints: HintsFile, language: str = "en") -> list[str]:
    return [phrase.value for phrase in hints(language).phrases]


def test_no_file_is_no_hints_and_no_problem(hints: HintsFile) -> None:
    assert in_use(hints) == []
    report = hints.report()
    assert (report.problem, report.exists, report.read_at) == (None, False, None)


def test_a_file_is_read_again_when_it_changes_and_only_then(hints: HintsFile, path: Path) -> None:
    put(path, GOOD)
    assert in_use(hints) == ["Flex"]
    assert in_use(hints, "ko") == ["Flex", "안심"]
    assert hints("ko") is hints("ko")
    put(path, GOOD.replace("Flex", "Max"))
    assert in_use(hints) == ["Max"]
    path.unlink()
    assert in_use(hints) == []
    assert not hints.report().exists


def test_a_bad_file_is_named_with_its_line_and_the_last_good_one_stays(
    hints: HintsFile, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    put(path, GOOD)
    good = hints("en")
    put(path, BAD)
    assert hints("en") is good
    assert hints("en") is good
    report = hints.report()
    assert isinstance(report.problem, HintsInvalid)
    assert report.problem.line == 3
    assert report.text == BAD
    assert report.content.phrases == (HintPhrase("Flex"),)
    assert len(caplog.records) == 1
    put(path, GOOD)
    assert hints.report().problem is None


def test_a_folder_in_its_place_is_a_problem_and_no_end(hints: HintsFile, path: Path) -> None:
    path.mkdir()
    assert in_use(hints) == []
    assert isinstance(hints.report().problem, HintsUnreadable)
    path.rmdir()
    os.mkfifo(path)
    assert isinstance(hints.report().problem, HintsUnreadable)


def test_what_is_saved_is_in_use_at_once_and_whole_on_the_disk(hints: HintsFile, path: Path) -> None:
    report = hints.save(GOOD, hints.report().digest)
    assert path.read_text(encoding="utf-8") == GOOD
    assert report.problem is None
    assert in_use(hints) == ["Flex"]
    path.chmod(0o640)
    hints.save(GOOD.replace("Flex", "Max"), hints.report().digest)
    assert in_use(hints) == ["Max"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_a_link_stays_a_link(hints: HintsFile, path: Path, tmp_path: Path) -> None:
    real = tmp_path / "elsewhere" / "hints.yaml"
    real.parent.mkdir()
    real.write_text(GOOD, encoding="utf-8")
    path.symlink_to(real)
    hints.save("phrases: [Max]", hints.report().digest)
    assert path.is_symlink()
    assert real.read_text(encoding="utf-8") == "phrases: [Max]"


def test_a_wrong_text_is_not_saved(hints: HintsFile, path: Path) -> None:
    put(path, GOOD)
    with pytest.raises(HintsInvalid):
        hints.save(BAD, hints.report().digest)
    assert path.read_text(encoding="utf-8") == GOOD


def test_who_edited_an_older_file_overwrites_nothing(hints: HintsFile, path: Path) -> None:
    put(path, GOOD)
    opened = hints.report().digest
    put(path, "phrases: [somebody else's]")
    for digest in (opened, ""):
        with pytest.raises(HintsChanged):
            hints.save("phrases: [mine]", digest)
    assert in_use(hints) == ["somebody else's"]


def test_a_bad_file_can_be_mended_by_saving(hints: HintsFile, path: Path) -> None:
    path.write_bytes(b"phrases:\n- \xff\n")
    report = hints.report()
    assert report.problem is not None
    assert hints.save(GOOD, report.digest).problem is None


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")
    hints = HintsFile(in_the_way / "speech_hints.yaml", ManualClock())
    with pytest.raises(HintsUnwritable) as raised:
        hints.save(GOOD, "")
    assert "EARSHOT_SPEECH_HINTS" in str(raised.value)
