"""Backups of the data folder: made while the server runs, and taken back only whole.

`python -m core.store.backup save FILE.tar.gz` and `restore FILE.tar.gz [--replace]`; `make backup` and `make restore`.
A backup holds everything that signs and identifies, so it is as secret as the data folder itself.
"""

import argparse
import gzip
import hashlib
import json
import os
import shutil
import sqlite3
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from pathlib import Path, PurePosixPath

from core.model.errors import (
    BackupInvalid,
    BackupUnsupported,
    BackupUnwritable,
    DataFolderInUse,
    EarshotError,
    RestoreRefused,
)
from core.settings import Settings, load_settings
from core.store.database import shown_url
from core.store.lock import LOCK_NAME, DataFolderLock

VERSION = 1
DATABASE = "earshot.db"
MANIFEST = "manifest.json"
KEPT_FILES = ("secret.key", "settings.state")
SAMPLES = "samples"
LEFT_ALONE = frozenset({LOCK_NAME, "models"})
"""Neither saved nor moved: the lock, and speech models, which are made again from the packages."""
CHUNK = 1 << 20


def save(settings: Settings, target: Path) -> int:
    """Write a backup, readable by its owner only; returns how many files it holds. The server may be running.

    Raises:
        BackupUnsupported: the records are not in the data folder.
        BackupUnwritable: there is nothing to save, or the target cannot be written.
    """
    _require_sqlite(settings)
    try:
        return _save(settings, target)
    except (OSError, sqlite3.Error) as error:
        raise BackupUnwritable(path=str(target), reason=str(error)) from error


def _save(settings: Settings, target: Path) -> int:
    with tempfile.TemporaryDirectory(dir=_existing(target.parent)) as folder, ExitStack() as opened:
        copy = Path(folder) / DATABASE
        _copy_database(settings.data_dir / DATABASE, copy)
        draft = Path(folder) / "backup.tar.gz"
        draft.touch(mode=0o600)
        archive = opened.enter_context(tarfile.open(draft, "w:gz"))
        checksums: dict[str, str] = {}
        _add(archive, {DATABASE: copy, **dict(_files(settings))}, checksums)
        # The samples of a call that ended meanwhile have been put together in a file that was not there before.
        _add(archive, dict(_files(settings)), checksums)
        manifest = Path(folder) / MANIFEST
        manifest.write_text(json.dumps({"version": VERSION, "made_at": time.time(), "files": checksums}, indent=1))
        archive.add(manifest, MANIFEST)
        archive.close()
        os.replace(draft, target)
    return len(checksums)


def _add(archive: tarfile.TarFile, sources: Mapping[str, Path], checksums: dict[str, str]) -> None:
    """Save the files that have no checksum yet, and note theirs."""
    for name, path in sources.items():
        if name in checksums:
            continue
        try:
            archive.add(path, name, recursive=False)
        except FileNotFoundError:
            # Samples of a call that was deleted, or put together, in this moment.
            continue
        checksums[name] = _checksum(path)


def restore(settings: Settings, source: Path, replace: bool) -> Path | None:
    """Put a backup into the data folder. Everything is checked before anything is touched.

    What was there is moved aside, not deleted; returns to where, None where nothing was.

    Raises:
        BackupInvalid: it is damaged, was made by a later version, or is none.
        BackupUnsupported: the records are not in the data folder.
        RestoreRefused: there is data already and `replace` is not set, or a server is using it.
    """
    _require_sqlite(settings)
    folder = settings.data_dir
    with ExitStack() as opened:
        try:
            opened.callback(DataFolderLock(folder).close)
        except DataFolderInUse as error:
            raise RestoreRefused(path=str(folder), reason="a server is using it; stop it first") from error
        if _has_data(folder) and not replace:
            raise RestoreRefused(path=str(folder), reason="there is data in it; say --replace to move that aside")
        fresh = Path(opened.enter_context(tempfile.TemporaryDirectory(dir=_existing(folder.resolve().parent)))) / "data"
        fresh.mkdir(mode=0o700)
        _unpack(source, fresh)
        return _put_in_place(fresh, folder)


def _require_sqlite(settings: Settings) -> None:
    if settings.database_url:
        raise BackupUnsupported(url=shown_url(settings.database_url))


