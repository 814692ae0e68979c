"""Every setting, typed, from `EARSHOT_...` variables of the environment and from `.env`.

A bad value, an unknown name, or an unsafe combination in production fails at start and names its key. README.md holds
the table of all settings, which `python -m core.settings` prints, and `.env.example` a template.
"""

from core.settings.fields import (
    PREFIX,
    PROJECT_ROOT,
    BridgeKind,
    Environment,
    IcePolicy,
    InterfaceLocale,
    Settings,
    SpeechEngine,
)
from core.settings.loading import ENV_FILE_KEY, load_settings

__all__ = [
    "ENV_FILE_KEY",
    "PREFIX",
    "PROJECT_ROOT",
    "BridgeKind",
    "Environment",
    "IcePolicy",
    "InterfaceLocale",
    "Settings",
    "SpeechEngine",
    "load_settings",
]
