"""Every setting, typed, from `EARSHOT_...` variables of the environment and from `.env`.

A bad value, an unknown name, or an unsafe combination in production fails at start and names its key. README.md holds
the table of all settings, which `python -m core.settings` prints, and `.env.example` a template.
"""

from core.settings.choices import (
    AssistEngine,
    BridgeKind,
    Environment,
    IcePolicy,
    InterfaceLocale,
    ReasoningEffort,
    SpeechEngine,
)
from core.settings.fields import PREFIX, PROJECT_ROOT, Settings
from core.settings.loading import ENV_FILE_KEY, load_settings

__all__ = [
    "ENV_FILE_KEY",
    "PREFIX",
    "PROJECT_ROOT",
    "AssistEngine",
    "BridgeKind",
    "Environment",
    "IcePolicy",
    "InterfaceLocale",
    "ReasoningEffort",
    "Settings",
    "SpeechEngine",
    "load_settings",
]
