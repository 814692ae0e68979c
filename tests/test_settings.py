import os
from pathlib import Path

import pytest

from core.model.errors import SettingInvalid
from core.settings import ENV_FILE_KEY, PREFIX, PROJECT_ROOT, BridgeKind, env_template, load_settings, settings_table


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing set but an empty file to read settings from."""
    for key in [key for key in os.environ if key.startswith(PREFIX)]:
        monkeypatch.delenv(key)
    (tmp_path / "own.env").touch()
    monkeypatch.setenv(ENV_FILE_KEY, str(tmp_path / "own.env"))


def test_without_any_setting_everything_has_its_default() -> None:
    settings = load_settings()
    assert settings.data_dir == PROJECT_ROOT / "data"
    assert settings.effective_database_url == f"sqlite:///{PROJECT_ROOT / 'data' / 'earshot.db'}"


def test_the_environment_comes_before_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "own.env").write_text("EARSHOT_GRACE_S=7\nEARSHOT_BRIDGE=relay\n# 주석\n")
    monkeypatch.setenv("EARSHOT_GRACE_S", "9")
    settings = load_settings()
    assert (settings.grace_s, settings.bridge) == (9.0, BridgeKind.RELAY)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("EARSHOT_GRACE_S", "0"),
        ("EARSHOT_GRACE_S", "soon"),
        ("EARSHOT_BRIDGE", "bicycle"),
        ("EARSHOT_SECRET_KEY", "short-hush"),
        ("EARSHOT_LANGUAGE", "Korean"),
        ("EARSHOT_GRACE", "20"),
        (ENV_FILE_KEY, "/nowhere/at-all.env"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(key: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(key, value)
    with pytest.raises(SettingInvalid, match=f"The setting {key} cannot be used: ") as refused:
        load_settings()
    assert "hush" not in str(refused.value)


def test_a_misspelt_name_in_the_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "own.env").write_text("EARSHOT_DATADIR=/srv\n")
    with pytest.raises(SettingInvalid, match="EARSHOT_DATADIR cannot be used: there is no such setting"):
        load_settings()


def test_readme_documents_every_setting_with_its_default() -> None:
    readme = (PROJECT_ROOT / "README.md").read_text(encoding="utf-8")
    documented = [line for line in readme.splitlines() if line.startswith(f"| `{PREFIX}")]
    wanted = settings_table().splitlines()[2:]
    assert documented == wanted, (
        "README.md's table of settings is stale: put there what `python -m core.settings` prints"
    )


def test_the_template_of_the_settings_file_is_current() -> None:
    assert (PROJECT_ROOT / ".env.example").read_text(encoding="utf-8") == env_template(), (
        "run `python -m core.settings --env > .env.example`"
    )


def test_the_template_with_everything_uncommented_is_what_is_so_without_it(tmp_path: Path) -> None:
    without = load_settings()
    lines = [line.removeprefix("#") for line in env_template().splitlines() if line.startswith(f"#{PREFIX}")]
    lines = [line for line in lines if not line.endswith(("=data", "=knowledge"))]
    (tmp_path / "own.env").write_text("\n".join(lines))
    assert load_settings() == without
