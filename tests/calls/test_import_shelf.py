"""Files from elsewhere: taken in within limits, read in the background, shown to whoever brought them, kept nowhere."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.calls import import_shelf
from core.calls.import_shelf import MOST_HELD, MOST_WAITING, ImportShelf, ImportStatus
from core.model.errors import (
    ImportedFileBroken,
    ImportedFileTooLarge,
    ImportedFileUnreadable,
    ImportNotFound,
    ImportsBusy,
)
from tests.fakes.webrtc_dump import Talk, internals_bytes
from tests.support.waiting import wait_for

DUMP = internals_bytes(Talk(seconds=20))


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[ImportShelf]:
    shelf = ImportShelf(tmp_path / "imports")
    yield shelf
    shelf.close()


def bring(shelf: ImportShelf, content: bytes = DUMP, owner: str = "user:kim", name: str = "dump.txt") -> str:
    import_id, arrival = shelf.begin(owner, name)
    for at in range(0, len(content), 4_096):
        arrival.write(content[at : at + 4_096])
    arrival.finish()
    return import_id


def read(shelf: ImportShelf, import_id: str, owner: str = "user:kim") -> ImportStatus:
    assert wait_for(lambda: shelf.status(owner, import_id).is_done, 30.0)
    return shelf.status(owner, import_id)


def test_a_file_is_read_and_judged_and_gone_from_the_disk(shelf: ImportShelf, tmp_path: Path) -> None:
    status = read(shelf, bring(shelf, name="C:\\dumps\\mine.txt"))
    assert status.name == "mine.txt"
    assert status.share == 1.0
    assert status.call is not None
    assert status.call.name == "mine.txt"
    assert status.quality is not None
    assert status.quality.scores
    assert wait_for(lambda: not list((tmp_path / "imports").iterdir()), 10.0)


def test_a_broken_file_is_told_by_its_own_name(shelf: ImportShelf) -> None:
    status = read(shelf, bring(shelf, DUMP[:5_000]))
    assert isinstance(status.problem, ImportedFileBroken)
    assert (status.problem.name, status.problem.offset) == ("dump.txt", 5_000)


def test_a_file_over_which_the_reader_stumbles_is_told_so_and_makes_room(
    shelf: ImportShelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stumble(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(import_shelf, "judged", stumble)
    for _ in range(MOST_WAITING + 1):
        assert isinstance(read(shelf, bring(shelf)).problem, ImportedFileUnreadable)


def test_nobody_sees_another_persons_file(shelf: ImportShelf) -> None:
    import_id = bring(shelf)
    with pytest.raises(ImportNotFound):
        shelf.status("user:lee", import_id)
    assert shelf.of("user:lee") == ()
    assert [status.id for status in shelf.of("user:kim")] == [import_id]


def test_too_large_a_file_is_refused_while_it_comes(
    shelf: ImportShelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_shelf, "LARGEST", 10_000)
    import_id, arrival = shelf.begin("user:kim", "dump.txt")
    arrival.write(b"x" * 10_000)
    with pytest.raises(ImportedFileTooLarge):
        arrival.write(b"x")
    arrival.give_up()
    assert list((tmp_path / "imports").iterdir()) == []
    with pytest.raises(ImportNotFound):
        shelf.status("user:kim", import_id)


def test_only_so_many_arrive_at_once_and_one_that_gives_up_makes_room(shelf: ImportShelf) -> None:
    arrivals = [shelf.begin("user:kim", "dump.txt")[1] for _ in range(MOST_WAITING)]
    with pytest.raises(ImportsBusy):
        shelf.begin("user:lee", "dump.txt")
    arrivals[0].give_up()
    assert read(shelf, bring(shelf)).call is not None
    for arrival in arrivals[1:]:
        arrival.give_up()


def test_the_file_that_came_first_makes_room_for_the_next(shelf: ImportShelf) -> None:
    ids = []
    for _ in range(MOST_HELD + 2):
        ids.append(bring(shelf))
        read(shelf, ids[-1])
    assert [status.id for status in shelf.of("user:kim")] == ids[:1:-1]
    with pytest.raises(ImportNotFound):
        shelf.status("user:kim", ids[0])


def test_what_a_crash_left_is_deleted(tmp_path: Path) -> None:
    (tmp_path / "imports").mkdir()
    (tmp_path / "imports" / "left").write_bytes(DUMP)
    ImportShelf(tmp_path / "imports").close()
    assert not (tmp_path / "imports").exists()
