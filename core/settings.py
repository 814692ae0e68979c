"""Every setting, typed, from `EARSHOT_...` variables of the environment and from `.env`.

A bad value or an unknown name fails at start and names its key. README.md holds the table of all settings, which
`python -m core.settings` prints, and `.env.example` a template, which `python -m core.settings --env` prints; a test
compares them.
"""

import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from annotated_types import Ge, Gt, Le, MinLen
from dotenv import dotenv_values
from pydantic import Field, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, SettingsConfigDict

from core.model.errors import SettingInvalid

PREFIX = "EARSHOT_"
PROJECT_ROOT = Path(__file__).resolve().parent.parent
ENV_FILE_KEY = f"{PREFIX}ENV_FILE"
ENV_FILE_MEANING = "Another file than `.env` to read settings from; itself only read from the environment."


class BridgeKind(StrEnum):
    """How audio goes from one leg to the others."""

    TAP = "tap"
    """Packets are forwarded as they came, tapped behind the receiver."""
    RELAY = "relay"
    """aiortc's MediaRelay: every voice is decoded and encoded again."""


class SpeechEngine(StrEnum):
    """Which engine turns speech to text."""

    AUTO = "auto"
    """The best that this machine can run."""
    WHISPER = "whisper"
    GOOGLE = "google"


class InterfaceLocale(StrEnum):
    """The interface's language."""

    AUTO = "auto"
    """The browser's."""
    KO = "ko"
    EN = "en"


class Settings(BaseSettings):
    """What the user decided; immutable after start. `make run` and every `python -m core...` read it the same way."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_file=PROJECT_ROOT / ".env", extra="ignore", frozen=True, env_ignore_empty=True
    )

    data_dir: Annotated[
        Path,
        Field(description="Folder for everything that is kept: database, sample files, joined models, keys."),
    ] = PROJECT_ROOT / "data"
    database_url: Annotated[str, Field(description="Any SQLAlchemy URL; empty: SQLite in the data folder.")] = ""
    secret_key: Annotated[
        SecretStr | None,
        Field(min_length=16, description="Signs links. Empty: made at first start and kept in the data folder."),
    ] = None
    join_link_hours: Annotated[
        float, Field(gt=0, le=24 * 365, description="How long a join link is valid, in hours.")
    ] = 24.0

    locale: Annotated[
        InterfaceLocale, Field(description="Interface language: `auto` (the browser's), `ko` or `en`.")
    ] = InterfaceLocale.AUTO
    language: Annotated[
        str, Field(pattern=r"^[a-z]{2,3}$", description="Spoken language that a new call starts with.")
    ] = "ko"

    bridge: Annotated[
        BridgeKind,
        Field(description="`tap` forwards packets as they are; `relay` decodes and encodes (aiortc's MediaRelay)."),
    ] = BridgeKind.TAP
    grace_s: Annotated[
        float, Field(ge=1, le=600, description="Seconds that a lost participant keeps the place in the call.")
    ] = 20.0
    echo_cancellation: Annotated[bool, Field(description="Asked of the browser's microphone.")] = True
    noise_suppression: Annotated[
        bool, Field(description="Asked of the browser's microphone; off, because it makes voices robotic.")
    ] = False
    auto_gain_control: Annotated[bool, Field(description="Asked of the browser's microphone.")] = True

    engine: Annotated[SpeechEngine, Field(description="Speech to text: `auto`, `whisper` or `google`.")] = (
        SpeechEngine.AUTO
    )
    whisper_model: Annotated[
        str,
        Field(description="Whisper model: empty for the base model that comes with the packages, or a path or name."),
    ] = ""
    whisper_workers: Annotated[
        int, Field(ge=1, le=64, description="Utterances that are recognised at the same time.")
    ] = 2
    whisper_beam: Annotated[int, Field(ge=1, le=10, description="Beam width of the final text; 1 is fastest.")] = 1
    endpoint_ms: Annotated[
        int, Field(ge=100, le=3000, description="Silence that ends an utterance, in milliseconds.")
    ] = 500

    knowledge_dir: Annotated[Path, Field(description="Folder with the handbook (Markdown, CSV, JSON).")] = (
        PROJECT_ROOT / "knowledge"
    )
    guidance_documents: Annotated[int, Field(ge=1, le=20, description="Passages that the live page asks for.")] = 4

    log_level: Annotated[
        str,
        Field(pattern=r"^(DEBUG|INFO|WARNING|ERROR)$", description="Least severe message that is logged."),
    ] = "INFO"

    @property
    def effective_database_url(self) -> str:
        """The database in use: the configured one, or SQLite in the data folder."""
        return self.database_url or f"sqlite:///{self.data_dir / 'earshot.db'}"


def load_settings() -> Settings:
    """Read all settings from the process's environment, and what it leaves open from `.env` or `EARSHOT_ENV_FILE`.

    Raises:
        SettingInvalid: naming the first bad key, as the user wrote it.
    """
    named = os.environ.get(ENV_FILE_KEY)
    env_file = Path(named) if named else PROJECT_ROOT / ".env"
    if named and not env_file.is_file():
        raise SettingInvalid(key=ENV_FILE_KEY, reason=f"there is no file {env_file}")
    known = {_key(name) for name in Settings.model_fields} | {ENV_FILE_KEY}
    for key in (*os.environ, *dotenv_values(env_file)):
        if key.upper().startswith(PREFIX) and key.upper() not in known:
            raise SettingInvalid(key=key, reason="there is no such setting")
    try:
        return Settings(_env_file=env_file)
    except ValidationError as error:
        first = error.errors()[0]
        raise SettingInvalid(key=_key(str(first["loc"][0])), reason=first["msg"]) from error


def settings_table() -> str:
    """All settings as the Markdown table of README.md."""
    rows = [(_key(name), f"`{_default(field)}`", _meaning(field)) for name, field in Settings.model_fields.items()]
    rows.append((ENV_FILE_KEY, "`.env`", ENV_FILE_MEANING))
    lines = [f"| `{key}` | {default if default != '``' else ''} | {meaning} |" for key, default, meaning in rows]
    return "\n".join(("| Variable | Default | Meaning |", "|---|---|---|", *lines)) + "\n"


def env_template() -> str:
    """All settings as the text of `.env.example`: every one explained, none set."""
    head = "# Copy this file to .env and set what you need; what stays commented out keeps its default.\n"
    entries = [
        f"\n# {_meaning(field)}\n#{_key(name)}={_default(field)}\n" for name, field in Settings.model_fields.items()
    ]
    return head + "".join(entries)


def _key(name: str) -> str:
    return PREFIX + name.upper()


def _default(field: FieldInfo) -> str:
    value = field.default
    if value is None:
        return ""
    if isinstance(value, Path):
        return str(value.relative_to(PROJECT_ROOT))
    return f"{value:g}" if isinstance(value, float) else str(value).lower() if isinstance(value, bool) else str(value)


def _meaning(field: FieldInfo) -> str:
    limits = []
    for rule in field.metadata:
        if isinstance(rule, Ge):
            limits.append(f"from {rule.ge}")
        elif isinstance(rule, Gt):
            limits.append(f"more than {rule.gt}")
        elif isinstance(rule, Le):
            limits.append(f"to {rule.le}")
        elif isinstance(rule, MinLen):
            limits.append(f"at least {rule.min_length} characters")
    described = field.description or ""
    return f"{described} Allowed: {' '.join(limits)}." if limits else described


if __name__ == "__main__":
    sys.stdout.write(env_template() if "--env" in sys.argv[1:] else settings_table())
