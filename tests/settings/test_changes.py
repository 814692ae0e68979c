"""What an administrator is told of settings that are others than before."""

import json
from pathlib import Path

import pytest
from pydantic import SecretStr

from core.model.errors import SettingInvalid
from core.settings import Settings
from core.settings.changes import STATE_FILE, changed_since_last_start, fingerprints

KEY = b"a key of the server"


def settings(folder: Path, **values: object) -> Settings:
    return Settings(_env_file=None, data_dir=folder, **values)


def test_only_the_keys_that_changed_are_named(tmp_path: Path) -> None:
    assert changed_since_last_start(settings(tmp_path, port=9000), KEY) == ()
    assert changed_since_last_start(settings(tmp_path, port=9000), KEY) == ()
    changed = changed_since_last_start(settings(tmp_path, oidc_client_secret=SecretStr("hush-hush")), KEY)
    assert changed == ("EARSHOT_PORT", "EARSHOT_OIDC_CLIENT_SECRET")
    changed = changed_since_last_start(settings(tmp_path, oidc_client_secret=SecretStr("hush-hush-hush")), KEY)
    assert changed == ("EARSHOT_OIDC_CLIENT_SECRET",)


def test_no_value_is_kept_and_the_file_is_its_owners_alone(tmp_path: Path) -> None:
    secret = settings(tmp_path, secret_key=SecretStr("hush-hush-hush-hush"), database_url="postgresql://k:hush@h/d")
    changed_since_last_start(secret, KEY)
    kept = tmp_path / STATE_FILE
    assert "hush" not in kept.read_text()
    assert kept.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [STATE_FILE]


def test_equal_values_have_no_equal_digests_and_the_key_counts(tmp_path: Path) -> None:
    given = settings(tmp_path)
    digests = fingerprints(given, KEY)
    assert len(set(digests.values())) == len(Settings.model_fields)
    assert not set(digests.values()) & set(fingerprints(given, b"another").values())


def test_under_another_key_only_that_is_named(tmp_path: Path) -> None:
    changed_since_last_start(settings(tmp_path), KEY)
    assert changed_since_last_start(settings(tmp_path, port=9000), b"another") == ("EARSHOT_SECRET_KEY",)
    assert changed_since_last_start(settings(tmp_path, port=9001), b"another") == ("EARSHOT_PORT",)


def test_a_setting_that_is_new_has_changed_if_it_is_not_at_its_default(tmp_path: Path) -> None:
    changed_since_last_start(settings(tmp_path), KEY)
    kept = json.loads((tmp_path / STATE_FILE).read_text())
    del kept["EARSHOT_PORT"], kept["EARSHOT_GRACE_S"]
    (tmp_path / STATE_FILE).write_text(json.dumps(kept))
    assert changed_since_last_start(settings(tmp_path, port=9000), KEY) == ("EARSHOT_PORT",)


@pytest.mark.parametrize("broken", ["{", "[]", '{"a": 1}', "\xff"])
def test_a_broken_file_is_like_none_and_is_made_anew(
    tmp_path: Path, broken: str, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / STATE_FILE).write_text(broken, encoding="latin-1")
    assert changed_since_last_start(settings(tmp_path), KEY) == ()
    assert "stay unknown" in caplog.text
    assert changed_since_last_start(settings(tmp_path, port=9000), KEY) == ("EARSHOT_PORT",)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingInvalid, match="EARSHOT_DATA_DIR"):
        changed_since_last_start(settings(tmp_path / "nowhere"), KEY)
