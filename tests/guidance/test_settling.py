"""Half written files are waited for."""

from pathlib import Path

from core.guidance.settling import MOST_WAITS, Settling
from core.model.folder import FileStamp


def look(size: int, *others: str) -> tuple[FileStamp, ...]:
    return tuple(FileStamp(Path(name), 1, size, 1) for name in ("a.md", *others))


def test_a_change_is_read_once_it_was_seen_twice() -> None:
    settling = Settling()
    settling.read(look(1))
    assert [settling.is_due(look(size)) for size in (1, 1, 2, 3, 4)] == [False] * 5
    assert settling.is_due(look(4))
    settling.read(look(4))
    assert not settling.is_due(look(4))


def test_a_change_that_is_taken_back_is_none() -> None:
    settling = Settling()
    settling.read(look(1))
    assert [settling.is_due(look(size)) for size in (1, 2, 1, 1)] == [False] * 4


def test_a_removed_and_an_added_file_are_changes() -> None:
    settling = Settling()
    settling.read(look(1, "b.md"))
    settling.is_due(look(1))
    assert settling.is_due(look(1))
    settling.read(look(1))
    settling.is_due(look(1, "c.md"))
    assert settling.is_due(look(1, "c.md"))


def test_a_folder_that_never_rests_is_read_all_the_same() -> None:
    settling = Settling()
    settling.read(look(0))
    due = [settling.is_due(look(size)) for size in range(1, MOST_WAITS + 2)]
    assert due == [False] * MOST_WAITS + [True]
