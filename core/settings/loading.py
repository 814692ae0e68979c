"""Reads the settings, from the environment and from a file, and knows where each value came from."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from dotenv import dotenv_values
from pydantic import ValidationError

from core.model.errors import SettingInvalid
from core.settings.fields import PREFIX, PROJECT_ROOT, Settings
from core.settings.safety import check_together

ENV_FILE_KEY = f"{PREFIX}ENV_FILE"
ENV_FILE_MEANING = "Another file than `.env` to read settings from; itself only read from the environment."


class Source(StrEnum):
    """Where a setting's value came from."""

    ENVIRONMENT = "environment"
    FILE = "file"
    DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Sources:
    """Where every value came from, by the field's name, and which file was read."""

    env_file: Path
    of: Mapping[str, Source]


def key_of(name: str) -> str:
    """The variable of a field."""
    return PREFIX + name.upper()


def _env_file() -> Path:
    named = os.environ.get(ENV_FILE_KEY)
    if named and not Path(named).is_file():
        raise SettingInvalid(key=ENV_FILE_KEY, reason=f"there is no file {named}")
    return Path(named) if named else PROJECT_ROOT / ".env"


def load_settings() -> Settings:
    """Read all settings from the process's environment, and what it leaves open from `.env` or `EARSHOT_ENV_FILE`.

    Raises:
        SettingInvalid: naming the first bad key, as the user wrote it.
    """
    env_file = _env_file()
    known = {key_of(name) for name in Settings.model_fields} | {ENV_FILE_KEY}
    for key in (*os.environ, *dotenv_values(env_file)):
        if key.upper().startswith(PREFIX) and key.upper() not in known:
            raise SettingInvalid(key=key, reason="there is no such setting")
    try:
        settings = Settings(_env_file=env_file)
    except ValidationError as error:
        first = error.errors()[0]
        raise SettingInvalid(key=key_of(str(first["loc"][0])), reason=first["msg"]) from error
    check_together(settings)
    return settings


def read_sources() -> Sources:
    """Where each value that `load_settings` gives comes from. Raises SettingInvalid as it does."""
    env_file = _env_file()
    environment = {key.upper() for key, value in os.environ.items() if value}
    in_file = {key.upper() for key, value in dotenv_values(env_file).items() if value}

    def source(name: str) -> Source:
        key = key_of(name)
        return Source.ENVIRONMENT if key in environment else Source.FILE if key in in_file else Source.DEFAULT

    return Sources(env_file=env_file, of={name: source(name) for name in Settings.model_fields})
