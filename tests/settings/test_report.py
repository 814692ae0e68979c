"""What the settings page may know."""

from dataclasses import asdict
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from core.settings import Settings
from core.settings.loading import Source, Sources
from core.settings.report import GROUPS, SettingLine, settings_report, without_passwords

SECRET = "zw5-hush-hush-hush"


def report(**values: object) -> dict[str, SettingLine]:
    settings = Settings(_env_file=None, **values)
    of = {name: Source.FILE if name in values else Source.DEFAULT for name in Settings.model_fields}
    return {line.key: line for line in settings_report(settings, Sources(Path("own.env"), of))}


def test_every_setting_belongs_to_one_family_and_says_what_it_means() -> None:
    grouped = [name for names in GROUPS.values() for name in names]
    assert sorted(grouped) == sorted(Settings.model_fields)
    assert all(line.meaning and line.group in GROUPS for line in report().values())


def test_a_secret_says_only_whether_it_is_set() -> None:
    short, long = report(secret_key=SecretStr(SECRET)), report(secret_key=SecretStr(SECRET * 9))
    assert short == long
    assert (short["EARSHOT_SECRET_KEY"].is_secret, short["EARSHOT_SECRET_KEY"].is_set) == (True, True)
    assert SECRET not in str([asdict(line) for line in short.values()])
    assert not report()["EARSHOT_SECRET_KEY"].is_set


def test_what_turn_servers_take_is_a_secret() -> None:
    lines = report(
        turn_servers=("turn:turn.example.com",), turn_username="kim", turn_password=SECRET, turn_secret=SECRET
    )
    assert all(lines[f"EARSHOT_TURN_{name}"].is_secret for name in ("PASSWORD", "SECRET"))
    assert SECRET not in str([asdict(line) for line in lines.values()])


def test_where_a_value_came_from_is_told() -> None:
    lines = report(port=9000, trusted_hosts=("a.example", "b.example"))
    assert (lines["EARSHOT_PORT"].value, lines["EARSHOT_PORT"].source) == ("9000", Source.FILE)
    assert lines["EARSHOT_PORT"].where == "own.env"
    assert lines["EARSHOT_TRUSTED_HOSTS"].value == "a.example, b.example"
    assert (lines["EARSHOT_GRACE_S"].value, lines["EARSHOT_GRACE_S"].where) == ("20", "")
    assert lines["EARSHOT_MASKING"].value == "true"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://kim:hush@db.example:5432/calls", "postgresql://kim:•••@db.example:5432/calls"),
        ("postgresql://kim@db.example/calls", "postgresql://kim@db.example/calls"),
        ("postgresql://db.example/calls?password=hush&x=1", "postgresql://db.example/calls?password=•••&x=•••"),
        ("postgresql://kim:hu@sh@db.example/calls", "postgresql://kim:•••@db.example/calls"),
        ("postgresql://kim:hu?sh@db.example/calls", "postgresql://kim:•••"),
        ("sqlite:////srv/data/calls.db", "sqlite:////srv/data/calls.db"),
        ("", ""),
    ],
)
def test_passwords_in_addresses_are_hidden(url: str, shown: str) -> None:
    assert without_passwords(url) == shown
    assert report(database_url=url)["EARSHOT_DATABASE_URL"].value == shown


@given(st.text(min_size=1), st.text())
def test_no_password_of_any_signs_is_shown(before: str, after: str) -> None:
    password = f"{before}hush{after}"
    assert "hush" not in without_passwords(f"postgresql://kim:{password}@db/calls")
    assert "hush" not in without_passwords("postgresql://db/calls?password=hush")