def _files(settings: Settings) -> Iterator[tuple[str, Path]]:
    folder = settings.data_dir
    names = [*KEPT_FILES]
    for path in (settings.users_file, settings.effective_speech_hints, settings.effective_alert_rules):
        if path is not None and path.resolve().is_relative_to(folder.resolve()):
            names.append(str(path.resolve().relative_to(folder.resolve())))
    prompts = settings.effective_prompt_dir.resolve()
    if prompts.is_relative_to(folder.resolve()):
        names += [str(path.relative_to(folder.resolve())) for path in sorted(prompts.glob("*.md"))]
    for name in names:
        if (folder / name).is_file():
            yield name, folder / name
    for path in sorted((folder / SAMPLES).rglob("*.parquet")):
        yield str(path.relative_to(folder)), path


def _copy_database(source: Path, target: Path) -> None:
    if not source.is_file():
        raise BackupUnwritable(path=str(target), reason=f"there is no database {source}")
    # SQLite's own way to copy a database that is being written to.
    with closing(sqlite3.connect(source)) as database, closing(sqlite3.connect(target)) as copy:
        database.backup(copy)


def _unpack(source: Path, folder: Path) -> None:
    """Unpack a backup and hold every file against its checksum. Raises BackupInvalid."""
    try:
        with tarfile.open(source, "r:gz") as archive:
            for member in archive:
                if not member.isfile() or not _is_plain(member.name):
                    raise BackupInvalid(path=str(source), reason=f"it holds {member.name!r}, which no backup holds")
                # The filter refuses links and paths that lead elsewhere, once more.
                archive.extract(member, folder, filter="data")
    except (tarfile.TarError, gzip.BadGzipFile, EOFError, OSError, ValueError) as error:
        raise BackupInvalid(path=str(source), reason=str(error) or type(error).__name__) from error
    for name, checksum in _manifest(source, folder).items():
        path = folder / name
        if not path.is_file() or _checksum(path) != checksum:
            raise BackupInvalid(path=str(source), reason=f"{name} is damaged or missing")
    (folder / MANIFEST).unlink()


def _manifest(source: Path, folder: Path) -> Mapping[str, str]:
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        files, version = manifest["files"], int(manifest["version"])
        known = {str(name): str(checksum) for name, checksum in files.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BackupInvalid(path=str(source), reason="it has no list of its files") from error
    if version > VERSION:
        raise BackupInvalid(path=str(source), reason="it was made by a later version of Earshot")
    found = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()} - {MANIFEST}
    if found != set(known) or DATABASE not in known:
        raise BackupInvalid(path=str(source), reason="its files are not those of its list")
    return known


def _is_plain(name: str) -> bool:
    path = PurePosixPath(name)
    return bool(name) and not path.is_absolute() and ".." not in path.parts and path.parts[0] not in LEFT_ALONE


def _put_in_place(fresh: Path, folder: Path) -> Path | None:
    aside = None
    if _has_data(folder):
        aside = folder.with_name(f"{folder.name}.before-{time.strftime('%Y%m%d-%H%M%S')}")
        aside.mkdir(mode=0o700)
        for path in folder.iterdir():
            if path.name not in LEFT_ALONE:
                shutil.move(path, aside / path.name)
    for path in fresh.iterdir():
        shutil.move(path, folder / path.name)
    return aside


def _has_data(folder: Path) -> bool:
    return folder.is_dir() and any(path.name not in LEFT_ALONE for path in folder.iterdir())


def _checksum(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _existing(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def main(arguments: Sequence[str]) -> int:
    """Run one command; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m core.store.backup", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("save", help="write a backup").add_argument("file", type=Path)
    restoring = commands.add_parser("restore", help="put a backup into the data folder")
    restoring.add_argument("file", type=Path)
    restoring.add_argument("--replace", action="store_true", help="move aside what is there")
    options = parser.parse_args(arguments)
    try:
        settings = load_settings()
        if options.command == "save":
            sys.stdout.write(f"{save(settings, options.file)} files were written to {options.file}\n")
        else:
            aside = restore(settings, options.file, options.replace)
            sys.stdout.write(f"{options.file} was restored into {settings.data_dir}\n")
            if aside is not None:
                sys.stdout.write(f"What was there is now in {aside}\n")
    except EarshotError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
