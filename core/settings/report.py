"""What is in force and where it came from, fit to be shown: no secret can be read from it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import get_args

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from core.settings.fields import Settings
from core.settings.loading import Source, Sources, key_of

HIDDEN = "•••"

GROUPS: Mapping[str, tuple[str, ...]] = {
    "Server": (
        "env", "public_url", "bind_address", "port", "tls_certificate", "tls_key", "trusted_hosts", "trusted_proxies",
        "log_level",
    ),
    "Storage": ("data_dir", "database_url"),
    "People": (
        "secret_key", "users_file", "oidc_metadata_url", "oidc_client_id", "oidc_client_secret", "oidc_role_claim",
        "oidc_roles", "session_hours", "join_link_hours",
    ),
    "Guards": ("rate_limit", "page_rate_limit", "request_limit_kb", "cors_origins"),
    "Privacy": (
        "masking", "masking_rules", "private_monitoring", "retention_days", "join_notice_ko", "join_notice_en",
    ),
    "Latency and cost": ("latency_budget_s", "prices"),
    "Language": ("locale", "language"),
    "Calls and audio": (
        "call_limit", "drain_s", "grace_s", "bridge", "media_address", "media_ports", "stun_servers", "turn_servers",
        "turn_username", "turn_password", "turn_secret", "turn_lifetime_s", "ice_policy", "echo_cancellation",
        "noise_suppression", "auto_gain_control",
    ),
    "Speech to text": (
        "engine", "google_project", "google_region", "google_model", "google_recognizer", "google_endpoint",
        "google_stream_s", "whisper_model", "whisper_workers", "whisper_threads", "whisper_beam", "whisper_window_s",
        "endpoint_ms", "speech_hints",
    ),
    "Language model": (
        "assist_engine", "openai_base_url", "openai_api_key", "openai_model", "openai_reasoning_effort",
        "openai_token_limit", "openai_timeout_s", "openai_silence_s", "prompt_dir",
        "assist_input_tokens", "assist_requests",
    ),
    "Persona calls": (
        "persona_dir", "realtime_base_url", "realtime_api_key", "realtime_model", "realtime_transcription_model",
        "persona_tail_ms", "opening_hours", "opening_days", "holidays", "time_zone",
    ),
    "Alerts": ("alert_rules", "webhook_url", "webhook_secret", "webhook_private", "webhook_words"),
    "Handbook and demos": (
        "knowledge_dir", "guidance_documents", "guidance_url", "guidance_key", "guidance_timeout_s", "guidance_token",
        "embedding_url", "embedding_model", "embedding_key", "scenario_dir",
    ),
}  # fmt: skip
"""Each family's heading, and the fields that belong to it. A test holds it complete."""

_GROUP_OF = {name: group for group, names in GROUPS.items() for name in names}


@dataclass(frozen=True, slots=True)
class SettingLine:
    """One setting as it is in force."""

    key: str
    """The variable: `EARSHOT_PORT`."""
    value: str
    """As one would write it; empty where nothing is set, and always empty for a secret."""
    is_secret: bool
    is_set: bool
    """Whether it has any value."""
    source: Source
    where: str
    """The variable or the file that it was read from; empty for a default."""
    meaning: str
    """An English sentence, which is its key in the catalogues."""
    group: str
    """The heading of its family, in English, likewise."""


def settings_report(settings: Settings, sources: Sources) -> tuple[SettingLine, ...]:
    """Every setting, family by family. Of a secret it says only whether it is set; passwords in addresses are hidden.

    `sources` are those that `read_sources` gave when the settings were loaded.
    """
    return tuple(_line(name, settings, sources) for names in GROUPS.values() for name in names)


def _line(name: str, settings: Settings, sources: Sources) -> SettingLine:
    field, source = Settings.model_fields[name], sources.of[name]
    value, is_secret = getattr(settings, name), holds_secret(field)
    text = plain_text(value)
    where = {Source.ENVIRONMENT: key_of(name), Source.FILE: str(sources.env_file), Source.DEFAULT: ""}
    return SettingLine(
        key=key_of(name),
        value="" if is_secret else without_passwords(text),
        is_secret=is_secret,
        is_set=text != "",
        source=source,
        where=where[source],
        meaning=field.description or "",
        group=_GROUP_OF[name],
    )


def holds_secret(field: FieldInfo) -> bool:
    """Whether a field's value must never be shown."""
    return SecretStr in (field.annotation, *get_args(field.annotation))


def plain_text(value: object) -> str:
    """A value as one would write it into a variable; secrets in clear. Not to be shown or logged as it is."""
    if value is None:
        return ""
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def without_passwords(text: str) -> str:
    """A text in which an address keeps its user and its place, but neither a password nor its query's values.

    Rather too much is hidden than too little: a password may hold any sign, `@`, `/` and `?` among them.
    """
    scheme, mark, rest = text.partition("://")
    if not mark:
        return text
    before, at, place = rest.rpartition("@")
    if at and not rest.startswith("/"):
        user = re.split(r"[:?/]", before, maxsplit=1)[0]
        if "?" in before:
            return f"{scheme}{mark}{user}:{HIDDEN}"
        rest = f"{user}{f':{HIDDEN}' if user != before else ''}@{place}"
    return scheme + mark + re.sub(r"(?<=[?&])([^=&]*)=[^&]*", rf"\1={HIDDEN}", rest)
