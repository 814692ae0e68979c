"""Data folders for tests."""

from pathlib import Path

from core.settings import PROJECT_ROOT


def make_data_folder(folder: Path) -> Path:
    """A data folder of a test's own that shares the joined speech models, which take 150 MB and seconds to join."""
    models = PROJECT_ROOT / "data" / "models"
    models.mkdir(parents=True, exist_ok=True)
    folder.mkdir(parents=True, exist_ok=True)
    link = folder / "models"
    if not link.exists():
        link.symlink_to(models)
    return folder
