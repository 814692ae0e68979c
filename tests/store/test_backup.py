import io
import json
import tarfile
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from core.model.call import CallId
from core.model.errors import BackupInvalid, BackupUnsupported, DataFolderInUse, RestoreRefused
from core.settings import Settings
from core.store import backup
from core.store.lock import DataFolderLock
from core.store.records import Store
from tests.store.test_records import CALL, PERSON, utterance


def settings_of(folder: Path, **more: object) -> Settings:
    return Settings(_env_file=None, data_dir=folder, **more)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data folder with a call, samples, a key and users."""
    folder = tmp_path / "data"
    (folder / "samples" / CALL.id).mkdir(parents=True)
    (folder / "samples" / CALL.id / "0.parquet").write_bytes(b"samples")
    (folder / "models").mkdir()
    (folder / "models" / "model.bin").write_bytes(b"large")
    (folder / "secret.key").write_text("a key that signs")
    (folder / "users.json").write_text("{}")
    (folder / "speech_hints.yaml").write_text("phrases: [Flex]")
    (folder / "prompts").mkdir()
    (folder / "prompts" / "ko.md").write_text("+++")
    store = Store.open(f"sqlite:///{folder / 'earshot.db'}")
    store.create_call(CALL)
    store.save_participant(CALL.id, PERSON)
    store.save_utterance(CALL.id, utterance(0))
    store.close()
    return folder


def utterances_in(folder: Path) -> int:
    store = Store.open(f"sqlite:///{folder / 'earshot.db'}")
    try:
        return len(store.load_call(CallId(CALL.id)).utterances)
    finally:
        store.close()


def test_a_backup_comes_back_whole_into_an_empty_folder(folder: Path, tmp_path: Path) -> None:
    kept = tmp_path / "kept.tar.gz"
    assert backup.save(settings_of(folder, users_file=folder / "users.json"), kept) == 6
    assert kept.stat().st_mode & 0o077 == 0
    other = tmp_path / "other"
    assert backup.restore(settings_of(other), kept, replace=False) is None
    assert utterances_in(other) == 1
    assert (other / "secret.key").read_text() == "a key that signs"
    assert (other / "samples" / CALL.id / "0.parquet").read_bytes() == b"samples"
    assert (other / "users.json").exists()
    assert (other / "speech_hints.yaml").read_text() == "phrases: [Flex]"
    assert (other / "prompts" / "ko.md").read_text() == "+++"
    assert not (other / "models").exists()


def test_a_backup_made_while_records_are_written_is_whole(folder: Path, tmp_path: Path) -> None:
    store = Store.open(f"sqlite:///{folder / 'earshot.db'}")
    stop = threading.Event()

    def write() -> None:
        number = 1
        while not stop.is_set():
            store.save_utterance(CALL.id, utterance(number))
            number += 1

    writer = threading.Thread(target=write, name="writer")
    writer.start()
    try:
        for turn in range(3):
            backup.save(settings_of(folder), tmp_path / f"{turn}.tar.gz")
    finally:
        stop.set()
        writer.join()
        store.close()
    for turn in range(3):
        backup.restore(settings_of(tmp_path / f"restored{turn}"), tmp_path / f"{turn}.tar.gz", replace=False)
        assert utterances_in(tmp_path / f"restored{turn}") >= 1


def test_what_is_there_is_moved_aside_only_when_asked(folder: Path, tmp_path: Path) -> None:
    kept = tmp_path / "kept.tar.gz"
    backup.save(settings_of(folder), kept)
    (folder / "secret.key").write_text("a later key")
    with pytest.raises(RestoreRefused, match="--replace"):
        backup.restore(settings_of(folder), kept, replace=False)
    assert (folder / "secret.key").read_text() == "a later key"
    aside = backup.restore(settings_of(folder), kept, replace=True)
    assert aside is not None
    assert (aside / "secret.key").read_text() == "a later key"
    assert (folder / "secret.key").read_text() == "a key that signs"
    assert (folder / "models" / "model.bin").exists()


def test_nothing_is_restored_under_a_running_server(folder: Path, tmp_path: Path) -> None:
    kept = tmp_path / "kept.tar.gz"
    backup.save(settings_of(folder), kept)
    lock = DataFolderLock(folder)
    with pytest.raises(RestoreRefused, match="a server is using it"):
        backup.restore(settings_of(folder), kept, replace=True)
    with pytest.raises(DataFolderInUse):
        DataFolderLock(folder)
    lock.close()
    assert backup.restore(settings_of(folder), kept, replace=True) is not None


def test_records_elsewhere_are_not_backed_up_by_half(folder: Path, tmp_path: Path) -> None:
    elsewhere = settings_of(folder, database_url="postgresql://earshot:hush@db/earshot")
    with pytest.raises(BackupUnsupported) as refused:
        backup.save(elsewhere, tmp_path / "kept.tar.gz")
    assert "hush" not in str(refused.value)


Member = tuple[tarfile.TarInfo, bytes]


def member(name: str, content: bytes = b"", kind: bytes = tarfile.REGTYPE, link: str = "") -> Member:
    info = tarfile.TarInfo(name)
    info.size, info.type, info.linkname = len(content), kind, link
    return info, content


def archive(path: Path, *members: Member) -> Path:
    with tarfile.open(path, "w:gz") as file:
        for info, content in members:
            file.addfile(info, io.BytesIO(content))
    return path


def manifest(**files: str) -> Member:
    return member(backup.MANIFEST, json.dumps({"version": 1, "files": files}).encode())


@pytest.mark.parametrize(
    "make",
    [
        lambda path: archive(path, member("../outside", b"x"), manifest()),
        lambda path: archive(path, member("/etc/outside", b"x"), manifest()),
        lambda path: archive(path, member("a/../../outside", b"x"), manifest()),
        lambda path: archive(path, member("link", kind=tarfile.SYMTYPE, link="/etc/passwd"), manifest()),
        lambda path: archive(path, member("link", kind=tarfile.LNKTYPE, link="/etc/passwd"), manifest()),
        lambda path: archive(path, member("pipe", kind=tarfile.FIFOTYPE), manifest()),
        lambda path: archive(path, member("device", kind=tarfile.CHRTYPE), manifest()),
        lambda path: archive(path, member("earshot.lock", b"x"), manifest()),
        lambda path: archive(path, member("models/model.bin", b"x"), manifest()),
        lambda path: archive(path, member("earshot.db", b"x")),
        lambda path: archive(path, member("earshot.db", b"x"), manifest(**{"earshot.db": "0" * 64})),
        lambda path: archive(path, member("secret.key", b"x"), member("earshot.db", b""), manifest()),
        lambda path: archive(path, member(backup.MANIFEST, b'{"version": 99, "files": {}}')),
        lambda path: archive(path, member(backup.MANIFEST, b"[]")),
        lambda path: path.write_bytes(b"no archive at all"),
        lambda path: path.write_bytes(b""),
    ],
)
def test_what_is_no_backup_is_refused_and_touches_nothing(
    make: Callable[[Path], object], folder: Path, tmp_path: Path
) -> None:
    make(tmp_path / "bad.tar.gz")
    with pytest.raises(BackupInvalid):
        backup.restore(settings_of(folder), tmp_path / "bad.tar.gz", replace=True)
    assert utterances_in(folder) == 1
    assert not (tmp_path / "outside").exists()


def test_a_damaged_or_truncated_backup_is_refused(folder: Path, tmp_path: Path) -> None:
    whole = tmp_path / "whole.tar.gz"
    backup.save(settings_of(folder), whole)
    content = whole.read_bytes()
    for number, broken in enumerate((content[: len(content) // 2], content[:200] + b"\0" + content[201:])):
        path = tmp_path / f"broken{number}.tar.gz"
        path.write_bytes(broken)
        with pytest.raises(BackupInvalid):
            backup.restore(settings_of(tmp_path / f"other{number}"), path, replace=False)
