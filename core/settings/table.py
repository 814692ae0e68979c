"""The settings as the documents show them: README.md's table and `.env.example`; a test compares them."""

from pathlib import Path

from annotated_types import Ge, Gt, Le, MinLen
from pydantic.fields import FieldInfo

from core.settings.fields import PROJECT_ROOT, Settings
from core.settings.loading import ENV_FILE_KEY, ENV_FILE_MEANING, key_of


def settings_table() -> str:
    """All settings as the Markdown table of README.md."""
    rows = [(key_of(name), f"`{_default(field)}`", _meaning(field)) for name, field in Settings.model_fields.items()]
    rows.append((ENV_FILE_KEY, "`.env`", ENV_FILE_MEANING))
    lines = [f"| `{key}` | {default if default != '``' else ''} | {meaning} |" for key, default, meaning in rows]
    return "\n".join(("| Variable | Default | Meaning |", "|---|---|---|", *lines)) + "\n"


def env_template() -> str:
    """All settings as the text of `.env.example`: every one explained, none set."""
    head = "# Copy this file to .env and set what you need; what stays commented out keeps its default.\n"
    entries = [
        f"\n# {_meaning(field)}\n#{key_of(name)}={_default(field)}\n" for name, field in Settings.model_fields.items()
    ]
    return head + "".join(entries)


def _default(field: FieldInfo) -> str:
    value = field.default
    if value is None:
        return ""
    if isinstance(value, tuple):
        return ", ".join(value)
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
